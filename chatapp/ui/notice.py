"""Short messages in a corner of the screen, never read as markup."""

from __future__ import annotations

from typing import Literal, TypeVar

from textual.app import App

from chatapp.core.cleaning import clean
from chatapp.core.errors import ChatappError

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
    app.notify(clean(text)[:_LONGEST], title=clean(title), severity=severity, timeout=seconds, markup=False)


def say_error(app: App[T], error: ChatappError) -> None:
    """Show an error's title, message and hint."""
    text = f"{error.message}\n{error.hint}" if error.hint else error.message
    say(app, text, title=error.title, severity="error", seconds=10.0)
