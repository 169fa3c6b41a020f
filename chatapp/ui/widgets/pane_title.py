"""The line above a conversation where several stand side by side."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.widget import Widget

from chatapp.core.cleaning import clean_line


class PaneTitle(Widget):
    """Number, title, what sets the pane apart from the others, and what its reply is doing; hidden where it is alone.

    Where there is no room for all, the title keeps a third of it.
    """

    DEFAULT_CSS = "PaneTitle { height: 1; display: none; }"

    def __init__(self) -> None:
        super().__init__()
        self._number = ""
        self._title = ""
        self._apart: Mapping[str, str] = {}
        self._state = ""
        self._active = False

    def show(self, number: str, title: str, apart: Mapping[str, str], state: str, *, active: bool) -> None:
        """Show what there is; `apart` are the settings that the panes do not share, by name.

        `number` is the pane's place, as `2`, or `2/4` where not all of them have room.
        """
        told = (number, title, apart, state, active)
        if told == (self._number, self._title, self._apart, self._state, self._active):
            return
        self._number, self._title, self._apart, self._state, self._active = told
        self.set_class(active, "-active")
        self.refresh()

    def on_click(self) -> None:
        """Go to where the next message of this conversation is written."""
        for below in self.siblings:
            if below.id == "composer":
                below.focus()

    def render(self) -> Content:
        """The line, as much of it as fits."""
        mark = f"{'▌' if self._active else ' '}{self._number} "
        told = " · ".join(f"{name} {clean_line(value)}" for name, value in self._apart.items())
        room = self.size.width - cell_len(mark) - 1
        state = _cut(f"{' · ' if told else ' '}{clean_line(self._state)}" if self._state else "", room) + " "
        room -= cell_len(state) - 1
        apart = _cut(told, room - min(cell_len(clean_line(self._title)) + 2, room // 3))
        gap = 2 if apart else 0
        title = _cut(clean_line(self._title), room - cell_len(apart) - gap)
        filler = " " * max(0, room - cell_len(title) - cell_len(apart))
        return Content.assemble(
            (mark, "bold $primary" if self._active else "$muted"),
            (title, "bold $foreground" if self._active else "$muted"),
            filler,
            (apart, "$secondary"),
            (state, "$muted"),
        )


def _cut(text: str, room: int) -> str:
    if cell_len(text) <= room:
        return text
    return set_cell_size(text, room - 1).rstrip() + "…" if room > 3 else ""
