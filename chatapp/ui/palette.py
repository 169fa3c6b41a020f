"""The palette: every action, the themes, the latest conversations, found by a few letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.theme import Theme
from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from chatapp.core.cleaning import clean_line
from chatapp.core.conversations import Conversation
from chatapp.ui.actions import ACTIONS
from chatapp.ui.keymap import Keymap

_HIDDEN = ("send-message", "new-line", "scroll-up", "scroll-down", "open-palette", "interrupt")
_WIDTH, _SHARE, _FRAME = 90, 0.96, 7
"""Cells of the palette, at most that share of the screen, and what of them is border and scrollbar."""
_LABEL = 22
_SHORTEST_HELP = 12


@dataclass(frozen=True)
class Entry:
    """One line of the palette: `id` is answered, `label` and `help` are searched, `right` is shown at the edge."""

    id: str
    label: str
    help: str = ""
    right: str = ""
    kind: str = ""


def action_entries(keymap: Keymap) -> list[Entry]:
    """Every action that makes sense there, with its key."""
    return [
        Entry(f"action:{action.id}", action.label, action.help, keymap.shown(action.id))
        for action in ACTIONS.values()
        if action.id not in _HIDDEN
    ]


def conversation_entries(conversations: Iterable[Conversation]) -> list[Entry]:
    """Conversations to go to; they show once something is typed."""
    return [
        Entry(f"conversation:{conversation.id}", clean_line(conversation.title), "", "conversation", "conversation")
        for conversation in conversations
        if conversation.title
    ]


def theme_entries(themes: Mapping[str, Theme], current: str) -> list[Entry]:
    """All themes, the one in use first."""
    names = sorted(themes, key=lambda name: (name != current, not themes[name].dark, name))
    return [Entry(name, name, "", "dark" if themes[name].dark else "light") for name in names]


def rank(entry: Entry, words: str) -> int | None:
    """How well an entry answers what was typed, 0 being best; None where it does not."""
    wanted = words.lower().split()
    label, text = entry.label.lower(), f"{entry.label} {entry.help}".lower()
    if not wanted:
        return None if entry.kind == "conversation" else 0
    if all(word in label for word in wanted):
        return 0 if label.startswith(wanted[0]) else 1
    if all(word in text for word in wanted):
        return 2
    return 3 if _scattered("".join(wanted), label) else None


def _scattered(letters: str, text: str) -> bool:
    """Whether all letters stand in `text` in this order."""
    rest = iter(text)
    return all(letter in rest for letter in letters)


class Palette(ModalScreen[str | None]):
    """Answers with the id of the chosen entry. `preview` is told of every entry that is highlighted.

    `nothing` is shown where no entry fits what was typed; `typed` stands there from the beginning.
    """

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialogs/dialog.tcss", "dialogs/palette.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+p", "dismiss(None)", "Close", show=False, priority=True),
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("pageup", "move(-8)", "Page up", show=False, priority=True),
        Binding("pagedown", "move(8)", "Page down", show=False, priority=True),
    ]

    def __init__(
        self,
        title: str,
        entries: Sequence[Entry],
        *,
        nothing: str = "No action is called so",
        preview: Callable[[str], None] | None = None,
        typed: str = "",
    ) -> None:
        super().__init__()
        self._title = title
        self._entries = entries
        self._nothing = nothing
        self._preview = preview
        self._typed = typed
        self._found: list[Entry] = []

    def compose(self) -> ComposeResult:
        """A line to type in above what it finds."""
        with Vertical(id="palette"):
            yield Input(self._typed, placeholder=self._title, id="palette-input", compact=True, select_on_focus=False)
            yield OptionList(id="palette-list", markup=False)
            yield from self.below()

    def below(self) -> Iterable[Widget]:
        """What stands below the list."""
        return ()

    def on_mount(self) -> None:
        """Show everything at first."""
        self._search(self._typed)

    def on_resize(self) -> None:
        """Fit the lines to another width."""
        self.call_after_refresh(lambda: self._search(self.query_one(Input).value))  # what is typed by then

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Show what is found."""
        event.stop()
        self._search(event.value)

    @on(Input.Submitted)
    def accept(self, event: Input.Submitted) -> None:
        """Answer with the highlighted entry."""
        event.stop()
        if (entry := self.chosen) is not None:
            self.take(entry)

    @on(OptionList.OptionSelected)
    def clicked(self, event: OptionList.OptionSelected) -> None:
        """Answer with what was clicked."""
        event.stop()
        self.take(self._found[event.option_index])

    @property
    def chosen(self) -> Entry | None:
        """The highlighted entry."""
        highlighted = self.query_one(OptionList).highlighted
        return self._found[highlighted] if highlighted is not None and highlighted < len(self._found) else None

    def take(self, entry: Entry) -> None:
        """Answer with an entry."""
        self.dismiss(entry.id)

    def find(self, words: str) -> list[Entry]:
        """The entries that answer what was typed, the best first."""
        ranked = [(rank(entry, words), index) for index, entry in enumerate(self._entries)]
        ordered = sorted((found, index) for found, index in ranked if found is not None)
        return [self._entries[index] for _, index in ordered]

    def line(self, entry: Entry, width: int) -> Content:
        """How an entry is shown."""
        return columns(entry, width)

    @on(OptionList.OptionHighlighted)
    def highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Let the preview show it."""
        event.stop()
        if self._preview is not None and event.option_index < len(self._found):
            self._preview(self._found[event.option_index].id)

    def on_click(self, event: events.Click) -> None:
        """A click beside the palette closes it."""
        if event.widget is self:
            self.dismiss(None)

    def action_move(self, steps: int) -> None:
        """Move the highlight."""
        options = self.query_one(OptionList)
        if self._found:
            place = (options.highlighted or 0) + steps
            options.highlighted = (
                place % options.option_count if abs(steps) == 1 else min(max(place, 0), options.option_count - 1)
            )

    @property
    def _width(self) -> int:
        return min(_WIDTH, int(self.size.width * _SHARE)) - _FRAME

    def _search(self, words: str) -> None:
        self._found = self.find(words)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(Content.assemble(self.line(entry, self._width))) for entry in self._found])
        if self._found:
            options.highlighted = 0
        else:
            options.add_option(Option(Content.assemble((self._nothing, "$muted")), disabled=True))


def columns(entry: Entry, width: int, label_width: int = _LABEL) -> Content:
    """Label, help and key in columns; the help gives way first."""
    right = _cut(entry.right, width // 2)
    room = width - cell_len(right) - 2
    label = _cut(entry.label, room)
    column = max(cell_len(label), min(label_width, room)) + 2 if entry.help else cell_len(label)
    help_text = _cut(entry.help, room - column) if room - column >= _SHORTEST_HELP else ""
    gap = width - column - cell_len(help_text) - cell_len(right)
    return Content.assemble(
        (label + " " * (column - cell_len(label)), "$foreground"),
        (help_text, "$muted"),
        " " * max(0, gap),
        (right, "$primary"),
    )


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)) + "…"
