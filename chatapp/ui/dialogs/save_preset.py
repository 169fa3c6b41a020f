"""Give a preset that is to be saved a name."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import PurePath
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ChatappError


class SavePresetDialog(ModalScreen[str | None]):
    """Answers with the name under which `save(name, replace)` kept the preset, None where it was cancelled.

    What `save` raises is shown, and another name can be tried. One of the `taken` names is replaced when it is
    confirmed by a second enter.
    """

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialog.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel", show=False)]

    def __init__(self, holds: str, taken: Collection[str], save: Callable[[str, bool], None]) -> None:
        super().__init__()
        self._holds = holds
        self._taken = taken
        self._save = save
        self._confirmed = ""

    def compose(self) -> ComposeResult:
        """What is saved, and a line for its name."""
        with Vertical(classes="dialog"):
            yield Static("Save as a preset", classes="dialog-title", markup=False)
            yield Static(Content(clean_line(self._holds)), classes="dialog-text", markup=False)
            yield Input(placeholder="name: a–z, 0–9, - and _", max_length=64)
            yield Static("", id="dialog-error", markup=False)
            yield Static("⏎ save · Esc cancel", classes="dialog-hint", markup=False)

    @on(Input.Changed)
    def withdraw_confirmation(self) -> None:
        """Another name is another question."""
        self._confirmed = ""
        self.query_one("#dialog-error").display = False

    @on(Input.Submitted)
    def accept(self, event: Input.Submitted) -> None:
        """Save, unless the name can't be used or would replace a preset unasked."""
        event.stop()
        name = event.value.strip()
        if name in self._taken and name != self._confirmed:
            self._confirmed = name
            self._say(f"There is a preset “{name}” of yours already. ⏎ again replaces it.")
            return
        try:
            self._save(name, name in self._taken)
        except ChatappError as error:
            self._say(f"{error.message} {error.hint}", is_fault=True)
        else:
            self.dismiss(name)

    def _say(self, text: str, *, is_fault: bool = False) -> None:
        line = self.query_one("#dialog-error", Static)
        line.update(Content(clean_line(text)))
        line.set_class(is_fault, "-fault")
        line.display = True
