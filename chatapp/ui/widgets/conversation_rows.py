"""The rows of the conversation list, drawn as lines so that ten thousand cost what ten do."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from chatapp.core.cleaning import clean_line
from chatapp.core.conversations import Conversation

UNTITLED = "New conversation"


def period(moment: float, today: datetime.date) -> str:
    """The heading under which a time stands: Today, Yesterday or Older."""
    days = (today - datetime.date.fromtimestamp(moment)).days
    return "Today" if days <= 0 else "Yesterday" if days == 1 else "Older"


def short_date(moment: float, today: datetime.date) -> str:
    """The day as its row shows it; empty for today and yesterday, which are headings."""
    then = datetime.datetime.fromtimestamp(moment)
    if (today - then.date()).days <= 1:
        return ""
    if then.year == today.year:
        return f"{then.day} {then:%b}"
    return f"{then:%Y}"


class ConversationRows(ScrollView, can_focus=True):
    """Conversations under headings; a highlighted one moves with the keys, a click opens."""

    DEFAULT_CSS = "ConversationRows { overflow-x: hidden; overflow-y: auto; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--heading", "rows--title", "rows--open", "rows--time", "rows--cursor", "rows--writing",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move(-10)", "Page up", show=False),
        Binding("pagedown", "move(10)", "Page down", show=False),
        Binding("home", "move(-1000000)", "First", show=False),
        Binding("end", "move(1000000)", "Last", show=False),
        Binding("enter,space", "open", "Open", show=False),
    ]

    @dataclass
    class Opened(Message):
        """A conversation is to be opened."""

        conversation_id: int

    class EndNeared(Message):
        """The last rows come into view, and there may be more conversations."""

    def __init__(self) -> None:
        super().__init__(id="conversation-rows")
        self._rows: list[Conversation | str] = []
        self._cursor = 0
        self._open: int | None = None
        self._writing: frozenset[int] = frozenset()
        self._today = datetime.date.today()
        self._more = False
        self.empty_text = "Nothing here yet"

    # --- what is shown

    def show(self, conversations: Sequence[Conversation], *, more: bool = False) -> None:
        """Show these, newest first, the pinned above all; `more` tells that there are others beyond."""
        highlighted = self.highlighted
        self._today, self._more = datetime.date.today(), more
        self._rows = []
        heading = ""
        for conversation in [c for c in conversations if c.pinned] + [c for c in conversations if not c.pinned]:
            wanted = "Pinned" if conversation.pinned else period(conversation.updated_at, self._today)
            if wanted != heading:
                self._rows += ([""] if self._rows else []) + [wanted]
                heading = wanted
            self._rows.append(conversation)
        self.virtual_size = Size(self.size.width, len(self._rows))
        self._cursor = self._index(highlighted.id if highlighted is not None else self._open)
        self.refresh()

    def mark(self, open_id: int | None, writing: Collection[int]) -> None:
        """Mark the conversation that is open and those in which a reply is being written."""
        if open_id != self._open:
            self._open = open_id
            if open_id is not None:
                self._cursor = self._index(open_id)
        self._writing = frozenset(writing)
        self.refresh()

    def step_off(self, conversation_id: int) -> None:
        """Move the highlight from a conversation that goes away to the next one, else to the one before."""
        place = self._cursor
        if self.highlighted is not None and self.highlighted.id == conversation_id:
            self.action_move(1)
            if self._cursor == place:
                self.action_move(-1)

    @property
    def highlighted(self) -> Conversation | None:
        """The conversation under the cursor."""
        row = self._rows[self._cursor] if self._cursor < len(self._rows) else None
        return row if isinstance(row, Conversation) else None

    @property
    def conversations(self) -> list[Conversation]:
        """What is shown, from the top."""
        return [row for row in self._rows if isinstance(row, Conversation)]

    # --- keys and pointer

    def action_move(self, steps: int) -> None:
        """Move the highlight by so many conversations."""
        indices = [index for index, row in enumerate(self._rows) if isinstance(row, Conversation)]
        if not indices:
            return
        place = indices.index(self._cursor) if self._cursor in indices else 0
        self._cursor = indices[min(max(place + steps, 0), len(indices) - 1)]
        top = 0 if self._cursor == indices[0] else self._cursor
        if top < self.scroll_offset.y:
            self.scroll_to(y=top, animate=False)
        elif self._cursor >= self.scroll_offset.y + self.size.height:
            self.scroll_to(y=self._cursor - self.size.height + 1, animate=False)
        self._check_end(self._cursor)
        self.refresh()

    def action_open(self) -> None:
        """Open the highlighted conversation."""
        if (conversation := self.highlighted) is not None:
            self.post_message(self.Opened(conversation.id))

    def on_click(self, event: events.Click) -> None:
        """Open what was clicked."""
        index = event.y + self.scroll_offset.y
        if index < len(self._rows) and isinstance(self._rows[index], Conversation):
            event.stop()
            self._cursor = index
            self.action_open()
            self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Ask for more near the end."""
        super().watch_scroll_y(old_value, new_value)
        self._check_end(round(new_value) + self.size.height)

    def _check_end(self, row: int) -> None:
        if self._more and row > len(self._rows) - 20:
            self._more = False
            self.post_message(self.EndNeared())

    def _index(self, conversation_id: int | None) -> int:
        """The row of a conversation, else the first one's."""
        first = 0
        for index in range(len(self._rows) - 1, -1, -1):
            row = self._rows[index]
            if isinstance(row, Conversation):
                if row.id == conversation_id:
                    return index
                first = index
        return first

    # --- drawing

    def render_line(self, y: int) -> Strip:
        """One row."""
        width = self.size.width
        index = y + self.scroll_offset.y
        base = self.rich_style
        if not self._rows and y == 0:
            return Strip([Segment(f" {self.empty_text}".ljust(width), base + self._style("time"))], width)
        row = self._rows[index] if index < len(self._rows) else ""
        if isinstance(row, str):
            return Strip([Segment(f" {row}".ljust(width), base + self._style("heading"))], width)
        return self._conversation(row, base, width, under_cursor=index == self._cursor)

    def _conversation(self, row: Conversation, base: Style, width: int, *, under_cursor: bool) -> Strip:
        if under_cursor and self.has_focus_within_panel:
            base = base + Style(bgcolor=self._style("cursor").bgcolor)
        is_open, writing = row.id == self._open, row.id in self._writing
        right = "writing" if writing else short_date(row.updated_at, self._today)
        room = width - 3 - len(right) - 1
        title = clean_line(row.title) or UNTITLED
        if cell_len(title) > room:
            title = set_cell_size(title, max(0, room - 1)) + "…"
        return Strip(
            [
                Segment("▌ " if is_open else "  ", base + self._style("open")),
                Segment(set_cell_size(title, room), base + self._style("open" if is_open else "title")),
                Segment(f" {right} ", base + self._style("writing" if writing else "time")),
            ],
            width,
        )

    @property
    def has_focus_within_panel(self) -> bool:
        """Whether the list or the line that filters it has the focus."""
        return self.parent is not None and self.parent.has_pseudo_class("focus-within")

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"rows--{name}", partial=True)
