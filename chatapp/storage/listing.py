"""The conversation list: newest activity first, filtered by words in titles and messages."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable
from itertools import islice

from chatapp.core.conversations import Conversation
from chatapp.storage.connection import Row
from chatapp.storage.records import CONVERSATION_COLUMNS, conversation, int_of, storable
from chatapp.storage.scan import ConversationScan
from chatapp.storage.segment import folded, terms

PATIENCE_S = 0.2
_FEW = 500
_LISTED = (
    f"SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE (deleted_at IS NOT NULL) = ? ORDER BY touched DESC LIMIT ?"
)


def conversations(
    connection: sqlite3.Connection,
    words: str,
    trash: bool,
    limit: int | None,
    index_failed: Callable[[], None] = lambda: None,
) -> list[Conversation]:
    """Conversations in or outside the trash that have all `words` in their title or in one message."""
    words = storable(words)
    titled = folded(words.replace('"', " ")).split()
    if not titled:
        rows = connection.execute(_LISTED, (int(trash), -1 if limit is None else limit))
        return [conversation(row) for row in rows]
    scan = ConversationScan(terms(words))
    found = _with_title(connection, titled) | _with_message(connection, scan)
    if scan.index_failed:
        index_failed()
    listed = (conversation(row) for row in _rows(connection, found, trash) if row[0] in found)
    return list(islice(listed, limit))


def _rows(connection: sqlite3.Connection, found: set[int], trash: bool) -> Iterable[Row]:
    """Rows in order, among them those `found`: one by one where they are few, else all there are."""
    if len(found) > _FEW:
        return connection.execute(_LISTED, (int(trash), -1))
    chosen = f"AND id IN ({', '.join('?' for _ in found)}) ORDER BY"
    return connection.execute(_LISTED.replace("ORDER BY", chosen), (int(trash), *found, -1))


def _with_title(connection: sqlite3.Connection, words: list[str]) -> set[int]:
    contained = " AND ".join("instr(folded_title, ?)" for _ in words[:16])
    return {row[0] for row in connection.execute(f"SELECT id FROM conversations WHERE {contained}", words[:16])}


def _with_message(connection: sqlite3.Connection, scan: ConversationScan) -> set[int]:
    """Conversations with a message that matches, as far as they are found within the patience."""
    found: set[int] = set()
    give_up_at = time.monotonic() + PATIENCE_S
    while not scan.finished and time.monotonic() < give_up_at:
        found.update(int_of(row[0]) for row in scan.step(connection))
    return found
