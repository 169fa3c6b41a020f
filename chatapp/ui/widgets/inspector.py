"""The inspector: the conversation's system prompt, and a row for every parameter of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static, TextArea

from chatapp.core.cleaning import clean, clean_line
from chatapp.core.errors import ParameterError
from chatapp.core.parameters import PARAMETERS, Parameter, Resolution, Value, Values, resolve
from chatapp.ui.messages import EditsChanged, InspectorOpened, SystemPromptEdited
from chatapp.ui.widgets.parameter_row import ParameterRow

_TYPING_PAUSE_S = 0.4
_NUMBER_KEYS = "←→ step · Shift ten · 0–9 type · ⌫/↺ unset"
_KEYS = {"bool": "Space turns · ⌫/↺ unset", "texts": "⏎ edit · ⌫/↺ unset", "ints": "⏎ edit · ⌫/↺ unset"}
"""What the keys do on a row, by the kind of its parameter."""


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


class Rows(VerticalScroll):
    """System prompt and parameters. Arrows stay within the parameters, tab goes from one part to the next."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Row above", show=False),
        Binding("down", "move(1)", "Row below", show=False),
        Binding("pageup", "move(-8)", "Page up", show=False),
        Binding("pagedown", "move(8)", "Page down", show=False),
        Binding("home", "move(-1000)", "First row", show=False),
        Binding("end", "move(1000)", "Last row", show=False),
        Binding("tab", "leave(1)", "Next part", show=False),
        Binding("shift+tab", "leave(-1)", "Part before", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="inspector-rows", can_focus=False)

    def action_move(self, steps: int) -> None:
        """Go so many parameters down, at most to the last."""
        rows = list(self.query(ParameterRow))
        focused = self.screen.focused
        if isinstance(focused, ParameterRow) and focused in rows:
            rows[min(max(rows.index(focused) + steps, 0), len(rows) - 1)].focus()

    def action_leave(self, step: int) -> None:
        """Go to the next part of the screen, or to the one before; the parameters are one part."""
        chain, focused = self.screen.focus_chain[::step], self.screen.focused
        if focused not in chain:
            return
        place = chain.index(focused)
        inside = isinstance(focused, ParameterRow)
        for widget in chain[place + 1 :] + chain[:place]:
            if not (inside and isinstance(widget, ParameterRow)):
                widget.focus()
                return


