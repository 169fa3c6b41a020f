"""How much of a model's context a conversation takes, without comparing one model's tokens with another's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ContextUse:
    """Tokens of a conversation, and how many the model has room for; either is None where it is unknown.

    `is_estimate` tells that the tokens were counted from the words alone, `is_cut` that the oldest turns are left out
    where they do not fit.
    """

    used: int | None = None
    size: int | None = None
    is_estimate: bool = False
    is_cut: bool = False

    @property
    def share(self) -> float:
        """How much of the room is taken, 0 where that is unknown."""
        return self.used / self.size if self.used and self.size else 0.0

    @property
    def is_over(self) -> bool:
        """Whether more is taken than there is room for."""
        return self.share > 1

    @property
    def text(self) -> str:
        """In short, as `1,024/4,096`, `~1,500/1,024 too long` or `–/4,096`; empty where both are unknown."""
        if self.used is None and not self.size:
            return ""
        used = "–" if self.used is None else f"{'~' if self.is_estimate else ''}{self.used:,}"
        if not self.size:
            return used
        beyond = ("", " too long", " oldest left out")[self.is_over + (self.is_over and self.is_cut)]
        return f"{used}/{self.size:,}{beyond}"
