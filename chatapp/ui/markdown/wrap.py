"""Where a text breaks so that its lines fit a width in cells."""

from __future__ import annotations

from rich.cells import cell_len, split_graphemes

_NOT_FIRST = frozenset("、。，．）」』】》！？：；・ー…％")
"""Wide punctuation that never begins a line."""


def width_of(text: str) -> int:
    """Cells that `text` takes on the terminal."""
    return len(text) if text.isascii() else cell_len(text)


def whole_cells(text: str, start: int, end: int) -> tuple[int, int]:
    """The range widened until it cuts no character that is drawn as one, such as a joined emoji."""
    if text.isascii():
        return start, end
    low, high = start, end
    for first, last, _size in split_graphemes(text)[0]:
        if first < start < last:
            low = first
        if first < end < last:
            high = last
    return low, high


def wrap(text: str, width: int) -> list[tuple[int, int]]:
    """Break one line into (start, end) slices of at most `width` cells.

    Lines break at spaces, beside wide characters other than Hangul, and within a word that is too long. Spaces at a
    break belong to no slice. An empty text is one empty slice. `width` is at least 2.
    """
    if text.isascii():
        return _wrap_ascii(text, width)
    return _wrap_wide(text, width)


def chop(text: str, width: int) -> list[tuple[int, int]]:
    """Break one line after every `width` cells, wherever that is: for code."""
    if text.isascii():
        return [(start, min(start + width, len(text))) for start in range(0, len(text), width)] or [(0, 0)]
    slices: list[tuple[int, int]] = []
    begin = cells = 0
    for start, _end, size in split_graphemes(text)[0]:
        if cells + size > width and start > begin:
            slices.append((begin, start))
            begin, cells = start, 0
        cells += size
    slices.append((begin, len(text)))
    return slices


def _wrap_ascii(text: str, width: int) -> list[tuple[int, int]]:
    slices: list[tuple[int, int]] = []
    position, length = 0, len(text)
    while length - position > width:
        cut = text.rfind(" ", position + 1, position + width + 1)
        if cut < 0 or text[position:cut].isspace():
            cut = position + width
            slices.append((position, cut))
            position = cut
            continue
        end = cut
        while end > position and text[end - 1] == " ":
            end -= 1
        slices.append((position, end))
        position = cut + 1
        while position < length and text[position] == " ":
            position += 1
    if position < length or not slices:
        slices.append((position, length))
    return slices


def _wrap_wide(text: str, width: int) -> list[tuple[int, int]]:
    slices: list[tuple[int, int]] = []
    begin = cells = 0
    chance, cells_before_chance = 0, 0
    previous_wide = False
    for start, _end, size in split_graphemes(text)[0]:
        if start < begin:
            continue
        character = text[start]
        wide = size == 2 and not "\u1100" <= character <= "\u11ff" and not "\uac00" <= character <= "\ud7a3"
        beside_wide = (wide or previous_wide) and character not in _NOT_FIRST
        if character == " " or (beside_wide and text[start - 1 : start] != " "):
            chance, cells_before_chance = start, cells
        previous_wide = wide
        if cells + size > width and start > begin:
            if begin < chance < start:
                slices.append((begin, chance))
                begin, cells = chance, cells - cells_before_chance
                spaces = _spaces(text, begin)
                begin, cells = begin + spaces, cells - spaces
            if cells + size > width or chance == start:
                slices.append((begin, start))
                begin, cells = start + _spaces(text, start), 0
            if start < begin:
                continue
        cells += size
    if begin < len(text) or not slices:
        slices.append((begin, len(text)))
    return [(start, start + len(text[start:end].rstrip(" ")) if end < len(text) else end) for start, end in slices]


def _spaces(text: str, start: int) -> int:
    """How many spaces stand at `start`."""
    end = start
    while end < len(text) and text[end] == " ":
        end += 1
    return end - start
