"""A candidate on one line: a bar, its text, its chance in figures, and what there is to say of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from rich.cells import cell_len, set_cell_size

from chatapp.core.cleaning import clean_line

BarStyle: TypeAlias = Literal["bar", "cut", "text", "chosen", "figure", "note", "faint"]
Piece: TypeAlias = tuple[str, BarStyle]

_FULL, _CUT = "█", "░"
_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
_SHORTEST_BAR, _LONGEST_BAR = 4, 24
_LONGEST_TEXT = 18
_FIGURE = 7


class Bar(NamedTuple):
    """A candidate: its text as it is shown, its share from 0 to 1, and a note.

    `is_cut` draws it as one that can't be drawn, `is_chosen` as the one that was written.
    """

    text: str
    share: float
    note: str = ""
    is_cut: bool = False
    is_chosen: bool = False


class Columns(NamedTuple):
    """How wide bars, texts and notes are, so that they stand under each other."""

    bar: int
    text: int
    note: int

    @classmethod
    def of(cls, bars: Sequence[Bar], width: int) -> Columns:
        """Columns for these bars in `width` cells; texts and notes give way before bars do."""
        text = min(_LONGEST_TEXT, max((cell_len(clean_line(bar.text)) for bar in bars), default=1))
        note = max((cell_len(clean_line(bar.note)) for bar in bars), default=0)
        room = width - _FIGURE - 2 - (2 if note else 0)
        note = max(0, min(note, room - text - _SHORTEST_BAR))
        text = max(1, min(text, room - note - _SHORTEST_BAR))
        return cls(max(1, min(_LONGEST_BAR, room - text - note)), text, note)


def percent(share: float) -> str:
    """A share in per cent, in as many figures as can be taken in at a glance."""
    if not math.isfinite(share):
        return "?"
    hundredths = max(0.0, share) * 100
    if 0 < hundredths < 0.05:
        return "<0.1 %"
    return f"{hundredths:.1f} %" if hundredths < 99.95 else "100 %"


def pieces_of(bar: Bar, columns: Columns) -> list[Piece]:
    """The line with its styles."""
    length = fill(bar.share, columns.bar, is_cut=bar.is_cut)
    text = fitted(clean_line(bar.text), columns.text)
    style: BarStyle = "faint" if bar.is_cut else "chosen" if bar.is_chosen else "text"
    pieces: list[Piece] = [
        (length.ljust(columns.bar) + " ", "cut" if bar.is_cut else "bar"),
        (text, style),
        (percent(bar.share).rjust(_FIGURE), "faint" if bar.is_cut else "figure"),
    ]
    if columns.note:
        pieces.append((f"  {fitted(clean_line(bar.note), columns.note)}", "note"))
    return pieces


def fill(share: float, width: int, *, is_cut: bool = False) -> str:
    """A bar that fills `share` of `width` cells; what is not nothing is seen."""
    share = min(max(share, 0.0), 1.0) if math.isfinite(share) else 0.0
    if is_cut:
        return _CUT * max(1, round(share * width))
    eighths = max(1, round(share * width * 8)) if share > 0 else 0
    return _FULL * (eighths // 8) + _EIGHTHS[eighths % 8]


def fitted(text: str, width: int) -> str:
    """`text` in exactly `width` cells, with an ellipsis where it is longer."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(set_cell_size(text, width - 1).rstrip() + "…", width)
