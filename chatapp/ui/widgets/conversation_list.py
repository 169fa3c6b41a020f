"""The left panel: type to filter, arrows and enter to open."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from chatapp.core.conversations import Conversation, Found
from chatapp.ui.keymap import Keymap
from chatapp.ui.messages import ConversationChosen, HitChosen
from chatapp.ui.widgets.conversation_rows import TRASH, ConversationRows

FIRST_PAGE = 200
SEARCH = "Search titles and messages"
_TYPING_PAUSE_S = 0.06


class Filter(Input):
    """What the list is filtered by. With nothing right of its cursor, delete means the highlighted conversation."""

    def __init__(self) -> None:
        super().__init__(placeholder=SEARCH, id="conversation-filter", compact=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the key to the list where it would delete nothing here."""
        if action == "delete_right" and self.selection.is_empty and self.cursor_position >= len(self.value):
            return False
        return super().check_action(action, parameters)


class ConversationList(Vertical):
    """Shows what it is given; asks for other conversations with `Wanted`.

    It lists the conversations, or while it is `in_trash` the deleted ones.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move(-10)", "Page up", show=False),
        Binding("pagedown", "move(10)", "Page down", show=False),
    ]

    @dataclass
    class Wanted(Message):
        """Conversations with these words are to be shown, at most `limit`; those in the trash where `in_trash`."""

        words: str
        limit: int
        in_trash: bool

    class NewWanted(Message):
        """The line for a new conversation was clicked."""

    @dataclass
    class RestoreWanted(Message):
        """A conversation in the trash was picked to be brought back."""

        conversation_id: int

    def __init__(self, keymap: Keymap) -> None:
        super().__init__(id="conversation-list")
        keymap.bind(self, "screen.perform('{id}')", "list")
        self._keymap = keymap
        self._limit = FIRST_PAGE
        self._pause: Timer | None = None
        self._query = ""
        self._opens_first = False
        self._found = Found()
        self._in_trash = False

    def compose(self) -> ComposeResult:
        """Heading, filter, rows, and what the keys do."""
        yield Static(self._top_line(), id="new-conversation", markup=False)
        yield Filter()
        yield ConversationRows()
        yield Static(self._hint(), classes="panel-hint", markup=False)

    @property
    def rows(self) -> ConversationRows:
        """The list itself."""
        return self.query_one(ConversationRows)

    @property
    def words(self) -> str:
        """What the list is filtered by."""
        return self.query_one(Filter).value.strip()

    @property
    def shown_query(self) -> str:
        """What was looked for to show what is shown; `words` runs ahead of it while somebody types."""
        return self._query

    @property
    def in_trash(self) -> bool:
        """Whether it lists what was deleted."""
        return self._in_trash

    @in_trash.setter
    def in_trash(self, in_trash: bool) -> None:
        if in_trash == self._in_trash:
            return
        self._in_trash = in_trash
        self.set_class(in_trash, "-trash")
        field = self.query_one(Filter)
        with field.prevent(Input.Changed):
            field.value = ""
        field.set_reactive(Input.placeholder, "Search titles in the trash" if in_trash else SEARCH)
        field.refresh()
        self.query_one("#new-conversation", Static).update(self._top_line())
        self.query_one(".panel-hint", Static).update(self._hint())
        self._limit, self._query, self._opens_first = FIRST_PAGE, "", False
        self.rows.empty_text = ""
        self.rows.show(())
        self._ask_at_once()

    def show(self, conversations: Sequence[Conversation], found: Found | None = None, *, query: str = "") -> None:
        """Show these conversations, and what was `found` in them by `query`."""
        self._query, self._found = query, found or Found()
        rows = self.rows
        if self.in_trash:
            rows.empty_text = "Nothing found in the trash" if self.words else "The trash is empty"
        else:
            rows.empty_text = "Nothing found" if self.words else "Nothing here yet"
        rows.show(conversations, self._found, more=len(conversations) >= self._limit)
        if self._opens_first and query == self.words:
            self._opens_first = False
            rows.action_open()

    def point_at(self, conversation_id: int) -> None:
        """Show where a conversation is that came back, as soon as it is listed again."""
        self.rows.mark_returned(conversation_id)
        self.ask()

    def mark(self, open_id: int | None, writing: Collection[int]) -> None:
        """Mark the open conversation and those being written."""
        self.rows.mark(open_id, writing)

    def ask(self) -> None:
        """Ask for the conversations anew."""
        self.post_message(self.Wanted(self.words, self._limit, self.in_trash))

    def take_focus(self, then: Callable[[], None] = lambda: None) -> None:
        """Let typing filter; call `then` when it does."""
        self.query_one(Filter).focus()
        then()

    def clear_filter(self) -> bool:
        """Show all conversations again; whether a filter was on, or the trash was shown."""
        field = self.query_one(Filter)
        had = bool(field.value) or self.in_trash
        self.in_trash = False
        field.value = ""
        return had

    def on_hide(self) -> None:
        """A list that is opened again shows all."""
        if not self.display:
            self.clear_filter()

    def action_move(self, steps: int) -> None:
        """Move the highlight while the filter has the focus."""
        self.rows.action_move(steps)

    @on(Input.Changed, "#conversation-filter")
    def filter_typed(self, event: Input.Changed) -> None:
        """Filter once the typing pauses."""
        event.stop()
        self._limit = FIRST_PAGE
        self._opens_first = False
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(_TYPING_PAUSE_S, self.ask)

    def _ask_at_once(self) -> None:
        if self._pause is not None:
            self._pause.stop()
        self.ask()

    @on(Input.Submitted, "#conversation-filter")
    def filter_submitted(self, event: Input.Submitted) -> None:
        """Open the highlighted one, once what was typed has been looked for."""
        event.stop()
        if self.words == self._query:
            self.rows.action_open()
        else:
            self._opens_first = True
            self._ask_at_once()

    @on(ConversationRows.Opened)
    def row_opened(self, event: ConversationRows.Opened) -> None:
        """Tell which conversation was picked, or what was found in it."""
        event.stop()
        if self.in_trash:
            self.post_message(self.RestoreWanted(event.conversation_id))
        elif event.hit is None:
            self.post_message(ConversationChosen(event.conversation_id))
        else:
            words = self._found.words
            self.post_message(HitChosen(event.conversation_id, event.hit.message_id, self._query, words))

    @on(ConversationRows.EndNeared)
    def show_more(self, event: ConversationRows.EndNeared) -> None:
        """Ask for four times as many."""
        event.stop()
        self._limit *= 4
        self.ask()

    def on_click(self, event: object) -> None:
        """The first line begins a new conversation; that of the trash leads out of it."""
        widget = getattr(event, "widget", None)
        if widget is not None and widget.id == "new-conversation":
            if self.in_trash:
                self.in_trash = False
            else:
                self.post_message(self.NewWanted())

    def on_descendant_focus(self) -> None:
        """The highlight shows only where keys move it."""
        self.rows.refresh()

    def on_descendant_blur(self) -> None:
        """The highlight shows only where keys move it."""
        self.rows.refresh()

    def _top_line(self) -> Content:
        if self.in_trash:
            leave = self._keymap.shown("stop-reply")
            return Content.assemble(
                (f"{TRASH} TRASH", "$warning bold"), (f"  {leave} leaves it" * bool(leave), "$faint")
            )
        return Content.assemble(
            ("+ New conversation", "$primary"), (f"  {self._keymap.shown('new-conversation')}", "$faint")
        )

    def _hint(self) -> Content:
        keys = [("⏎", "restore" if self.in_trash else "open")]
        own = {"rename-conversation": "rename", "delete-conversation": "delete"}
        if self.in_trash:
            own = {"delete-conversation": "delete for good"}
        keys += [(self._keymap.shown(name), word) for name, word in own.items()]
        parts = [Content.assemble((key, "$muted"), (f" {word}", "$faint")) for key, word in keys if key]
        return Content("  ").join(parts)
