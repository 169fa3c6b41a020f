"""The keys and the pointer on the list of parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from chatapp.core.errors import ParameterError
from chatapp.core.parameters import Group, Kind, Parameter, Value
from chatapp.ui.widgets.parameter_lines import ParameterLines
from chatapp.ui.widgets.parameter_outline import Line, group_of
from chatapp.ui.widgets.parameter_row import scale_of

EDITED_ELSEWHERE: tuple[Kind, ...] = ("text", "texts", "ints", "stages")
"""The kinds that are edited in a dialog."""
_LONGEST_TYPED = 40


class ParameterList(ParameterLines):
    """Parameters that can be dragged, stepped, typed and unset, in groups that fold.

    Numbers show a slider, switches turn with space, texts and the chain open an editor. A typed value that is not
    allowed shows why and keeps the old one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Row above", show=False),
        Binding("down", "move(1)", "Row below", show=False),
        Binding("pageup", "move(-8)", "Page up", show=False),
        Binding("pagedown", "move(8)", "Page down", show=False),
        Binding("home", "move(-1000)", "First row", show=False),
        Binding("end", "move(1000)", "Last row", show=False),
        Binding("left,minus", "step(-1)", "Less", show=False),
        Binding("right,plus", "step(1)", "More", show=False),
        Binding("shift+left", "step(-10)", "Much less", show=False),
        Binding("shift+right", "step(10)", "Much more", show=False),
        Binding("space,enter", "activate", "Type, switch or fold", show=False),
        Binding("delete,backspace", "unset", "Unset", show=False),
    ]

    @dataclass
    class Changed(Message):
        """A value was set, or unset with None. `final` is False while the slider is dragged."""

        name: str
        value: Value
        final: bool = True

    @dataclass
    class EditorRequested(Message):
        """A value that has no room on a line is to be edited."""

        name: str

    @dataclass
    class LetterTyped(Message):
        """A letter or sign was typed that means nothing here."""

        character: str

    def __init__(self) -> None:
        super().__init__()
        self._dragging = False
        self._pointed: Line = None

    @property
    def typed(self) -> str | None:
        """The value that is being typed."""
        return self._typed

    # --- keys

    def action_move(self, steps: int) -> None:
        """Go so many lines down, at most to the last; above the first, to what stands over the list."""
        self._finish_typing()
        places = [y for y, line in enumerate(self._lines) if line is not None]
        if places:
            place = places.index(self._cursor) if self._cursor in places else 0
            if place == 0 and steps == -1:
                self.screen.focus_previous()
                return
            self.put_cursor(places[min(max(place + steps, 0), len(places) - 1)])

    def action_step(self, steps: int) -> None:
        """Move the value; a switch turns; a heading folds or unfolds."""
        line = self.cursor
        if (group := group_of(line)) is not None:
            if self.outline.is_open(group) != (steps > 0):
                self._toggle(group)
        elif isinstance(line, Parameter):
            scale = scale_of(line)
            if scale is not None:
                self._set(scale.stepped(self._number(line), steps))
            elif line.kind == "int":
                self._offer(str(int(self._number(line)) + steps))
            elif line.kind == "bool":
                self._set(steps > 0)

    def action_activate(self) -> None:
        """Fold or unfold, turn a switch, open an editor, or begin to type."""
        line = self.cursor
        if (group := group_of(line)) is not None:
            self._toggle(group)
        elif isinstance(line, Parameter):
            setting = self._settings[line.name]
            if line.kind == "bool":
                self._set(not setting.value)
            elif line.kind in EDITED_ELSEWHERE:
                self.post_message(self.EditorRequested(line.name))
            else:
                self._type(line.show(setting.plain) if setting.source == "edit" else "")

    def action_unset(self) -> None:
        """Go back to the preset's, the model's or the default value."""
        line = self.cursor
        if isinstance(line, Parameter) and self._settings[line.name].source == "edit":
            self.post_message(self.Changed(line.name, None))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a value is typed the keys belong to the text."""
        del action, parameters
        return self._typed is None

    def on_key(self, event: events.Key) -> None:
        """A figure begins a typed value, another letter looks for a parameter; while typing all keys are text."""
        if self._typed is None:
            self._begin(event)
        elif event.key in ("up", "down", "pageup", "pagedown"):
            event.stop()
            event.prevent_default()
            self._finish_typing()
            self.action_move({"up": -1, "down": 1, "pageup": -8, "pagedown": 8}[event.key])
        elif event.key in ("tab", "shift+tab"):
            self._finish_typing()
        elif self._edit_typed(event):
            event.stop()
            event.prevent_default()

    def _begin(self, event: events.Key) -> None:
        character, line = event.character, self.cursor
        if not character or not event.is_printable or event.key in ("space", "minus", "plus"):
            return
        event.stop()
        event.prevent_default()
        if character in "0123456789." and isinstance(line, Parameter) and line.kind in ("float", "int"):
            self._type(character)
        else:
            self.post_message(self.LetterTyped(character))

    def _edit_typed(self, event: events.Key) -> bool:
        """Change what is being typed; whether the key had to do with it."""
        typed = self._typed or ""
        match event.key:
            case "enter":
                self._finish_typing()
            case "escape":
                self._type(None)
                self.describe()
            case "backspace":
                self._type(typed[:-1])
            case "ctrl+u":
                self._type("")
            case "home" | "end" | "left" | "right":
                pass
            case _:
                if not (event.character and event.is_printable):
                    return False
                self._type((typed + event.character)[:_LONGEST_TYPED])
        return True

    def _type(self, typed: str | None) -> None:
        self._typed = typed
        self.redraw(self._cursor)

    def _finish_typing(self) -> None:
        typed = self._typed
        if typed is not None:
            self._type(None)
            self._offer(typed)

    def _offer(self, text: str) -> None:
        """Set what was typed if it is allowed, else say why not."""
        line = self.cursor
        if not isinstance(line, Parameter):
            return
        try:
            value = line.parse(text)
        except ParameterError as error:
            self.post_message(self.Described(line, error))
        else:
            self.post_message(self.Changed(line.name, value))

    # --- pointer

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Fold at a heading, drag on a track, unset at ↺; on a value typing begins, a switch turns."""
        self._finish_typing()
        line = self._lines[event.y] if event.y < len(self._lines) else None
        if line is None:
            return
        self.put_cursor(event.y, follow=False)
        if not isinstance(line, Parameter):
            self.action_activate()
            return
        row = self.row(line)
        if row.is_on_reset(event.x):
            self.action_unset()
        elif row.is_on_track(event.x):
            self._dragging = True
            self.capture_mouse()
            self._drag(event.x, final=False)
        elif event.x >= row.track_start:
            self.action_activate()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the pointer while dragging, else say what it is over."""
        if self._dragging:
            self._drag(event.x, final=False)
            return
        line = self._lines[event.y] if event.y < len(self._lines) else None
        if line is not None and line is not self._pointed:
            self._pointed = line
            self.post_message(self.Described(line))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go."""
        if self._dragging:
            self._dragging = False
            self.release_mouse()
            self._drag(event.x, final=True)

    def on_leave(self) -> None:
        """The pointer is gone: the cursor is spoken of again."""
        self._pointed = None
        if self.has_focus:
            self.describe()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Turn the wheel over the track under the cursor."""
        self._wheel(event, 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Turn the wheel over the track under the cursor."""
        self._wheel(event, -1)

    def _wheel(self, event: events.MouseEvent, steps: int) -> None:
        line = self.cursor
        on_row = self.has_focus and event.y == self._cursor and isinstance(line, Parameter)
        if on_row and self.row(cast(Parameter, line)).is_on_track(event.x):
            event.stop()
            event.prevent_default()
            self.action_step(steps)

    def _drag(self, column: int, *, final: bool) -> None:
        line = self.cursor
        if isinstance(line, Parameter) and (scale := scale_of(line)) is not None:
            self._set(scale.at(self.row(line).fraction_at(column)), final=final)

    # --- focus

    def on_focus(self) -> None:
        """The focus asks what this is."""
        self.redraw(self._cursor)
        self._follow_cursor()
        self.describe()

    def on_blur(self) -> None:
        """What was being typed counts."""
        self._finish_typing()
        self.redraw(self._cursor)

    def _toggle(self, group: Group) -> None:
        self.outline.toggle(group)
        self.lay_out()

    def _number(self, parameter: Parameter) -> float:
        value = self._settings[parameter.name].plain
        return float(value) if isinstance(value, int | float) else float(parameter.minimum or 0)

    def _set(self, value: Value, *, final: bool = True) -> None:
        line = self.cursor
        if isinstance(line, Parameter) and (final or value != self._settings[line.name].plain):
            self.post_message(self.Changed(line.name, value, final))
