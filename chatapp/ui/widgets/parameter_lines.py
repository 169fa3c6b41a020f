"""All parameters as lines under foldable headings, drawn by one widget: sixty rows cost what one does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size, Spacing
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from chatapp.core.errors import ParameterError
from chatapp.core.parameters import DEFAULT_CHAIN, PARAMETERS, Group, Parameter, Resolution, resolve
from chatapp.ui.chain import Chain
from chatapp.ui.widgets.parameter_outline import GROUPS, Line, Outline, group_of
from chatapp.ui.widgets.parameter_row import MARK, Row, brief


class ParameterLines(Widget, can_focus=True):
    """The lines, and a cursor on one of them. It stands in something that scrolls."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "ParameterLines { height: auto; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row--name", "row--focused", "row--value", "row--unset", "row--faint", "row--fill", "row--moot",
        "row--cursor", "row--heading", "row--count",
    }  # fmt: skip

    @dataclass
    class Described(Message):
        """A line got the cursor or the pointer, or there is something to say about what was typed."""

        line: Line
        error: ParameterError | None = None

    def __init__(self) -> None:
        super().__init__(id="parameters")
        self.outline = Outline()
        resolution = resolve(edits={})
        self._settings = {setting.name: setting for setting in resolution.settings}
        self._chain = Chain(resolution)
        self._lines = self.outline.lines()
        self._cursor = self._index(None)
        self._typed: str | None = None

    # --- what is shown

    @property
    def lines(self) -> list[Line]:
        """What is shown, from the top."""
        return self._lines

    @property
    def cursor(self) -> Line:
        """The line on which the keys work."""
        return self._lines[self._cursor] if self._lines else None

    def show(self, resolution: Resolution) -> None:
        """Show the values in force."""
        before, self._settings = self._settings, {setting.name: setting for setting in resolution.settings}
        self._chain = Chain(resolution)
        changed = {name for name, setting in self._settings.items() if setting != before[name]}
        self.redraw(*(y for y, line in enumerate(self._lines) if _concerns(line, changed)))

    def filter(self, text: str) -> None:
        """Show only what has the words of `text`, the cursor on the first that is found.

        The end of a filter leaves what was found in sight.
        """
        if not text.strip() and self.outline.is_filtered and isinstance(self.cursor, Parameter):
            self.outline.unfold((self.cursor.name,))
        self.outline.filter(text)
        self.lay_out()
        if self.outline.is_filtered:
            self.put_cursor(self._index(None))

    def lay_out(self) -> None:
        """Find the lines anew, for what is folded or looked for has changed; the cursor stays where it can."""
        line, self._lines = self.cursor, self.outline.lines()
        self._cursor = self._index(line)
        self.refresh(layout=True)
        self.call_after_refresh(self._follow_cursor)

    def go_to(self, name: str) -> None:
        """Put the cursor on a parameter, unfolding its group."""
        self.outline.unfold((name,))
        self.lay_out()
        self.put_cursor(self._index(PARAMETERS[name]))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A row for each line."""
        del container, viewport, width
        return max(1, len(self._lines))

    def _index(self, line: Line) -> int:
        """Where a line stands, else the heading of its group, else the first parameter."""
        if line is not None and line in self._lines:
            return self._lines.index(line)
        group = line.group if isinstance(line, Parameter) else None
        if group is not None and group in self._lines and not self.outline.is_filtered:
            return self._lines.index(group)
        return next((y for y, other in enumerate(self._lines) if isinstance(other, Parameter)), 0)

    # --- drawing

    def render_line(self, y: int) -> Strip:
        """One line."""
        width = self.size.width
        if not self._lines and y == 0:
            return self._strip([("  nothing is called so", "row--faint")], width, under_cursor=False)
        line = self._lines[y] if y < len(self._lines) else None
        under_cursor = y == self._cursor and self.has_focus
        if isinstance(line, Parameter):
            row = self.row(line)
            typing = self._typed is not None and y == self._cursor
            pieces = row.typing(self._typed or "") if typing else row.pieces(focused=under_cursor)
            return self._strip([(text, f"row--{style}") for text, style in pieces], width, under_cursor=under_cursor)
        group = group_of(line)
        return self._strip(
            self._heading(group, width, focused=under_cursor) if group else [], width, under_cursor=under_cursor
        )

    def _heading(self, group: Group, width: int, *, focused: bool) -> list[tuple[str, str]]:
        """A group's name, and how many of its parameters are set."""
        total = len(GROUPS[group])
        count = sum(self._settings[one.name].source == "edit" for one in GROUPS[group])
        told = f"{count} of {total} set" if count else str(total)
        name = f"{MARK if focused else ' '}{'▾' if self.outline.is_open(group) else '▸'} {group}"
        return [
            (name.ljust(width - len(told) - 1), "row--heading"),
            (f"{told} ", "row--count" if count else "row--faint"),
        ]

    def row(self, parameter: Parameter) -> Row:
        """A parameter's line."""
        setting = self._settings[parameter.name]
        text = brief(parameter, setting)
        if parameter.kind == "stages":
            text = f"{len(self._chain.active)} of {len(DEFAULT_CHAIN)} active"
        return Row(parameter, setting, text, self.size.width)

    def _strip(self, pieces: Sequence[tuple[str, str]], width: int, *, under_cursor: bool) -> Strip:
        base = self.rich_style
        if under_cursor:
            base += Style(bgcolor=self.get_component_rich_style("row--cursor", partial=True).bgcolor)
        segments = [
            Segment(text, base + self.get_component_rich_style(style, partial=True)) for text, style in pieces if text
        ]
        return Strip(segments).adjust_cell_length(width, base)

    def redraw(self, *lines: int) -> None:
        """Draw these lines again."""
        if lines:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in lines))

    # --- the cursor

    def put_cursor(self, y: int, *, follow: bool = True) -> None:
        """Put the cursor on a line, and where `follow` says so scroll there."""
        before, self._cursor = self._cursor, y
        self.redraw(before, y)
        if follow:
            self._follow_cursor()
        self.describe()

    def _follow_cursor(self) -> None:
        """Scroll what this stands in until the cursor is to be seen; with the first line, all above it."""
        if not isinstance(self.parent, Widget):
            return
        if self._cursor <= 1:
            self.parent.scroll_to(y=0, animate=False)
            return
        line = Region(0, self.virtual_region.y + self._cursor, self.size.width, 1)
        self.parent.scroll_to_region(line, spacing=Spacing(1, 0, 1, 0), animate=False)

    def describe(self) -> None:
        """Tell what the cursor is on."""
        self.post_message(self.Described(self.cursor))


def _concerns(line: Line, names: set[str]) -> bool:
    """Whether a change of these parameters shows on a line."""
    if isinstance(line, Parameter):
        return line.name in names or (line.kind == "stages" and bool(names))
    group = group_of(line)
    return group is not None and any(one.name in names for one in GROUPS[group])
