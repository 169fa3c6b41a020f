"""Words of a reply that others beside it do not have, marked where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chatapp.ui.differences import Range
from chatapp.ui.markdown.line import RenderedLine
from chatapp.ui.widgets.transcript_entry import Part
from chatapp.ui.widgets.transcript_search import SearchedLines
from chatapp.ui.widgets.transcript_selection import Mark


class ComparedLines(SearchedLines):
    """Messages in which differences can be marked."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._differences: Mapping[int, Sequence[Range]] = {}

    def mark_differences(self, ranges: Mapping[int, Sequence[Range]]) -> None:
        """Mark ranges of the answers of messages, by message id, in place of all that were marked before."""
        if ranges != self._differences:
            self._differences = ranges
            self.refresh()

    def marks(self, index: int, part: Part, line: RenderedLine) -> Sequence[Mark]:
        """Differences lie under hits and the selection."""
        above = super().marks(index, part, line)
        if part != "text" or self._look is None or not line.spans:
            return above
        ranges = self._differences.get(self.messages[index].id)
        return [(ranges, self._look.palette.own("difference")), *above] if ranges else above
