"""Candidates under each other, one of which the cursor stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from chatapp.ui.widgets.candidates.bar import Bar, Columns, pieces_of

BAR_CSS = """
    .bar--bar { color: $primary; }
    .bar--cut { color: $faint; }
    .bar--text { color: $foreground; }
    .bar--chosen { color: $primary; text-style: bold; }
    .bar--figure { color: $foreground; }
    .bar--note { color: $muted; }
    .bar--faint { color: $faint; }
    .bar--cursor { background: $panel; }
"""
BAR_CLASSES = {f"bar--{name}" for name in ("bar", "cut", "text", "chosen", "figure", "note", "faint", "cursor")}
MARK = "▌"


class BarList(Widget, can_focus=True):
    """Draws as many candidates as there is room for, those around the cursor."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "BarList { height: auto; }" + BAR_CSS.replace("    .", "BarList > .")
    COMPONENT_CLASSES: ClassVar[set[str]] = BAR_CLASSES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Candidate above", show=False),
        Binding("down", "move(1)", "Candidate below", show=False),
        Binding("home,pageup", "move(-1000)", "First candidate", show=False),
        Binding("end,pagedown", "move(1000)", "Last candidate", show=False),
        Binding("enter,space", "choose", "Choose", show=False),
        Binding("left", "leave", "Back to the text", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """A candidate was chosen, counted from 0."""

        number: int

    class Left(Message):
        """Somebody wants to go back to where the candidates stand."""

    def __init__(self) -> None:
        super().__init__()
        self._bars: list[Bar] = []
        self._cursor = 0
        self._top = 0

    @property
    def cursor(self) -> int:
        """The candidate on which the keys work."""
        return self._cursor

    def show(self, bars: Sequence[Bar], *, cursor: int | None = None) -> None:
        """Show these candidates; without `cursor` it stays where it is as far as it can."""
        needs_layout = len(bars) != len(self._bars)
        self._bars = list(bars)
        if cursor is not None:
            self._top = 0
        self._cursor = max(0, min(self._cursor if cursor is None else cursor, len(bars) - 1))
        self._follow_cursor()
        self.refresh(layout=needs_layout)

    def put_cursor(self, number: int) -> None:
        """Put the cursor on a candidate, the last one where there are fewer."""
        self._cursor = max(0, min(number, len(self._bars) - 1))
        self._follow_cursor()
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A row for each candidate."""
        del container, viewport, width
        return len(self._bars)

    def action_move(self, steps: int) -> None:
        """Go so many candidates down; above the first, back to where they stand."""
        if steps == -1 and self._cursor == 0:
            self.action_leave()
            return
        self.put_cursor(self._cursor + steps)

    def action_choose(self) -> None:
        """Choose the one under the cursor."""
        if self._bars:
            self.post_message(self.Chosen(self._cursor))

    def action_leave(self) -> None:
        """Tell of it."""
        self.post_message(self.Left())

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there, a second one chooses."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y + self._top < len(self._bars):
            self.put_cursor(offset.y + self._top)
            if event.chain > 1:
                self.action_choose()

    def on_focus(self) -> None:
        """The cursor is seen with the focus only."""
        self.refresh()

    def on_blur(self) -> None:
        """And not without it."""
        self.refresh()

    def on_resize(self) -> None:
        """Keep the cursor in sight, and as much above it as there is room for."""
        self._top = 0
        self._follow_cursor()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One candidate."""
        width, base, number = self.size.width, self.rich_style, y + self._top
        if number >= len(self._bars):
            return Strip.blank(width, base)
        under_cursor = number == self._cursor and self.has_focus
        if under_cursor:
            base += Style(bgcolor=self._style("cursor").bgcolor)
        columns = Columns.of(self._bars, width - 2)
        segments = [Segment(f"{MARK} " if under_cursor else "  ", base + self._style("bar"))]
        segments += [Segment(text, base + self._style(name)) for text, name in pieces_of(self._bars[number], columns)]
        return Strip(segments).adjust_cell_length(width, base)

    def _follow_cursor(self) -> None:
        height = self.size.height
        if not height:
            return
        lowest = max(0, len(self._bars) - height)
        self._top = max(self._cursor - height + 1, min(self._top, self._cursor, lowest))

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"bar--{name}", partial=True)
