"""F1: every key and what it does, from the registry and the keymap in force."""

from __future__ import annotations

from itertools import groupby
from pathlib import PurePath
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from chatapp.ui.actions import ACTIONS
from chatapp.ui.keymap import Keymap, key_label, scope_of

_EDITING = (
    ("↑ ↓", "on the first and last line recall earlier messages that begin as typed"),
    ("^A ^E ^W ^K ^U", "begin and end of the line; delete word, to the end, to the begin"),
    ("^Z ^Y", "undo, redo; with nothing to undo ^Z suspends"),
    ("Tab", "from one part of the screen to the next"),
)
_READING = (
    ("PgUp PgDn, wheel", "scroll the conversation, also while writing"),
    ("↑ ↓ Home End", "scroll it too, once Tab went there"),
)
_PARAMETERS = (
    ("↑ ↓", "the parameter above or below; Tab goes to another part"),
    ("← →", "a step less or more; with Shift ten"),
    ("0–9", "type a value; ⏎ sets it, Esc does not"),
    ("⌫ Del", "unset: back to the model's value or the default"),
    ("Space", "turn a switch, edit a list"),
    ("Esc", "show all again, then back to the message; a reply goes on until Esc is pressed there"),
)
_KEY_WIDTH = 18


class HelpScreen(ModalScreen[None]):
    """A table of keys; any of the closing keys ends it."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialogs/dialog.tcss", "dialogs/help.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q,enter", "dismiss", "Close", show=False)]

    def __init__(self, keymap: Keymap) -> None:
        super().__init__()
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        """Keys by where they work."""
        with Vertical(id="help"):
            yield Static("Keys", classes="dialog-title", markup=False)
            with VerticalScroll(id="help-keys"):
                yield Static(self.table(), markup=False)
            yield Static(
                "Every action is also in the palette.  Bind keys anew in keymap.toml.  Esc close",
                classes="dialog-hint",
                markup=False,
            )

    def on_mount(self) -> None:
        """Let the arrow keys scroll."""
        self.query_one("#help-keys").focus()

    def table(self) -> Content:
        """All keys as text."""
        lines: list[Content] = []
        ordered = sorted(
            ACTIONS.values(), key=lambda action: ("app", "composer", "list", "transcript").index(action.where)
        )
        for where, actions in groupby(ordered, key=scope_of):
            lines.append(Content(where.capitalize()).stylize("bold $primary"))
            for action in actions:
                keys = "  ".join(key_label(key) for key in self._keymap.keys(action.id)) or "—"
                lines.append(_row(keys, action.help))
            lines.append(Content(""))
        for title, rows in (("Reading", _READING), ("While writing", _EDITING), ("On a parameter", _PARAMETERS)):
            lines.append(Content(title).stylize("bold $primary"))
            lines += [_row(keys, text) for keys, text in rows]
            lines.append(Content(""))
        return Content("\n").join(lines[:-1])


def _row(keys: str, text: str) -> Content:
    padding = " " * max(1, _KEY_WIDTH - cell_len(keys))
    return Content.assemble("  ", (keys, "bold $foreground"), padding, (text, "$muted"))
