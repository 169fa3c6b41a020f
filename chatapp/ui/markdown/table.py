"""Tables that fit: columns share the width, cells wrap, and a pane too narrow for columns gets a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.style import Style

from chatapp.ui.markdown.block import Alignment
from chatapp.ui.markdown.line import Piece, hard_lines, split_pieces
from chatapp.ui.markdown.wrap import width_of, wrap

MIN_COLUMN = 4
_SEPARATOR = " │ "

Cell = Sequence[Piece]


def lay_out_table(
    rows: Sequence[Sequence[Cell]], alignments: Sequence[Alignment], width: int, border: Style
) -> Iterator[list[Piece]]:
    """Yield the lines of a table whose first row is its header, each at most `width` cells."""
    columns = len(alignments)
    room = width - len(_SEPARATOR) * (columns - 1)
    if not rows or not columns:
        return
    if room < MIN_COLUMN * columns:
        yield from _as_list(rows, width, border)
        return
    widths = share_width([max(_natural_width(row[column]) for row in rows) for column in range(columns)], room)
    rule = Piece("─┼─".join("─" * size for size in widths), border)
    wrapped = [[_wrap_cell(cell, size) for cell, size in zip(row, widths, strict=True)] for row in rows]
    tall = any(len(cell) > 1 for row in wrapped[1:] for cell in row)
    for number, cells in enumerate(wrapped):
        if number == 1 or (number > 1 and tall):
            yield [rule]
        yield from _row(cells, widths, alignments, border)


def share_width(natural: Sequence[int], room: int) -> list[int]:
    """Give each column what it needs; where that is too much, the wide ones share what the narrow ones leave."""
    widths = [max(1, size) for size in natural]
    if sum(widths) <= room:
        return widths
    open_columns = sorted(range(len(widths)), key=lambda column: widths[column])
    while open_columns:
        fair = room // len(open_columns)
        if widths[open_columns[0]] > fair:
            break
        room -= widths[open_columns.pop(0)]
    for place, column in enumerate(sorted(open_columns)):
        widths[column] = room // len(open_columns) + (place < room % len(open_columns))
    return widths


def _natural_width(cell: Cell) -> int:
    return max(sum(width_of(piece.text) for piece in line) for line in hard_lines(cell))


def _wrap_cell(cell: Cell, width: int) -> list[list[Piece]]:
    wrapped: list[list[Piece]] = []
    for line in hard_lines(cell):
        text = "".join(piece.text for piece in line)
        wrapped += split_pieces(line, wrap(text, max(2, width)))
    return wrapped


def _row(
    cells: Sequence[list[list[Piece]]], widths: Sequence[int], alignments: Sequence[Alignment], border: Style
) -> Iterator[list[Piece]]:
    for number in range(max(len(cell) for cell in cells)):
        line: list[Piece] = []
        for column, cell in enumerate(cells):
            if column:
                line.append(Piece(_SEPARATOR, border))
            content = cell[number] if number < len(cell) else []
            spare = widths[column] - width_of("".join(piece.text for piece in content))
            left = {"left": 0, "right": spare, "center": spare // 2}[alignments[column]]
            line += [Piece(" " * left, border), *content]
            if column < len(cells) - 1:
                line.append(Piece(" " * (spare - left), border))
        yield line


def _as_list(rows: Sequence[Sequence[Cell]], width: int, border: Style) -> Iterator[list[Piece]]:
    """Each row as lines of its own, every cell behind its column's name."""
    header, *body = rows
    for number, row in enumerate(body or [[()] * len(header)]):
        if number:
            yield [Piece("─" * min(width, 8), border)]
        for name, cell in zip(header, row, strict=True):
            pieces = [piece for piece in name if piece.text != "\n"]
            if cell:
                pieces = [*pieces, Piece(": ", border), *cell]
            yield from _wrap_cell(pieces, width)
