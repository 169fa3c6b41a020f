"""What happens when a conversation no longer fits the model's context: a choice of each conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Overflow: TypeAlias = Literal["stop", "drop_oldest", "shift"]


@dataclass(frozen=True)
class OverflowChoice:
    """One of the choices: what it is called, and in one sentence what it does."""

    title: str
    help: str


OVERFLOWS: dict[Overflow, OverflowChoice] = {
    "stop": OverflowChoice(
        "Stop at the end",
        "A message that no longer fits is refused, and a reply that reaches the end of the context is cut there.",
    ),
    "drop_oldest": OverflowChoice(
        "Leave the oldest turns out",
        "The oldest turns are left out of what the model sees; the system prompt stays, and nothing is deleted.",
    ),
    "shift": OverflowChoice(
        "Leave out, and shift while replying",
        "As drop_oldest, and a reply that reaches the end of the context goes on: the model forgets the older half of "
        "what follows the system prompt.",
    ),
}
"""Every choice, the default first; the command line, the inspector and the documentation take them from here."""

OVERFLOW_HELP = "What happens when the conversation no longer fits the model's context."


def shifts_in_words(times: int, offset: int, dropped: int) -> str:
    """What was forgotten while a reply ran: so many times, the last at token `offset`, so many tokens in all."""
    said = f"from token {offset:,} of the reply on, the model no longer sees {dropped:,} older tokens"
    return said if times == 1 else f"shifted {times:,} times; {said}"
