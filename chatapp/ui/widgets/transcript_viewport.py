"""Which lines are in view, held by a message and a line in it, so that corrected estimates move nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from chatapp.ui.widgets.transcript_heights import Heights


class Row(NamedTuple):
    """Line `line` of the message at index `message`."""

    message: int
    line: int


class Viewport:
    """The rows in view.

    `measure(index)` lays a message out and returns its height. Messages never seen have estimated heights; they
    are measured when they come into view. While `follow`, the end is in view.
    """

    def __init__(self, measure: Callable[[int], int]) -> None:
        self._measure = measure
        self.heights = Heights()
        self.height = 0
        self.follow = True
        self.anchor = Row(0, 0)
        self.rows: list[Row] = []

    @property
    def top(self) -> int:
        """The line number of the first row in view, counted from the start of the conversation."""
        return self.heights.before(self.anchor.message) + self.anchor.line if len(self.heights) else 0

    @property
    def at_end(self) -> bool:
        """Whether the last line is in view."""
        count = len(self.heights)
        return len(self.rows) < self.height or not count or self.rows[-1] == (count - 1, self.heights[count - 1] - 1)

    def start_again(self, count: int, each: int) -> None:
        """Begin with `count` messages, none of them seen, at an estimate of `each` lines."""
        self.heights = Heights(count, each)

    def settle(self) -> None:
        """Find the rows in view, measuring what is."""
        count = len(self.heights)
        if not count or self.height <= 0:
            self.anchor, self.rows = Row(0, 0), []
            return
        if not self.follow:
            index = min(self.anchor.message, count - 1)
            height = self._set(index)
            self.anchor = Row(index, min(self.anchor.line, height - 1))
            self.rows = self._rows_from(self.anchor)
        if self.follow or len(self.rows) < self.height:
            self.anchor = self._last_anchor()
            self.rows = self._rows_from(self.anchor)

    def scroll_by(self, lines: int) -> None:
        """Move by true lines, measuring what is passed."""
        count = len(self.heights)
        if not count:
            return
        index, line = self.anchor
        line += lines
        while line < 0 and index > 0:
            index -= 1
            line += self._set(index)
        while line >= (height := self._set(index)):
            if index == count - 1:
                line = height - 1
                break
            line -= height
            index += 1
        self._moved(Row(index, max(0, line)))

    def jump_to(self, line: int) -> None:
        """Go to a line of the conversation as it is estimated."""
        if not len(self.heights):
            return
        index, within = self.heights.find(max(0, line))
        estimated = self.heights[index]
        height = self._set(index)
        self._moved(Row(index, min(height - 1, within * height // max(1, estimated))))

    def go_to(self, row: Row) -> None:
        """Put a row at the top, as far as the end allows."""
        self._moved(row)

    def _moved(self, anchor: Row) -> None:
        self.follow = False
        self.anchor = anchor
        self.settle()
        self.follow = self.at_end

    def _set(self, index: int) -> int:
        height = self._measure(index)
        self.heights[index] = height
        return height

    def _last_anchor(self) -> Row:
        """The first row where the last line stands at the bottom."""
        missing, index = self.height, len(self.heights)
        while index > 0 and missing > 0:
            index -= 1
            missing -= self._set(index)
        return Row(index, max(0, -missing))

    def _rows_from(self, anchor: Row) -> list[Row]:
        rows: list[Row] = []
        index, first = anchor
        while index < len(self.heights) and len(rows) < self.height:
            height = self._set(index)
            last = min(height, first + self.height - len(rows))
            rows.extend(Row(index, line) for line in range(first, last))
            index, first = index + 1, 0
        return rows
