"""The branches of a conversation as rows: indented only where branches part, so that a straight run stays straight.

Where several messages follow one, the branch that is shown (else the newest) goes on in the same column and the others
stand above it, one step further in. What was deleted is one row, whatever was below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatapp.core.conversations import Branching, Tree
from chatapp.core.messages import Role

BESIDE, ALONG, LAST, UNDER = "├ ", "│ ", "└ ", "  "


@dataclass(frozen=True, slots=True)
class TreeRow:
    """A message in the tree; `lines` are the glyphs before it, `hidden` how many deleted ones it stands for.

    `sibling` of `siblings` counts the versions of it; `is_shown` tells whether it is on the branch that is shown.
    """

    place: Branching
    lines: str
    sibling: int
    siblings: int
    hidden: int
    is_shown: bool


def tree_rows(tree: Tree) -> list[TreeRow]:
    """All rows from the top; a message whose parent is missing, or no older than itself, counts as a beginning."""
    return _Layout(tree).rows()


class _Layout:
    def __init__(self, tree: Tree) -> None:
        self._parents: dict[int, int | None] = {}
        self._below: dict[int | None, list[Branching]] = {}
        self._newest: dict[int, int] = {}
        self._sizes: dict[int, int] = {}
        for place in tree.messages:
            parent = place.parent_id if place.parent_id in self._parents else None
            self._parents[place.id] = parent
            self._below.setdefault(parent, []).append(place)
        for number in reversed(self._parents):
            self._newest.setdefault(number, number)
            self._sizes[number] = self._sizes.get(number, 0) + 1
            above = self._parents[number]
            if above is not None:
                self._newest[above] = max(self._newest.get(above, above), self._newest[number])
                self._sizes[above] = self._sizes.get(above, 0) + self._sizes[number]
        self._versions: dict[int, int] = {}
        self._counts: dict[tuple[int | None, Role], int] = {}
        for place in tree.messages:
            if place.deleted_with is None:
                key = self._parents[place.id], place.role
                self._versions[place.id] = self._counts[key] = self._counts.get(key, 0) + 1
        self._shown: set[int] = set()
        number_shown = tree.leaf_id if tree.leaf_id in self._parents else None
        while number_shown is not None:
            self._shown.add(number_shown)
            number_shown = self._parents[number_shown]

    def rows(self) -> list[TreeRow]:
        rows: list[TreeRow] = []
        waiting = self._branches(None, "", "")
        while waiting:
            place, first, further = waiting.pop()
            rows.append(
                TreeRow(
                    place,
                    first,
                    self._versions.get(place.id, 1),
                    self._counts.get((self._parents[place.id], place.role), 1),
                    self._sizes[place.id] if place.deleted_with is not None else 0,
                    place.id in self._shown,
                )
            )
            if place.deleted_with is None:
                waiting += self._branches(place.id, further, further)
        return rows

    def _branches(self, parent: int | None, first: str, further: str) -> list[tuple[Branching, str, str]]:
        """What follows a message, the last to be drawn first, with the glyphs of its first row and of the others."""
        below = self._below.get(parent, [])
        there = [place for place in below if place.deleted_with is None]
        straight = max(there, key=lambda place: (place.id in self._shown, self._newest[place.id]), default=None)
        found = [(straight, first, further)] if straight is not None else []
        for place in reversed([place for place in below if place is not straight]):
            ends = not found
            found.append((place, first + (LAST if ends else BESIDE), further + (UNDER if ends else ALONG)))
        return found


def matching(rows: Sequence[TreeRow], words: str, found: frozenset[int] = frozenset()) -> list[TreeRow]:
    """The rows that begin with text that has all `words`, or whose message is among those `found`."""
    wanted = words.casefold().split()
    return [
        row for row in rows if row.place.id in found or all(word in row.place.opening.casefold() for word in wanted)
    ]
