from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.core.folding import FoldedText, Sought, folded

ODD = "aAéE\u0301ßﬁ…İıǅ한ñ東Σς\u0300\u200d👩🦊 \n\x1b\ud800"


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("The quick brown Fox", ["fox"], ["Fox"]),
        ("Zoë naïvely", ["zoe", "NAIVELY"], ["Zoë", "naïvely"]),
        ("Zoe\u0308 naively", ["zoë"], ["Zoe\u0308"]),
        ("e\u0301e\u0301e", ["ee"], ["e\u0301e\u0301"]),
        ("Straße", ["ss"], ["ß"]),
        ("Straße", ["s"], ["S", "ß"]),
        ("wait…", ["."], ["…"]),
        ("ﬁne", ["f"], ["ﬁ"]),
        ("aaaa", ["aa"], ["aa", "aa"]),
        ("ΣΊΣΥΦΟΣ", ["σισυφος"], ["ΣΊΣΥΦΟΣ"]),
        ("東京都の天気", ["京都"], ["京都"]),
        ("foxes and a fox", ["fox", "foxes"], ["foxes", "fox"]),
        ("a b", ["a  b"], []),
        ("fox", [""], []),
        ("fox", ["\u0301"], []),
        ("", ["fox"], []),
    ],
)
def test_words_are_found_whatever_their_case_and_accents(text: str, words: list[str], found: list[str]) -> None:
    sought, plain = Sought(words), FoldedText(text)
    assert [text[start:end] for start, end in sought.ranges(plain)] == found
    assert sought.count(plain) == len(found)


def test_words_are_found_at_their_beginnings() -> None:
    text = "Then a hen, hens and a wor_hen; 3hen, 京hen"
    ranges = Sought(["hen"], at_beginnings=True).ranges(FoldedText(text))
    assert [text[max(0, start - 1) : end] for start, end in ranges] == [" hen", " hen", "_hen"]
    assert Sought(["天気"], at_beginnings=True).first("東京都の天気") == 4
    assert Sought(["x"], at_beginnings=True).first("东 ax") is None
    assert not Sought([], at_beginnings=True)


@given(st.text(ODD, max_size=30) | st.text(max_size=30), st.lists(st.text(ODD, max_size=3), max_size=3))
def test_hits_are_counted_as_they_are_found(text: str, words: list[str]) -> None:
    plain, sought = FoldedText(text), Sought(words)
    assert plain.plain == folded(text)
    ranges = sought.ranges(plain)
    assert sought.count(plain) == len(ranges)
    reached = 0
    for start, end in ranges:
        assert reached <= start < end <= len(text)
        assert any(folded(word) in folded(text[start:end]) for word in words if folded(word))
        assert end == len(text) or not unicodedata.combining(text[end])
        reached = end


@given(st.text(ODD, max_size=30), st.text(ODD, min_size=1, max_size=3))
def test_what_stands_in_a_text_is_found(text: str, word: str) -> None:
    if folded(word):
        assert Sought([word]).count(FoldedText(text + word + text)) >= 1
