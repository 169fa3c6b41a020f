"""Edit a parameter that holds several texts or several token ids, or one short text."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static, TextArea

from chatapp.core.cleaning import clean
from chatapp.core.parameters import Parameter, Value
from chatapp.ui.dialogs.value import ValueDialog

_WRITTEN = {
    "texts": "One text a line; \\n stands for a line break.",
    "ints": "Token ids, with spaces or commas between them.",
}


class TextsDialog(ValueDialog):
    """The texts one a line; enter uses them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "accept", "Use", show=False),
        Binding("ctrl+j,shift+enter", "new_line", "New line", show=False, priority=True),
    ]
    HINT = "⏎ use · ^J new line · Esc cancel"

    def compose_value(self, value: Value) -> ComposeResult:
        """Help and editor."""
        kind = _WRITTEN.get(self.parameter.kind, "")
        yield Static(f"{self.parameter.help} {kind}".rstrip(), classes="dialog-text", markup=False)
        yield Lines(_written(value), placeholder=Content(kind))

    @property
    def is_changed(self) -> bool:
        """Whether the text is another."""
        return self.query_one(Lines).text != _written(self._value)

    def action_new_line(self) -> None:
        """Begin a new line at the cursor."""
        editor = self.query_one(Lines)
        editor.replace("\n", *editor.selection, maintain_selection_offset=False)

    def read(self) -> Value:
        """What was written; nothing at all unsets."""
        text = self.query_one(Lines).text
        return _read(self.parameter, text, self._value) or None


class Lines(TextArea):
    """An editor that leaves enter to its dialog."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "screen.accept", "Use", show=False, priority=True)]

    def __init__(self, text: str, placeholder: Content) -> None:
        super().__init__(text, show_line_numbers=False, tab_behavior="focus", placeholder=placeholder)


def _written(value: Value) -> str:
    if isinstance(value, str):
        return clean(value)
    if not isinstance(value, tuple):
        return ""
    return "\n".join(clean(_escape(item)) if isinstance(item, str) else str(item) for item in value)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def _read(parameter: Parameter, text: str, before: Value) -> Value:
    if text == _written(before):
        return before  # its unsafe characters, shown as symbols, stay what they are
    if parameter.kind != "texts":
        return parameter.parse(text)
    return tuple(_unescape(line) for line in text.split("\n") if line)


def _unescape(text: str) -> str:
    parts = text.split("\\\\")
    return "\\".join(part.replace("\\n", "\n").replace("\\t", "\t") for part in parts)
