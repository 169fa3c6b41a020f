"""A reply goes round in circles when its end is the same piece several times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatapp.engine.worker.loops import LONGEST_PIECE, SHORTEST_LOOP, goes_round


def test_a_piece_that_comes_back_is_a_loop() -> None:
    piece = list(range(20))
    assert goes_round([99, *piece * 3], 3)
    assert not goes_round([99, *piece * 3], 4)
    assert not goes_round([*piece * 3, 99], 3)


def test_what_stands_once_is_no_loop() -> None:
    assert not goes_round(list(range(40)), 1)
    assert goes_round([*range(20), *range(20)], 1)


def test_a_short_rule_of_one_token_is_no_loop() -> None:
    assert not goes_round([1, 2, *[7] * (SHORTEST_LOOP - 1)], 4)
    assert goes_round([1, 2, *[7] * SHORTEST_LOOP], 4)


def test_a_long_piece_is_not_looked_for() -> None:
    assert goes_round(list(range(LONGEST_PIECE)) * 2, 2)
    assert not goes_round(list(range(LONGEST_PIECE + 1)) * 2, 2)


@given(st.lists(st.integers(0, 3), max_size=120), st.integers(2, 5))
def test_it_says_what_the_definition_says(tokens: list[int], times: int) -> None:
    def loops(piece: int) -> bool:
        length = max(piece * times, SHORTEST_LOOP)
        if length > len(tokens):
            return False
        tail = tokens[-length:]
        return all(tail[place] == tail[place + piece] for place in range(length - piece))

    assert goes_round(tokens, times) == any(loops(piece) for piece in range(1, len(tokens) // times + 1))
