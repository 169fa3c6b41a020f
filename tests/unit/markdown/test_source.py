"""What is shown for a raw text leads back to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.core.cleaning import is_clean
from chatapp.ui.markdown.source import Source

PIECES = st.lists(
    st.sampled_from(
        ["a", "\r\n", "\r", "\n", "\u202e", "\x1b", "e\u0301", "\u0301" * 7, "\u200d", "❤️", "👩‍👧", "\ud800"]
    )
).map("".join)


@pytest.mark.parametrize(
    ("raw", "shown", "offsets"),
    [
        ("plain", "plain", [0, 1, 2, 3, 4, 5]),
        ("a\r\nb\rc", "a\nb\nc", [0, 1, 3, 4, 5, 6]),
        ("a\x1bb", "a␛b", [0, 1, 2, 3]),
        ("a\u202eb", "a⟦202E⟧b", [0, 1, 2, 2, 2, 2, 2, 2, 3]),
        ("e" + "\u0301" * 6 + "x", "e" + "\u0301" * 4 + "x", [0, 1, 2, 3, 4, 7, 8]),
        ("a\u200db", "ab", [0, 2, 3]),
        ("👩\u200d👧", "👩\u200d👧", [0, 1, 2, 3]),
    ],
)
def test_offsets(raw: str, shown: str, offsets: list[int]) -> None:
    source = Source(raw)
    assert source.text == shown
    assert [source.raw_offset(offset) for offset in range(len(shown) + 1)] == offsets


def test_a_tail_counts_from_its_base() -> None:
    source = Source("\r\nx", base=10)
    assert [source.raw_offset(offset) for offset in range(3)] == [10, 12, 13]


def test_simple_emoji_have_no_joiners() -> None:
    assert Source("👩\u200d👧 ❤\ufe0f", simple_emoji=True).text == "👩👧 ❤"


@given(PIECES, st.booleans())
def test_any_text_becomes_clean_and_offsets_rise(raw: str, simple_emoji: bool) -> None:
    source = Source(raw, simple_emoji=simple_emoji)
    assert is_clean(source.text)
    offsets = [source.raw_offset(offset) for offset in range(len(source.text) + 1)]
    assert offsets == sorted(offsets)
    assert all(0 <= offset <= len(raw) for offset in offsets)
    assert offsets[-1] == len(raw)
