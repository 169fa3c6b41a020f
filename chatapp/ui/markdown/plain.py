"""Text shown as it was typed: wrapped, with nothing in it interpreted."""

from __future__ import annotations

from chatapp.ui.markdown.layout import Fragment, Prefix, expand_tabs
from chatapp.ui.markdown.line import Piece, build_line, split_pieces
from chatapp.ui.markdown.palette import Palette
from chatapp.ui.markdown.source import Source
from chatapp.ui.markdown.wrap import wrap


def lay_out_plain(source: Source, palette: Palette, width: int, prefix: Prefix, text_width: int) -> Fragment:
    """Lay a text out line by line: lines of `width`, on which the text ends at `text_width`."""
    fragment = Fragment()
    offset = 0
    for text in source.text.split("\n"):
        pieces = expand_tabs([Piece(text, palette.base, offset, offset + len(text))])
        shown = "".join(piece.text for piece in pieces)
        for part in split_pieces(pieces, wrap(shown, text_width - prefix.width)):
            fragment.lines.append(build_line((*prefix.take(), *part), source, width, palette.base, fallback=offset))
        offset += len(text) + 1
    return fragment
