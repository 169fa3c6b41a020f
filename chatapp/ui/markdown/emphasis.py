"""Which emphasis delimiters belong together, after the CommonMark specification."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(slots=True)
class Delimiter:
    """A run of `*`, `_` or `~~`; `start` and `end` shrink while its characters are used up."""

    character: str
    node: int
    start: int
    end: int
    original_length: int
    can_open: bool
    can_close: bool

    @property
    def length(self) -> int:
        """Characters that are left."""
        return self.end - self.start

    @classmethod
    def of(cls, character: str, node: int, start: int, end: int, before: str, after: str) -> Delimiter:
        """Classify a run by the characters `before` and `after` it.

        A wide character beside it counts as punctuation, so that emphasis in Chinese and Japanese works.
        """
        space_before, space_after = before.isspace(), after.isspace()
        mark_before, mark_after = _is_punctuation(before), _is_punctuation(after)
        left = not space_after and (not mark_after or space_before or mark_before or _is_wide(before))
        right = not space_before and (not mark_before or space_after or mark_after or _is_wide(after))
        if character == "_":
            can_open, can_close = left and (not right or mark_before), right and (not left or mark_after)
        else:
            can_open, can_close = left, right
        return cls(character, node, start, end, end - start, can_open, can_close)


class Pair(NamedTuple):
    """An opener and its closer; `positions` are outer start, inner start, inner end and outer end."""

    character: str
    length: int
    opener_node: int
    closer_node: int
    positions: tuple[int, int, int, int]


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _is_wide(character: str) -> bool:
    return character >= "\u1100" and unicodedata.east_asian_width(character) in "WF"


def pair_delimiters(delimiters: Sequence[Delimiter]) -> Iterator[Pair]:
    """Pair openers with closers, innermost first, shortening both as their characters are used."""
    bottoms: dict[tuple[str, bool, int], int] = {}
    openers: list[Delimiter] = []
    for closer in delimiters:
        while closer.can_close and closer.length:
            kind = (closer.character, closer.can_open, closer.original_length % 3)
            index = _find_opener(openers, closer, bottoms.get(kind, 0))
            if index < 0:
                bottoms[kind] = len(openers)
                break
            opener = openers[index]
            del openers[index + 1 :]
            length = 2 if opener.length >= 2 and closer.length >= 2 else 1
            outer_start, outer_end = opener.end - length, closer.start + length
            yield Pair(
                closer.character, length, opener.node, closer.node, (outer_start, opener.end, closer.start, outer_end)
            )
            opener.end, closer.start = outer_start, outer_end
            if not opener.length:
                openers.pop()
            for key, bottom in bottoms.items():
                bottoms[key] = min(bottom, len(openers))
        if closer.can_open and closer.length:
            openers.append(closer)


def _find_opener(openers: Sequence[Delimiter], closer: Delimiter, bottom: int) -> int:
    """The index of the nearest opener that fits `closer`, -1 where there is none at or above `bottom`."""
    for index in range(len(openers) - 1, bottom - 1, -1):
        opener = openers[index]
        if opener.character != closer.character:
            continue
        if closer.character == "~":
            if opener.length == closer.length:
                return index
            continue
        both_ways = opener.can_close or closer.can_open
        total = opener.original_length + closer.original_length
        if both_ways and total % 3 == 0 and (opener.original_length % 3 or closer.original_length % 3):
            continue
        return index
    return -1
