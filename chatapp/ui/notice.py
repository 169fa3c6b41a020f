"""Short messages, never read as markup: in the status line where one has room for them, else in a corner."""

from __future__ import annotations

from typing import Literal, TypeVar

from rich.cells import cell_len
from textual.app import App
from textual.dom import DOMNode

from chatapp.core.cleaning import clean
from chatapp.core.errors import ChatappError
from chatapp.ui.widgets.status_line import StatusLine

_LONGEST = 600
T = TypeVar("T")


def say(
    app: App[T],
    text: str,
    *,
    title: str = "",
    severity: Literal["information", "warning", "error"] = "information",
    seconds: float = 4.0,
) -> None:
    """Show `text` for `seconds`; anybody's text may be in it."""
    text = clean(text)[:_LONGEST]
    line = _status_line(app.screen) if severity == "information" and not title and "\n" not in text else None
    if line is not None and cell_len(text) + 2 <= line.size.width:
        line.say(text, seconds)
    else:
        app.notify(text, title=clean(title), severity=severity, timeout=seconds, markup=False)


def say_error(app: App[T], error: ChatappError) -> None:
    """Show an error's title, message and hint."""
    text = f"{error.message}\n{error.hint}" if error.hint else error.message
    say(app, text, title=error.title, severity="error", seconds=10.0)


def _status_line(screen: DOMNode) -> StatusLine | None:
    """The screen's status line; a dialog has none."""
    return next((line for line in screen.query(StatusLine) if line.is_mounted), None)
