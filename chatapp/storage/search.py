"""Search through everything that was ever said: newest first, in short reads that never keep a save waiting."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from chatapp.core.conversations import Found, Hit
from chatapp.storage.connection import Row
from chatapp.storage.database import Database
from chatapp.storage.excerpt import excerpt
from chatapp.storage.records import decode_parts, float_of, int_of, role_of, searchable_text, storable, text_of
from chatapp.storage.scan import STEP_S, Scan
from chatapp.storage.segment import Term, terms

_HIT_COLUMNS = "m.id, m.conversation_id, c.title, m.role, m.created_at, m.parts"
_HITS = f"SELECT {_HIT_COLUMNS} FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE m.id IN "
_SHARED_STEP_S = 0.02
"""How long a read lasts at most where the screen reads beside it."""
_STRIDE = 500
"""So many matches are looked at in one read where not all of them are kept."""


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

        def newest(wanted: Sequence[Term], give_up_at: float) -> Found:
            hits: list[Hit] = []
            scan = Scan(wanted, _HIT_COLUMNS, conversation_id=conversation_id, step_s=STEP_S)
            while not scan.finished and len(hits) < limit and time.monotonic() < give_up_at:
                rows = self._database.read(partial(scan.step, limit=limit - len(hits)))
                hits.extend(_hit(row, scan.wanted) for row in rows)
            self._note(scan)
            return Found(hits=tuple(hits), complete=scan.finished or len(hits) >= limit)

        return _find(query, limit, patience_s, newest)

    def find_in_each(
        self,
        query: str,
        *,
        limit: int = 100,
        each: int = 3,
        patience_s: float = 0.5,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> Found:
        """As `find`, at most `each` of one conversation; it gives up when it `is_wanted` no longer."""

        def spread(wanted: Sequence[Term], give_up_at: float) -> Found:
            kept: list[int] = []
            owners: Counter[int] = Counter()
            scan = Scan(wanted, "m.id, m.conversation_id", step_s=_SHARED_STEP_S)
            while not scan.finished and len(kept) < limit and time.monotonic() < give_up_at and is_wanted():
                for message_id, owner, *_ in self._database.read(partial(scan.step, limit=_STRIDE)):
                    owners[int_of(owner)] += 1
                    if owners[int_of(owner)] <= each and len(kept) < limit:
                        kept.append(int_of(message_id))
            self._note(scan)
            rows = self._database.read(partial(_rows, ids=kept)) if kept else []
            hits = tuple(_hit(row, scan.wanted) for row in rows)
            return Found(hits=hits, complete=scan.finished or len(kept) >= limit)

        return _find(query, limit, patience_s, spread)

    def _note(self, scan: Scan) -> None:
        if scan.index_failed:
            self._index_failed()


def _find(query: str, limit: int, patience_s: float, look: Callable[[Sequence[Term], float], Found]) -> Found:
    """Look for the words as they stand, and for beginnings too where these are not enough."""
    wanted = terms(storable(query))
    give_up_at = time.monotonic() + patience_s
    # Words as they stand come first: the beginnings of a common word are far more work, and seldom what is meant.
    found = look([Term(term.text) for term in wanted], give_up_at)
    if len(found.hits) < limit and any(term.unfinished for term in wanted):
        begun = look(wanted, give_up_at)
        found = begun if begun.complete or len(begun.hits) > len(found.hits) else found
        found = Found(hits=found.hits, complete=begun.complete)
    return Found(hits=found.hits, words=tuple(term.text for term in wanted), complete=found.complete)


def _rows(connection: sqlite3.Connection, *, ids: Sequence[int]) -> list[Row]:
    places = ", ".join("?" for _ in ids)
    return connection.execute(f"{_HITS} ({places}) ORDER BY m.id DESC", tuple(ids)).fetchall()


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
