"""Word differences between replies."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from chatapp.ui.differences import own_words


def differing(text: str, *others: str) -> list[str]:
    return [text[start:end] for start, end in own_words(text, others)]


def test_words_that_the_other_lacks() -> None:
    assert differing("The red fox ran home.", "The old fox ran away.") == ["red", "home"]
    assert differing("The old fox ran away.", "The red fox ran home.") == ["old", "away"]


def test_neighbours_are_one_range() -> None:
    assert differing("a very big dog", "a dog") == ["very big"]


def test_the_same_but_for_case_differs_in_nothing() -> None:
    assert differing("The Fox", "the fox") == []


def test_against_several_what_one_of_them_lacks_differs() -> None:
    assert differing("a b c", "a b", "a c") == ["b c"]


def test_against_nobody_nothing_differs() -> None:
    assert differing("a b c") == []


@given(st.text(), st.lists(st.text(), max_size=2))
def test_ranges_rise_and_hold_text(text: str, others: list[str]) -> None:
    ranges = own_words(text, others)
    assert all(0 <= start < end <= len(text) for start, end in ranges)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(ranges))
    assert own_words(text, [text]) == []
