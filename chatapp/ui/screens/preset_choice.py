"""Which preset is in use: chosen from the list, saved from what is set, kept as the one to begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec
from textual.screen import Screen

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ChatappError
from chatapp.core.parameters import resolve
from chatapp.core.presets import Preset, check_preset_name
from chatapp.ui.messages import ModelChanged
from chatapp.ui.notice import say, say_error
from chatapp.ui.preset_book import PresetBook, PresetEntry
from chatapp.ui.screens.about_pane import AboutPane
from chatapp.ui.screens.pane import Pane

if TYPE_CHECKING:
    from chatapp.ui.palette import Entry

_SETTING = "preset"
_NONE, _SAVE, _DEFAULT, _PRESET = "none", "save", "default", "preset:"
_EMPTY = Preset(name="")


class PresetChoice(AboutPane):
    """The presets of one screen. `changed` is told when another one is in use.

    A preset counts from the next message on, in the pane that has the focus, below the values that are set in its
    conversation. `default` is the one that chatapp begins with, empty for none.
    """

    def __init__(
        self,
        screen: Screen[None],
        book: PresetBook,
        pane: Callable[[], Pane],
        *,
        default: str,
        save_setting: Callable[[str, object], None],
        changed: Callable[[], None],
    ) -> None:
        super().__init__(pane)
        self._screen = screen
        self._book = book
        self._default = default
        self._save_setting = save_setting
        self._changed = changed

    def choose(self) -> None:
        """Offer every preset, and what else can be done with them."""
        from chatapp.ui.palette import Palette

        found = {entry.name: entry for entry in self._book.list()}

        def take(chosen: str | None) -> None:
            kind, _, name = (chosen or "").partition(":")
            if kind == _NONE:
                self._use(None)
            elif kind == _SAVE:
                self.save()
            elif kind == _DEFAULT:
                self._keep_as_default()
            elif name:
                self._use_entry(found[name])

        entries = [*self._offered(found.values())]
        self._screen.app.push_screen(Palette("Preset", entries, nothing="No preset is called so"), take)

    def save(self) -> None:
        """Ask for a name, and save under it what is in force here."""
        from chatapp.ui.dialogs.save_preset import SavePresetDialog

        preset = self._in_force()
        if preset == _EMPTY:
            say(self._screen.app, "There is nothing to save: no value is set and there is no system prompt.")
            return

        def save(name: str, replace: bool) -> None:
            check_preset_name(name)
            resolve(edits=preset.sampling)
            self._book.save(msgspec.structs.replace(preset, name=name), replace=replace)

        def take(name: str | None) -> None:
            if name is not None:
                hides = " It hides the shipped one of that name." if name in shipped else ""
                say(self._screen.app, f"Saved as the preset “{name}”.{hides}")

        found = self._book.list()
        shipped = {entry.name for entry in found if entry.is_shipped}
        taken = {entry.name for entry in found} - shipped
        holds = f"What is in force here: {_holds(preset)}."
        self._screen.app.push_screen(SavePresetDialog(holds, taken, save), take)

    # --- the list

    def _offered(self, found: Iterable[PresetEntry]) -> Iterator[Entry]:
        from chatapp.ui.palette import Entry

        preset = self._session.preset
        in_use = preset.name if preset is not None else ""
        yield Entry(_NONE, "none", "What the model asks for, and the defaults.", self._mark("", in_use))
        for entry in found:
            origin = "" if entry.is_shipped else "yours"
            yield Entry(
                _PRESET + entry.name, clean_line(entry.name), _about(entry), self._mark(entry.name, in_use, origin)
            )
        if (preset_here := self._in_force()) != _EMPTY:
            yield Entry(_SAVE, "Save as a preset …", f"Keep what is in force here: {_holds(preset_here)}.")
        if in_use != self._default:
            yield Entry(_DEFAULT, f"Begin with {clean_line(in_use) or 'none'}", "Use it whenever chatapp is started.")

    def _mark(self, name: str, in_use: str, origin: str = "") -> str:
        is_default = name == self._default != ""
        told = (origin, "default" if is_default else "", "● in use" if name == in_use else "")
        return " · ".join(filter(None, told))

    def _use_entry(self, entry: PresetEntry) -> None:
        if entry.preset is None:
            for problem in entry.problems:
                say_error(self._screen.app, problem)
        else:
            self._use(entry.preset)

    # --- what comes of it

    def _use(self, preset: Preset | None) -> None:
        """Use another preset from the next message on; an empty conversation that has its prompt gets the new one's."""
        pane, opening_before = self._pane, self._session.opening_prompt
        self._session.preset = preset
        if pane.conversation is None and pane.next.system_prompt == opening_before:
            pane.next.change(system_prompt=self._session.opening_prompt)
        pane.post_message(ModelChanged())
        self._changed()
        say(self._screen.app, self._told(preset, pane))

    def _told(self, preset: Preset | None, pane: Pane) -> str:
        sentences = [f"{preset.name if preset is not None else 'No preset'} counts from the next message on."]
        if pane.reply is not None:
            sentences.append("The reply that is being written keeps its values.")
        over = sorted(pane.next.edits.keys() & preset.sampling.keys()) if preset is not None else ()
        if over:
            sentences.append(f"Set here, above it: {', '.join(over)}.")
        if preset is not None and preset.load:
            sentences.append("Its load settings count when chatapp is started with it.")
        return " ".join(sentences)

    def _keep_as_default(self) -> None:
        preset = self._session.preset
        name = preset.name if preset is not None else ""
        try:
            self._save_setting(_SETTING, name or None)
        except ChatappError as error:
            say_error(self._screen.app, error)
        else:
            self._default = name
            say(self._screen.app, f"chatapp begins with {f'the preset {name}' if name else 'no preset'} from now on.")

    def _in_force(self) -> Preset:
        """What is set here over the preset in use, as a preset without a name."""
        pane, preset = self._pane, self._session.preset or _EMPTY
        thinking = {name: value for name, value in preset.thinking.items() if name not in pane.next.edits}
        return Preset(
            name="",
            system_prompt=pane.next.system_prompt,
            sampling={**preset.sampling, **pane.next.edits},
            thinking=thinking,
            load=preset.load,
        )


def _about(entry: PresetEntry) -> str:
    """A line on what a preset is for, or on what is wrong with it."""
    if entry.preset is None:
        return clean_line(f"can't be used: {entry.problems[0].message}")
    described = entry.preset.description or entry.preset.title or _holds(entry.preset)
    return clean_line(described)


def _holds(preset: Preset) -> str:
    """What is in a preset, in words."""
    count = len(preset.sampling)
    parts = [f"{count} value{'' if count == 1 else 's'}" if count else ""]
    parts.append(f"{len(preset.thinking)} for the thoughts" if preset.thinking else "")
    parts.append("the system prompt" if preset.system_prompt else "")
    parts.append("load settings" if preset.load else "")
    return ", ".join(filter(None, parts)) or "nothing"
