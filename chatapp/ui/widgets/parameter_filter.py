"""What is looked for among the parameters."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class ParameterFilter(Input):
    """Esc clears it, enter and ↓ go to what was found."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "Show all", show=False),
        Binding("down,enter", "leave", "To the parameters", show=False),
        Binding("up", "app.focus_previous", "Above", show=False),
    ]

    class Left(Message):
        """The keys shall go to what was found."""

    def __init__(self) -> None:
        super().__init__(id="parameter-filter", placeholder="/ find a parameter", select_on_focus=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc is the screen's where there is nothing to clear."""
        return bool(self.value) if action == "clear" else super().check_action(action, parameters)

    def action_clear(self) -> None:
        """Look for nothing."""
        self.value = ""
        self.action_leave()

    def action_leave(self) -> None:
        """Go to what was found."""
        self.post_message(self.Left())
