"""The stages of the chain as lines that are moved and switched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from chatapp.core.cleaning import clean_line
from chatapp.core.parameters import STAGES, Stage
from chatapp.ui.chain import NEUTRAL, Chain, with_left_out

_NAME_WIDTH = 20


class StageList(Widget, can_focus=True):
    """Every stage on a line, in order; those that are switched off keep their place.

    Stages that always stand first or last are shown where they stand while they are at work, and can't be moved. The
    cursor begins on the first one at work that can.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = "StageList { height: auto; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"stage--on", "stage--idle", "stage--off", "stage--told", "stage--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Row above", show=False),
        Binding("down", "move(1)", "Row below", show=False),
        Binding("home,pageup", "move(-100)", "First row", show=False),
        Binding("end,pagedown", "move(100)", "Last row", show=False),
        Binding("shift+up,alt+up,left_square_bracket", "carry(-1)", "Earlier", show=False),
        Binding("shift+down,alt+down,right_square_bracket", "carry(1)", "Later", show=False),
        Binding("space", "switch", "On or off", show=False),
    ]

    @dataclass
    class Described(Message):
        """The cursor stands on another stage, or the stage has changed."""

        stage: Stage

    def __init__(self, chain: Chain) -> None:
        super().__init__(id="stages")
        self._chain = chain
        self._order: list[Stage] = []
        self._on: set[Stage] = set()
        self._cursor = 0
        self._carried = False
        self.put(chain.placed)
        if chain.active:
            self._cursor = self._order.index(chain.active[0])

    def put(self, placed: Sequence[Stage]) -> None:
        """Show this chain."""
        self._on = set(placed)
        first = [stage for stage in self._chain.fixed if not STAGES[stage].terminal]
        last = [stage for stage in self._chain.fixed if STAGES[stage].terminal]
        self._order = [*first, *with_left_out(placed), *last]
        self._cursor = min(max(self._cursor, len(first)), len(self._order) - 1)
        self.refresh(layout=True)

    @property
    def placed(self) -> tuple[Stage, ...]:
        """The stages that are on, in order."""
        return tuple(stage for stage in self._order if stage in self._on)

    @property
    def cursor(self) -> Stage:
        """The stage on which the keys work."""
        return self._order[self._cursor]

    def state(self, stage: Stage) -> str:
        """What a stage does now, in words: its values, or why it is idle."""
        if not STAGES[stage].movable:
            return "always last, chooses the token" if STAGES[stage].terminal else "always first"
        if stage not in self._on:
            return "off"
        reason = self._chain.idle_reason(stage)
        return f"idle: {reason}" if reason else self._chain.told(stage)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A row for each stage."""
        del container, viewport, width
        return len(self._order)

    # --- keys and pointer

    def action_move(self, steps: int) -> None:
        """Go so many stages down, at most to the last."""
        self._put_cursor(min(max(self._cursor + steps, 0), len(self._order) - 1))

    def action_carry(self, steps: int) -> None:
        """Move the stage under the cursor so many places, as far as stages may be moved."""
        target = self._cursor + steps
        if 0 <= target < len(self._order) and STAGES[self.cursor].movable and STAGES[self._order[target]].movable:
            self._order[self._cursor], self._order[target] = self._order[target], self._order[self._cursor]
            self._put_cursor(target)

    def action_switch(self) -> None:
        """Switch the stage under the cursor on or off."""
        if STAGES[self.cursor].movable:
            self._on ^= {self.cursor}
            self._put_cursor(self._cursor)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Switch at the sign, take hold elsewhere."""
        if event.y < len(self._order):
            self._put_cursor(event.y)
            if event.x < 4:
                self.action_switch()
            else:
                self._carried = True
                self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Carry the stage along."""
        while self._carried and event.y != self._cursor:
            before = self._cursor
            self.action_carry(1 if event.y > self._cursor else -1)
            if self._cursor == before:
                break

    def on_mouse_up(self) -> None:
        """Let go."""
        if self._carried:
            self._carried = False
            self.release_mouse()

    def on_focus(self) -> None:
        """Tell where the cursor is."""
        self._put_cursor(self._cursor)

    def on_blur(self) -> None:
        """The cursor is seen only with the focus."""
        self.refresh()

    def _put_cursor(self, y: int) -> None:
        self._cursor = y
        self.refresh()
        if isinstance(self.parent, Widget):
            line = Region(0, self.virtual_region.y + y, self.size.width, 1)
            self.parent.scroll_to_region(line, animate=False)
        self.post_message(self.Described(self.cursor))

    # --- drawing

    def render_line(self, y: int) -> Strip:
        """One stage: place, sign, name, what it does now."""
        width, base = self.size.width, self.rich_style
        if y >= len(self._order):
            return Strip.blank(width, base)
        stage = self._order[y]
        if y == self._cursor and self.has_focus:
            base += Style(bgcolor=self._style("cursor").bgcolor)
        fixed, on = not STAGES[stage].movable, stage in self._on
        idle = bool(self._chain.idle_reason(stage))
        style = "off" if not on and not fixed else "idle" if idle else "on"
        sign = "─" if fixed else "○" if not on else "◌" if idle else "●"
        state = clean_line(self.state(stage)).removesuffix(NEUTRAL).removesuffix(": ")
        return Strip(
            [
                Segment("▌" if y == self._cursor and self.has_focus else " ", base + self._style("on")),
                Segment(set_cell_size(f"{sign} {stage}", _NAME_WIDTH), base + self._style(style)),
                Segment(_cut(f" {state}", width - _NAME_WIDTH - 1), base + self._style("told")),
            ],
            width,
        )

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"stage--{name}", partial=True)


def _cut(text: str, width: int) -> str:
    """`text` in `width` cells, with an ellipsis where it is longer."""
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)) + "…"
