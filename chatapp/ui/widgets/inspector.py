"""The inspector: the conversation's system prompt and overflow, and a row for every parameter of the registry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static, TextArea

from chatapp.core.cleaning import clean, clean_line
from chatapp.core.errors import ParameterError
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import PARAMETERS, Parameter, Value, Values
from chatapp.core.presets import Preset
from chatapp.ui.layers import Below, Layers
from chatapp.ui.messages import EditsChanged, InspectorOpened, SystemPromptEdited
from chatapp.ui.widgets import overflow_row
from chatapp.ui.widgets.overflow_row import OverflowRow
from chatapp.ui.widgets.parameter_help import ParameterHelp, describe, describe_group, keys_of
from chatapp.ui.widgets.parameter_lines import ParameterLines
from chatapp.ui.widgets.parameter_list import ParameterList
from chatapp.ui.widgets.parameter_outline import Line, group_of

if TYPE_CHECKING:
    from chatapp.ui.dialogs.value import Answer, Check, ValueDialog

Examine: TypeAlias = Callable[[Values], Awaitable[None]]
_TYPING_PAUSE_S = 0.4
_PROMPT = "System prompt"


class SystemPrompt(TextArea):
    """The editor of the system prompt; tab leaves it."""

    def __init__(self) -> None:
        super().__init__(
            id="system-prompt",
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            highlight_cursor_line=False,
            placeholder=Content("How the model should behave"),
        )


class ParameterFilter(Input):
    """What is looked for among the parameters; esc clears it, enter and the arrows go to what was found."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "Show all", show=False),
        Binding("down,up,enter", "leave", "To the parameters", show=False),
    ]

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
        rows, overflow = self.screen.query_one(ParameterList), self.screen.query_one(OverflowRow)
        (rows if rows.lines or not overflow.display else overflow).focus()


