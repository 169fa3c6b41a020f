"""Show where a link really leads before it is opened."""

from __future__ import annotations

from pathlib import PurePath
from typing import ClassVar
from urllib.parse import urlsplit

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from chatapp.core.cleaning import clean_line

SCHEMES = ("http", "https", "mailto")


def can_open(address: str) -> bool:
    """Whether an address is of a kind that chatapp opens at all."""
    try:
        return urlsplit(address).scheme.lower() in SCHEMES
    except ValueError:
        return False


class ConfirmLinkDialog(ModalScreen[str | None]):
    """Answers `open`, `copy` or None."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialog.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "dismiss(None)", "Cancel", show=False),
        Binding("o,enter,y", "dismiss('open')", "Open", show=False),
        Binding("c", "dismiss('copy')", "Copy", show=False),
    ]

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def compose(self) -> ComposeResult:
        """The whole address, its host in bold."""
        with Vertical(classes="dialog"):
            yield Static("Open this link?", classes="dialog-title", markup=False)
            yield Static(_shown(self._address), classes="dialog-text", markup=False)
            if can_open(self._address):
                yield Static("⏎ open in the browser · c copy · Esc cancel", classes="dialog-hint", markup=False)
            else:
                text = "chatapp opens http, https and mailto only.   c copy · Esc cancel"
                yield Static(text, classes="dialog-hint", markup=False)

    def action_dismiss(self, result: str | None = None) -> None:  # type: ignore[override]
        """Answer, but never open what chatapp does not open."""
        if result != "open" or can_open(self._address):
            self.dismiss(result)


def _shown(address: str) -> Content:
    shown = clean_line(address)[:1000]
    host = clean_line(_host(address))
    before, found, after = shown.partition(host) if host else (shown, "", "")
    return Content.assemble((before, "$muted"), (found, "bold $foreground"), (after, "$muted"))


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
