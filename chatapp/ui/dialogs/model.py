"""Choosing a model: one of those at hand by a few letters of its name, or any file by its path."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import ClassVar, NamedTuple

from rich.cells import cell_len, set_cell_size
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static

from chatapp.core.cleaning import clean_line
from chatapp.core.readable import short_size
from chatapp.ui.attempt import attempt
from chatapp.ui.model_shelf import ModelFacts, ModelShelf, Place
from chatapp.ui.palette import Entry, Palette, columns

_KINDS = {"model": "", "folder": "folder", "file": "no .gguf", "missing": "no such file"}
"""What a path leads to, in words."""
_SIZE = 9
_NARROWEST = 22
_NOTHING = "No model is called so; a path opens any file"


class Offered(NamedTuple):
    """A model at hand: `mark` says what it has to do with the conversation, in words."""

    name: str
    reference: str
    mark: str
    is_held: bool


class ModelPalette(Palette):
    """Answers with the reference of the chosen model, which may be a path that was typed.

    What is in the files is read by a thread while the list is shown. `missing` is the name of the model that wrote the
    conversation, where it is not among the models at hand.
    """

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialog.tcss", "palette.tcss", "model.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", "Complete", show=False, priority=True)]

    def __init__(self, shelf: ModelShelf, offered: Sequence[Offered], *, missing: str, typed: str = "") -> None:
        self._named = [Entry(each.reference, clean_line(each.name), "", each.mark) for each in offered]
        super().__init__(
            "Model, or the path of a GGUF file",
            self._named,
            nothing=_NOTHING,
            preview=lambda _: self._tell(),
            typed=typed,
        )
        self._shelf = shelf
        self._missing = missing
        self._held = {each.reference for each in offered if each.is_held}
        self._facts: dict[str, ModelFacts] = {}
        self._places: dict[str, Place] = {}

    def below(self) -> Iterable[Widget]:
        """What there is to know of the highlighted model, and where others come from."""
        yield Static("", id="model-facts", markup=False)
        yield Static(
            _told_of_others(self._missing, self._shelf.folder, len(self._named)), id="model-others", markup=False
        )

    def on_mount(self) -> None:
        """Show the names at once, and what is in the files as it becomes known."""
        super().on_mount()
        self._look_into(*(entry.id for entry in self._named))

    def find(self, words: str) -> list[Entry]:
        """What a path leads to, then the models whose names fit."""
        self._places = {place.text: place for place in self._shelf.places(words)}
        self.call_later(self._tell)
        at_hand = [entry for entry in self._named if entry.id in self._places]
        own = {entry.id for entry in at_hand}
        paths = [
            Entry(place.text, _label(place), "", _KINDS[place.kind])
            for place in self._places.values()
            if place.text not in own
        ]
        fitting = [entry for entry in super().find(words) if entry.id not in own]
        is_lost = any(place.kind == "missing" for place in self._places.values())
        return [*at_hand, *fitting, *paths] if is_lost else [*at_hand, *paths, *fitting]

    def line(self, entry: Entry, width: int) -> Content:
        """Name, size and kind in columns; a name or path that is too long gives way in its middle."""
        room = width - min(cell_len(entry.right), width // 2) - 2
        if entry.id in self._places:
            return columns(replace(entry, label=_within(entry.label, room)), width)
        widest = max((cell_len(each.label) for each in self._named), default=0)
        column = min(max(widest, _NARROWEST), width // 2, room)
        return columns(replace(entry, label=_within(entry.label, column)), width, column)

    def take(self, entry: Entry) -> None:
        """Go into a folder; answer with anything else."""
        place = self._places.get(entry.id)
        if place is not None and place.kind == "folder":
            self.action_complete()
        else:
            self.dismiss(entry.id)

    def action_complete(self) -> None:
        """Let the highlighted path stand in the line."""
        entry, field = self.chosen, self.query_one(Input)
        if entry is not None and entry.id in self._places:
            field.value = entry.id
            field.cursor_position = len(field.value)
        field.focus()

    def _tell(self) -> None:
        """Say what is known of the highlighted model."""
        entry, facts = self.chosen, self.query_one("#model-facts", Static)
        facts.display = entry is not None
        self.query_one("#model-others").set_class(entry is None, "-alone")
        if entry is not None:
            facts.update(self._told(entry))

    def _told(self, entry: Entry) -> Content:
        place, facts = self._places.get(entry.id), self._facts.get(entry.id)
        if place is not None and place.kind == "folder":
            return Content.assemble(("Enter or tab shows what is in it.", "$muted"))
        if facts is None:
            self._look_into(entry.id)
            return Content("")
        lines = [
            (clean_line(facts.problem), "$error")
            if facts.problem
            else (_cost(facts, is_held=entry.id in self._held), "$foreground"),
            (", ".join(filter(None, (clean_line(facts.summary), _size(facts)))), "$muted"),
            (_within(clean_line(facts.path), self._width), "$faint"),
        ]
        return Content("\n").join(Content.styled(text, style) for text, style in lines if text)

    def _look_into(self, *references: str) -> None:
        """Learn what is in files, one after the other."""

        async def look() -> None:
            for reference in references:
                if reference not in self._facts:
                    self._learn(reference, await asyncio.to_thread(self._shelf.facts, reference))

        attempt(self, look())

    def _learn(self, reference: str, facts: ModelFacts) -> None:
        self._facts[reference] = facts
        about = "✗ can't be used" if facts.problem else clean_line(facts.summary)
        for number, entry in enumerate(self._named):
            if entry.id == reference:
                self._named[number] = replace(entry, help=f"{_size(facts):>{_SIZE}}  {about}")
        self._redraw(reference)
        self._tell()

    def _redraw(self, reference: str) -> None:
        """Show what came to be known of a model in its line, where that is shown."""
        named = {entry.id: entry for entry in self._named}
        options = self.query_one(OptionList)
        for number, shown in enumerate(self._found):
            if shown.id == reference and reference in named:
                self._found[number] = named[reference]
                options.replace_option_prompt_at_index(number, self.line(named[reference], self._width))


def _told_of_others(missing: str, folder: str, count: int) -> Content:
    """Where models come from that are not in the list."""
    if missing:
        wrote = f"{clean_line(missing)} wrote this conversation and is not among these: type the path of its file."
        return Content.styled(wrote, "$warning")
    if count > 1:
        return Content.styled("Type or paste the path of any other GGUF file, and it opens.", "$muted")
    place = f" into {clean_line(folder)}, or type or paste its path." if folder else " somewhere and type its path."
    return Content.styled(f"For more, put a GGUF file (from huggingface.co, for example){place}", "$muted")


def _label(place: Place) -> str:
    path = clean_line(place.text)
    return path if place.kind == "folder" else f"open {path}"


def _size(facts: ModelFacts) -> str:
    return short_size(facts.size_bytes) if facts.size_bytes else ""


def _cost(facts: ModelFacts, *, is_held: bool) -> str:
    """What taking a model costs."""
    if is_held:
        return "In memory: it answers at once."
    return f"Loading it takes about {short_size(facts.needed_bytes)} of memory." if facts.needed_bytes else ""


def _within(text: str, width: int) -> str:
    """`text`, without its middle where it is wider than so many cells."""
    if cell_len(text) <= width:
        return text
    behind = max(0, width * 2 // 3)
    begin, end = set_cell_size(text, max(0, width - behind - 1)), text[-behind:] if behind else ""
    while cell_len(end) > behind:
        end = end[1:]
    return f"{begin}…{end}" if width > 0 else ""
