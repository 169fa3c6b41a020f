"""What a search found as lines of a narrow column: the text around the hit, with the words marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from chatapp.core.cleaning import is_clean
from chatapp.core.conversations import Hit
from chatapp.ui.markdown.source import show_inline
from chatapp.ui.markdown.wrap import whole_cells, wrap

Spans: TypeAlias = tuple[tuple[int, int], ...]

NARROWEST = 4
_ROWS = 2
"""A hit takes at most so many lines."""
_BEFORE = 12
"""Cells before the word that was found, where the text is cut there."""


class Marked(NamedTuple):
    """A line of text, and where in it are the words that were found."""

    text: str
    spans: Spans


def rows_taken(hit: Hit, width: int) -> int:
    """How many lines `hit_lines` makes, found out at a fraction of its cost."""
    return 1 if cell_len(_shown(hit).text) <= max(NARROWEST, width) else _ROWS


def hit_lines(hit: Hit, width: int) -> list[Marked]:
    """The one or two lines of a hit, none of them wider than `width` cells (at least 4)."""
    width = max(NARROWEST, width)
    text, spans = _begun_near(_shown(hit), width)
    slices = wrap(text, width)
    lines: list[Marked] = []
    for number, (start, end) in enumerate(slices[:_ROWS]):
        if number == _ROWS - 1 and len(slices) > _ROWS:
            piece = cropped(text[start:], width)
            lines.append(Marked(piece, _moved(spans, start, len(piece) - 1)))
        else:
            lines.append(Marked(text[start:end], _moved(spans, start, end - start)))
    return lines


def cropped(text: str, width: int) -> str:
    """The beginning of a text that fits, with `…` where there is more."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)).rstrip() + "…"


def segments_of(text: str, spans: Sequence[tuple[int, int]], style: Style, mark: Style) -> list[Segment]:
    """A text in one style, with another over some of it."""
    found: list[Segment] = []
    reached = 0
    for span in spans:
        start, end = whole_cells(text, *span)
        start, end = max(start, reached), min(end, len(text))
        if start < end:
            found += [Segment(text[reached:start], style), Segment(text[start:end], style + mark)]
            reached = end
    found.append(Segment(text[reached:], style))
    return [segment for segment in found if segment.text]


def _shown(hit: Hit) -> Marked:
    """The excerpt as it can be shown; where that is another text, the places of the words are not known."""
    if hit.excerpt.isascii() and hit.excerpt.isprintable():
        return Marked(hit.excerpt, hit.spans)
    shown = show_inline(hit.excerpt)
    return Marked(shown, hit.spans if shown == hit.excerpt and is_clean(shown) else ())


def _begun_near(whole: Marked, width: int) -> Marked:
    """The text cut at its beginning where the first word found would not be seen; it still fills its lines."""
    text, spans = whole
    if not spans or cell_len(text) <= width or _is_seen(text, spans[0][1], width):
        return whole
    start = begin = spans[0][0]
    while begin > 0 and cell_len(text[begin - 1 : start]) <= min(_BEFORE, width // 2):
        begin -= 1
    space = text.find(" ", begin, start)
    begin = space + 1 if space >= 0 else begin
    while begin > 0 and cell_len(text[begin:]) <= width:
        begin -= 1
    moved = tuple((low + 1 - begin, high + 1 - begin) for low, high in spans if low >= begin)
    return Marked("…" + text[begin:], moved)


def _is_seen(text: str, end: int, width: int) -> bool:
    """Whether what stands before `end` is within the lines that are shown."""
    slices = wrap(text, width)
    return end <= (slices[_ROWS - 1][1] - 1 if len(slices) > _ROWS else len(text))


def _moved(spans: Spans, start: int, length: int) -> Spans:
    """The spans as they stand in a piece that begins at `start`."""
    moved = ((max(0, low - start), min(length, high - start)) for low, high in spans)
    return tuple((low, high) for low, high in moved if low < high)
