"""The choice of what happens when the conversation no longer fits the context, on one line like a parameter's."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from chatapp.core.overflow import OVERFLOW_HELP, OVERFLOWS, Overflow
from chatapp.ui.messages import OverflowChosen
from chatapp.ui.widgets.parameter_row import MARK, NAME_WIDTH, RESET, SOURCE_WIDTH

_NAME = "overflow"


class OverflowRow(Widget, can_focus=True):
    """The arrows step through the choices, space goes round them; so does a click."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,minus", "step(-1)", "Choice before", show=False),
        Binding("right,plus", "step(1)", "Choice after", show=False),
        Binding("space,enter", "turn", "Next choice", show=False),
        Binding("delete,backspace", "unset", "Default", show=False),
        Binding("down", "app.focus_next", "Below", show=False),
        Binding("up", "app.focus_previous", "Above", show=False),
    ]

    class Described(Message):
        """It got the focus or the pointer, or shows something else."""

    def __init__(self) -> None:
        super().__init__(id="overflow")
        self.choice: Overflow = "stop"
        self._default: Overflow = "stop"

    def show(self, choice: Overflow, default: Overflow) -> None:
        """Show a conversation's choice, and what holds for new ones."""
        self.choice, self._default = choice, default
        self.refresh()

    def description(self, *, replying: bool) -> Content:
        """All that is to be said about it."""
        later = "\nCounts from the next message on, not for the reply that is being written."
        chosen = OVERFLOWS[self.choice]
        return Content.assemble(
            (OVERFLOW_HELP, "$foreground"),
            (later if replying else "", "$warning"),
            (f"\n{chosen.title}. ", "bold $foreground"),
            (chosen.help, "$muted"),
        )

    def render(self) -> Content:
        """Name, choice, and where it comes from."""
        is_set = self.choice != self._default
        name = f"{MARK if self.has_focus else ' '}{_NAME}".ljust(NAME_WIDTH + 1)
        source = f"  {RESET if is_set else 'default'}".ljust(SOURCE_WIDTH + 2)
        gap = " " * (self.size.width - len(name) - len(self.choice) - 4 - len(source))
        return Content.assemble(
            (name, "bold $primary" if self.has_focus else "$foreground"),
            (f"{gap}‹ ", "$primary"),
            (self.choice, "bold $foreground" if is_set else "$muted"),
            (" ›", "$primary"),
            (source, "$primary" if is_set else "$faint"),
        )

    def action_step(self, steps: int) -> None:
        """Go to the choice before or after, as far as there is one."""
        names = list(OVERFLOWS)
        self._choose(names[min(max(names.index(self.choice) + steps, 0), len(names) - 1)])

    def action_turn(self) -> None:
        """Go to the next choice, from the last to the first."""
        names = list(OVERFLOWS)
        self._choose(names[(names.index(self.choice) + 1) % len(names)])

    def action_unset(self) -> None:
        """Go back to what holds for new conversations."""
        self._choose(self._default)

    def on_click(self, event: events.Click) -> None:
        """Go to the next choice, or at ↺ back to the default."""
        is_on_reset = self.choice != self._default and event.x >= self.size.width - SOURCE_WIDTH - 1
        if is_on_reset:
            self.action_unset()
        elif event.x > NAME_WIDTH:
            self.action_turn()

    def on_enter(self) -> None:
        """The pointer asks what this is."""
        self.post_message(self.Described())

    def on_focus(self) -> None:
        """The focus asks what this is."""
        self.post_message(self.Described())

    def _choose(self, overflow: Overflow) -> None:
        if overflow == self.choice:
            return
        self.choice = overflow
        self.refresh()
        self.post_message(OverflowChosen(overflow))
        self.post_message(self.Described())
