"""Write a message anew, or one that was not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from chatapp.core.cleaning import clean, clean_line
from chatapp.core.errors import UsageError
from chatapp.core.messages import Role
from chatapp.ui import editor
from chatapp.ui.keymap import key_label
from chatapp.ui.widgets.press import Press

ROLES: dict[Role, str] = {"user": "you", "assistant": "the model", "system": "system"}
"""Who may have said a message, in words."""


@dataclass(frozen=True)
class Choice:
    """A way to leave the dialog with what was written: its name, its key, its words, and what it does."""

    name: str
    key: str
    label: str
    help: str


@dataclass(frozen=True)
class Written:
    """What was written, as whose words, and the choice that was made."""

    text: str
    role: Role
    choice: str


class MessageDialog(ModalScreen[Written | None]):
    """Answers with what was written, None where it was cancelled.

    With `can_choose_role` it is chosen here whose words they are. Nothing that was typed goes without being asked.
    """

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialog.tcss", "message.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False, priority=True),
        Binding("ctrl+g", "edit_in_editor", "Editor", show=False, priority=True),
        Binding("ctrl+enter", "choose(0)", "Save", show=False, priority=True),
    ]

    def __init__(
        self, title: str, role: Role, text: str, choices: Sequence[Choice], *, can_choose_role: bool = False
    ) -> None:
        super().__init__()
        self._title = title
        self._role = role
        self._text = text
        self._shown = clean(text)
        self._choices = choices
        self._can_choose_role = can_choose_role
        self._warned = False
        for number, choice in enumerate(choices):
            self._bindings.bind(choice.key, f"choose({number})", choice.label, show=False, priority=True)
        if can_choose_role:
            self._bindings.bind("f4", "next_role", "Whose words", show=False, priority=True)

    def compose(self) -> ComposeResult:
        """Title, editor, what will happen, and the ways to leave."""
        with Vertical(classes="dialog message"):
            yield Static(self._title, classes="dialog-title", markup=False)
            if self._can_choose_role:
                with Horizontal(classes="dialog-buttons roles"):
                    for role in ROLES:
                        yield Press("", f"role-{role}")
            yield TextArea(self._shown, soft_wrap=True, show_line_numbers=False, tab_behavior="focus")
            yield Static(self._explained(), classes="dialog-text", markup=False)
            yield Static("", id="dialog-error", markup=False)
            with Horizontal(classes="dialog-buttons"):
                for choice in self._choices:
                    yield Press(f"{key_label(choice.key)} {choice.label}", f"choice-{choice.name}")
                yield Press("Esc Cancel", "cancel")
            hint = "^G write in your editor" + (" · F4 whose words" if self._can_choose_role else "")
            yield Static(hint, classes="dialog-hint", markup=False)

    def on_mount(self) -> None:
        """Begin at the end of the text."""
        area = self.query_one(TextArea)
        area.move_cursor(area.document.end)
        area.focus()
        self._show_role()

    def _explained(self) -> Content:
        width = max(len(choice.label) for choice in self._choices) + 2
        lines = [
            Content.assemble((choice.label.ljust(width), "$foreground"), (choice.help, "$muted"))
            for choice in self._choices
        ]
        return Content("\n").join(lines)

    @property
    def text(self) -> str:
        """What is written; where only unsafe characters were made visible, the text as it was."""
        written = self.query_one(TextArea).text
        return self._text if written == self._shown else written

    def action_choose(self, number: int) -> None:
        """Answer with what was written, unless that is nothing."""
        if not self.text.strip():
            self._complain("The message is empty. Write something, or cancel.")
        else:
            self.dismiss(Written(self.text, self._role, self._choices[number].name))

    def action_next_role(self) -> None:
        """Let them be somebody else's words."""
        roles = list(ROLES)
        self._role = roles[(roles.index(self._role) + 1) % len(roles)]
        self._show_role()

    def action_cancel(self) -> None:
        """Leave; what was changed is dropped at the second wish only."""
        if self.query_one(TextArea).text != self._shown and not self._warned:
            self._warned = True
            self._complain("Esc again drops what you changed here.")
        else:
            self.dismiss(None)

    def action_edit_in_editor(self) -> None:
        """Write the text in $EDITOR."""
        area = self.query_one(TextArea)
        try:
            area.text = clean(editor.edit(self.app, area.text))
        except UsageError as error:
            self._complain(f"{error.message} {error.hint}")

    @on(TextArea.Changed)
    def changed(self) -> None:
        """What is written after the warning is not dropped without another."""
        self._warned = False
        self.query_one("#dialog-error").display = False

    @on(Press.Pressed)
    def press(self, event: Press.Pressed) -> None:
        """The buttons do what the keys do."""
        event.stop()
        kind, _, name = (event.press.id or "").partition("-")
        if kind == "choice":
            self.action_choose([choice.name for choice in self._choices].index(name))
        elif kind == "role":
            self._role = next(role for role in ROLES if role == name)
            self._show_role()
        else:
            self.dismiss(None)

    def _show_role(self) -> None:
        if self._can_choose_role:
            for role, words in ROLES.items():
                sign = "●" if role == self._role else "○"
                self.query_one(f"#role-{role}", Press).update(Content(f" {sign} {words} "))

    def _complain(self, text: str) -> None:
        line = self.query_one("#dialog-error", Static)
        line.set_class(True, "-fault")
        line.update(Content(clean_line(text)))
        line.display = True