class Inspector(Vertical):
    """What the next message is sent with. `show` fills it; it tells every change."""

    def __init__(self) -> None:
        super().__init__(id="inspector")
        self._edits: dict[str, Value] = {}
        self._model: Values = {}
        self._resolution: Resolution = resolve(edits={})
        self._described = next(iter(PARAMETERS))
        self._pause: Timer | None = None
        self._shown_prompt = ""
        self._focus_wanted = False

    def compose(self) -> ComposeResult:
        """System prompt, parameters by group, and what the focused one does."""
        with Rows():
            yield Static("System prompt", classes="section", markup=False)
            yield SystemPrompt()
            for group, parameters in groupby(PARAMETERS.values(), key=lambda parameter: parameter.group):
                yield Static(group, classes="section", markup=False)
                for parameter in parameters:
                    yield ParameterRow(parameter, self._resolution.setting(parameter.name))
        yield Static(self._description(None), id="parameter-help", markup=False)

    def show(self, system_prompt: str, edits: Values, metadata: Mapping[str, str]) -> None:
        """Show a conversation's settings over the wishes in the model's metadata."""
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        self._edits, self._model = dict(edits), model_values(metadata)
        self._shown_prompt = system_prompt
        editor = self.query_one(SystemPrompt)
        if editor.text != clean(system_prompt):
            editor.load_text(clean(system_prompt))
        self._resolve()

    @property
    def system_prompt(self) -> str:
        """What stands in the editor; the old prompt where only its unsafe characters were made visible."""
        text = self.query_one(SystemPrompt).text
        return self._shown_prompt if text == clean(self._shown_prompt) else text

    def take_focus(self) -> None:
        """Go to the first parameter, as soon as there is one."""
        rows = self.query(ParameterRow)
        self._focus_wanted = not rows
        if rows:
            rows.first().focus()

    def on_mount(self) -> None:
        """Ask to be filled."""
        self.post_message(InspectorOpened())
        if self._focus_wanted:
            self.take_focus()

    @on(TextArea.Changed, "#system-prompt")
    def prompt_typed(self, event: TextArea.Changed) -> None:
        """Tell of the new prompt once the typing pauses."""
        event.stop()
        if event.text_area.text == clean(self._shown_prompt):
            return
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(_TYPING_PAUSE_S, self._tell_prompt)

    @on(ParameterRow.Changed)
    def value_changed(self, event: ParameterRow.Changed) -> None:
        """Show the new value, and tell of it unless it is still being dragged."""
        event.stop()
        edits = {name: value for name, value in self._edits.items() if name != event.name}
        if event.value is not None:
            edits[event.name] = event.value
        self._edits = edits
        self._resolve()
        self._describe(event.name, None)
        if event.final:
            self.post_message(EditsChanged(dict(edits)))

    @on(ParameterRow.Described)
    def row_described(self, event: ParameterRow.Described) -> None:
        """Say what the row under focus or pointer does."""
        event.stop()
        self._describe(event.name, event.error)

    @on(ParameterRow.EditorRequested)
    def edit_texts(self, event: ParameterRow.EditorRequested) -> None:
        """Open a dialog for a parameter that holds several texts or ids."""
        from chatapp.ui.dialogs.texts import TextsDialog

        event.stop()
        parameter = PARAMETERS[event.name]

        def take(value: Value) -> None:
            self.post_message(ParameterRow.Changed(parameter.name, value or None))

        current = self._resolution[parameter.name]
        self.app.push_screen(TextsDialog(parameter, current), lambda result: take(result[0]) if result else None)

    def _tell_prompt(self) -> None:
        self._pause = None
        self._shown_prompt = self.query_one(SystemPrompt).text
        self.post_message(SystemPromptEdited(self._shown_prompt))

    def _resolve(self) -> None:
        self._resolution = resolve(edits=self._edits, model=self._model)
        for row in self.query(ParameterRow):
            row.show(self._resolution.setting(row.parameter.name))
        self._describe(self._described, None)

    def _describe(self, name: str, error: ParameterError | None) -> None:
        self._described = name
        self.query_one("#parameter-help", Static).update(self._description(error))

    def _description(self, error: ParameterError | None) -> Content:
        parameter = PARAMETERS[self._described]
        if error is not None:
            return Content.assemble(
                (clean_line(error.message), "bold $error"), "\n", (clean_line(error.hint), "$foreground")
            )
        setting = self._resolution.setting(parameter.name)
        parts: list[Content | str | tuple[str, str]] = [
            (parameter.name, "bold $primary"),
            ("  " + _origin(parameter, setting.source), "$muted"),
            ("\n" + _KEYS.get(parameter.kind, _NUMBER_KEYS), "$muted"),
            ("\n" + parameter.help, "$foreground"),
        ]
        if parameter.effects:
            parts.append(("\n" + parameter.effects, "$muted"))
        if setting.moot:
            parts.append(("\nNo effect now: " + setting.moot + ".", "$warning"))
        return Content.assemble(*parts)


def _origin(parameter: Parameter, source: str) -> str:
    """Where the value in force comes from, in words."""
    words = {"edit": "set here", "preset": "from the preset", "model": "the model's own wish"}
    if source in words:
        return words[source]
    return "default" if parameter.default is not None else "unset"


def model_values(metadata: Mapping[str, str]) -> dict[str, Value]:
    """The sampling values that a model's own metadata wish for; unreadable ones count as absent."""
    values: dict[str, Value] = {}
    for parameter in PARAMETERS.values():
        text = metadata.get(f"general.sampling.{parameter.metadata_key}") if parameter.metadata_key else None
        if text is not None:
            try:
                values[parameter.name] = parameter.parse(text)
            except ParameterError:
                continue
    return values
