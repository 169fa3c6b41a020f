"""What of a prompt need not be computed again, and why not more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chatapp.engine.worker.slot import Slot


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


@dataclass(frozen=True)
class Match:
    """The slot whose sequence begins most like a prompt, None where none does, and the shared length in tokens."""

    slot: Slot | None
    length: int
    reason: str


def find(prompt: Sequence[int], slots: Iterable[Slot], *, whole_only: bool = False) -> Match:
    """The longest prefix of `prompt` that a slot holds, one token short of the prompt, whose logits are needed.

    `whole_only` is for memories that can't be cut: only a sequence that the prompt wholly begins with counts.
    """
    best: Slot | None = None
    length = nearest = 0
    for slot in slots:
        shared = common_length(slot.tokens, prompt)
        nearest = max(nearest, shared)
        usable = min(shared, len(prompt) - 1)
        if whole_only and usable < len(slot.tokens):
            usable = 0
        if usable > length:
            best, length = slot, usable
    return Match(best, length, _reason(prompt, best, length, nearest))


def _reason(prompt: Sequence[int], best: Slot | None, length: int, nearest: int) -> str:
    """Why not more of the prompt was reused, in words."""
    if length >= len(prompt) - 1:
        return ""
    if best is None and nearest > 0:
        return f"{nearest:,} tokens are alike, but this model's memory can't be cut back to them"
    if best is None:
        return "nothing of this prompt was computed before"
    if length < len(best.tokens):
        return f"differs from what is kept at token {length + 1:,} of {len(prompt):,}"
    return ""
