"""The Sampling tab: a row for every parameter of the registry, and what the one under the cursor does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Static

from chatapp.core.errors import ParameterError
from chatapp.core.parameters import PARAMETERS, Parameter, Value, Values
from chatapp.ui.layers import Below, Layers
from chatapp.ui.messages import EditsChanged
from chatapp.ui.widgets.candidates.next_token import NextToken
from chatapp.ui.widgets.chain_row import CHAIN, ChainRow
from chatapp.ui.widgets.parameter_filter import ParameterFilter
from chatapp.ui.widgets.parameter_help import ParameterHelp, describe, describe_group, keys_of
from chatapp.ui.widgets.parameter_lines import ParameterLines
from chatapp.ui.widgets.parameter_list import ParameterList
from chatapp.ui.widgets.parameter_outline import Line, group_of
from chatapp.ui.widgets.preset_row import PresetRow

if TYPE_CHECKING:
    from chatapp.ui.dialogs.value import Answer, Check, ValueDialog

_ELSEWHERE = ("overflow", "system prompt")
"""What people look for among the parameters, and is in another tab."""
Examine: TypeAlias = Callable[[Values], Awaitable[None]]


class SamplingTab(Vertical):
    """What the next token is drawn with. `show` fills it; it tells every change.

    `choose_preset` offers the presets. `examine` raises ParameterError for edits that the model can't be asked, which
    only the engine knows. `next_token` shows what the values make of the next token, also
    while one is being dragged.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "clear_filter", "Show all parameters", show=False)]

    def __init__(self, examine: Examine, choose_preset: Callable[[], None], next_token: NextToken) -> None:
        super().__init__(id="sampling-tab")
        self._examine = examine
        self._choose_preset = choose_preset
        self._next_token = next_token
        self._layers = Layers({}, {})
        self._described: Line = None
        self._replying = False

    def compose(self) -> ComposeResult:
        """Preset, chain, what is looked for, parameters by group, and what the one under the cursor does."""
        yield PresetRow()
        yield ChainRow()
        yield ParameterFilter()
        yield Static("", id="elsewhere", classes="panel-hint", markup=False)
        with VerticalScroll(id="inspector-rows", can_focus=False):
            yield ParameterList()
        yield self._next_token
        yield ParameterHelp()

    def show(self, edits: Values, below: Below) -> None:
        """Show a conversation's own values over those that preset and model ask for."""
        self._layers = Layers(edits, below)
        self._rows.outline.unfold(edits)
        self._rows.lay_out()
        self._draw_anew()

    def show_below(self, below: Below) -> None:
        """Show what preset and model ask for, under the conversation's values."""
        if below != self._layers.below:
            self._layers = Layers(self._layers.edits, below)
            self._draw_anew()

    def show_preset(self, name: str, over: int) -> None:
        """Show the preset in use, empty for none, and how many of its values are set anew here."""
        self.query_one(PresetRow).show(name, over)

    @on(PresetRow.Opened)
    def choose_preset(self, event: PresetRow.Opened) -> None:
        """Offer the presets."""
        event.stop()
        self._choose_preset()

    @on(ChainRow.Opened)
    def open_chain(self, event: ChainRow.Opened) -> None:
        """Let the stages be ordered."""
        event.stop()
        self.post_message(ParameterList.EditorRequested(CHAIN.name))

    @on(ChainRow.Unset)
    def unset_chain(self, event: ChainRow.Unset) -> None:
        """Go back to the order that preset and model ask for."""
        event.stop()
        self.post_message(ParameterList.Changed(CHAIN.name, None))

    @on(ChainRow.Described)
    def chain_described(self, event: ChainRow.Described) -> None:
        """Say what the chain is."""
        event.stop()
        self._describe(CHAIN, None)

    @property
    def replying(self) -> bool:
        """Whether a reply is being written, which some parameters can't change any more."""
        return self._replying

    @replying.setter
    def replying(self, replying: bool) -> None:
        if replying != self._replying:
            self._replying = replying
            if isinstance(self._described, Parameter) and not self._described.live:
                self._describe(self._described, None)

    def take_focus(self) -> None:
        """Go to the parameters."""
        self._rows.focus()

    # --- looking for parameters

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc is the screen's where nothing is looked for."""
        del parameters
        return action != "clear_filter" or self._rows.outline.is_filtered

    def action_clear_filter(self) -> None:
        """Show all parameters."""
        self.query_one(ParameterFilter).value = ""

    @on(ParameterFilter.Left)
    def leave_filter(self, event: ParameterFilter.Left) -> None:
        """Go to what was found."""
        event.stop()
        self._rows.focus()

    @on(Input.Changed, "#parameter-filter")
    def filter_typed(self, event: Input.Changed) -> None:
        """Show what is looked for."""
        event.stop()
        self._rows.filter(event.value)
        self._rows.describe()
        names = _elsewhere(event.value.casefold().split())
        hint = self.query_one("#elsewhere", Static)
        hint.display = bool(names)
        hint.update(f"{' and '.join(names)}: in the System tab")

    @on(ParameterList.LetterTyped)
    def letter_typed(self, event: ParameterList.LetterTyped) -> None:
        """A letter begins to look for a parameter, ? shows the whole help."""
        event.stop()
        self._take(event.character)

    def on_key(self, event: events.Key) -> None:
        """Beside the list a letter does the same."""
        if event.is_printable and event.character and event.key != "space":
            event.stop()
            self._take(event.character)

    def _take(self, character: str) -> None:
        if character == "?":
            self.query_one(ParameterHelp).toggle_whole()
            return
        field = self.query_one(ParameterFilter)
        field.focus()
        field.value = "" if character == "/" else field.value + character
        field.cursor_position = len(field.value)

    # --- changes

    @on(ParameterList.Changed)
    def value_changed(self, event: ParameterList.Changed) -> None:
        """Show the new value, and tell of it unless it is still being dragged; one that can't be says why."""
        event.stop()
        parameter = PARAMETERS[event.name]
        try:
            layers = self._layers.with_edit(event.name, event.value)
        except ParameterError as error:
            self._describe(parameter, error)
            return
        self._layers = layers
        self._draw()
        self._describe(parameter, None)
        if event.final:
            self.post_message(EditsChanged(dict(layers.edits), event.name))

    @on(ParameterLines.Described)
    def line_described(self, event: ParameterLines.Described) -> None:
        """Say what the line under cursor or pointer does."""
        event.stop()
        self._describe(event.line, event.error)

    @on(ParameterList.EditorRequested)
    def open_editor(self, event: ParameterList.EditorRequested) -> None:
        """Open the dialog for a value that has no room on a line."""
        event.stop()
        name = event.name

        async def check(value: Value, unset: str) -> None:
            await self._examine(self._layers.without(unset).with_edit(name, value).edits)

        def take(answer: Answer | None) -> None:
            if answer is not None and answer.unset:
                self.post_message(ParameterList.Changed(answer.unset, None))
            if answer is not None:
                self.post_message(ParameterList.Changed(name, answer.value))

        self.app.push_screen(_dialog(PARAMETERS[name], self._layers, check), take)

    # --- drawing

    @property
    def _rows(self) -> ParameterList:
        return self.query_one(ParameterList)

    def _draw_anew(self) -> None:
        """Draw values that did not come from here; where they contradict each other, that is said first."""
        self._draw()
        if self._layers.problem is not None:
            self._describe(self._rows.cursor, self._layers.problem)

    def _draw(self) -> None:
        self._rows.show(self._layers.resolution)
        self.query_one(ChainRow).show(self._layers.resolution)
        self._next_token.follow(self._layers.resolution.values)
        self._describe(self._described or self._rows.cursor, None)

    def _describe(self, line: Line, error: ParameterError | None) -> None:
        self._described = line
        shown = self.query_one(ParameterHelp)
        if isinstance(line, Parameter):
            setting = self._layers.resolution.setting(line.name)
            shown.show(describe(line, setting, replying=self._replying, error=error), keys_of(line))
        elif (group := group_of(line)) is not None:
            shown.show(*describe_group(group))


def _elsewhere(words: Sequence[str]) -> list[str]:
    """What is looked for and is no parameter."""
    return [name for name in _ELSEWHERE if words and all(len(word) > 2 and word in name for word in words)]


def _dialog(parameter: Parameter, layers: Layers, check: Check) -> ValueDialog:
    """The dialog for a parameter's kind; each is imported when it is asked for."""
    value, rival = layers.resolution[parameter.name], layers.rival(parameter.name)
    if parameter.kind == "stages":
        from chatapp.ui.dialogs.stages import StagesDialog

        return StagesDialog(parameter, layers.resolution, check)
    if parameter.kind == "text" and parameter.takes_file:
        from chatapp.ui.dialogs.text import TextDialog

        return TextDialog(parameter, value, check, rival)
    from chatapp.ui.dialogs.texts import TextsDialog

    return TextsDialog(parameter, value, check, rival)
