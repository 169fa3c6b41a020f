"""What stands under the list of parameters: what the line under the cursor does, and what its keys do."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ParameterError
from chatapp.core.parameters import Group, Kind, Parameter, Setting, Source

_NUMBER_KEYS = "←→ step · ⇧←→ ten · 0–9 type · ⌫ unset"
_KEYS: dict[Kind, str] = {
    "bool": "Space turns · ⌫ unset",
    "text": "⏎ edit · ⌫ unset",
    "texts": "⏎ edit · ⌫ unset",
    "ints": "⏎ edit · ⌫ unset",
    "stages": "⏎ order and switch · ⌫ unset",
}
"""What the keys do on a row, by the kind of its parameter."""
_HEADING_KEYS = "⏎ fold · / find · ⌫ unset"

_ORIGINS: dict[Source, str] = {
    "edit": "set here",
    "prompt": "from the prompt of the library",
    "preset": "from the preset",
    "model": "the model's own wish",
    "family": "recommended for this model",
}
_GROUPS: dict[Group, str] = {
    "Sampling": "How the next token is drawn: temperature, the usual cuts, and the dice.",
    "Cutting": "More ways to leave unlikely, or too likely, tokens out.",
    "Steady surprise": "Samplers that choose the token themselves and hold the text at one level of surprise.",
    "Shaping": "The order of the stages, and what bends the probabilities before the draw.",
    "Repetition": "What keeps the reply from saying things again.",
    "Constraints": "What the answer must be, must hold and must not hold.",
    "Length": "Where the reply ends.",
    "Prompt": "How the prompt begins.",
}
_ALL_OF_IT = "? all of it"
_LEAVE = " · Esc leave"
_BORDER = 2


class ParameterHelp(Static):
    """A few lines of text in a fixed room; `?` shows all of them where there are more."""

    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__(id="parameter-help", markup=False)
        self._keys = ""

    @property
    def plain(self) -> str:
        """What it says."""
        return str(self.visual)

    def show(self, content: Content, keys: str) -> None:
        """Say something else; `keys` stand in the border."""
        was_whole = self.has_class("-whole")
        self.set_class(False, "-whole")
        self._keys = keys
        self.update(content, layout=was_whole)
        self._show_keys()

    def toggle_whole(self) -> None:
        """Take the room that the whole text needs, or give it back."""
        self.toggle_class("-whole")
        self.refresh(layout=True)
        self._show_keys()

    def on_click(self) -> None:
        """A click does what `?` does."""
        self.toggle_whole()

    def on_resize(self) -> None:
        """Another size holds more of the text, or less."""
        self._show_keys()

    def _show_keys(self) -> None:
        width, height = self.size
        is_cut = width > 0 and not self.has_class("-whole") and self.visual.get_height({}, width) > height
        title = f"{_ALL_OF_IT} · {self._keys}" if is_cut else self._keys
        if cell_len(title) + cell_len(_LEAVE) + _BORDER <= width:
            title += _LEAVE
        if str(self.border_title or "") != title:
            self.border_title = Content(title)


def keys_of(parameter: Parameter) -> str:
    """What the keys do on a row."""
    return _KEYS.get(parameter.kind, _NUMBER_KEYS)


def describe(parameter: Parameter, setting: Setting, *, replying: bool, error: ParameterError | None) -> Content:
    """All that is to be said about a parameter, or instead of it what went wrong."""
    if error is not None:
        return Content.assemble(
            (clean_line(error.message), "bold $error"), ("\n" + clean_line(error.hint), "$foreground")
        )
    parts: list[Content | str | tuple[str, str]] = [
        (parameter.name, "bold $primary"),
        ("  " + _origin(parameter, setting), "$muted"),
    ]
    if setting.moot:
        parts.append(("\nNo effect now: " + clean_line(setting.moot) + ".", "$warning"))
    if replying and not parameter.live:
        parts.append(("\nCounts from the next message on, not for the reply that is being written.", "$warning"))
    parts.append(("\n" + parameter.help, "$foreground"))
    if parameter.effects:
        parts.append(("\n" + parameter.effects, "$muted"))
    return Content.assemble(*parts)


def describe_group(group: Group) -> tuple[Content, str]:
    """What is in a group, and what the keys do on its heading."""
    return Content.assemble((group, "bold $primary"), ("\n" + _GROUPS[group], "$foreground")), _HEADING_KEYS


def _origin(parameter: Parameter, setting: Setting) -> str:
    """Where the value in force comes from, in words."""
    if setting.source in _ORIGINS:
        return _ORIGINS[setting.source]
    return "default" if parameter.default is not None else parameter.unset or "unset"
