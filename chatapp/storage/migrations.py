"""The schema, as numbered steps from an empty database to today's.

A step is never changed once released; a change is another step. The full-text index is not here, because it can
be made anew from the messages at any time.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from functools import cache

from chatapp.storage.connection import connect_memory, number

APPLICATION_ID = 0x63686174  # "chat"

_CONVERSATIONS_AND_MESSAGES = """
CREATE TABLE conversations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    folded_title TEXT NOT NULL,
    model TEXT NOT NULL,
    leaf_id INTEGER,
    message_count INTEGER NOT NULL DEFAULT 0,
    pinned INTEGER NOT NULL DEFAULT 0,
    touched INTEGER NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    deleted_at REAL,
    edits TEXT NOT NULL,
    system_prompt TEXT NOT NULL
);
CREATE INDEX conversations_touched ON conversations(touched);
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER NOT NULL REFERENCES conversations(id),
    parent_id INTEGER REFERENCES messages(id),
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    writer TEXT NOT NULL,
    created_at REAL NOT NULL,
    parts TEXT NOT NULL
);
CREATE INDEX messages_tree ON messages(conversation_id, parent_id, role);
CREATE INDEX messages_streaming ON messages(writer) WHERE status = 'streaming';
CREATE TABLE setups (
    id INTEGER PRIMARY KEY,
    content TEXT NOT NULL
);
CREATE TABLE generations (
    message_id INTEGER PRIMARY KEY REFERENCES messages(id),
    setup_id INTEGER NOT NULL REFERENCES setups(id),
    detail TEXT NOT NULL,
    token_ids BLOB NOT NULL
);
CREATE INDEX generations_setup ON generations(setup_id);
CREATE TABLE unindexed (
    message_id INTEGER PRIMARY KEY
);
"""

_TOKEN_DETAILS = """
CREATE TABLE token_details (
    message_id INTEGER PRIMARY KEY REFERENCES messages(id),
    content BLOB NOT NULL
);
"""

_OVERFLOW = "ALTER TABLE conversations ADD COLUMN overflow TEXT NOT NULL DEFAULT 'stop';\n"

_MARKS = """
ALTER TABLE messages ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN edited INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN deleted_with INTEGER;
CREATE INDEX messages_deleted ON messages(conversation_id) WHERE deleted_with IS NOT NULL;
"""

_ORIGIN = """
ALTER TABLE conversations ADD COLUMN origin TEXT NOT NULL DEFAULT '';
CREATE INDEX conversations_origin ON conversations(origin) WHERE origin != '';
CREATE INDEX conversations_created ON conversations(created_at);
"""

MIGRATIONS: tuple[str, ...] = (_CONVERSATIONS_AND_MESSAGES, _TOKEN_DETAILS, _OVERFLOW, _MARKS, _ORIGIN)
"""Each step as SQL; the schema's version is how many of them a database has taken."""

VERSION = len(MIGRATIONS)

COLUMNS = {
    "conversations": "id, title, folded_title, model, leaf_id, message_count, pinned, touched, created_at, updated_at, "
    "deleted_at, edits, system_prompt, overflow, origin",
    "messages": "id, conversation_id, parent_id, role, status, writer, created_at, parts, pinned, edited, deleted_with",
    "setups": "id, content",
    "generations": "message_id, setup_id, detail, token_ids",
    "token_details": "message_id, content",
}
"""The columns of every table that can't be made anew from the others; the first is the row's number."""


def version(connection: sqlite3.Connection) -> int:
    """How many steps the database has taken."""
    return number(connection, "PRAGMA user_version")


def migrate(connection: sqlite3.Connection, steps: Sequence[str] = MIGRATIONS) -> None:
    """Take the steps that are missing, all in one transaction; harmless where none is."""
    if version(connection) >= len(steps):
        return
    connection.execute("BEGIN EXCLUSIVE")
    try:
        for step in steps[version(connection) :]:
            for statement in step.split(";\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def columns_in(connection: sqlite3.Connection, table: str) -> str:
    """Those of `COLUMNS` that `table` has in this database; all of them where that can't be told."""
    present = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    names = {name.decode() if isinstance(name, bytes) else name for name in present}
    return ", ".join(column for column in COLUMNS[table].split(", ") if column in names) or COLUMNS[table]


def schema(connection: sqlite3.Connection) -> dict[bytes, bytes]:
    """The definitions of tables and indexes by name, without those of the full-text index."""
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name != 'sqlite_sequence' "
        "AND name NOT LIKE 'message_index%' AND name != 'index_places'"
    )
    return dict(rows.fetchall())


@cache
def expected_schema() -> dict[bytes, bytes]:
    """The schema of a database that has taken all steps."""
    with contextlib.closing(connect_memory()) as connection:
        migrate(connection)
        return schema(connection)


def placeholders(columns: str) -> str:
    """As many question marks as there are columns."""
    return ", ".join("?" for _ in columns.split(","))
