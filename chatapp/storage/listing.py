"""The conversation list: newest activity first, filtered by words in titles and messages."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice

from chatapp.core.conversations import Conversation
from chatapp.core.folding import folded
from chatapp.storage.connection import Row
from chatapp.storage.database import Database
from chatapp.storage.records import CONVERSATION_COLUMNS, conversation, int_of, storable
from chatapp.storage.scan import ConversationScan
from chatapp.storage.segment import terms

PATIENCE_S = 0.2
_STEP_S = 0.02
_FEW = 500
_LISTED = (
    f"SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE (deleted_at IS NOT NULL) = ? ORDER BY touched DESC LIMIT ?"
)
_TRASHED = _LISTED.replace("touched DESC", "deleted_at DESC, touched DESC")


def conversations(
    database: Database,
    words: str,
    trash: bool,
    limit: int | None,
    *,
    index_failed: Callable[[], None] = lambda: None,
    is_wanted: Callable[[], bool] = lambda: True,
) -> list[Conversation]:
    """Conversations in or outside the trash that have all `words` in their title or in one message.

    Many short reads, so that others read in between; it gives up when it `is_wanted` no longer.
    """
    words = storable(words)
    titled = folded(words.replace('"', " ")).split()
    if not titled:
        return database.read(partial(everything, trash=trash, limit=limit))
    scan = ConversationScan(terms(words), step_s=_STEP_S)
    found = database.read(partial(_with_title, words=titled)) | _with_message(database, scan, is_wanted)
    if scan.index_failed:
        index_failed()
    return database.read(partial(_among, found=found, trash=trash, limit=limit)) if is_wanted() else []


def everything(connection: sqlite3.Connection, *, trash: bool, limit: int | None = None) -> list[Conversation]:
    """All conversations outside the trash, or those in it, the latest deleted first."""
    rows = connection.execute(_TRASHED if trash else _LISTED, (int(trash), -1 if limit is None else limit))
    return [conversation(row) for row in rows]


def _among(connection: sqlite3.Connection, *, found: set[int], trash: bool, limit: int | None) -> list[Conversation]:
    """Those `found`, in order."""
    listed = (conversation(row) for row in _rows(connection, found, trash) if row[0] in found)
    return list(islice(listed, limit))


def _rows(connection: sqlite3.Connection, found: set[int], trash: bool) -> Iterable[Row]:
    """Rows in order, among them those `found`: one by one where they are few, else all there are."""
    listed = _TRASHED if trash else _LISTED
    if len(found) > _FEW:
        return connection.execute(listed, (int(trash), -1))
    chosen = f"AND id IN ({', '.join('?' for _ in found)}) ORDER BY"
    return connection.execute(listed.replace("ORDER BY", chosen), (int(trash), *found, -1))


def _with_title(connection: sqlite3.Connection, *, words: list[str]) -> set[int]:
    contained = " AND ".join("instr(folded_title, ?)" for _ in words[:16])
    return {row[0] for row in connection.execute(f"SELECT id FROM conversations WHERE {contained}", words[:16])}


def _with_message(database: Database, scan: ConversationScan, is_wanted: Callable[[], bool]) -> set[int]:
    """Conversations with a message that matches, as far as they are found within the patience."""
    found: set[int] = set()
    give_up_at = time.monotonic() + PATIENCE_S
    while not scan.finished and time.monotonic() < give_up_at and is_wanted():
        found.update(int_of(row[0]) for row in database.read(scan.step))
    return found
