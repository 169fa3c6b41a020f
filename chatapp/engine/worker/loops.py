"""Finds replies that go round in circles."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST_PIECE = 256
SHORTEST_LOOP = 32
"""Tokens that a loop must have in all, so that rules of dashes and short refrains are none."""


def goes_round(tokens: Sequence[int], times: int) -> bool:
    """Whether `tokens` end with the same piece, of at most `LONGEST_PIECE` tokens, `times` times in a row.

    What stands there once is no loop, so that 1 means 2.
    """
    count, times = len(tokens), max(times, 2)
    for piece in range(1, min(LONGEST_PIECE, count // times) + 1):
        length = max(piece * times, SHORTEST_LOOP)
        if length > count or tokens[-1] != tokens[-1 - piece]:
            continue
        if all(tokens[-place] == tokens[-place - piece] for place in range(1, length - piece + 1)):
            return True
    return False
