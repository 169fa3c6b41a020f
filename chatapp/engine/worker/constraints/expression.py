"""Sets of texts as trees: what regular expressions and schemas are turned into before they are written as GBNF."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

Range: TypeAlias = tuple[int, int]
"""The first and the last code point, both included."""


@dataclass(frozen=True, slots=True)
class Characters:
    """One character out of `ranges`, which are in order and apart from each other."""

    ranges: tuple[Range, ...]

    def __or__(self, other: Characters) -> Characters:
        """One out of either."""
        return characters((*self.ranges, *other.ranges))

    def __and__(self, other: Characters) -> Characters:
        """One that is in both."""
        both = ((max(a, c), min(b, d)) for a, b in self.ranges for c, d in other.ranges)
        return characters((low, high) for low, high in both if low <= high)

    def __invert__(self) -> Characters:
        """Every other character."""
        gaps, low = [], 0
        for first, last in self.ranges:
            gaps.append((low, first - 1))
            low = last + 1
        return characters((*((a, b) for a, b in gaps if a <= b), (low, _LAST))) & ANY

    def __contains__(self, code: int) -> bool:
        """Whether the character with this code point is among them."""
        return any(low <= code <= high for low, high in self.ranges)


@dataclass(frozen=True, slots=True)
class Literal:
    """Exactly `text`."""

    text: str


@dataclass(frozen=True, slots=True)
class Chain:
    """`parts` one after the other; none at all is the empty text."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of `options`; of none, no text at all can be chosen."""

    options: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`part` from `least` to `most` times; None for any number."""

    part: Expression
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Reference:
    """What the rule `name` says."""

    name: str


Expression: TypeAlias = Characters | Literal | Chain | Choice | Repeat | Reference

_LAST = 0x10FFFF
EMPTY = Chain(())
NOTHING = Choice(())


def characters(ranges: Iterable[Range]) -> Characters:
    """Characters out of ranges that may overlap and stand in any order."""
    merged: list[Range] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return Characters(tuple(merged))


ANY = Characters(((1, 0xD7FF), (0xE000, _LAST)))
"""Every character that can be written; llama.cpp can't write NUL, and halves of surrogate pairs are none."""


def among(text: str) -> Characters:
    """One of the characters of `text`."""
    return characters((ord(character), ord(character)) for character in text)


def span(first: str, last: str) -> Characters:
    """One character from `first` to `last`."""
    return Characters(((ord(first), ord(last)),))


def chain(*parts: Expression) -> Expression:
    """`parts` one after the other, as flat as can be."""
    pieces = (piece for part in parts for piece in (part.parts if isinstance(part, Chain) else (part,)))
    flat: list[Expression] = []
    for is_literal, run in groupby(pieces, lambda piece: isinstance(piece, Literal)):
        if is_literal:
            text = "".join(piece.text for piece in run if isinstance(piece, Literal))
            flat += [Literal(text)] if text else []
        else:
            flat += run
    if any(piece == NOTHING for piece in flat if isinstance(piece, Choice)):
        return NOTHING
    return flat[0] if len(flat) == 1 else Chain(tuple(flat))


def choice(*options: Expression) -> Expression:
    """One of `options`, as flat as can be and none of them twice."""
    flat: dict[Expression, None] = {}
    for option in options:
        for piece in option.options if isinstance(option, Choice) else (option,):
            flat[piece] = None
    return next(iter(flat)) if len(flat) == 1 else Choice(tuple(flat))


def optional(part: Expression) -> Expression:
    """`part` or nothing."""
    return repeat(part, 0, 1)


def repeat(part: Expression, least: int, most: int | None) -> Expression:
    """`part` from `least` to `most` times."""
    if part == EMPTY or most == 0 or (part == NOTHING and least == 0):
        return EMPTY
    if part == NOTHING or (most is not None and most < least):
        return NOTHING
    return part if least == most == 1 else Repeat(part, least, most)
