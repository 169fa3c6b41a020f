"""A selection as a range of the messages' sources, so that it survives wrapping, streaming and scrolling."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset
from textual.strip import Strip

from chatapp.core.cleaning import clean
from chatapp.ui.markdown.inline import Wrap
from chatapp.ui.markdown.line import RenderedLine
from chatapp.ui.markdown.wrap import whole_cells
from chatapp.ui.widgets.transcript_entry import PARTS, Entry, Part

Mark: TypeAlias = tuple[Sequence[tuple[int, int | None]], Style]
"""Rising ranges of raw offsets, the end None where all the rest belongs to it, and the style to draw them in."""

_LINE_BITS = 24
_MARKERS = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*")


def encode_row(index: int, line: int) -> int:
    """The y coordinate that Textual's selection knows a line by."""
    return (index << _LINE_BITS) + line


def decode_row(y: int) -> tuple[int, int]:
    """Message index and line number of a y coordinate."""
    return y >> _LINE_BITS, y & ((1 << _LINE_BITS) - 1)


class Point(NamedTuple):
    """A place in a conversation: message index, index into PARTS, raw offset in the part's source."""

    message: int
    part: int
    offset: int


class SourceRange(NamedTuple):
    """What lies between two points."""

    start: Point
    end: Point

    def within(self, index: int, part: Part) -> tuple[int, int | None] | None:
        """The raw offsets that belong to the range in one part; the end is None where all the rest does."""
        place = (index, PARTS.index(part))
        if place < self.start[:2] or place > self.end[:2]:
            return None
        low = self.start.offset if place == self.start[:2] else 0
        high = self.end.offset if place == self.end[:2] else None
        return low, high


def point_at(entry: Entry, index: int, line: int, column: int, *, after: bool) -> Point:
    """The point that a column of a line shows; `after` is for the end of a range."""
    part, rendered = entry.line(min(line, entry.height - 1))
    if part in ("head", "foot"):
        return Point(index, PARTS.index(part), 0)
    return Point(index, PARTS.index(part), rendered.source_at(column, after=after))


def range_of(start: Offset | None, end: Offset | None, count: int, entry: Callable[[int], Entry]) -> SourceRange | None:
    """The range between two coordinates of Textual's selection; None stands for the start or the end of all."""
    if not count:
        return None
    first, last = Point(0, 0, 0), Point(count - 1, len(PARTS) - 1, 0)
    if start is not None:
        index, line = decode_row(start.y)
        if index >= count:
            return None
        first = point_at(entry(index), index, line, start.x, after=False)
    if end is not None:
        index, line = decode_row(end.y)
        if index < count:
            last = point_at(entry(index), index, line, end.x, after=True)
    return SourceRange(first, last) if first < last else None


def selected_text(selected: SourceRange, entry: Callable[[int], Entry]) -> str | None:
    """The source of a range, with control characters made visible; None where it holds none."""
    texts: list[str] = []
    for index in range(selected.start.message, selected.end.message + 1):
        found = entry(index)
        for part in PARTS:
            bounds = selected.within(index, part)
            if bounds is None or (part == "thoughts" and not found.thoughts_shown):
                continue
            document = found.document(part)
            text = selected_source(found.source(part), *bounds, document.wraps if document is not None else ())
            if text := text.strip("\n"):
                texts.append(text)
    return clean("\n\n".join(texts)) or None


def selected_source(source: str, low: int, high: int | None, wraps: Iterable[Wrap]) -> str:
    """The source between two offsets, with the marks around what is wholly in it."""
    high = len(source) if high is None else high
    known = sorted(wraps, key=lambda wrap: wrap.outer_end - wrap.outer_start)
    for wrap in known:
        low, high = _widen(low, high, wrap)
    line_start = source.rfind("\n", 0, low) + 1
    if "\n" in source[low:high] and _MARKERS.fullmatch(source, line_start, low):
        low = line_start
    return source[low:high]


def _widen(low: int, high: int, wrap: Wrap) -> tuple[int, int]:
    if low > wrap.inner_start or high < wrap.inner_end:
        return low, high
    if wrap.block and (low, high) == (wrap.inner_start, wrap.inner_end):
        return low, high
    return min(low, wrap.outer_start), max(high, wrap.outer_end)


def highlight(line: RenderedLine, marks: Iterable[Mark]) -> Strip:
    """The line with what it shows of some ranges in other styles; a later mark lies over those before."""
    segments: Sequence[Segment] = line.segments
    for ranges, style in marks:
        columns: list[tuple[int, int]] = []
        for low, high in ranges:
            columns += line.columns_of(low, high if high is not None else line.source_end + 1)
        if columns:
            segments = _restyle(segments, columns, style)
    return line.strip if segments is line.segments else Strip(segments, line.width)


def _restyle(segments: Sequence[Segment], columns: Sequence[tuple[int, int]], style: Style) -> list[Segment]:
    found: list[Segment] = []
    position = 0
    for text, own, control in segments:
        inside = [(start - position, end - position) for start, end in columns]
        inside = [(max(0, start), min(len(text), end)) for start, end in inside if start < len(text) and end > 0]
        inside = [whole_cells(text, *bounds) for bounds in inside]
        shown = own + style if own is not None else style
        reached = 0
        for start, end in inside:
            start = max(start, reached)
            found += [Segment(text[reached:start], own, control)] if start > reached else []
            found += [Segment(text[start:end], shown, control)] if end > start else []
            reached = max(reached, end)
        if reached < len(text) or not text:
            found.append(Segment(text[reached:], own, control))
        position += len(text)
    return found
