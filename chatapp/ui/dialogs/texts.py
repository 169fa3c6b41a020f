"""Edit a parameter that holds several texts or several token ids."""

from __future__ import annotations

from pathlib import PurePath
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from chatapp.core.cleaning import clean, clean_line
from chatapp.core.errors import ParameterError
from chatapp.core.parameters import Parameter, Value


class TextsDialog(ModalScreen[tuple[Value] | None]):
    """Answers with a tuple of one value, which is None where nothing is left; None where it was cancelled."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialog.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", show=False),
        Binding("enter,ctrl+enter", "accept", "Use", show=False, priority=True),
        Binding("ctrl+j,shift+enter", "new_line", "New line", show=False, priority=True),
    ]

    def __init__(self, parameter: Parameter, value: Value) -> None:
        super().__init__()
        self._parameter = parameter
        self._value = value

    def compose(self) -> ComposeResult:
        """The texts, one a line."""
        kind = "One text a line; \\n stands for a line break." if self._parameter.kind == "texts" else "Token ids."
        with Vertical(classes="dialog"):
            yield Static(self._parameter.name, classes="dialog-title", markup=False)
            yield Static(self._parameter.help, classes="dialog-text", markup=False)
            yield TextArea(
                _written(self._value), show_line_numbers=False, tab_behavior="focus", placeholder=Content(kind)
            )
            yield Static("", id="dialog-error", markup=False)
            yield Static(f"{kind}\n⏎ use · ^J new line · Esc cancel", classes="dialog-hint", markup=False)

    def action_new_line(self) -> None:
        """Begin a new line at the cursor."""
        editor = self.query_one(TextArea)
        editor.replace("\n", *editor.selection, maintain_selection_offset=False)

    def action_accept(self) -> None:
        """Answer with what was written, or say what is wrong with it."""
        text = self.query_one(TextArea).text
        try:
            value = self._parameter.check(_read(self._parameter, text))
        except ParameterError as error:
            self.query_one("#dialog-error", Static).update(Content(clean_line(f"{error.message} {error.hint}")))
        else:
            self.dismiss((value or None,))


def _written(value: Value) -> str:
    if not isinstance(value, tuple):
        return ""
    return "\n".join(clean(_escape(item)) if isinstance(item, str) else str(item) for item in value)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def _read(parameter: Parameter, text: str) -> Value:
    if parameter.kind != "texts":
        return parameter.parse(text)
    return tuple(_unescape(line) for line in text.split("\n") if line)


def _unescape(text: str) -> str:
    parts = text.split("\\\\")
    return "\\".join(part.replace("\\n", "\n").replace("\\t", "\t") for part in parts)
