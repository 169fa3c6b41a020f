"""The names of the inspector's tabs on one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from chatapp.ui.widgets.parameter_row import MARK

if TYPE_CHECKING:
    from chatapp.ui.widgets.inspector.frame import TabName


class TabRow(Widget, can_focus=True):
    """A click on a name chooses it, and so do the arrows while the row has the focus."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Tab before", show=False),
        Binding("right", "step(1)", "Tab after", show=False),
        Binding("down,enter", "app.focus_next", "To the tab", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """A name was chosen."""

        name: TabName

    def __init__(self, titles: Mapping[TabName, str]) -> None:
        super().__init__(id="tab-row")
        self._titles = titles
        self._shown: TabName = next(iter(titles))

    def show(self, name: TabName) -> None:
        """Mark the name of the tab that is shown."""
        if name != self._shown:
            self._shown = name
            self.refresh()

    def render(self) -> Content:
        """The names; the shown one has a mark before it."""
        style = "bold $background on $primary" if self.has_focus else "bold $primary"
        return Content.assemble(
            *((self._label(name), style if name == self._shown else "$muted") for name in self._titles)
        )

    def action_step(self, steps: int) -> None:
        """Choose the name before or after, as far as there is one."""
        names = list(self._titles)
        self.post_message(self.Chosen(names[min(max(names.index(self._shown) + steps, 0), len(names) - 1)]))

    def on_click(self, event: events.Click) -> None:
        """Choose the name under the pointer."""
        ends = [0]
        for name in self._titles:
            ends.append(ends[-1] + len(self._label(name)))
        for name, (start, end) in zip(self._titles, pairwise(ends), strict=True):
            if start <= event.x < end:
                self.post_message(self.Chosen(name))

    def _label(self, name: TabName) -> str:
        return f" {MARK if name == self._shown else ' '}{self._titles[name]} "
