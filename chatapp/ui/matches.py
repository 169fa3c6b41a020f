"""Where words stand in a conversation: counted at once, found exactly only where somebody looks.

A conversation of ten thousand messages is searched in slices, so that nobody waits for the end of it; what a
message says is kept folded while words are looked for, and counted anew when it changes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import chain
from time import perf_counter
from typing import Literal, NamedTuple, TypeAlias

from chatapp.core.folding import FoldedText, Sought

SearchedPart: TypeAlias = Literal["thoughts", "text"]
PLACES: tuple[SearchedPart, ...] = ("thoughts", "text")
"""The parts of a message that are looked through, in the order in which they stand."""

Sources: TypeAlias = Callable[[int], tuple[str, str]]
"""The thoughts and the text of the message at an index."""

Ranges: TypeAlias = list[tuple[int, int]]

_KEPT = 400
"""So many messages keep their exact places; more than a screen can show."""


class Match(NamedTuple):
    """A hit: the index of its message, the index of the part into PLACES, and raw offsets in that part's source."""

    message: int
    place: int
    start: int
    end: int

    @property
    def part(self) -> SearchedPart:
        """The part that it stands in."""
        return PLACES[self.place]


class Matches:
    """The hits of some words in the messages that `sources` gives, one of them the current."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._sought = Sought(())
        self._folded: list[tuple[FoldedText, FoldedText] | None] = []
        self._counts: list[int] = []
        self._exact: dict[int, tuple[Ranges, Ranges]] = {}
        self._waiting: Iterator[int] = iter(())
        self._origin = 0
        self._wants_current = False
        self.finished = True
        self.total = 0
        self.current: Match | None = None

    def begin(self, count: int) -> None:
        """Take other messages, `count` of them, and count in them anew; none of the hits is the current one."""
        self._folded = [None] * count
        self._begin_to_count(max(0, count - 1))

    def look_for(self, sought: Sought, origin: int) -> None:
        """Look for other words; the first hit from message `origin` on, else the last before, becomes the current."""
        self._sought = sought
        self._begin_to_count(origin)
        self._wants_current = True

    def _begin_to_count(self, origin: int) -> None:
        """Count anew, from message `origin` to the end, then back to the first."""
        count = len(self._folded)
        self._origin = min(origin, max(0, count - 1))
        self._counts, self.total, self.current = [0] * count, 0, None
        self._exact.clear()
        self._waiting = iter(chain(range(self._origin, count), range(self._origin - 1, -1, -1)) if self._sought else ())
        self.finished, self._wants_current = not self._sought, False

    def scan(self, seconds: float) -> bool:
        """Count for so long; whether all is counted."""
        until = perf_counter() + seconds
        for index in self._waiting:
            if index < len(self._folded):
                self._count(index)
                if self._wants_current and self._counts[index]:
                    self._take_first(index)
            if perf_counter() > until:
                return False
        self.finished = True
        return True

    def change(self, index: int) -> None:
        """The message at `index` has another text, or is new."""
        self._exact.pop(index, None)
        while len(self._folded) <= index:
            self._folded.append(None)
            self._counts.append(0)
        self._folded[index] = None
        if self._sought:
            self._count(index)
            if self.current is not None and self.current.message == index:
                self._hold(self.current)

    def cut(self, count: int) -> None:
        """Keep the first `count` messages."""
        self.total -= sum(self._counts[count:])
        del self._folded[count:], self._counts[count:]
        self._exact = {index: found for index, found in self._exact.items() if index < count}
        if self.current is not None and self.current.message >= count:
            self.current = None

    @property
    def number(self) -> int:
        """The place of the current hit among all, from 1; 0 where there is none."""
        if self.current is None:
            return 0
        return sum(self._counts[: self.current.message]) + self._ordinal(self.current) + 1

    def ranges(self, index: int, part: SearchedPart) -> Ranges:
        """The raw offsets of the hits in one part of a message."""
        if index >= len(self._counts) or not self._counts[index]:
            return []
        return self._places(index)[PLACES.index(part)]

    def step(self, step: int) -> Match | None:
        """Make the next hit the current one, or with -1 the one before; behind the last comes the first."""
        if not self.total:
            self.current = None
        elif self.current is None:
            self.choose(self._origin)
        else:
            index, ordinal = self.current.message, self._ordinal(self.current) + step
            if 0 <= ordinal < self._counts[index]:
                self.current = self._hit(index, ordinal)
            else:
                index = self._following(index, step)
                self.current = self._hit(index, 0 if step > 0 else self._counts[index] - 1)
        return self.current

    def choose(self, index: int) -> Match | None:
        """Make the first hit from message `index` on the current one, else the last before it."""
        count = len(self._counts)
        order = chain(range(min(index, count), count), range(min(index, count) - 1, -1, -1))
        self._origin = index
        self.current = None
        found = next((place for place in order if self._counts[place]), None)
        if found is not None:
            self._take_first(found)
        return self.current

    def _take_first(self, index: int) -> None:
        """Make the message's hit that is nearest to where the search began the current one."""
        self.current = self._hit(index, 0 if index >= self._origin else self._counts[index] - 1)
        self._wants_current = False

    def _count(self, index: int) -> None:
        folded = self._folded[index]
        if folded is None:
            thoughts, text = self._sources(index)
            folded = self._folded[index] = FoldedText(thoughts), FoldedText(text)
        count = self._sought.count(folded[0]) + self._sought.count(folded[1])
        self.total += count - self._counts[index]
        self._counts[index] = count

    def _places(self, index: int) -> tuple[Ranges, Ranges]:
        found = self._exact.get(index)
        if found is None:
            folded = self._folded[index]
            assert folded is not None
            if len(self._exact) >= _KEPT:
                self._exact.clear()
            found = self._exact[index] = self._sought.ranges(folded[0]), self._sought.ranges(folded[1])
        return found

    def _hit(self, index: int, ordinal: int) -> Match:
        thoughts, text = self._places(index)
        in_text = ordinal >= len(thoughts)
        start, end = text[ordinal - len(thoughts)] if in_text else thoughts[ordinal]
        return Match(index, int(in_text), start, end)

    def _ordinal(self, match: Match) -> int:
        """How many hits of its message stand before a hit."""
        places = self._places(match.message)
        return bisect_left(places[match.place], (match.start, 0)) + (len(places[0]) if match.place else 0)

    def _hold(self, match: Match) -> None:
        """Keep the current hit where its message changed; where it is gone, take the next one, else the one before."""
        if not self._counts[match.message]:
            self.choose(match.message)
        else:
            self.current = self._hit(match.message, min(self._ordinal(match), self._counts[match.message] - 1))

    def _following(self, index: int, step: int) -> int:
        """The next message that has hits, around the end."""
        count = len(self._counts)
        return next(place for way in range(1, count + 1) if self._counts[place := (index + way * step) % count])
