"""The full-text index: FTS5 without a copy of the text, kept beside the messages and made anew where it fails.

A message is entered once, when it streams no more. The table `unindexed` names those that are not in it yet, so
that an index that was missing or damaged is filled again in small steps. Changes run inside a transaction.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from functools import cache

from chatapp.storage.connection import in_transaction, number
from chatapp.storage.failure import SQL_ERRORS, primary_code
from chatapp.storage.records import decode_parts, searchable_text, storable
from chatapp.storage.segment import segmented

_TABLE = (
    "CREATE VIRTUAL TABLE message_index USING fts5("
    "text, content='', columnsize=0, prefix='2 3', tokenize='unicode61 remove_diacritics 2')"
)
_PLACES = "CREATE TABLE index_places (message_id INTEGER PRIMARY KEY, conversation_id INTEGER NOT NULL)"
_BATCH = 100
_INDEX_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR}


@cache
def supported() -> bool:
    """Whether this SQLite has FTS5."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        return bool(number(connection, "SELECT count(*) FROM pragma_module_list WHERE name = 'fts5'"))


def present(connection: sqlite3.Connection) -> bool:
    """Whether there is an index, and an SQLite that can read it."""
    found = number(connection, "SELECT count(*) FROM sqlite_schema WHERE name IN ('message_index', 'index_places')")
    return found == 2 and supported()


def prepare(connection: sqlite3.Connection) -> bool:
    """Make the index where it is missing; tell whether this SQLite has full-text search at all."""
    if supported() and not present(connection):
        in_transaction(connection, rebuild)
    return supported()


def damaged(connection: sqlite3.Connection) -> bool:
    """Whether the index contradicts itself; looks at all of it."""
    try:
        connection.execute("INSERT INTO message_index (message_index) VALUES ('integrity-check')")
    except SQL_ERRORS:
        return True
    return False


def repair(connection: sqlite3.Connection) -> None:
    """Begin a new index if this one is damaged."""
    if supported() and (not present(connection) or damaged(connection)):
        rebuild(connection)


def enter(connection: sqlite3.Connection, message_id: int, text: str) -> None:
    """Add a message's text; a failing index never stops the message from being saved."""
    if present(connection):
        _guarded(connection, message_id, _enter, text)
    else:
        _postpone(connection, message_id)


def withdraw(connection: sqlite3.Connection, message_id: int, text: str) -> None:
    """Take out a message whose text was `text`."""
    waiting = connection.execute("DELETE FROM unindexed WHERE message_id = ?", (message_id,)).rowcount
    if not waiting and present(connection):
        _guarded(connection, message_id, _withdraw, text)


def catch_up(connection: sqlite3.Connection) -> bool:
    """Enter some of the messages that wait for it, newest first; tell whether more are left."""
    if not present(connection):
        return False
    rows = connection.execute(
        "SELECT u.message_id, m.parts FROM unindexed u LEFT JOIN messages m ON m.id = u.message_id "
        "ORDER BY u.message_id DESC LIMIT ?",
        (_BATCH,),
    ).fetchall()
    for message_id, parts in rows:
        connection.execute("DELETE FROM unindexed WHERE message_id = ?", (message_id,))
        if parts is not None:
            enter(connection, message_id, searchable_text(decode_parts(parts)))
    return len(rows) == _BATCH


def rebuild(connection: sqlite3.Connection) -> None:
    """Throw the index away and make an empty one; `catch_up` fills it."""
    try:
        connection.execute("DROP TABLE IF EXISTS message_index")
    except sqlite3.DatabaseError:
        _forget(connection)
    connection.execute("DROP TABLE IF EXISTS index_places")
    connection.execute(_TABLE)
    connection.execute(_PLACES)
    connection.execute(
        "INSERT OR IGNORE INTO unindexed (message_id) SELECT id FROM messages WHERE status != 'streaming'"
    )


def _forget(connection: sqlite3.Connection) -> None:
    """Remove an index that is too broken to be dropped: its entry in the schema, then its tables."""
    connection.execute("PRAGMA writable_schema=ON")
    connection.execute("DELETE FROM sqlite_schema WHERE name = 'message_index'")
    connection.execute("PRAGMA writable_schema=RESET")
    for suffix in ("data", "idx", "docsize", "config", "content"):
        connection.execute(f"DROP TABLE IF EXISTS message_index_{suffix}")


def _enter(connection: sqlite3.Connection, message_id: int, text: str) -> None:
    connection.execute("INSERT INTO message_index (rowid, text) VALUES (?, ?)", (message_id, segmented(text)))
    connection.execute(
        "INSERT INTO index_places (message_id, conversation_id) SELECT id, conversation_id FROM messages WHERE id = ?",
        (message_id,),
    )


def _withdraw(connection: sqlite3.Connection, message_id: int, text: str) -> None:
    if not connection.execute("DELETE FROM index_places WHERE message_id = ?", (message_id,)).rowcount:
        return
    connection.execute(
        "INSERT INTO message_index (message_index, rowid, text) VALUES ('delete', ?, ?)",
        (message_id, segmented(text)),
    )


def _guarded(
    connection: sqlite3.Connection,
    message_id: int,
    change: Callable[[sqlite3.Connection, int, str], None],
    text: str,
) -> None:
    connection.execute("SAVEPOINT indexing")
    try:
        change(connection, message_id, storable(text))
    except sqlite3.DatabaseError as error:
        if primary_code(error) not in _INDEX_BROKEN:
            raise
        connection.execute("ROLLBACK TO indexing")
        _postpone(connection, message_id)
    connection.execute("RELEASE indexing")


def _postpone(connection: sqlite3.Connection, message_id: int) -> None:
    connection.execute("INSERT OR IGNORE INTO unindexed (message_id) VALUES (?)", (message_id,))
