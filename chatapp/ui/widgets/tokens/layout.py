"""Where each token stands: rows of a given width, laid out once and again only from where something changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len, chop_cells

_NARROWEST = 2
"""Cells that any character fits in."""


class Cell(NamedTuple):
    """A token, or the part of it that stands on one row: its text from cell `x` on, `width` cells wide.

    `offset` is how many characters of the token's text stand before this part.
    """

    token: int
    offset: int
    text: str
    x: int
    width: int


class Layout:
    """Tokens in rows of at most `width` cells, broken between words where they can be."""

    def __init__(self, width: int) -> None:
        self.width = max(_NARROWEST, width)
        self.rows: list[list[Cell]] = []
        self._tokens: list[str] = []
        self._row_of: list[int] = []

    def __len__(self) -> int:
        return len(self._tokens)

    def row_of(self, token: int) -> int:
        """The row on which a token begins."""
        return self._row_of[token]

    def show(self, tokens: Sequence[str]) -> int | None:
        """Lay out these tokens; give the first row that is not as it was, None where all are."""
        known = self._tokens
        first = next((at for at, (one, two) in enumerate(zip(known, tokens, strict=False)) if one != two), None)
        if first is None:
            if len(known) == len(tokens):
                return None
            first = min(len(known), len(tokens))
        row = self._restart(first)
        begin = self.rows[row][0].token if row < len(self.rows) else 0
        del self.rows[row:], self._row_of[begin:]
        self._tokens = list(tokens)
        _Setting(self.rows, self._row_of, self.width).set(self._tokens, begin)
        return row

    def token_at(self, row: int, x: int) -> int | None:
        """The token at a cell, the last of the row behind its end; None where there is no such row."""
        if not 0 <= row < len(self.rows):
            return None
        cells = self.rows[row]
        return next((cell.token for cell in cells if x < cell.x + cell.width), cells[-1].token)

    def _restart(self, token: int) -> int:
        """The row from which on all must be laid out where `token` changes: its word may break elsewhere then."""
        if not self._row_of:
            return 0
        row = self._word_row(self._row_of[min(token, len(self._row_of) - 1)])
        return self._word_row(max(0, row - 1)) if token < len(self._row_of) else row

    def _word_row(self, row: int) -> int:
        """The last row up to `row` that begins with a word."""
        while row > 0 and not self._begins_word(row):
            row -= 1
        return row

    def _begins_word(self, row: int) -> bool:
        cell, before = self.rows[row][0], self.rows[row - 1][-1]
        ended = self._tokens[before.token][before.offset + len(before.text) :][:1] == "\n"
        return cell.offset == 0 and (ended or _breaks(before.text, cell.text))


class _Setting:
    """Sets tokens word by word."""

    def __init__(self, rows: list[list[Cell]], row_of: list[int], width: int) -> None:
        self._rows = rows
        self._row_of = row_of
        self._width = width
        self._row: list[Cell] = []
        self._x = 0
        self._word: list[tuple[int, int, str]] = []

    def set(self, tokens: Sequence[str], begin: int) -> None:
        """Lay out all tokens from `begin` on, which stands at the beginning of a row."""
        for number in range(begin, len(tokens)):
            offset = 0
            lines = tokens[number].split("\n")
            for place, line in enumerate(lines):
                if line:
                    if offset == 0 and self._word and _breaks(self._word[-1][2], line):
                        self._end_word()
                    self._word.append((number, offset, line))
                offset += len(line) + 1
                if place < len(lines) - 1:
                    self._end_word()
                    self._end_row()
        self._end_word()
        self._end_row()

    def _end_word(self) -> None:
        word, self._word = self._word, []
        if self._x and self._x + sum(cell_len(text) for _, _, text in word) > self._width:
            self._end_row()
        for token, offset, text in word:
            self._place(token, offset, text)

    def _place(self, token: int, offset: int, text: str) -> None:
        while text:
            length, room = cell_len(text), self._width - self._x
            part = text
            if length > room:
                part = chop_cells(text, room)[0] if room >= _NARROWEST else ""
                if not part:
                    self._end_row()
                    continue
                length = cell_len(part)
            if offset == 0:
                self._row_of.append(len(self._rows))
            self._row.append(Cell(token, offset, part, self._x, length))
            self._x += length
            offset += len(part)
            text = text[len(part) :]

    def _end_row(self) -> None:
        if self._row:
            self._rows.append(self._row)
            self._row, self._x = [], 0


def _breaks(before: str, text: str) -> bool:
    """Whether a row may end between two tokens."""
    return text[0] in " ␣⇥" or before[-1] in " -⇥" or cell_len(text[0]) > 1 or cell_len(before[-1]) > 1
