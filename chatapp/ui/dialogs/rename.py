"""Give a conversation another title."""

from __future__ import annotations

from pathlib import PurePath
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from chatapp.core.cleaning import clean_line


class RenameDialog(ModalScreen[str | None]):
    """Answers with the new title, None where it was cancelled."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialog.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel", show=False)]

    def __init__(self, title: str) -> None:
        super().__init__()
        self._old = clean_line(title)

    def compose(self) -> ComposeResult:
        """One line to type in."""
        with Vertical(classes="dialog"):
            yield Static("Rename conversation", classes="dialog-title", markup=False)
            yield Input(self._old, max_length=200, select_on_focus=True)
            yield Static("⏎ rename · Esc cancel", classes="dialog-hint", markup=False)

    @on(Input.Submitted)
    def accept(self, event: Input.Submitted) -> None:
        """Answer with the title unless it is empty or the old one."""
        event.stop()
        title = clean_line(event.value).strip()
        self.dismiss(title if title and title != self._old else None)
