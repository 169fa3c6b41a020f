"""A few words that do something when they are clicked, or when enter is pressed on them."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static


class Press(Static, can_focus=True):
    """A flat button; its text is never read as markup."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Press { width: auto; height: 1; background: $panel; color: $foreground; }
    Press:hover, Press:focus { background: $primary; color: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "press", "Press", show=False)]

    class Pressed(Message):
        """It was pressed."""

        def __init__(self, press: Press) -> None:
            super().__init__()
            self.press = press

        @property
        def control(self) -> Press:
            """What was pressed."""
            return self.press

    def __init__(self, text: str, id: str) -> None:  # noqa: A002
        super().__init__(f" {text} ", id=id, markup=False)

    def action_press(self) -> None:
        """Tell of it."""
        self.post_message(self.Pressed(self))

    def on_click(self) -> None:
        """Tell of it."""
        self.action_press()
