"""Rows read out of a damaged database, page by page as far as they can be read.

Tables are walked by row number from both ends and, between unreadable places, by halving. Where not even the
first page can be read, it is replaced in a copy by that of a new database: tables are always made in the same
order, so their pages begin at the same numbers.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from chatapp.core.conversations import STATUSES
from chatapp.core.folding import folded
from chatapp.storage import index, token_blob
from chatapp.storage.atomic import create_private
from chatapp.storage.connection import Row, connect, connect_read_only, number
from chatapp.storage.failure import FAILURES
from chatapp.storage.migrations import COLUMNS, columns_in, migrate, schema
from chatapp.storage.records import overflow_of

PATIENCE_S = 30.0
_PROBES = 20_000
_LARGEST = 2**62
_UNREADABLE = (sqlite3.DatabaseError, ValueError)
_ROLES = (b"system", b"user", b"assistant")
_STATUSES = tuple(status.encode() for status in STATUSES)


def salvage(damaged: Path, target: sqlite3.Connection, scratch: Path) -> int:
    """Add to `target` what can be read of `damaged` and is not in it; return how many messages that were.

    Runs inside a transaction of `target`. `scratch` is a path for a copy, which is removed again.
    """
    before = number(target, "SELECT count(*) FROM messages")
    try:
        with contextlib.closing(connect_read_only(damaged, immutable=True)) as source:
            _take_over(source, target)
    except FAILURES:
        with contextlib.suppress(*FAILURES), _grafted(damaged, scratch) as source:
            _take_over(source, target)
    _mend(target)
    return number(target, "SELECT count(*) FROM messages") - before


def walk(connection: sqlite3.Connection, table: str) -> Iterator[Row]:
    """Every row of `table` that can be read, each once, in no particular order."""
    key, columns = COLUMNS[table].split(",")[0], _columns(connection, table)
    gaps = [(-_LARGEST, _LARGEST)]
    give_up_at, probes = time.monotonic() + PATIENCE_S, 0
    while gaps and probes < _PROBES and time.monotonic() < give_up_at:
        probes += 1
        low, high = gaps.pop()
        if low >= high:
            continue
        select = f"SELECT {columns} FROM {table} NOT INDEXED WHERE {key} >= ? AND {key} < ? ORDER BY {key}"
        first_unread, last_unread = low, high
        try:
            for row in connection.execute(select, (low, high)):
                first_unread = _within(row, first_unread, high) + 1
                yield row
            continue
        except _UNREADABLE:
            pass
        with contextlib.suppress(*_UNREADABLE):
            for row in connection.execute(f"{select} DESC", (first_unread, high)):
                last_unread = _within(row, first_unread, last_unread)
                yield row
        middle = (first_unread + last_unread) // 2
        if last_unread - first_unread > 1:
            gaps += [(first_unread, middle), (middle, last_unread)]


def _columns(connection: sqlite3.Connection, table: str) -> str:
    try:
        return columns_in(connection, table)
    except _UNREADABLE:
        return COLUMNS[table]


def _within(row: Row, low: int, high: int) -> int:
    """The row's number; raise ValueError where it is none, or out of order as in a page that points in circles."""
    if not isinstance(row[0], int) or not low <= row[0] < high:
        raise ValueError(row[0])
    return row[0]


def _take_over(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    source.execute("PRAGMA cell_size_check=ON")
    number(source, "SELECT count(*) FROM (SELECT 1 FROM messages LIMIT 1)")
    for row in walk(source, "conversations"):
        _take_conversation(target, row)
    for row in walk(source, "messages"):
        _take_message(target, row)
    for row in walk(source, "setups"):
        if isinstance(row[1], bytes):
            target.execute("INSERT OR IGNORE INTO setups (id, content) VALUES (?, ?)", (row[0], _text(row[1])))
    for row in walk(source, "generations"):
        if isinstance(row[2], bytes) and isinstance(row[3], bytes):
            target.execute(
                "INSERT OR IGNORE INTO generations (message_id, setup_id, detail, token_ids) VALUES (?, ?, ?, ?)",
                (row[0], row[1], _text(row[2]), row[3]),
            )
    # An older schema has no such table; behind a grafted page, another table may stand in its place.
    if b"token_details" in schema(source):
        for message_id, content in walk(source, "token_details"):
            if isinstance(content, bytes) and token_blob.unpack(content) is not None:
                target.execute(
                    "INSERT OR IGNORE INTO token_details (message_id, content) VALUES (?, ?)", (message_id, content)
                )


def _take_conversation(target: sqlite3.Connection, row: Row) -> None:
    identity, title, _, model, leaf, _, pinned, touched, created, updated, deleted, edits, system_prompt, *later = row
    if not isinstance(identity, int) or identity <= 0:
        return
    known = target.execute("SELECT touched FROM conversations WHERE id = ?", (identity,)).fetchone()
    touched = touched if isinstance(touched, int) else 0
    if known is not None and known[0] >= touched:
        return
    target.execute(
        "INSERT OR REPLACE INTO conversations (id, title, folded_title, model, leaf_id, pinned, touched, created_at, "
        "updated_at, deleted_at, edits, system_prompt, overflow, origin) VALUES "
        "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (identity, _text(title), folded(_text(title)), _text(model), leaf if isinstance(leaf, int) else None,
         int(pinned == 1), touched, _time(created), _time(updated), deleted if isinstance(deleted, float) else None,
         _text(edits) or "{}", _text(system_prompt), overflow_of(later[0] if later else None),
         _text(later[1]) if len(later) > 1 else ""),
    )  # fmt: skip


