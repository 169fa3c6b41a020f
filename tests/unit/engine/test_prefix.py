"""What of a prompt is there already: the most that is, never all, and said why not more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatapp.engine.worker.prefix import common_length, find
from chatapp.engine.worker.slot import Slot


def always(_slot: Slot, _length: int) -> bool:
    return True


def never(_slot: Slot, _length: int) -> bool:
    return False


tokens = st.lists(st.integers(0, 2), max_size=40)


@given(tokens, tokens)
def test_the_common_length_is_that_of_comparing_one_by_one(first: list[int], second: list[int]) -> None:
    wanted = next(
        (index for index, (one, other) in enumerate(zip(first, second, strict=False)) if one != other),
        min(len(first), len(second)),
    )
    assert common_length(first, second) == wanted


@given(st.lists(tokens, max_size=5), st.lists(st.integers(0, 2), min_size=1, max_size=40), st.booleans())
def test_what_is_found_is_there_and_leaves_a_token_to_compute(
    held: list[list[int]], prompt: list[int], whole_only: bool
) -> None:
    slots = [Slot(index, each) for index, each in enumerate(held)]
    match = find(prompt, slots, never if whole_only else always)
    assert 0 <= match.length < len(prompt)
    assert (match.holder is None) == (match.length == 0)
    if match.holder is not None:
        assert match.holder.tokens[: match.length] == prompt[: match.length]
        assert not whole_only or len(match.holder.tokens) == match.length
    if not whole_only:
        assert match.length == max((min(common_length(each, prompt), len(prompt) - 1) for each in held), default=0)


def test_the_longest_wins() -> None:
    slots = [Slot(0, [1, 2]), Slot(1, [1, 2, 3, 4]), Slot(2, [1, 2, 3])]
    match = find([1, 2, 3, 4, 5], slots, always)
    assert (match.holder, match.length, match.reason) == (slots[1], 4, "")


def test_a_prompt_that_is_all_there_is_computed_by_its_last_token() -> None:
    match = find([1, 2, 3], [Slot(0, [1, 2, 3, 4])], always)
    assert (match.length, match.reason) == (2, "")


def test_nothing_alike_is_said() -> None:
    match = find([1, 2], [Slot(0, [5, 6]), Slot(1)], always)
    assert (match.holder, match.length, match.reason) == (None, 0, "nothing of this prompt was computed before")


def test_the_first_difference_is_named() -> None:
    match = find([1, 2, 3, 9, 5, 6], [Slot(0, [1, 2, 3, 4, 5, 6])], always)
    assert (match.length, match.reason) == (3, "differs from what is kept at token 4 of 6")


def test_a_memory_that_can_not_be_cut_serves_only_what_goes_on() -> None:
    match = find([1, 2, 3, 9, 5], [Slot(0, [1, 2, 3, 4])], never)
    assert (match.holder, match.length) == (None, 0)
    assert match.reason == "3 tokens are alike, but this model's memory can't be cut back to them"
    match = find([1, 2, 3, 9, 5], [Slot(0, [1, 2, 3])], never)
    assert (match.length, match.reason) == (3, "")
    # All of it stands there, but the last token must be computed again, and the state is past it.
    assert find([1, 2, 3], [Slot(0, [1, 2, 3])], never).length == 0


def test_one_token_is_always_computed() -> None:
    match = find([1], [Slot(0, [1, 2])], always)
    assert (match.holder, match.length) == (None, 0)
