"""The rows of the conversation list, drawn as lines so that ten thousand cost what ten do."""

from __future__ import annotations

import datetime
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from chatapp.core.cleaning import clean_line
from chatapp.core.conversations import Conversation, Found, Hit
from chatapp.core.folding import FoldedText, Sought
from chatapp.ui.widgets.conversation_outline import HitRow, Outline
from chatapp.ui.widgets.hit_lines import Marked, cropped, hit_lines, segments_of

UNTITLED = "New conversation"
TRASH = "✕"
"""What stands before a conversation in the trash, and before the name of the trash."""
_OPEN, _BACK, _PLAIN = "▌", "↩", " "
_INDENT = 4
"""Cells left of a hit."""


def short_date(moment: float, today: datetime.date) -> str:
    """The day as its row shows it; empty for today and yesterday, which are headings."""
    then = datetime.datetime.fromtimestamp(moment)
    if (today - then.date()).days <= 1:
        return ""
    if then.year == today.year:
        return f"{then.day} {then:%b}"
    return f"{then:%Y}"


class ConversationRows(ScrollView, can_focus=True):
    """Conversations under headings, with what was found in them; a highlight moves with the keys, a click opens."""

    DEFAULT_CSS = "ConversationRows { overflow-x: hidden; overflow-y: auto; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--heading", "rows--title", "rows--open", "rows--time", "rows--cursor", "rows--writing", "rows--hit",
        "rows--found",
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
        """A conversation is to be opened, at a hit where there is one."""

        conversation_id: int
        hit: Hit | None

    class EndNeared(Message):
        """The last rows come into view, and there may be more conversations."""

    def __init__(self) -> None:
        super().__init__(id="conversation-rows")
        self._conversations: list[Conversation] = []
        self._found = Found()
        self._outline = Outline((), self._found, datetime.date.today(), 0)
        self._sought = Sought(())
        self._width = 0
        self._hit_lines: dict[int, list[Marked]] = {}
        self._cursor = 0
        self._open: int | None = None
        self._writing: frozenset[int] = frozenset()
        self._back: int | None = None
        self._go_to: int | None = None
        self._today = datetime.date.today()
        self._more = False
        self.empty_text = "Nothing here yet"

    # --- what is shown

    def show(self, conversations: Sequence[Conversation], found: Found | None = None, *, more: bool = False) -> None:
        """Show these, newest first, with what was found in them; `more` tells that there are others beyond."""
        highlighted, hit = self.highlighted, self.highlighted_hit
        begun_anew = found is not None and found.words != self._found.words
        self._today, self._more = datetime.date.today(), more
        self._conversations, self._found = list(conversations), found or Found()
        self._sought = Sought(self._found.words)
        self._lay_out()
        if begun_anew:
            self._cursor = self._outline.likeliest(self._sought)
            self.scroll_to(y=0, animate=False)
        else:
            self._cursor = self._outline.index_of(highlighted.id if highlighted is not None else self._open, hit)
        if self._go_to in {conversation.id for conversation in self.conversations if conversation.deleted_at is None}:
            self._cursor, self._go_to = self._outline.index_of(self._go_to), None
            self.action_move(0)
        self.refresh()

    def _lay_out(self) -> None:
        self._width = self.size.width
        self._hit_lines.clear()
        self._outline = Outline(self._conversations, self._found, self._today, self._width - _INDENT)
        self.virtual_size = Size(self.size.width, len(self._outline.rows))

    def on_resize(self) -> None:
        """Wrap the hits anew."""
        if self._found.hits and self.size.width != self._width:
            highlighted, hit = self.highlighted, self.highlighted_hit
            self._lay_out()
            self._cursor = self._outline.index_of(highlighted.id if highlighted is not None else None, hit)

    def mark(self, open_id: int | None, writing: Collection[int]) -> None:
        """Mark the conversation that is open and those in which a reply is being written."""
        if open_id == self._back:
            self._back = None
        if open_id != self._open:
            self._open = open_id
            if open_id is not None and (self.highlighted is None or self.highlighted.id != open_id):
                self._cursor = self._outline.index_of(open_id)
        self._writing = frozenset(writing)
        self.refresh()

    def mark_returned(self, conversation_id: int) -> None:
        """Mark a conversation that came back from the trash until it is opened; once it is listed, go to it."""
        self._back = conversation_id
        self._go_to = conversation_id

    def step_off(self, conversation_id: int) -> None:
        """Move the highlight from a conversation that goes away to the next one, else to the one before."""
        place = self._cursor
        if self.highlighted is not None and self.highlighted.id == conversation_id:
            self.action_move(1)
            if self._cursor == place:
                self.action_move(-1)

    @property
    def highlighted(self) -> Conversation | None:
        """The conversation under the cursor, that of the hit where the cursor is on one."""
        return self._outline.conversation(self._cursor)

    @property
    def highlighted_hit(self) -> Hit | None:
        """The hit under the cursor."""
        return self._outline.hit(self._cursor)

    @property
    def conversations(self) -> list[Conversation]:
        """What is shown, from the top."""
        return self._outline.conversations

    @property
    def hits(self) -> list[Hit]:
        """The hits that are shown, from the top."""
        return self._outline.hits

    # --- keys and pointer

    def action_move(self, steps: int) -> None:
        """Move the highlight by so many conversations and hits."""
        choices = self._outline.choices
        if not choices:
            return
        place = bisect_left(choices, self._cursor)
        self._cursor = choices[min(max(place + steps, 0), len(choices) - 1)]
        top = 0 if self._cursor == choices[0] else self._cursor
        last = self._outline.end_of(self._cursor)
        if top < self.scroll_offset.y:
            self.scroll_to(y=top, animate=False)
        elif last >= self.scroll_offset.y + self.size.height:
            self.scroll_to(y=last - self.size.height + 1, animate=False)
        self._check_end(self._cursor)
        self.refresh()

    def action_open(self) -> None:
        """Open what is highlighted."""
        if (conversation := self.highlighted) is not None:
            self.post_message(self.Opened(conversation.id, self.highlighted_hit))

    def on_click(self, event: events.Click) -> None:
        """Open what was clicked."""
        index = event.y + self.scroll_offset.y
        if not isinstance(self._outline.row(index), str):
            event.stop()
            self._cursor = self._outline.begin_of(index)
            self.action_open()
            self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Ask for more near the end."""
        super().watch_scroll_y(old_value, new_value)
        self._check_end(round(new_value) + self.size.height)

    def _check_end(self, row: int) -> None:
        if self._more and row > len(self._outline.rows) - 20:
            self._more = False
            self.post_message(self.EndNeared())

    # --- drawing

    def render_line(self, y: int) -> Strip:
        """One row."""
        width = self.size.width
        index = y + self.scroll_offset.y
        base = self.rich_style
        if not self._outline.rows and y == 0:
            return self._words(self.empty_text, base + self._style("time"))
        row = self._outline.row(index)
        if isinstance(row, str):
            return self._words(row, base + self._style("heading"))
        if self._outline.begin_of(index) == self._cursor and self.has_focus_within_panel:
            base = base + Style(bgcolor=self._style("cursor").bgcolor)
        return self._hit(row, base, width) if isinstance(row, HitRow) else self._conversation(row, base, width)

    def _words(self, text: str, style: Style) -> Strip:
        return Strip([Segment(f" {text}", style)]).adjust_cell_length(self.size.width, style)

    def _conversation(self, row: Conversation, base: Style, width: int) -> Strip:
        is_open, writing = row.id == self._open, row.id in self._writing
        moment = row.updated_at if row.deleted_at is None else row.deleted_at
        right = "writing" if writing else short_date(moment, self._today)
        room = max(1, width - 3 - len(right) - 1)
        title = set_cell_size(cropped(clean_line(row.title) or UNTITLED, room), room)
        spans = self._sought.ranges(FoldedText(title)) if self._sought else []
        style = base + self._style("open" if is_open or row.id == self._back else "title")
        return Strip(
            [
                Segment(f"{self._sign(row)} ", base + self._style("time" if row.deleted_at is not None else "open")),
                *segments_of(title, spans, style, self._style("found")),
                Segment(f" {right} ", base + self._style("writing" if writing else "time")),
            ]
        ).adjust_cell_length(width, base)

    def _sign(self, row: Conversation) -> str:
        """What stands left of a title: whether it is open, lies in the trash, or came back from there."""
        if row.deleted_at is not None:
            return TRASH
        return _OPEN if row.id == self._open else _BACK if row.id == self._back else _PLAIN

    def _hit(self, row: HitRow, base: Style, width: int) -> Strip:
        """A line of a hit; whose words they are is told by the sign before them."""
        lines = self._hit_lines.get(row.hit.message_id)
        if lines is None:
            lines = self._hit_lines[row.hit.message_id] = hit_lines(row.hit, self._width - _INDENT)
        text, spans = lines[row.number] if row.number < len(lines) else Marked("", ())
        sign = "" if row.number else "›" if row.hit.role == "user" else "·"
        style = base + self._style("hit")
        left = Segment(f"  {sign}".ljust(_INDENT), base + self._style("time"))
        return Strip([left, *segments_of(text, spans, style, self._style("found"))]).adjust_cell_length(width, base)

    @property
    def has_focus_within_panel(self) -> bool:
        """Whether the list or the line that filters it has the focus."""
        return self.parent is not None and self.parent.has_pseudo_class("focus-within")

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"rows--{name}", partial=True)
