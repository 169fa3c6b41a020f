"""The line in which words are typed that are looked for in a conversation."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from chatapp.core.cleaning import clean_line
from chatapp.core.folding import Sought
from chatapp.ui.widgets.press import Press

_LONGEST = 500
"""Characters that can be typed."""


class FindBar(Horizontal):
    """Tells what is typed in it and where to go; shows how many hits there are."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,shift+enter", "step(-1)", "Previous", show=False),
        Binding("down", "step(1)", "Next", show=False),
        Binding("pageup", "screen.perform('scroll-up')", "Scroll up", show=False),
        Binding("pagedown", "screen.perform('scroll-down')", "Scroll down", show=False),
    ]

    class Typed(Message):
        """Something else is to be found."""

        def __init__(self, sought: Sought) -> None:
            super().__init__()
            self.sought = sought

    class Stepped(Message):
        """The next hit is wanted, or with -1 the one before."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class Left(Message):
        """Somebody has done with it."""

    def __init__(self) -> None:
        super().__init__()
        self._counted: str | None = None

    def compose(self) -> ComposeResult:
        """A word, the field, the count, and what the mouse can press."""
        yield Static("find", id="find-label", markup=False)
        yield Input(placeholder="Find in this conversation", id="find-words", compact=True, max_length=_LONGEST)
        yield Static("", id="find-count", markup=False)
        yield Press("↑", "find-previous")
        yield Press("↓", "find-next")
        yield Press("✕", "find-close")

    @property
    def field(self) -> Input:
        """Where the words are typed."""
        return self.query_one("#find-words", Input)

    @property
    def sought(self) -> Sought:
        """What is typed, looked for as it stands, spaces included."""
        return Sought([self.field.value])

    @property
    def is_complete(self) -> bool:
        """Whether all hits of what is typed have been counted."""
        return self._counted == self.field.value

    def take_focus(self) -> None:
        """Let other words be typed in place of these."""
        self.field.focus()
        self.field.select_all()

    def put(self, text: str) -> None:
        """Show words that are looked for already."""
        with self.field.prevent(Input.Changed):
            self.field.value = clean_line(text)[:_LONGEST]

    def show(self, number: int, total: int, *, finished: bool) -> None:
        """Show how many hits there are and which is the current one."""
        self._counted = self.field.value if finished else None
        count = self.query_one("#find-count", Static)
        more = "" if finished else "…"
        if not self.field.value:
            count.update("")
        elif not total:
            count.update(Content.styled("searching…", "$muted") if more else Content.styled("not found", "$warning"))
        else:
            count.update(Content(f"{number:,}/{total:,}{more}" if number else f"{total:,}{more} in all"))

    def action_step(self, step: int) -> None:
        """Ask for another hit."""
        self.post_message(self.Stepped(step))

    @on(Input.Changed, "#find-words")
    def words_typed(self, event: Input.Changed) -> None:
        """Find while it is typed."""
        event.stop()
        self.post_message(self.Typed(self.sought))

    @on(Input.Submitted, "#find-words")
    def words_submitted(self, event: Input.Submitted) -> None:
        """Go on to the next hit."""
        event.stop()
        self.action_step(1)

    @on(Press.Pressed)
    def pressed(self, event: Press.Pressed) -> None:
        """Do what the mouse pressed."""
        event.stop()
        match event.press.id:
            case "find-previous":
                self.action_step(-1)
            case "find-next":
                self.action_step(1)
            case _:
                self.post_message(self.Left())
