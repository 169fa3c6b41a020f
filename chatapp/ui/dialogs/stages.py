"""Order the stages of the chain, and switch them on and off."""

from __future__ import annotations

from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from chatapp.core.cleaning import clean_line
from chatapp.core.parameters import DEFAULT_CHAIN, STAGES, Parameter, Resolution, Stage, Value
from chatapp.ui.chain import Chain
from chatapp.ui.dialogs.value import Check, ValueDialog
from chatapp.ui.widgets.stage_list import StageList


class StagesDialog(ValueDialog):
    """The chain as a list; what is at work now and what is idle is said beside each stage."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "accept", "Use", show=False),
        Binding("r", "reset", "Default order", show=False),
    ]
    CLASS = "dialog value tall"
    HINT = "⏎ use · ⇧↑↓ move · Space on, off · r default · Esc cancel"

    def __init__(self, parameter: Parameter, resolution: Resolution, check: Check) -> None:
        super().__init__(parameter, resolution[parameter.name], check)
        self._chain = Chain(resolution)

    def compose_value(self, value: Value) -> ComposeResult:
        """The list, and what the stage under the cursor does."""
        del value
        with VerticalScroll(id="stage-scroll", can_focus=False):
            yield StageList(self._chain)
        yield Static("", id="stage-help", classes="dialog-text", markup=False)

    @property
    def stages(self) -> StageList:
        """The list."""
        return self.query_one(StageList)

    @property
    def is_changed(self) -> bool:
        """Whether the chain is another."""
        return self.stages.placed != self._chain.placed

    def read(self) -> Value:
        """The chain as it stands."""
        return cast(Value, self.stages.placed)

    def action_reset(self) -> None:
        """Show the default order, all stages on."""
        self.stages.put(DEFAULT_CHAIN)

    @on(StageList.Described)
    def describe(self, event: StageList.Described) -> None:
        """Say what the stage under the cursor does."""
        self.query_one("#stage-help", Static).update(self._description(event.stage))

    def _description(self, stage: Stage) -> Content:
        return Content.assemble(
            (stage, "bold $primary"),
            (" " + STAGES[stage].help, "$foreground"),
            (" · " + clean_line(self.stages.state(stage)), "$muted"),
        )