def _take_message(target: sqlite3.Connection, row: Row) -> None:
    identity, owner, parent, role, status, writer, created, parts, *later = row
    pinned, edited, deleted_with = later if len(later) == 3 else (0, 0, None)
    if not isinstance(identity, int) or not isinstance(owner, int) or identity <= 0 or owner <= 0:
        return
    if role not in _ROLES or status not in _STATUSES or not isinstance(parts, bytes):
        return
    known = target.execute("SELECT status FROM messages WHERE id = ?", (identity,)).fetchone()
    if known is not None and (known[0] != b"streaming" or status == b"streaming"):
        return
    target.execute(
        "INSERT OR REPLACE INTO messages (id, conversation_id, parent_id, role, status, writer, created_at, parts, "
        "pinned, edited, deleted_with) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (identity, owner, parent if isinstance(parent, int) else None, _text(role), _text(status), _text(writer),
         _time(created), _text(parts), int(pinned == 1), int(edited == 1),
         deleted_with if isinstance(deleted_with, int) else None),
    )  # fmt: skip


def _mend(target: sqlite3.Connection) -> None:
    """Give every message a conversation, a parent where one was lost, and every conversation its leaf and count."""
    target.execute(
        "INSERT INTO conversations (id, title, folded_title, model, touched, created_at, updated_at, edits, "
        "system_prompt) SELECT conversation_id, 'Recovered conversation', 'recovered conversation', '', 0, "
        "min(created_at), max(created_at), '{}', '' FROM messages "
        "WHERE conversation_id NOT IN (SELECT id FROM conversations) GROUP BY conversation_id"
    )
    target.execute(
        "UPDATE messages SET parent_id = (SELECT max(p.id) FROM messages p WHERE p.conversation_id = "
        "messages.conversation_id AND p.id < messages.id) WHERE parent_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "
        "messages p WHERE p.id = messages.parent_id AND p.id < messages.id AND "
        "p.conversation_id = messages.conversation_id)"
    )
    # What went out of sight with a message that is lost could never be brought back.
    target.execute(
        "UPDATE messages SET deleted_with = NULL WHERE deleted_with IS NOT NULL AND NOT EXISTS (SELECT 1 FROM messages "
        "d WHERE d.id = messages.deleted_with AND d.deleted_with = d.id AND d.conversation_id = "
        "messages.conversation_id)"
    )
    for table in ("generations", "token_details"):
        target.execute(f"DELETE FROM {table} WHERE message_id NOT IN (SELECT id FROM messages)")
    target.execute(
        "UPDATE conversations SET leaf_id = (SELECT max(id) FROM messages WHERE conversation_id = conversations.id AND "
        "deleted_with IS NULL) WHERE NOT EXISTS (SELECT 1 FROM messages m WHERE m.id = leaf_id AND m.conversation_id = "
        "conversations.id AND m.deleted_with IS NULL)"
    )
    target.execute(
        "UPDATE conversations SET message_count = (SELECT count(*) FROM messages WHERE conversation_id = "
        "conversations.id AND deleted_with IS NULL)"
    )
    if index.supported():
        index.rebuild(target)


@contextlib.contextmanager
def _grafted(damaged: Path, scratch: Path) -> Iterator[sqlite3.Connection]:
    """A copy of `damaged` with the first page of a new database, open for reading."""
    fresh = scratch.with_name(f"{scratch.name}-fresh")
    for path in (scratch, fresh):
        with contextlib.suppress(OSError):
            path.unlink()
        create_private(path)
    try:
        with contextlib.closing(connect(fresh)) as connection:
            migrate(connection)
            index.prepare(connection)
            page_size = number(connection, "PRAGMA page_size")
        shutil.copyfile(damaged, scratch)
        page = bytearray(fresh.read_bytes()[:page_size])
        page[28:32] = max(1, scratch.stat().st_size // page_size).to_bytes(4, "big")
        page[32:40] = bytes(8)
        page[92:96] = page[24:28]
        with scratch.open("r+b") as file:
            file.write(page)
        with contextlib.closing(connect_read_only(scratch, immutable=True)) as connection:
            yield connection
    finally:
        for path in (scratch, fresh):
            with contextlib.suppress(OSError):
                path.unlink()


def _text(value: int | float | bytes | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else ""


def _time(value: int | float | bytes | None) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
