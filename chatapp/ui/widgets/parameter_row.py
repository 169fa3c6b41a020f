"""One parameter on one line: name, slider, value, and where the value comes from."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from rich.cells import cell_len, set_cell_size

from chatapp.core.cleaning import clean, clean_line
from chatapp.core.parameters import Parameter, Setting
from chatapp.ui.widgets.slider import Scale, track

RowStyle: TypeAlias = Literal["name", "focused", "value", "unset", "faint", "fill", "moot"]
Piece: TypeAlias = tuple[str, RowStyle]

NAME_WIDTH = 18
_VALUE_WIDTH = 6
SOURCE_WIDTH = 8
_SHORTEST_TRACK = 6
MARK = "▌"
RESET = "edit ↺"

_SCALES: dict[str, Scale] = {}


def scale_of(parameter: Parameter) -> Scale | None:
    """The parameter's slider, None where it has none."""
    if parameter.name not in _SCALES and Scale.fits(parameter):
        _SCALES[parameter.name] = Scale(parameter)
    return _SCALES.get(parameter.name)


class Row(NamedTuple):
    """A parameter as it stands on a line of `width` cells; `brief` is its value in a few words."""

    parameter: Parameter
    setting: Setting
    brief: str
    width: int

    @property
    def is_set(self) -> bool:
        """Whether this conversation sets the parameter itself."""
        return self.setting.source == "edit"

    @property
    def track_start(self) -> int:
        """The cell at which the track begins."""
        return 1 + max(NAME_WIDTH, len(self.parameter.name) + 1)

    @property
    def track_length(self) -> int:
        """The cells of the track, 0 where there is none."""
        if scale_of(self.parameter) is None:
            return 0
        value = max(_VALUE_WIDTH, cell_len(self.brief) - (0 if self.source else SOURCE_WIDTH))
        length = self.width - self.track_start - value - SOURCE_WIDTH - 3
        return length if length >= _SHORTEST_TRACK else 0

    @property
    def source(self) -> str:
        """Where the value comes from; empty where there is none."""
        if self.is_set:
            return RESET
        return "" if self.setting.value is None else "unused" if self.setting.moot else self.setting.source

    def is_on_track(self, column: int) -> bool:
        """Whether a cell belongs to the track."""
        return self.track_start <= column < self.track_start + self.track_length

    def is_on_reset(self, column: int) -> bool:
        """Whether a cell belongs to the sign that unsets the value."""
        return self.is_set and column >= self.width - SOURCE_WIDTH - 1

    def fraction_at(self, column: int) -> float:
        """Which part of the track lies left of a cell."""
        return (column - self.track_start) / max(1, self.track_length - 1)

    def pieces(self, *, focused: bool) -> list[Piece]:
        """The line with its styles."""
        moot = bool(self.setting.moot)
        value: RowStyle = "moot" if moot else "value" if self.is_set else "unset"
        pieces = [self._name("focused" if focused else "moot" if moot else "name", focused=focused)]
        room = self.width - self.track_start - (SOURCE_WIDTH + 2 if self.source else 1)
        if length := self.track_length:
            scale = scale_of(self.parameter)
            known = scale is not None and self.setting.value is not None
            left, knob, right = track(scale.fraction(self.setting.plain) if scale and known else None, length)
            pieces += [(left, "fill" if self.is_set and not moot else "faint" if moot else "unset"), (knob, value)]
            pieces += [(right, "faint")]
        pieces.append((_right(self.brief, room - length), value))
        if self.source:
            pieces.append((f"  {self.source}".ljust(SOURCE_WIDTH + 2), "fill" if self.is_set else "faint"))
        return pieces

    def typing(self, typed: str) -> list[Piece]:
        """The line while a value is typed."""
        room = max(4, self.width - self.track_start - 2)
        shown = clean_line(typed)[-room + 1 :] + "▏"
        return [self._name("focused", focused=True), (set_cell_size(shown, room), "value")]

    def _name(self, style: RowStyle, *, focused: bool) -> Piece:
        lead = MARK if focused else " "
        return (lead + self.parameter.name).ljust(self.track_start), style


def brief(parameter: Parameter, setting: Setting) -> str:
    """A value in a few words: its first line, its number of texts, its figure."""
    value = setting.plain
    if parameter.kind == "bool" and value is not None:
        return "on ●" if value else "off ○"
    if parameter.kind == "text" and isinstance(value, str):
        first, *others = clean(value.strip()[:400]).split("\n")
        return clean_line(f"{first} …" if others else first)
    return clean_line(parameter.show(value))


def _right(text: str, width: int) -> str:
    """`text` at the right of `width` cells, cut with an ellipsis where it is longer."""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, max(0, width - 1)) + "…"
    return " " * (width - length) + text
