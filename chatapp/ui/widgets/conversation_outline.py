"""Which rows the conversation list has: headings, conversations, and what was found in them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from chatapp.core.conversations import Conversation, Found, Hit
from chatapp.core.folding import FoldedText, Sought
from chatapp.ui.widgets.hit_lines import rows_taken


@dataclass(frozen=True)
class HitRow:
    """A row of a hit in the conversation above; `number` counts the hit's rows from 0."""

    hit: Hit
    number: int


Row: TypeAlias = Conversation | HitRow | str
"""A conversation, a row of a hit, or a heading."""


def period(moment: float, today: datetime.date) -> str:
    """The heading under which a time stands: Today, Yesterday or Older."""
    days = (today - datetime.date.fromtimestamp(moment)).days
    return "Today" if days <= 0 else "Yesterday" if days == 1 else "Older"


def heading_of(conversation: Conversation, today: datetime.date) -> str:
    """The heading under which a conversation stands; for one in the trash it says when it was deleted."""
    if conversation.deleted_at is not None:
        return f"Deleted {period(conversation.deleted_at, today).replace('Older', 'earlier').lower()}"
    return "Pinned" if conversation.pinned else period(conversation.updated_at, today)


class Outline:
    """Conversations under headings, the pinned above all, each with its hits below it; hits are `width` cells wide."""

    def __init__(self, conversations: Sequence[Conversation], found: Found, today: datetime.date, width: int) -> None:
        first = [each for each in conversations if each.pinned and each.deleted_at is None]
        rest = [each for each in conversations if not each.pinned or each.deleted_at is not None]
        self.rows: list[Row] = []
        hits: dict[int, list[Hit]] = {}
        for hit in found.hits:
            hits.setdefault(hit.conversation_id, []).append(hit)
        heading = ""
        for conversation in first + rest:
            wanted = heading_of(conversation, today)
            if wanted != heading:
                self.rows += ([""] if self.rows else []) + [wanted]
                heading = wanted
            self.rows.append(conversation)
            for hit in hits.get(conversation.id, ()):
                self.rows += (HitRow(hit, number) for number in range(rows_taken(hit, width)))
        if not found.complete:
            self.rows += ["", "There may be more"]
        self.choices = [
            index
            for index, row in enumerate(self.rows)
            if isinstance(row, Conversation) or (isinstance(row, HitRow) and not row.number)
        ]
        """Where a highlight can stand."""

    @property
    def conversations(self) -> list[Conversation]:
        """Every conversation, from the top."""
        return [row for row in self.rows if isinstance(row, Conversation)]

    @property
    def hits(self) -> list[Hit]:
        """Every hit, from the top."""
        return [row.hit for row in self.rows if isinstance(row, HitRow) and not row.number]

    def row(self, index: int) -> Row:
        """The row at an index, an empty heading where there is none."""
        return self.rows[index] if 0 <= index < len(self.rows) else ""

    def begin_of(self, index: int) -> int:
        """The first row of what a row belongs to."""
        row = self.row(index)
        return index - row.number if isinstance(row, HitRow) else index

    def end_of(self, index: int) -> int:
        """The last row of what begins at a row."""
        following = self.row(index + 1)
        return index + 1 if isinstance(following, HitRow) and following.number else index

    def conversation(self, index: int) -> Conversation | None:
        """The conversation of a row, that of the hit where it is one."""
        for row in reversed(self.rows[: index + 1]):
            if not isinstance(row, HitRow):
                return row if isinstance(row, Conversation) else None
        return None

    def hit(self, index: int) -> Hit | None:
        """The hit of a row."""
        row = self.row(index)
        return row.hit if isinstance(row, HitRow) else None

    def index_of(self, conversation_id: int | None, hit: Hit | None = None) -> int:
        """The row of a hit, else of a conversation, else the first that can be chosen."""
        own: int | None = None
        for index in self.choices:
            row = self.rows[index]
            if isinstance(row, Conversation):
                own = index if row.id == conversation_id else own
            elif hit is not None and self.hit(index) == hit:
                return index
        return own if own is not None else self.first

    def likeliest(self, sought: Sought) -> int:
        """What is most likely meant: the first conversation if its title has a word, else the first hit in it."""
        row = self.row(self.first)
        has_title = isinstance(row, Conversation) and bool(sought.count(FoldedText(row.title)))
        below = self.first + 1
        return below if not has_title and isinstance(self.row(below), HitRow) else self.first

    @property
    def first(self) -> int:
        """The first row that can be chosen."""
        return self.choices[0] if self.choices else 0