class Inspector(Vertical):
    """What the next message is sent with. `show` fills it; it tells every change.

    `examine` raises ParameterError for edits that the model can't be asked, which only the engine knows.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "clear_filter", "Show all parameters", show=False)]

    def __init__(self, examine: Examine) -> None:
        super().__init__(id="inspector")
        self._examine = examine
        self._layers = Layers({}, {})
        self._described: Line = None
        self._replying = False
        self._pause: Timer | None = None
        self._shown_prompt = ""
        self._preset: Preset | None = None
        self._filled = False
        self._focus_wanted = False

    def compose(self) -> ComposeResult:
        """What is looked for, system prompt, overflow, parameters by group, and what the one under the cursor does."""
        yield ParameterFilter()
        with VerticalScroll(id="inspector-rows", can_focus=False):
            yield Static(_PROMPT, id="prompt-heading", classes="section", markup=False)
            yield SystemPrompt()
            yield OverflowRow()
            yield ParameterList()
        yield ParameterHelp()

    def show(
        self,
        system_prompt: str,
        edits: Values,
        *,
        overflow: Overflow,
        default_overflow: Overflow,
        preset: Preset | None = None,
    ) -> None:
        """Show a conversation's settings; where its system prompt is the preset's, that is said."""
        self._filled = True
        self._preset = preset
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        self._layers = Layers(edits, self._layers.below)
        self._shown_prompt = system_prompt
        editor = self.query_one(SystemPrompt)
        if editor.text != clean(system_prompt):
            editor.load_text(clean(system_prompt))
        self._show_origin()
        self._overflow.show(overflow, default_overflow)
        rows = self._rows
        rows.outline.unfold(edits)
        rows.lay_out()
        self._draw_anew()

    def show_below(self, below: Below) -> None:
        """Show what preset and model ask for, under the conversation's settings."""
        if below != self._layers.below:
            self._layers = Layers(self._layers.edits, below)
            self._draw_anew()

    @property
    def is_filled(self) -> bool:
        """Whether a conversation's settings are shown; before, the editor's text is nobody's prompt."""
        return self._filled

    @property
    def system_prompt(self) -> str:
        """What stands in the editor; the old prompt where only its unsafe characters were made visible."""
        text = self.query_one(SystemPrompt).text
        return self._shown_prompt if text == clean(self._shown_prompt) else text

    @property
    def replying(self) -> bool:
        """Whether a reply is being written, which some parameters can't change any more."""
        return self._replying

    @replying.setter
    def replying(self, replying: bool) -> None:
        if replying != self._replying:
            self._replying = replying
            if self._overflow.has_focus:
                self.describe_overflow()
            elif isinstance(self._described, Parameter) and not self._described.live:
                self._describe(self._described, None)

    def take_focus(self) -> None:
        """Go to the parameters, as soon as they are there."""
        rows = self.query(ParameterList)
        self._focus_wanted = not rows
        if rows:
            rows.first().focus()

    def on_mount(self) -> None:
        """Ask to be filled."""
        self.post_message(InspectorOpened())
        if self._focus_wanted:
            self.take_focus()

    # --- looking for parameters

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc is the screen's where nothing is looked for."""
        del parameters
        return action != "clear_filter" or self._rows.outline.is_filtered

    def action_clear_filter(self) -> None:
        """Show all parameters."""
        self.query_one(ParameterFilter).value = ""

    @on(Input.Changed, "#parameter-filter")
    def filter_typed(self, event: Input.Changed) -> None:
        """Show what is looked for."""
        event.stop()
        self.set_class(bool(event.value.strip()), "-filtered")
        self._rows.filter(event.value)
        self._overflow.display = self._overflow.matches(event.value.casefold().split())
        self._rows.display = bool(self._rows.lines) or not self._overflow.display
        if self._rows.display:
            self._rows.describe()
        else:
            self.describe_overflow()

    @on(ParameterList.LetterTyped)
    def letter_typed(self, event: ParameterList.LetterTyped) -> None:
        """A letter begins to look for a parameter, ? shows the whole help."""
        event.stop()
        if event.character == "?":
            self.query_one(ParameterHelp).toggle_whole()
            return
        field = self.query_one(ParameterFilter)
        field.focus()
        field.value = "" if event.character == "/" else field.value + event.character
        field.cursor_position = len(field.value)

    # --- changes

    @on(TextArea.Changed, "#system-prompt")
    def prompt_typed(self, event: TextArea.Changed) -> None:
        """Tell of the new prompt once the typing pauses."""
        event.stop()
        self._show_origin()
        if event.text_area.text == clean(self._shown_prompt):
            return
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(_TYPING_PAUSE_S, self._tell_prompt)

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
        if self._rows.display:
            self._describe(event.line, event.error)

    @on(OverflowRow.Described)
    def describe_overflow(self) -> None:
        """Say what the chosen overflow does."""
        description = self._overflow.description(replying=self._replying)
        self.query_one(ParameterHelp).show(description, overflow_row.KEYS)

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

    def _tell_prompt(self) -> None:
        self._pause = None
        self._shown_prompt = self.query_one(SystemPrompt).text
        self.post_message(SystemPromptEdited(self._shown_prompt))

    # --- drawing

    @property
    def _rows(self) -> ParameterList:
        return self.query_one(ParameterList)

    @property
    def _overflow(self) -> OverflowRow:
        return self.query_one(OverflowRow)

    def _show_origin(self) -> None:
        """Say above the system prompt where it comes from, as long as it is the preset's."""
        preset, prompt = self._preset, self.system_prompt
        is_preset_s = preset is not None and bool(prompt) and prompt == preset.system_prompt
        origin = f" · from the preset {preset.name}" if preset is not None and is_preset_s else ""
        self.query_one("#prompt-heading", Static).update(Content(clean_line(_PROMPT + origin)))

    def _draw_anew(self) -> None:
        """Draw values that did not come from here; where they contradict each other, that is said first."""
        self._draw()
        if self._layers.problem is not None:
            self._describe(self._rows.cursor, self._layers.problem)

    def _draw(self) -> None:
        self._rows.show(self._layers.resolution)
        if self._overflow.has_focus:
            self.describe_overflow()
        else:
            self._describe(self._described or self._rows.cursor, None)

    def _describe(self, line: Line, error: ParameterError | None) -> None:
        self._described = line
        shown = self.query_one(ParameterHelp)
        if isinstance(line, Parameter):
            setting = self._layers.resolution.setting(line.name)
            shown.show(describe(line, setting, replying=self._replying, error=error), keys_of(line))
        elif (group := group_of(line)) is not None:
            shown.show(*describe_group(group))


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
