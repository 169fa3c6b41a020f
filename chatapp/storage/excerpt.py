"""The piece of a text around what a search found, on one line and safe for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from chatapp.core.cleaning import clean_line
from chatapp.core.folding import FoldedText, Sought
from chatapp.storage.segment import Term

_BEFORE = 40
_LENGTH = 160
_LOOKED_AT = 200_000


def excerpt(text: str, terms: Sequence[Term]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """About 160 characters of `text` around the first hit, and where in them the hits are.

    It is the beginning where no hit is seen, as with words that only the index takes apart alike.
    """
    sought = Sought((term.text.strip() for term in terms), at_beginnings=True)
    start = sought.first(text[:_LOOKED_AT]) or 0
    begin = max(0, start - _BEFORE)
    if begin:
        space = text.find(" ", begin, start)
        begin = space + 1 if space >= 0 else begin
    piece = " ".join(clean_line(text[begin : begin + _LENGTH]).split())
    shown = ("…" if begin else "") + piece + ("…" if begin + _LENGTH < len(text) else "")
    return shown, tuple(sought.ranges(FoldedText(shown)))
