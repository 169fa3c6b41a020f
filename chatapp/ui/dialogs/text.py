"""Edit a parameter that holds a long text: a grammar, a schema."""

from __future__ import annotations

import json
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static, TextArea

from chatapp.core.cleaning import clean
from chatapp.core.errors import ParameterError, UsageError
from chatapp.core.parameters import Parameter, Value
from chatapp.ui import editor
from chatapp.ui.dialogs.value import ValueDialog


class TextDialog(ValueDialog):
    """An editor of several lines; enter begins a new one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "accept", "Use", show=False, priority=True),
        Binding("ctrl+g", "edit_in_editor", "Editor", show=False, priority=True),
    ]
    CLASS = "dialog value tall"
    HINT = "F2 use · ⏎ new line · ^G your editor · Esc cancel"

    def compose_value(self, value: Value) -> ComposeResult:
        """Help and editor."""
        self._shown = clean(value) if isinstance(value, str) else ""
        yield Static(self.parameter.help, classes="dialog-text", markup=False)
        yield TextArea(self._shown, show_line_numbers=True, tab_behavior="focus", soft_wrap=False)

    @property
    def is_changed(self) -> bool:
        """Whether the text is another."""
        return self.query_one(TextArea).text != self._shown

    def read(self) -> Value:
        """The text; where only its unsafe characters were made visible, the old one."""
        if not self.is_changed:
            return self._value
        text = self.query_one(TextArea).text
        check_syntax(self.parameter, text)
        return text if text.strip() else None

    def action_edit_in_editor(self) -> None:
        """Write the text in $EDITOR."""
        area = self.query_one(TextArea)
        try:
            area.text = editor.edit(self.app, area.text)
        except UsageError as error:
            self.complain(f"{error.message} {error.hint}")


def check_syntax(parameter: Parameter, text: str) -> None:
    """Raise ParameterError where a schema is no JSON; what it may hold, the engine knows."""
    if parameter.name != "json_schema" or not text.strip():
        return
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f"line {error.lineno}, column {error.colno}: " if isinstance(error, json.JSONDecodeError) else ""
        what = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise ParameterError(f"{parameter.name} is not JSON: {where}{what}.") from None
