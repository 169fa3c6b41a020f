"""What of a prompt need not be computed again, and why not more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


def common_length(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens both begin with."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        # Slices compare at the speed of C; everything before `low` is known to be equal.
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class Holder(Protocol):
    """Something that holds what was computed of `tokens`."""

    @property
    def tokens(self) -> Sequence[int]:
        """What was computed."""
        ...


Held = TypeVar("Held", bound=Holder)


@dataclass(frozen=True)
class Match(Generic[Held]):
    """Who holds what begins most like a prompt, None where nobody does, and the length to be used, in tokens.

    `reason` says in words why it is not more.
    """

    holder: Held | None
    length: int
    reason: str


def find(prompt: Sequence[int], holders: Iterable[Held], can_cut: Callable[[Held, int], bool]) -> Match[Held]:
    """The longest prefix of `prompt` that one holds, one token short of the prompt, whose logits are needed.

    `can_cut` tells whether what one holds can be cut back to a length; else only one counts that the prompt wholly
    begins with.
    """
    best: Held | None = None
    length = nearest = 0
    for holder in holders:
        shared = common_length(holder.tokens, prompt)
        nearest = max(nearest, shared)
        usable = min(shared, len(prompt) - 1)
        if usable > length and (usable == len(holder.tokens) or can_cut(holder, usable)):
            best, length = holder, usable
    return Match(best, length, _reason(prompt, best, length, nearest))


def _reason(prompt: Sequence[int], best: Holder | None, length: int, nearest: int) -> str:
    """Why not more of the prompt was reused, in words."""
    if length >= len(prompt) - 1:
        return ""
    if nearest == 0:
        return "nothing of this prompt was computed before"
    if length < min(nearest, len(prompt) - 1):
        return f"{nearest:,} tokens are alike, but this model's memory can't be cut back to them"
    if best is not None and length < len(best.tokens):
        return f"differs from what is kept at token {length + 1:,} of {len(prompt):,}"
    return ""
