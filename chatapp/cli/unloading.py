"""Asking other processes to take their models out of memory."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from contextlib import suppress

from chatapp.engine.holdings import Holding, Holdings

WAIT_S = 5.0
"""How long an owner gets: it looks once a second and unloads what is idle."""
_LOOK_S = 0.1


def unload(holdings: Holdings, wanted: Sequence[Holding], *, wait_s: float = WAIT_S) -> Collection[Holding]:
    """Ask the owners of `wanted` to unload and wait; return those that did not, which are asked no longer."""
    for holding in wanted:
        with suppress(OSError):
            holdings.ask_to_unload(holding)
    ends = time.monotonic() + wait_s
    left = list(wanted)
    while left and time.monotonic() < ends:
        time.sleep(_LOOK_S)
        there = {holding.id for holding in holdings.list()}
        left = [holding for holding in left if holding.id in there]
    for holding in wanted:
        holdings.withdraw(holding)
    return left
