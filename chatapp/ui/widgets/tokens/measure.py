"""What a reply's tokens are shaded by, in steps that are told by a sign as well as by a colour."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from chatapp.core.details import UNTOLD, Details

Measure: TypeAlias = Literal["probability", "rank", "entropy"]
STEPS = 5
SIGNS = ("·", "▁", "▂", "▄", "▆")
"""What stands under a token, the more the less it was expected."""
UNTOLD_SIGN = "?"
SHADES = {
    "odd": ("$warning 14%", "$warning 34%", "$error 30%", "$error 54%"),
    "open": ("$primary 14%", "$primary 28%", "$primary 44%", "$primary 62%"),
}
"""The colours behind tokens from the second step on: what was not expected, and where the model was undecided."""


class Scale(NamedTuple):
    """How a figure is cut into steps: `names` say them in words, `shade` is their colour, `step` tells a token's."""

    key: str
    names: tuple[str, str, str, str, str]
    shade: Literal["odd", "open"]
    step: Callable[[Details, int], int]
    help: str


def _probability(details: Details, position: int) -> int:
    return sum(details.logprobs[position] < bound for bound in _LOGPROBS)


def _rank(details: Details, position: int) -> int:
    return sum(details.ranks[position] >= bound for bound in (1, 2, 5, 20))


def _entropy(details: Details, position: int) -> int:
    return sum(details.entropies[position] >= bound for bound in (0.1, 0.7, 1.5, 2.5))


_LOGPROBS = tuple(math.log(share) for share in (0.9, 0.5, 0.2, 0.05))

SCALES: dict[Measure, Scale] = {
    "probability": Scale(
        "p", ("≥90 %", "≥50 %", "≥20 %", "≥5 %", "less"), "odd", _probability, "how likely the model held the token"
    ),
    "rank": Scale("r", ("1st", "2nd", "to 5th", "to 20th", "behind"), "odd", _rank, "how many tokens were likelier"),
    "entropy": Scale(
        "e", ("<0.1", "<0.7", "<1.5", "<2.5", "more"), "open", _entropy, "how undecided the model was there, in nats"
    ),
}
"""Each measure by its name; the first step is what nobody needs to look at."""


def step_of(measure: Measure, details: Details | None, position: int) -> int | None:
    """The step of a token from 0 to 4, None where nothing was told of it."""
    if details is None or position >= len(details) or details.token_ids[position] == UNTOLD:
        return None
    return SCALES[measure].step(details, position)
