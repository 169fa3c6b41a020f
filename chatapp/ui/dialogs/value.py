"""What the dialogs have in common that edit a parameter's value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import PurePath
from typing import ClassVar, TypeAlias

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ParameterError
from chatapp.core.parameters import Parameter, Value
from chatapp.ui.attempt import attempt
from chatapp.ui.widgets.press import Press

Check: TypeAlias = Callable[[Value], Awaitable[None]]
"""Raises ParameterError where a value does not agree with the others in force, or the model can't be asked it."""


class ValueDialog(ModalScreen[tuple[Value] | None]):
    """Answers with a tuple of one value, None in it unsets; None where it was cancelled.

    A value that is not allowed stays in the dialog, and why is said there.
    """

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialog.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("ctrl+enter", "accept", "Use", show=False, priority=True),
    ]
    HINT = ""
    CLASS = "dialog value"

    def __init__(self, parameter: Parameter, value: Value, check: Check) -> None:
        super().__init__()
        self.parameter = parameter
        self._value = value
        self._check = check
        self._warned = False

    def compose(self) -> ComposeResult:
        """Name, help, the value, what is wrong with it, and what can be done."""
        with Vertical(classes=self.CLASS):
            yield Static(self.parameter.name, classes="dialog-title", markup=False)
            yield from self.compose_value(self._value)
            yield Static("", id="dialog-error", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Press("Use", "use")
                yield Press("Unset", "unset")
                yield Press("Cancel", "cancel")
            yield Static(self.HINT, classes="dialog-hint", markup=False)

    def compose_value(self, value: Value) -> ComposeResult:
        """What the value is edited in."""
        raise NotImplementedError

    def read(self) -> Value:
        """The value as it stands in the dialog; raise ParameterError where it is none."""
        raise NotImplementedError

    @property
    def is_changed(self) -> bool:
        """Whether leaving would lose something."""
        return False

    def action_accept(self) -> None:
        """Answer with what was written, or say what is wrong with it."""
        try:
            value = self.parameter.check(self.read())
        except ParameterError as error:
            self.complain(f"{error.message} {error.hint}")
        else:
            self._say("checking …", fault=False)
            attempt(self, self._accept(value))

    async def _accept(self, value: Value) -> None:
        try:
            await self._check(value)
        except ParameterError as error:
            self.complain(f"{error.message} {error.hint}")
        else:
            self.dismiss((value,))

    def action_cancel(self) -> None:
        """Leave the value as it was; what was written is dropped at the second wish only."""
        if self.is_changed and not self._warned:
            self._warned = True
            self.complain("Esc again drops what you changed here.")
        else:
            self.dismiss(None)

    def complain(self, text: str) -> None:
        """Say what is wrong."""
        self._say(text, fault=True)

    def _say(self, text: str, *, fault: bool) -> None:
        line = self.query_one("#dialog-error", Static)
        line.set_class(fault, "-fault")
        line.update(Content(clean_line(text)))
        line.display = True

    @on(Press.Pressed, "#use")
    def use(self) -> None:
        """The button does what the key does."""
        self.action_accept()

    @on(Press.Pressed, "#unset")
    def unset(self) -> None:
        """Go back to the preset's, the model's or the default value."""
        self.dismiss((None,))

    @on(Press.Pressed, "#cancel")
    def cancel(self) -> None:
        """Leave the value as it was."""
        self.dismiss(None)
