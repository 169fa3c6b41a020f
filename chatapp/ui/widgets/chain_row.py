"""The order in which the samplers stand that are at work, on one line that opens the list of all stages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from chatapp.core.parameters import PARAMETERS, Parameter, Resolution
from chatapp.ui.chain import Chain
from chatapp.ui.widgets.parameter_row import MARK

CHAIN: Parameter = PARAMETERS["samplers"]
"""The parameter that holds the order."""
_LABEL = "chain"
_OPEN = " ▾"
_NEXT = " › "
_NOTHING = "nothing at work"


class ChainRow(Widget, can_focus=True):
    """Enter, space or a click opens the list, delete goes back to the order that preset and model ask for."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "ChainRow { height: 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space,right", "open", "Order the stages", show=False),
        Binding("delete,backspace", "unset", "Unset", show=False),
        Binding("down", "app.focus_next", "Below", show=False),
        Binding("up", "app.focus_previous", "Above", show=False),
    ]

    class Opened(Message):
        """The stages are to be ordered."""

    class Unset(Message):
        """The order is to be what preset and model ask for."""

    class Described(Message):
        """It got the focus."""

    def __init__(self) -> None:
        super().__init__(id="chain-row")
        self._stages: tuple[str, ...] = ()
        self._is_set = False

    def show(self, resolution: Resolution) -> None:
        """Show the stages at work under these values."""
        stages, is_set = Chain(resolution).at_work, resolution.setting(CHAIN.name).source == "edit"
        if (stages, is_set) != (self._stages, self._is_set):
            self._stages, self._is_set = stages, is_set
            self.refresh()

    def render(self) -> Content:
        """Label and stages; what has no room is counted."""
        label = f"{MARK if self.has_focus else ' '}{_LABEL}   "
        room = self.size.width - cell_len(label) - cell_len(_OPEN)
        shown = _fitted(self._stages, room) if self._stages else _NOTHING
        return Content.assemble(
            (label, "bold $primary" if self.has_focus else "$foreground"),
            (shown, "bold $foreground" if self._is_set else "$muted"),
            (_OPEN, "$primary"),
        )

    def on_focus(self) -> None:
        """The focus asks what this is."""
        self.post_message(self.Described())

    def action_open(self) -> None:
        """Ask for the list."""
        self.post_message(self.Opened())

    def action_unset(self) -> None:
        """Ask for the order that stands below."""
        if self._is_set:
            self.post_message(self.Unset())

    def on_click(self) -> None:
        """Ask for the list."""
        self.action_open()


def _fitted(stages: Sequence[str], room: int) -> str:
    """As many stages from the first on as have room, and how many more there are."""
    for count in range(len(stages), 0, -1):
        rest = len(stages) - count
        text = _NEXT.join((*stages[:count], *([f"{rest} more"] if rest else [])))
        if cell_len(text) <= room:
            return text
    return f"{len(stages)} stages"
