"""The preset in use, on one line that opens the list of all presets."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from chatapp.core.cleaning import clean_line
from chatapp.ui.widgets.parameter_row import MARK

_LABEL = "preset"
_OPEN = " ▾"


class PresetRow(Widget, can_focus=True):
    """Enter, space or a click opens the list."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "PresetRow { height: 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space,right", "open", "Choose a preset", show=False),
        Binding("down", "app.focus_next", "Below", show=False),
        Binding("up", "app.focus_previous", "Above", show=False),
    ]

    class Opened(Message):
        """Another preset is to be chosen."""

    def __init__(self) -> None:
        super().__init__(id="preset-row")
        self._preset = ""
        self._over = 0

    def show(self, name: str, over: int) -> None:
        """Show the preset in use, empty for none, and how many of its values are set anew in the conversation."""
        if (name, over) != (self._preset, self._over):
            self._preset, self._over = name, over
            self.refresh()

    def render(self) -> Content:
        """Label, name, and what stands above it."""
        label = f"{MARK if self.has_focus else ' '}{_LABEL}  "
        over = f"{self._over} set over it" if self._over and self._preset else ""
        name = clean_line(self._preset) or "none"
        room = self.size.width - cell_len(label) - cell_len(_OPEN) - 1
        if room < cell_len(name) + cell_len(over) + 2:
            over = ""
        if room < cell_len(name):
            name = set_cell_size(name, max(0, room - 1)) + "…"
        gap = " " * max(1, room - cell_len(name) - cell_len(over))
        return Content.assemble(
            (label, "bold $primary" if self.has_focus else "$foreground"),
            (name, "bold $foreground" if self._preset else "$muted"),
            (_OPEN, "$primary"),
            (gap + over, "$faint"),
        )

    def action_open(self) -> None:
        """Ask for another."""
        self.post_message(self.Opened())

    def on_click(self) -> None:
        """Ask for another."""
        self.action_open()
