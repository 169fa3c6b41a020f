"""Looking for words in a transcript: hits are marked where they stand, and the reader is taken to one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from textual.message import Message
from textual.timer import Timer

from chatapp.core.conversations import StoredMessage
from chatapp.core.folding import Sought
from chatapp.ui.markdown.line import RenderedLine
from chatapp.ui.matches import Match, Matches, Ranges
from chatapp.ui.widgets.transcript_entry import Entry, Part
from chatapp.ui.widgets.transcript_lines import MessageLines
from chatapp.ui.widgets.transcript_selection import Mark
from chatapp.ui.widgets.transcript_viewport import Row

_SLICE_S = 0.012
_PAUSE_S = 0.004
"""How long messages are searched at a stretch, and the pause in which keys are heard."""


class _Place(NamedTuple):
    """Where the reader was: following the end, else at a source offset of a part of a message."""

    follow: bool
    message: int
    part: Part
    source: int


class SearchedLines(MessageLines):
    """Messages in which words can be looked for, while a reply grows too.

    The reader's place is kept while words are typed and given back in the end, unless `step_match` was asked for.
    """

    @dataclass
    class MatchesChanged(Message):
        """There are other hits, or another one is the current: `number` of `total`, 0 where none is.

        While not `finished`, not all messages have been looked at.
        """

        number: int
        total: int
        finished: bool

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._matches: Matches | None = None
        self._before: _Place | None = None
        self._aim: int | None = None
        self._opened_thoughts: dict[int, bool | None] = {}
        self._slice: Timer | None = None

    @property
    def is_searching(self) -> bool:
        """Whether words are being looked for."""
        return self._matches is not None

    def look_for(self, sought: Sought, *, message_id: int | None = None) -> None:
        """Mark all hits and go to the one nearest to the reader; with `message_id` to that message and its first."""
        if self._matches is None:
            self._matches = Matches(self._sources)
            self._matches.begin(len(self.messages))
            self._before = self._place()
        if message_id is not None:
            origin = next((index for index, message in enumerate(self.messages) if message.id == message_id), 0)
            self._before, self._aim = None, origin
            self._show(Row(origin, 0))
        else:
            origin, self._aim = (self._before or self._place()).message, None
        self._matches.look_for(sought, origin)
        self._search_on()
        self.refresh()

    def step_match(self, step: int) -> None:
        """Go to the next hit, with -1 to the one before; the reader stays there."""
        if self._matches is not None and (match := self._matches.step(step)) is not None:
            self._before = None
            self._opened_thoughts.clear()
            self._reveal(match)
            self._tell()

    def end_search(self) -> None:
        """Mark nothing any more; give the reader's place back where it was only lent."""
        self._give_place_back()
        self._matches = self._before = None
        self._stop_slices()
        self.viewport.follow = self.viewport.follow or self.viewport.at_end
        self.refresh()

    # --- what is shown changes

    def begin(self, messages: Sequence[StoredMessage]) -> None:
        """Hold other messages, and look for the same words in them."""
        super().begin(messages)
        self._before = None
        self._opened_thoughts.clear()
        if self._matches is not None:
            self._matches.begin(len(self.messages))
            self._stop_slices()
            self._slice = self.set_timer(_PAUSE_S, self._search_on)

    def cut(self, first: int) -> None:
        """Drop the messages from index `first` on, and their hits."""
        super().cut(first)
        self._opened_thoughts = {index: shown for index, shown in self._opened_thoughts.items() if index < first}
        if self._matches is not None:
            self._matches.cut(first)
            self._tell()

    def draw(self, index: int) -> None:
        """Draw what changed of a message, with the hits that it has now."""
        matches = self._matches
        if matches is not None:
            total = matches.total
            matches.change(index)
            if matches.total != total:
                self._tell()
        super().draw(index)

    def marks(self, index: int, part: Part, line: RenderedLine) -> Sequence[Mark]:
        """The hits on a line, the current one stronger, and the selection over them."""
        selected = super().marks(index, part, line)
        if self._matches is None or self._look is None or part not in ("thoughts", "text"):
            return selected
        found = self._matches.ranges(index, part)
        if not found or not line.spans:
            return selected
        palette = self._look.palette
        marks: list[Mark] = [(_within(found, line), palette.own("match"))]
        current = self._matches.current
        if current is not None and (current.message, current.part) == (index, part):
            marks.append(([(current.start, current.end)], palette.own("match-current")))
        return [*marks, *selected]

    # --- searching

    def _sources(self, index: int) -> tuple[str, str]:
        source: Entry | StoredMessage = self._entries.get(index) or self.messages[index]
        return source.reasoning, source.text

    def _search_on(self) -> None:
        """Search for a moment, and again after a pause for keys."""
        self._stop_slices()
        matches = self._matches
        if matches is None:
            return
        before = matches.current
        if not matches.scan(_SLICE_S):
            self._slice = self.set_timer(_PAUSE_S, self._search_on)
        if before is None and matches.current is not None:
            if self._aim in (None, matches.current.message):
                self._reveal(matches.current)
            else:
                matches.current = None  # The message that is shown has none that can be marked.
        elif matches.finished and not matches.total:
            self._give_place_back()
        self._tell()

    def _stop_slices(self) -> None:
        if self._slice is not None:
            self._slice.stop()
            self._slice = None

    def _tell(self) -> None:
        if (matches := self._matches) is not None:
            self.post_message(self.MatchesChanged(matches.number, matches.total, matches.finished))

    # --- the reader's place

    def _place(self) -> _Place:
        rows = self.viewport.rows
        if not rows:
            return _Place(self.follow, max(0, len(self.messages) - 1), "text", 0)
        part, line = self.entry(rows[0].message).line(rows[0].line)
        return _Place(self.follow, rows[0].message, part, line.source)

    def _give_place_back(self) -> None:
        """Put the reader where words were first looked for, with the thoughts folded as they were."""
        for index, unfolded in self._opened_thoughts.items():
            if self._before is not None:
                self.entry(index).unfolded = unfolded
                self.viewport.heights[index] = self.measure(index)
        self._opened_thoughts.clear()
        if (before := self._before) is None or before.message >= len(self.messages):
            return
        if before.follow:
            self.follow = True
            return
        entry = self._measured_entry(before.message)
        self.viewport.go_to(Row(before.message, entry.find(before.part, before.source)))
        self._sync(0.0)

    def _reveal(self, match: Match) -> None:
        """Bring a hit into view and hold the view there; thoughts unfold where it is in them."""
        entry = self._measured_entry(match.message)
        if match.part == "thoughts" and not entry.thoughts_shown:
            self._opened_thoughts.setdefault(match.message, entry.unfolded)
            entry.unfolded = True
            self.measure(match.message)
            self.viewport.settle()
        self._show(Row(match.message, line_of(entry, match)))

    def _show(self, row: Row) -> None:
        """Hold the view where a row is in it, as far as can be a third from its top."""
        self.viewport.follow = False
        if row not in self.viewport.rows:
            self.viewport.anchor = row
            self.viewport.scroll_by(-(self.viewport.height // 3))
            self.viewport.follow = False
        self.settle()


def line_of(entry: Entry, match: Match) -> int:
    """The number of the line that shows the beginning of a hit; where none does, of the one nearest to it."""
    near = entry.find(match.part, match.start)
    for number in chain((near,), range(entry.height)):
        part, line = entry.line(number)
        if part == match.part and line.columns_of(match.start, match.end):
            return number
    return near


def _within(ranges: Ranges, line: RenderedLine) -> Ranges:
    """Those of rising ranges that reach into what a line shows."""
    first = bisect_right(ranges, line.spans[0].source_start, key=lambda bounds: bounds[1])
    end = line.source_end
    last = first
    while last < len(ranges) and ranges[last][0] < end:
        last += 1
    return ranges[first:last]
