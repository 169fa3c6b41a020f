"""One parameter on one line: name, slider, value, and where the value comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ParameterError
from chatapp.core.parameters import Parameter, Setting, Value
from chatapp.ui.widgets.slider import Scale, track

NAME_WIDTH = 18
VALUE_WIDTH = 6
SOURCE_WIDTH = 8
_SHORTEST_TRACK = 6
_RESET = "↺"
_MARK = "▌"
_NAME, _VALUE, _UNSET, _FAINT, _FILL = "$foreground", "bold $foreground", "$muted", "$faint", "$primary"
_MOOT, _FOCUSED = "$faint", "bold $primary"


class ParameterRow(Widget, can_focus=True):
    """A parameter that can be dragged, stepped, typed and unset.

    Numbers show a slider, switches turn with space, texts open an editor. A typed value that is not allowed shows
    why and keeps the old one.
    """

    DEFAULT_CSS = """
    ParameterRow {
        height: 1; width: 1fr;
        color: $foreground;
        &:hover { background: $panel 50%; }
        &:focus { background: $panel; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,minus", "step(-1)", "Less", show=False),
        Binding("right,plus", "step(1)", "More", show=False),
        Binding("shift+left", "step(-10)", "Much less", show=False),
        Binding("shift+right", "step(10)", "Much more", show=False),
        Binding("space,enter", "activate", "Type or switch", show=False),
        Binding("delete,backspace", "unset", "Unset", show=False),
    ]

    typed: reactive[str | None] = reactive(None)

    @dataclass
    class Changed(Message):
        """The value was set, or unset with None. `final` is False while the slider is dragged."""

        name: str
        value: Value
        final: bool = True

    @dataclass
    class Described(Message):
        """The row got the focus or the pointer, or has something to say about what was typed."""

        name: str
        error: ParameterError | None = None

    @dataclass
    class EditorRequested(Message):
        """Texts are to be edited."""

        name: str

    def __init__(self, parameter: Parameter, setting: Setting) -> None:
        super().__init__(id=f"parameter-{parameter.name}")
        self.parameter = parameter
        self.setting = setting
        self._scale = Scale(parameter) if Scale.fits(parameter) else None
        self._dragging = False

    def show(self, setting: Setting) -> None:
        """Show another setting in force."""
        if setting != self.setting:
            self.setting = setting
            self.refresh()

    @property
    def is_set(self) -> bool:
        """Whether this conversation sets the parameter itself."""
        return self.setting.source == "edit"

    # --- drawing

    def render(self) -> Content:
        """The line."""
        width = self.size.width
        if self.typed is not None:
            return self._render_typing(width)
        name = _FOCUSED if self.has_focus else _MOOT if self.setting.moot else _NAME
        value = _MOOT if self.setting.moot else _VALUE if self.is_set else _UNSET
        text, source = self._value_text()
        room = width - NAME_WIDTH - (3 + SOURCE_WIDTH if source else 2)
        parts: list[tuple[str, str]] = [(self._lead + self.parameter.name.ljust(NAME_WIDTH), name)]
        if self._has_track(text):
            length = self._track_length()
            filled, knob, empty = track(self._scale.fraction(self.setting.plain) if self._scale else 0, length)
            parts += [(filled, _FILL if self.is_set else _UNSET), (knob, value), (empty, _FAINT)]
            parts.append((text.rjust(VALUE_WIDTH + room - VALUE_WIDTH - length), value))
        else:
            parts.append((_right(text, room), value))
        parts.append((f"  {source}" if source else "", _FILL if self.is_set else _FAINT))
        return Content.assemble(*parts)

    def _render_typing(self, width: int) -> Content:
        typed = self.typed or ""
        room = max(4, width - NAME_WIDTH - 4)
        shown = typed[-room + 1 :] + "▏"
        return Content.assemble(
            (self._lead + self.parameter.name.ljust(NAME_WIDTH), _FOCUSED),
            (set_cell_size(shown, room), _VALUE),
        )

    @property
    def _lead(self) -> str:
        """What stands before the name: a mark where the keys go."""
        return _MARK if self.has_focus else " "

    def _value_text(self) -> tuple[str, str]:
        """The value and its source; a parameter without value or default says what happens instead."""
        value = self.setting.plain
        if self.parameter.kind == "bool" and value is not None:
            text = "on ●" if value else "off ○"
        else:
            text = clean_line(self.parameter.show(value))
        if self.is_set:
            return text, _RESET
        return text, "" if value is None else "unused" if self.setting.moot else self.setting.source

    def _has_track(self, text: str) -> bool:
        return self._scale is not None and self.setting.value is not None and self._track_length() >= _SHORTEST_TRACK

    def _track_length(self) -> int:
        return self.size.width - NAME_WIDTH - VALUE_WIDTH - SOURCE_WIDTH - 3

    # --- keys

    def action_step(self, steps: int) -> None:
        """Move the value; a switch turns."""
        if self._scale is not None:
            self._set(self._scale.stepped(self._number(), steps))
        elif self.parameter.kind == "int":
            self._offer(str(int(self._number()) + steps))
        elif self.parameter.kind == "bool":
            self._set(steps > 0)

    def action_activate(self) -> None:
        """Turn a switch, open the editor of texts, or begin to type."""
        if self.parameter.kind == "bool":
            self._set(not self.setting.value)
        elif self.parameter.kind in ("texts", "ints"):
            self.post_message(self.EditorRequested(self.parameter.name))
        else:
            self.typed = self.parameter.show(self.setting.plain) if self.is_set else ""

    def action_unset(self) -> None:
        """Go back to the preset's, the model's or the default value."""
        if self.is_set:
            self.post_message(self.Changed(self.parameter.name, None))

    def on_key(self, event: events.Key) -> None:
        """Typing a figure begins a typed value; while one is typed all keys are its own."""
        if self.typed is None:
            if event.character and event.character in "0123456789." and self.parameter.kind in ("float", "int"):
                event.stop()
                event.prevent_default()
                self.typed = event.character
            return
        if event.key in ("tab", "shift+tab", "up", "down", "pageup", "pagedown"):
            self._finish_typing()
            return
        if event.key == "enter":
            self._finish_typing()
        elif event.key == "escape":
            self.typed = None
            self.post_message(self.Described(self.parameter.name))
        elif event.key == "backspace":
            self.typed = self.typed[:-1]
        elif event.key == "ctrl+u":
            self.typed = ""
        elif event.character and event.is_printable and len(self.typed) < 40:
            self.typed += event.character
        elif event.key not in ("home", "end", "left", "right"):
            return
        event.stop()
        event.prevent_default()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a value is typed the arrow keys and delete belong to the text."""
        del action, parameters
        return self.typed is None

    def _finish_typing(self) -> None:
        typed, self.typed = self.typed, None
        if typed is not None:
            self._offer(typed)

    def _offer(self, text: str) -> None:
        """Set what was typed if it is allowed, else say why not."""
        try:
            value = self.parameter.parse(text)
        except ParameterError as error:
            self.post_message(self.Described(self.parameter.name, error))
        else:
            self.post_message(self.Changed(self.parameter.name, value))

    # --- pointer

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Drag on the track, ↺ unsets, elsewhere on the value typing begins."""
        self.focus()
        column = event.x
        if self.is_set and column >= self.size.width - SOURCE_WIDTH:
            self.action_unset()
        elif self._on_track(column):
            self._dragging = True
            self.capture_mouse()
            self._drag(column, final=False)
        elif column > NAME_WIDTH:
            self.action_activate()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the pointer while dragging."""
        if self._dragging:
            self._drag(event.x, final=False)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go."""
        if self._dragging:
            self._dragging = False
            self.release_mouse()
            self._drag(event.x, final=True)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Turn the wheel over the focused row's track."""
        self._wheel(event, 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Turn the wheel over the focused row's track."""
        self._wheel(event, -1)

    def on_enter(self) -> None:
        """The pointer asks what this is."""
        self.post_message(self.Described(self.parameter.name))

    def on_focus(self) -> None:
        """The focus asks what this is."""
        self.post_message(self.Described(self.parameter.name))

    def on_blur(self) -> None:
        """What was being typed counts."""
        self._finish_typing()

    def _wheel(self, event: events.MouseEvent, steps: int) -> None:
        if self.has_focus and self._on_track(event.x):
            event.stop()
            event.prevent_default()
            self.action_step(steps)

    def _on_track(self, column: int) -> bool:
        start = NAME_WIDTH + 1
        return self._has_track("") and start <= column < start + self._track_length()

    def _drag(self, column: int, *, final: bool) -> None:
        if self._scale is not None:
            fraction = (column - NAME_WIDTH - 1) / max(1, self._track_length() - 1)
            self._set(self._scale.at(fraction), final=final)

    def _number(self) -> float:
        value = self.setting.plain
        return float(value) if isinstance(value, int | float) else float(self.parameter.minimum or 0)

    def _set(self, value: Value, *, final: bool = True) -> None:
        if final or value != self.setting.plain:
            self.post_message(self.Changed(self.parameter.name, value, final))


def _right(text: str, width: int) -> str:
    """`text` at the right of `width` cells, cut with an ellipsis where it is longer."""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, max(0, width - 1)) + "…"
    return " " * (width - length) + text
