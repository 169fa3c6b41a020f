"""A mark on one message of a transcript, which the keys move and act on: a bar at its left."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.message import Message
from textual.strip import Strip

from chatapp.core.conversations import StoredMessage
from chatapp.ui.widgets.transcript_differences import ComparedLines

BAR = "▌"


class MarkedLines(ComparedLines):
    """Messages of which one can be marked."""

    class CursorMoved(Message):
        """Another message is marked, or none any more."""

        def __init__(self, view: MarkedLines) -> None:
            super().__init__()
            self.view = view

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._cursor: int | None = None

    @property
    def marked_message(self) -> StoredMessage | None:
        """The message that is marked."""
        return self.messages[self._cursor] if self._cursor is not None else None

    def begin(self, messages: Sequence[StoredMessage]) -> None:
        """Hold these messages and no others; one that was marked and is among them stays so."""
        before = self.marked_message
        super().begin(messages)
        self._cursor = None
        if before is not None:
            self.put_cursor(before.id)
            if self._cursor is None:
                self.post_message(self.CursorMoved(self))

    def cut(self, first: int) -> None:
        """Drop the messages from index `first` on, with the mark if it is there."""
        if self._cursor is not None and self._cursor >= first:
            self._cursor = None
            self.post_message(self.CursorMoved(self))
        super().cut(first)

    def put_cursor(self, message_id: int | None) -> None:
        """Mark a message and bring it into view; None, or the id of one that is not shown, takes the mark away."""
        index = next((index for index, message in enumerate(self.messages) if message.id == message_id), None)
        before, self._cursor = self._cursor, index
        for changed, is_marked in ((before, False), (index, True)):
            if changed is not None and changed < len(self.messages) and self.entry(changed).is_marked != is_marked:
                self.entry(changed).is_marked = is_marked
                self.draw(changed)
        self.refresh()
        if index is not None:
            self._bring_into_view(index)
        if index != before:
            self.post_message(self.CursorMoved(self))

    def step_cursor(self, step: int) -> None:
        """Mark the message so many places on; where none is marked, the last one in view."""
        if not self.messages:
            return
        if self._cursor is not None:
            place = min(max(self._cursor + step, 0), len(self.messages) - 1)
        else:
            rows = self.viewport.rows
            place = rows[-1].message if rows else len(self.messages) - 1
        self.put_cursor(self.messages[place].id)

    def render_line(self, y: int) -> Strip:
        """Draw one row, with the bar where its message is marked."""
        strip = super().render_line(y)
        rows = self.viewport.rows
        if self._cursor is None or y >= len(rows) or rows[y].message != self._cursor or self._look is None:
            return strip
        if rows[y].line >= self.entry(self._cursor).height - 1:
            return strip
        below = next(iter(strip.crop(0, 1)), None)
        style = (below.style if below is not None and below.style else Style()) + self._look.palette.own("cursor")
        return Strip.join([Strip([Segment(BAR, style)], 1), strip.crop(1, strip.cell_length)])

    def _bring_into_view(self, index: int) -> None:
        """Scroll so that the message can be seen, from its beginning where it is longer than the view."""
        rows, height = self.viewport.rows, self.viewport.height
        if not rows or not height:
            return
        lines = [row.line for row in rows if row.message == index]
        if lines and (len(lines) == self.measure(index) or lines[0] == 0):
            if lines[-1] < self.entry(index).height - 1 and index == len(self.messages) - 1:
                self.place = (index, 0.0)
            return
        self.place = (index, 0.0)
