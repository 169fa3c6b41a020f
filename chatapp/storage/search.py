"""Search through everything that was ever said: newest first, in short reads that never keep a save waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from chatapp.core.conversations import Hit
from chatapp.storage.connection import Row
from chatapp.storage.database import Database
from chatapp.storage.excerpt import excerpt
from chatapp.storage.records import decode_parts, float_of, int_of, role_of, searchable_text, storable, text_of
from chatapp.storage.scan import Scan
from chatapp.storage.segment import Term, terms

_HIT_COLUMNS = "m.id, m.conversation_id, c.title, m.role, m.created_at, m.parts"


@dataclass(frozen=True)
class Found:
    """What a search found; `complete` is False where it was cut short before it had looked at everything."""

    hits: tuple[Hit, ...]
    complete: bool


class Search:
    """Finds messages by their words."""

    def __init__(self, database: Database, index_failed: Callable[[], None]) -> None:
        self._database = database
        self._index_failed = index_failed

    def search(self, query: str, *, limit: int = 50, conversation_id: int | None = None) -> list[Hit]:
        """The newest messages outside the trash that have all words of `query`, at most `limit`.

        Words in double quotes stand together. Where fewer than `limit` have the last word as it stands, it may be
        the beginning of a word. Any text is harmless.
        """
        return list(self.find(query, limit=limit, conversation_id=conversation_id).hits)

    def find(
        self, query: str, *, limit: int = 50, conversation_id: int | None = None, patience_s: float = 0.5
    ) -> Found:
        """As `search`, and say whether everything was looked at within `patience_s`."""
        wanted = terms(storable(query))
        give_up_at = time.monotonic() + patience_s
        # Words as they stand come first: the beginnings of a common word are far more work, and seldom what is meant.
        finished = [Term(term.text) for term in wanted]
        for looked_for in (finished, wanted) if finished != wanted else (wanted,):
            found = self._scan(Scan(looked_for, _HIT_COLUMNS, conversation_id=conversation_id), limit, give_up_at)
            if len(found.hits) >= limit:
                break
        return found

    def _scan(self, scan: Scan, limit: int, give_up_at: float) -> Found:
        hits: list[Hit] = []
        while not scan.finished and len(hits) < limit and time.monotonic() < give_up_at:
            rows = self._database.read(partial(scan.step, limit=limit - len(hits)))
            hits.extend(_hit(row, scan.wanted) for row in rows)
        if scan.index_failed:
            self._index_failed()
        return Found(tuple(hits), complete=scan.finished or len(hits) >= limit)


def _hit(row: Row, wanted: Sequence[Term]) -> Hit:
    message_id, conversation_id, title, role, created_at, parts = row
    text, spans = excerpt(searchable_text(decode_parts(parts if isinstance(parts, bytes) else b"")), wanted)
    return Hit(
        conversation_id=int_of(conversation_id),
        conversation_title=text_of(title),
        message_id=int_of(message_id),
        role=role_of(role),
        created_at=float_of(created_at),
        excerpt=text,
        spans=spans,
    )
