"""What goes on in memory while the file can't be written, and its way back into the file.

The refuge begins as a copy of the file where that can be read. Triggers note every row that changes; those rows
are written to the file, in one transaction, as soon as that is possible. New rows get numbers well above the
file's, since another process may go on to write there; should it have used one all the same, the refuge's row
gets another number.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import time
from pathlib import Path

from chatapp.core.paths import ensure_private_directory
from chatapp.storage import backup, index
from chatapp.storage.atomic import create_private, sync_directory
from chatapp.storage.connection import Row, connect, connect_memory, connect_read_only, copy, in_transaction, number
from chatapp.storage.failure import FAILURES
from chatapp.storage.migrations import COLUMNS, VERSION, columns_in, migrate, placeholders, version
from chatapp.storage.records import decode_parts, searchable_text

COPIED_BYTES = 256_000_000
"""A larger file is copied in part: the conversations of late."""

_RECENT = 300
_LOCKED_WAIT_S = 0.2
_NOTES = """
CREATE TABLE IF NOT EXISTS unsaved (kind TEXT, id INTEGER, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS note_new_conversation AFTER INSERT ON conversations
    BEGIN INSERT OR IGNORE INTO unsaved VALUES ('conversations', new.id); END;
CREATE TRIGGER IF NOT EXISTS note_conversation AFTER UPDATE ON conversations
    BEGIN INSERT OR IGNORE INTO unsaved VALUES ('conversations', new.id); END;
CREATE TRIGGER IF NOT EXISTS note_new_message AFTER INSERT ON messages
    BEGIN INSERT OR IGNORE INTO unsaved VALUES ('messages', new.id); END;
CREATE TRIGGER IF NOT EXISTS note_message AFTER UPDATE ON messages
    BEGIN INSERT OR IGNORE INTO unsaved VALUES ('messages', new.id); END;
CREATE TRIGGER IF NOT EXISTS note_generation AFTER INSERT ON generations
    BEGIN INSERT OR IGNORE INTO unsaved VALUES ('messages', new.message_id); END;
CREATE TRIGGER IF NOT EXISTS note_token_details AFTER INSERT ON token_details
    BEGIN INSERT OR IGNORE INTO unsaved VALUES ('messages', new.message_id); END;
"""
_CONVERSATION = COLUMNS["conversations"].replace("message_count, ", "").replace("touched, ", "")
_MESSAGE = COLUMNS["messages"]


def take_refuge(database: Path, live: sqlite3.Connection | None = None) -> sqlite3.Connection:
    """A database in memory with what can be read of the file, which notes what changes from here on.

    Where the file is gone, what the connection `live` still sees of it is taken.
    """
    memory = _copy(database, live if not database.exists() else None)
    for table, step in (("conversations", 1_000), ("messages", 100_000)):
        last = number(memory, "SELECT max(seq) FROM sqlite_sequence WHERE name = ?", (table,))
        memory.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        memory.execute(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last + step + secrets.randbelow(9 * step))
        )
    memory.executescript(_NOTES)
    memory.execute("DELETE FROM unsaved")
    return memory


def unsaved(memory: sqlite3.Connection) -> int:
    """How many rows of the refuge are not in the file."""
    return number(memory, "SELECT count(*) FROM unsaved")


def save(memory: sqlite3.Connection, file: sqlite3.Connection) -> None:
    """Write what changed in the refuge into the file; the caller then leaves the refuge.

    Messages that others wrote meanwhile stay; of a conversation that both changed, the refuge's title, leaf and
    settings count.
    """
    in_transaction(file, lambda inside: _save(memory, inside))


def keep(memory: sqlite3.Connection, directory: Path) -> Path:
    """Write the refuge to a file of its own beside the backups, for the next opening; raise OSError, sqlite3.Error."""
    ensure_private_directory(directory)
    path = directory / f"unsaved-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}.db"
    create_private(path)
    try:
        with contextlib.closing(sqlite3.connect(path)) as target:
            copy(memory, target)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    sync_directory(directory)
    return path


def save_kept(directory: Path, file: sqlite3.Connection) -> int:
    """Write what earlier refuges kept into the file, and remove them; return how many there were."""
    count = 0
    for path in sorted(directory.glob("unsaved-*.db")) if directory.is_dir() else ():
        with contextlib.suppress(*FAILURES):
            with contextlib.closing(connect(path)) as kept:
                migrate(kept)
                save(kept, file)
            path.unlink()
            count += 1
    return count


def _copy(database: Path, live: sqlite3.Connection | None) -> sqlite3.Connection:
    for immutable in (False, True):
        memory = connect_memory()
        try:
            if live is not None:
                copy(live, memory)
                return memory
            # Locks may be what is missing; a copy made without them must prove that it is whole.
            with contextlib.closing(connect_read_only(database, immutable=immutable, wait_s=_LOCKED_WAIT_S)) as source:
                _copy_from(source, memory, database)
            migrate(memory)
            index.prepare(memory)
            if not (immutable and backup.unsound(memory)):
                return memory
        except FAILURES:
            pass
        memory.close()
    memory = connect_memory()
    migrate(memory)
    index.prepare(memory)
    return memory


def _copy_from(source: sqlite3.Connection, memory: sqlite3.Connection, database: Path) -> None:
    if database.stat().st_size <= COPIED_BYTES and version(source) <= VERSION:
        copy(source, memory)
        return
    migrate(memory)
    recent = "SELECT id FROM conversations ORDER BY touched DESC LIMIT ?"
    for table, condition in (
        ("conversations", f"id IN ({recent})"),
        ("messages", f"conversation_id IN ({recent})"),
        ("generations", f"message_id IN (SELECT id FROM messages WHERE conversation_id IN ({recent}))"),
    ):
        _copy_rows(source, memory, table, condition, (_RECENT,))
    used = "SELECT setup_id FROM generations WHERE message_id IN (SELECT id FROM messages WHERE conversation_id IN "
    _copy_rows(source, memory, "setups", f"id IN ({used}({recent})))", (_RECENT,))
    for name, seq in source.execute("SELECT name, seq FROM sqlite_sequence").fetchall():
        memory.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (seq, name))


def _copy_rows(
    source: sqlite3.Connection, target: sqlite3.Connection, table: str, condition: str, parameters: tuple[int, ...]
) -> None:
    source.text_factory = _decoded
    columns = columns_in(source, table)
    rows = source.execute(f"SELECT {columns} FROM {table} WHERE {condition}", parameters)
    target.executemany(f"INSERT INTO {table} ({columns}) VALUES ({placeholders(columns)})", rows)


def _save(memory: sqlite3.Connection, file: sqlite3.Connection) -> None:
    owners: dict[int, int] = {}
    messages: dict[int, int] = {}
    for (identity,) in memory.execute(
        "SELECT c.id FROM unsaved u JOIN conversations c ON c.id = u.id WHERE kind = 'conversations' ORDER BY c.touched"
    ).fetchall():
        owners[identity] = _save_conversation(memory, file, identity)
    for (identity,) in memory.execute("SELECT id FROM unsaved WHERE kind = 'messages' ORDER BY id").fetchall():
        messages[identity] = _save_message(memory, file, identity, owners, messages)
    for identity in owners.values():
        leaf = number(file, "SELECT leaf_id FROM conversations WHERE id = ?", (identity,))
        file.execute(
            "UPDATE conversations SET leaf_id = ?2, "
            "message_count = (SELECT count(*) FROM messages WHERE conversation_id = ?1 AND deleted_with IS NULL) "
            "WHERE id = ?1",
            (identity, messages.get(leaf, leaf) or None),
        )


def _save_conversation(memory: sqlite3.Connection, file: sqlite3.Connection, identity: int) -> int:
    """Write a conversation, and return its number in the file: another one where that was taken meanwhile."""
    row = memory.execute(f"SELECT {_CONVERSATION} FROM conversations WHERE id = ?", (identity,)).fetchone()
    values = _values(_CONVERSATION, row)
    taken = file.execute("SELECT created_at FROM conversations WHERE id = ?", (identity,)).fetchone()
    if taken is not None and taken[0] == values["created_at"]:
        _update(file, "conversations", values)
        return identity
    if taken is None:
        # New, or purged by another process meanwhile: then all of it is written.
        memory.execute(
            "INSERT OR IGNORE INTO unsaved SELECT 'messages', id FROM messages WHERE conversation_id = ?", (identity,)
        )
    else:
        del values["id"]
    touched = number(file, "SELECT max(touched) FROM conversations") + 1
    return _insert(file, "conversations", {**values, "touched": touched})


def _save_message(
    memory: sqlite3.Connection,
    file: sqlite3.Connection,
    identity: int,
    owners: dict[int, int],
    messages: dict[int, int],
) -> int:
    """Write a message with its generation and its tokens' details, and return its number in the file."""
    row = memory.execute(f"SELECT {_MESSAGE} FROM messages WHERE id = ?", (identity,)).fetchone()
    values = _values(_MESSAGE, row)
    for name, moved in (("conversation_id", owners), ("parent_id", messages), ("deleted_with", messages)):
        before = values[name]
        values[name] = moved.get(before, before) if isinstance(before, int) else before
    taken = file.execute("SELECT created_at, status, parts FROM messages WHERE id = ?", (identity,)).fetchone()
    saved = identity
    if taken is not None and taken[0] == values["created_at"]:
        if taken[1] != b"streaming":
            index.withdraw(file, identity, searchable_text(decode_parts(taken[2])))
        _update(file, "messages", values)
    else:
        if taken is not None:
            del values["id"]
        saved = _insert(file, "messages", values)
    if values["status"] != "streaming":
        index.enter(file, saved, searchable_text(decode_parts(str(values["parts"]).encode())))
    _save_generation(memory, file, identity, saved)
    _save_token_details(memory, file, identity, saved)
    return saved


def _save_generation(memory: sqlite3.Connection, file: sqlite3.Connection, identity: int, saved: int) -> None:
    generation = memory.execute(
        "SELECT g.setup_id, u.content, g.detail, g.token_ids FROM generations g JOIN setups u ON u.id = g.setup_id "
        "WHERE g.message_id = ?",
        (identity,),
    ).fetchone()
    if generation is not None:
        setup_id, content, detail, token_ids = generation
        file.execute("INSERT OR IGNORE INTO setups (id, content) VALUES (?, ?)", (setup_id, _decoded(content)))
        file.execute(
            "INSERT OR REPLACE INTO generations (message_id, setup_id, detail, token_ids) VALUES (?, ?, ?, ?)",
            (saved, setup_id, _decoded(detail), token_ids),
        )


def _save_token_details(memory: sqlite3.Connection, file: sqlite3.Connection, identity: int, saved: int) -> None:
    details = memory.execute("SELECT content FROM token_details WHERE message_id = ?", (identity,)).fetchone()
    if details is not None:
        file.execute("INSERT OR REPLACE INTO token_details (message_id, content) VALUES (?, ?)", (saved, details[0]))


def _values(columns: str, row: Row) -> dict[str, int | float | str | None]:
    """A row without BLOBs, by column."""
    plain = (_decoded(value) if isinstance(value, bytes) else value for value in row)
    return dict(zip(columns.split(", "), plain, strict=True))


def _insert(file: sqlite3.Connection, table: str, values: dict[str, int | float | str | None]) -> int:
    columns = ", ".join(values)
    cursor = file.execute(f"INSERT INTO {table} ({columns}) VALUES ({placeholders(columns)})", tuple(values.values()))
    return cursor.lastrowid or 0


def _update(file: sqlite3.Connection, table: str, values: dict[str, int | float | str | None]) -> None:
    assignments = ", ".join(f"{column} = ?" for column in values)
    file.execute(f"UPDATE {table} SET {assignments} WHERE id = ?", (*values.values(), values["id"]))


def _decoded(raw: bytes) -> str:
    return raw.decode(errors="replace")
