"""The last defence of the terminal: no control character leaves in any line, whoever drew it.

Text is cleaned where it enters a widget; this filter is for the way that somebody forgot.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from chatapp.core.cleaning import clean_line


class ControlFilter(LineFilter):
    """Makes control characters visible in every line, and keeps the line as wide as it was."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return `segments` themselves where nothing needs to be replaced."""
        for text, _style, control in segments:
            if not text.isprintable() and not control and clean_line(text) != text:
                break
        else:
            return segments
        width = sum(cell_len(segment.text) for segment in segments if not segment.control)
        cleaned = [
            segment if segment.control else Segment(clean_line(segment.text), segment.style) for segment in segments
        ]
        return Segment.adjust_line_length(cleaned, width)
