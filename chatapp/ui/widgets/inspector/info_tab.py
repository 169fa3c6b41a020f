"""The Info tab: the model, its template and how the last reply came about."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from chatapp.ui.info.fact import Section
from chatapp.ui.widgets.inspector.info_lines import InfoLines

_KEYS = "↑↓ line · ⏎ unfold · c copy section · Esc leave"


class InfoTab(Vertical):
    """Sections of facts above what the keys do; `unfolded` is told when more of them is to be seen."""

    def __init__(self, unfolded: Callable[[], None]) -> None:
        super().__init__(id="info-tab")
        self._unfolded = unfolded

    def compose(self) -> ComposeResult:
        """The facts, and the keys."""
        yield InfoLines()
        yield Static(_KEYS, classes="panel-hint", markup=False)

    @property
    def lines(self) -> InfoLines:
        """The facts as lines."""
        return self.query_one(InfoLines)

    def show(self, sections: Sequence[Section]) -> None:
        """Show other facts."""
        self.lines.show(sections)

    @on(InfoLines.Unfolded)
    def tell_unfolded(self, event: InfoLines.Unfolded) -> None:
        """A section may have to be put together first."""
        event.stop()
        self._unfolded()

    def take_focus(self) -> None:
        """Go to the facts."""
        self.lines.focus()
