"""What the dialogs have in common that edit a parameter's value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import ClassVar, TypeAlias

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ParameterError
from chatapp.core.parameters import SOURCES, Parameter, Value
from chatapp.ui.attempt import attempt
from chatapp.ui.layers import Rival
from chatapp.ui.widgets.press import Press

Check: TypeAlias = Callable[[Value, str], Awaitable[None]]
"""Raises ParameterError where a value does not agree with the others in force, or the model can't be asked it.

The second argument names a parameter that would be unset with it, empty for none.
"""


@dataclass(frozen=True)
class Answer:
    """What a dialog was left with: the value, None to unset it, and a parameter to unset before, empty for none."""

    value: Value
    unset: str = ""


class ValueDialog(ModalScreen[Answer | None]):
    """Answers with a value, with None where it was cancelled.

    A value that is not allowed stays in the dialog, and why is said there. A `rival` that does not go together with
    any value here is told at once; where it is the conversation's own, it can be unset with the answer.
    """

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialog.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("ctrl+enter", "accept", "Use", show=False, priority=True),
    ]
    HINT = ""
    CLASS = "dialog value"

    def __init__(self, parameter: Parameter, value: Value, check: Check, rival: Rival | None = None) -> None:
        super().__init__()
        self.parameter = parameter
        self._value = value
        self._check = check
        self._rival = rival
        self._warned = False

    def compose(self) -> ComposeResult:
        """Name, help, the value, what is wrong with it, and what can be done."""
        with Vertical(classes=self.CLASS):
            yield Static(self.parameter.name, classes="dialog-title", markup=False)
            if self._rival is not None:
                yield Static(_told(self._rival), id="dialog-rival", markup=False)
            yield from self.compose_value(self._value)
            yield Static("", id="dialog-error", markup=False)
            with Horizontal(classes="dialog-buttons"):
                if self._unsettable:
                    yield Press(f"Use, and unset {self._unsettable}", "use-instead")
                else:
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
        self._answer(unset="")

    @property
    def _unsettable(self) -> str:
        """The rival that can be unset here, empty where there is none."""
        return self._rival.name if self._rival is not None and self._rival.is_own else ""

    def _answer(self, *, unset: str) -> None:
        self._warned = False
        try:
            value = self.parameter.check(self.read())
        except ParameterError as error:
            self.complain(f"{error.message} {error.hint}")
        else:
            self._say("checking …", fault=False)
            attempt(self, self._accept(Answer(value, unset if value is not None else "")))

    async def _accept(self, answer: Answer) -> None:
        """Leave if all is well; mistakes of the value itself are told before those that a rival makes of it."""
        try:
            if self._unsettable and not answer.unset:
                await self._check(answer.value, self._unsettable)
            await self._check(answer.value, answer.unset)
        except ParameterError as error:
            self.complain(f"{error.message} {error.hint}")
        else:
            self.dismiss(answer)

    def action_cancel(self) -> None:
        """Leave the value as it was; what was written is dropped at the second wish only."""
        if self.is_changed and not self._warned:
            self._warned = True
            self.complain("Esc again drops what you changed here.")
        else:
            self.dismiss(None)

    @on(TextArea.Changed)
    def changed(self) -> None:
        """What is written after the warning is not dropped without another."""
        self._warned = False

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

    @on(Press.Pressed, "#use-instead")
    def use_instead(self) -> None:
        """Use the value, and unset what does not go together with it."""
        self._answer(unset=self._unsettable)

    @on(Press.Pressed, "#unset")
    def unset(self) -> None:
        """Go back to the preset's, the model's or the default value."""
        self.dismiss(Answer(None))

    @on(Press.Pressed, "#cancel")
    def cancel(self) -> None:
        """Leave the value as it was."""
        self.dismiss(None)


def _told(rival: Rival) -> str:
    """What stands in the way, and whether it can go."""
    where = "is set already" if rival.is_own else f"is set already, by {SOURCES[rival.source]}"
    return f"{rival.name} {where}. Only one parameter can say what the whole answer must be."
