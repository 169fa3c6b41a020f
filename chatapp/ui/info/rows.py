"""Sections laid out as rows of a width."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from chatapp.ui.info.fact import Fact, Run, Section
from chatapp.ui.markdown.wrap import width_of, wrap

_INDENT = "  "
_LABEL_WIDTH = 15
_NARROWEST_VALUE = 12
"""Cells below which a value stands under its label."""
_SEPARATORS = ("/\\", "-_", ".:,;=&?")
"""Behind what a long word is broken, the best first."""
_LONGEST_PATH = 4096
"""Characters of a line in which better places to break are looked for."""


@dataclass(frozen=True)
class Row:
    """One line on the screen.

    `section` and `fact` say where it is from; the heading has fact -1. A row that goes on with the line before has a
    `joint`: what stood where it was broken.
    """

    runs: tuple[Run, ...]
    section: int
    fact: int
    label: str = ""
    joint: str | None = None

    @property
    def text(self) -> str:
        """The whole line."""
        return self.label + "".join(text for text, _ in self.runs)

    @property
    def is_heading(self) -> bool:
        """Whether it is a section's first line."""
        return self.fact < 0 and bool(self.runs)

    @property
    def can_hold_cursor(self) -> bool:
        """Whether the cursor stops here: on what begins a line of its own."""
        return bool(self.runs or self.label) and self.joint is None


def rows_of(sections: Sequence[Section], unfolded: Collection[str], width: int) -> list[Row]:
    """All rows of the sections; of those that fold, the facts of the `unfolded` ones only."""
    rows: list[Row] = []
    for number, section in enumerate(sections):
        if rows:
            rows.append(Row((), number, -1))
        is_open = not section.folds or section.name in unfolded
        rows.append(_heading(section, number, width, is_open=is_open))
        if is_open:
            for place, fact in enumerate(section.facts):
                rows += _fact_rows(fact, number, place, width)
    return rows


def copied(rows: Sequence[Row], start: tuple[int, int], end: tuple[int, int]) -> str:
    """The text between two cells, (row, column) each, as it was before it was wrapped."""
    (first, left), (last, right) = start, end
    text = ""
    for number in range(max(0, first), min(last + 1, len(rows))):
        row = rows[number]
        cells = row.text[left if number == first else 0 : right if number == last else None]
        if number == first:
            text = cells.removeprefix(_INDENT)
        elif row.joint is not None:
            text += row.joint + cells.lstrip(" ")
        else:
            text += "\n" + cells.removeprefix(_INDENT)
    return text


def _heading(section: Section, number: int, width: int, *, is_open: bool) -> Row:
    sign = ("▾ " if is_open else "▸ ") if section.folds else ""
    title = sign + section.title
    told = section.told if width_of(title) + width_of(section.told) + 3 <= width else ""
    gap = " " * (width - 2 - width_of(title) - width_of(told)) if told else ""
    return Row(((" " + title, "plain"), (gap + told, "muted")), number, -1)


def _fact_rows(fact: Fact, section: int, place: int, width: int) -> Iterator[Row]:
    label = (_INDENT + fact.label.ljust(_LABEL_WIDTH)) if fact.label else _INDENT
    room = width - len(label) - 1
    if fact.label and room < _NARROWEST_VALUE:
        yield Row((), section, place, _INDENT + fact.label)
        label, room = _INDENT * 2, width - 2 * len(_INDENT) - 1
    line, before = fact.text, 0
    for number, (start, end) in enumerate(_wrapped(line, max(2, room))):
        joint = line[before:start] if number else None
        yield Row(tuple(_cut(fact.runs, start, end)), section, place, label if not number else " " * len(label), joint)
        before = end


def _wrapped(text: str, width: int) -> list[tuple[int, int]]:
    """Slices as `wrap` makes them, but a path or a name that is too long breaks behind a separator where it has one."""
    slices, rest = wrap(text, width), 0
    while len(text) <= _LONGEST_PATH:
        cut = next(((at, place) for at in range(rest, len(slices)) if (place := _better(text, *slices[at]))), None)
        if cut is None:
            break
        rest, place = cut[0] + 1, cut[1]
        again = [(place + start, place + end) for start, end in wrap(text[place:], width)]
        slices[rest - 1 :] = [(slices[rest - 1][0], place), *again]
    return slices


def _better(text: str, start: int, end: int) -> int:
    """A better place than `end` to break a word in two, 0 where there is none."""
    word = text.rfind(" ", start, end) + 1 or start
    if end < len(text) and " " not in text[end - 1 : end + 1] and text[word : end + 1].isascii():
        for separators in _SEPARATORS:
            place = max(text.rfind(one, word, end) for one in separators) + 1
            if word < place:
                return place if place < end else 0
    return 0


def _cut(runs: Sequence[Run], start: int, end: int) -> Iterator[Run]:
    """What of the runs lies between two offsets."""
    position = 0
    for text, tone in runs:
        piece = text[max(0, start - position) : max(0, end - position)]
        if piece:
            yield piece, tone
        position += len(text)
