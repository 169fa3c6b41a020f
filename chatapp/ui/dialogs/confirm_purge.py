"""Ask before a conversation is removed for good."""

from __future__ import annotations

from pathlib import PurePath
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from chatapp.core.cleaning import clean_line
from chatapp.ui.widgets.press import Press


class ConfirmPurgeDialog(ModalScreen[bool]):
    """Answers whether the conversation of this title, with so many `messages`, is to go. Enter alone keeps it."""

    AUTO_FOCUS = "#keep"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialog.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "dismiss(False)", "Keep", show=False),
        Binding("y", "dismiss(True)", "Delete for good", show=False),
        Binding("left,right", "app.focus_next", "Other", show=False),
    ]

    def __init__(self, title: str, messages: int) -> None:
        super().__init__()
        self._title = title
        self._messages = messages

    def compose(self) -> ComposeResult:
        """What would go, and two buttons."""
        count = f"its {self._messages:,} messages" if self._messages != 1 else "its 1 message"
        rest = f"” and {count}, with all their versions, are removed. Nothing here brings them back; "
        rest += "backups made before keep them for a while."
        title = (clean_line(self._title)[:200], "bold $foreground")
        text = Content.assemble(("“", "$muted"), title, (rest, "$muted"))
        with Vertical(classes="dialog"):
            yield Static("Delete for good?", classes="dialog-title", markup=False)
            yield Static(text, classes="dialog-text", markup=False)
            yield Static("y delete for good · Esc keep in the trash", classes="dialog-hint", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Press("keep", "keep")
                yield Press("delete for good", "purge")

    @on(Press.Pressed)
    def pressed(self, event: Press.Pressed) -> None:
        """Answer with what was pressed."""
        event.stop()
        self.dismiss(event.press.id == "purge")
