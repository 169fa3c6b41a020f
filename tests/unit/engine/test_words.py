"""Words that an answer must not or must hold: found whatever their case, only where they stand alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.engine.worker.words import ForbiddenWords, RequiredWords


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a cat sat", 2),
        ("A CAT sat", 2),
        ("cat", 0),
        ("concatenate cats", None),
        ("cat_1", None),
        ("a  big\n dog!", 3),
        ("big dogs", None),
        ("50% off", 2),
    ],
)
def test_words_stand_alone(text: str, place: int | None) -> None:
    assert ForbiddenWords(["cat", "big dog", "% off"], variants=False).find(text, 0, is_whole=True) == place


def test_variants_have_endings() -> None:
    words = ForbiddenWords(["walk"], variants=True)
    for text in ("walks", "walked", "Walking", "walkers", "walk's"):
        assert words.find(f"he {text}.", 0, is_whole=False) == 3
    assert words.find("a walkway.", 0, is_whole=True) is None


def test_a_word_at_the_end_may_still_grow() -> None:
    words = ForbiddenWords(["cat"], variants=False)
    assert words.find("a cat", 0, is_whole=False) is None
    assert words.find("a cat", 0, is_whole=True) == 2
    assert words.find("a cat.", 0, is_whole=False) == 2


def test_nothing_is_forbidden_without_words() -> None:
    words = ForbiddenWords(["", "  "], variants=True)
    assert not words
    assert words.find("anything", 0, is_whole=True) is None
    assert words.held_from("anything") == 8


@given(
    st.lists(st.sampled_from(["cat", "big dog", "cats eye", "do"]), min_size=1, max_size=3),
    st.text(alphabet="catsbigdoey .\n", max_size=40),
    st.booleans(),
)
def test_what_is_shown_never_holds_what_is_found_later(words: list[str], text: str, variants: bool) -> None:
    forbidden = ForbiddenWords(words, variants=variants)
    shown = 0
    for end in range(1, len(text) + 1):
        found = forbidden.find(text[:end], 0, is_whole=False)
        if found is not None:
            assert shown <= found
            return
        shown = max(shown, forbidden.held_from(text[:end]))
    found = forbidden.find(text, 0, is_whole=True)
    assert found is None or shown <= found


def test_required_words_are_missing_until_they_stand_there() -> None:
    required = RequiredWords(["Berlin", "two words"])
    assert required.missing("") == ("Berlin", "two words")
    assert required.missing("in berlin there are two\nwords") == ()
    assert required.missing("Berliner two wordsmiths") == ("Berlin", "two words")
