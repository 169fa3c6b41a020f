"""Facts in sections; their text may come from anywhere and is cleaned here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from chatapp.core.cleaning import clean, clean_line

Tone: TypeAlias = Literal["plain", "muted", "control", "warning"]
Run: TypeAlias = tuple[str, Tone]
WARNING = "! "
"""Stands before a fact that is not as it should be."""


@dataclass(frozen=True)
class Fact:
    """One line before it is wrapped: `label` stands at its left, empty for a line of running text."""

    label: str
    runs: tuple[Run, ...]

    @classmethod
    def of(cls, label: str, text: str, tone: Tone = "plain") -> Fact:
        """A fact of anybody's text; one with the tone warning gets a sign."""
        sign = WARNING if tone == "warning" else ""
        return cls(label, ((sign + clean_line(text), tone),))

    @property
    def text(self) -> str:
        """What stands at the right of the label."""
        return "".join(text for text, _ in self.runs)


@dataclass(frozen=True)
class Section:
    """Facts under a heading.

    `name` is what it is known by while it changes. One that `folds` shows its facts once it is unfolded; `told` stands
    beside the heading. `source` is what is copied instead of the facts, where they only show it.
    """

    name: str
    title: str
    facts: tuple[Fact, ...]
    folds: bool = False
    told: str = ""
    source: str | None = None

    @property
    def copied(self) -> str:
        """The section as text for the clipboard."""
        if self.source is not None:
            return clean(self.source)
        lines = (f"{fact.label}: {fact.text}" if fact.label else fact.text for fact in self.facts)
        return "\n".join((self.title, *lines))


def text_facts(text: str, tone: Tone = "plain") -> tuple[Fact, ...]:
    """A fact for each line of a text, tabs made visible."""
    return tuple(Fact("", ((line, tone),)) for line in visible(text).split("\n"))


def visible(text: str) -> str:
    """`clean`, with tabs shown as the symbol for one."""
    return clean(text).replace("\t", "␉")
