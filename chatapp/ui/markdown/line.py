"""One line as it is drawn, and which part of the source each of its characters shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from chatapp.ui.markdown.source import Source


class SourceSpan(NamedTuple):
    """Characters `start` to `end` of a line's text show characters `source_start` to `source_end` of the source.

    Where both are equally long they correspond one by one; otherwise the whole stands for the whole.
    """

    start: int
    end: int
    source_start: int
    source_end: int


class Piece(NamedTuple):
    """Text in one style; `start` and `end` are offsets of the shown source, -1 for decoration."""

    text: str
    style: Style
    start: int = -1
    end: int = -1


class RenderedLine:
    """A line of segments, as wide as its view; `source` is the raw offset at which it begins.

    `spans` rise in `start` and, within the line, in `source_start`. The strip is made when first asked for, and
    is the same object from then on.
    """

    __slots__ = ("_strip", "segments", "source", "spans", "width")

    def __init__(self, segments: list[Segment], spans: tuple[SourceSpan, ...], source: int, width: int) -> None:
        self.segments = segments
        self.spans = spans
        self.source = source
        self.width = width
        self._strip: Strip | None = None

    @property
    def text(self) -> str:
        """The characters of the line, padding included."""
        return "".join(segment.text for segment in self.segments)

    @property
    def strip(self) -> Strip:
        """The line as Textual draws it."""
        if self._strip is None:
            self._strip = Strip(self.segments, self.width)
        return self._strip

    @property
    def source_end(self) -> int:
        """The raw offset after the last character that the line shows."""
        return max((span.source_end for span in self.spans), default=self.source)

    def same_as(self, other: RenderedLine) -> bool:
        """Whether both look alike and show the same source."""
        return (
            self.width == other.width
            and self.source == other.source
            and self.spans == other.spans
            and self.segments == other.segments
        )

    def source_at(self, column: int, *, after: bool = False) -> int:
        """The raw offset of the character at `column`.

        Between spans it is the start of the next one; with `after` it is the end of the one before, so that a
        range that ends here takes nothing that isn't shown.
        """
        previous = self.source
        for start, end, source_start, source_end in self.spans:
            if column < start or (after and column == start):
                return previous if after else source_start
            if column < end or (after and column == end):
                if end - start == source_end - source_start:
                    return source_start + column - start
                return source_end if after else source_start
            previous = source_end
        return previous

    def columns_of(self, source_start: int, source_end: int) -> list[tuple[int, int]]:
        """The columns that show any of the source between two raw offsets, as (start, end) pairs."""
        found: list[tuple[int, int]] = []
        for start, end, first, last in self.spans:
            low, high = max(first, source_start), min(last, source_end)
            if low >= high:
                continue
            if end - start == last - first:
                found.append((start + low - first, start + high - first))
            else:
                found.append((start, end))
        return found


def build_line(
    pieces: Iterable[Piece], source: Source, width: int, base: Style, *, fallback: int, fill: Style | None = None
) -> RenderedLine:
    """Make a line of exactly `width` cells.

    `fallback` is the shown offset at which the line begins where no piece has one; `fill` styles the padding.
    """
    segments: list[Segment] = []
    spans: list[SourceSpan] = []
    position = cells = 0
    first = -1
    for text, style, start, end in pieces:
        if not text:
            continue
        if segments and segments[-1].style is style:
            segments[-1] = Segment(segments[-1].text + text, style)
        else:
            segments.append(Segment(text, style))
        length = len(text)
        cells += length if text.isascii() else cell_len(text)
        if start >= 0:
            if first < 0:
                first = start
            _add_spans(spans, source, position, length, start, end)
        position += length
    segments, cells = _fit(segments, cells, width)
    if cells < width:
        segments.append(Segment(" " * (width - cells), fill or base))
    begin = source.raw_offset(first if first >= 0 else fallback)
    return RenderedLine(segments, tuple(spans), begin, width)


def _add_spans(spans: list[SourceSpan], source: Source, position: int, length: int, start: int, end: int) -> None:
    """Add the spans of one piece, cut where shown and raw text part ways, joined to the span before if they touch."""
    exact = end - start == length
    cuts = [start, *source.breaks(start, end), end] if exact else [start, end]
    for low, high in pairwise(cuts):
        raw_start, raw_end = source.raw_offset(low), source.raw_offset(high)
        begin = position + low - start if exact else position
        stop = position + high - start if exact else position + length
        if spans:
            last = spans[-1]
            touching = last.end == begin and last.source_end == raw_start
            if (
                touching
                and last.end - last.start == raw_start - last.source_start
                and stop - begin == raw_end - raw_start
            ):
                spans[-1] = SourceSpan(last.start, stop, last.source_start, raw_end)
                continue
        spans.append(SourceSpan(begin, stop, raw_start, raw_end))


def _fit(segments: list[Segment], cells: int, width: int) -> tuple[list[Segment], int]:
    """Make sure that the line is no wider than `width`, measured as the terminal will see it."""
    if len(segments) > 1 and not all(segment.text.isascii() for segment in segments):
        whole = cell_len("".join(segment.text for segment in segments))
        if whole != cells:
            # A joiner at the edge of a segment: only one segment measures as it will be drawn.
            segments = [Segment("".join(segment.text for segment in segments), segments[0].style)]
            cells = whole
    if cells <= width:
        return segments, cells
    cropped = Segment.adjust_line_length(segments, width, pad=False)
    return cropped, sum(cell_len(segment.text) for segment in cropped)


def hard_lines(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Cut pieces where one is a newline."""
    lines: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece.text == "\n":
            lines.append([])
        else:
            lines[-1].append(piece)
    return lines


def split_pieces(pieces: Sequence[Piece], slices: Iterable[tuple[int, int]]) -> Iterator[list[Piece]]:
    """Yield the parts of `pieces` that lie in each slice of their joined text; slices rise."""
    index = position = 0
    for start, end in slices:
        while index < len(pieces) and position + len(pieces[index].text) <= start:
            position += len(pieces[index].text)
            index += 1
        found: list[Piece] = []
        ahead, reached = index, position
        while ahead < len(pieces) and reached < end:
            piece = pieces[ahead]
            low, high = max(start - reached, 0), min(end - reached, len(piece.text))
            found.append(piece if high - low == len(piece.text) else _cut(piece, low, high))
            reached += len(piece.text)
            ahead += 1
        yield found


def _cut(piece: Piece, low: int, high: int) -> Piece:
    if piece.start < 0:
        return Piece(piece.text[low:high], piece.style)
    if piece.end - piece.start == len(piece.text):
        return Piece(piece.text[low:high], piece.style, piece.start + low, piece.start + high)
    return Piece(piece.text[low:high], piece.style, piece.start, piece.end)
