"""Connections to SQLite, all of one kind.

`journal_mode=TRUNCATE` everywhere: SQLite before 3.51.3 can corrupt a WAL database that two processes write, and
the mode lives in the file. TEXT is read as bytes, since damaged UTF-8 must not stop a read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, TypeVar
from urllib.parse import quote

Row: TypeAlias = tuple[int | float | bytes | None, ...]
Parameters: TypeAlias = tuple[int | float | str | bytes | None, ...]
T = TypeVar("T")

WRITER_WAIT_S = 10.0
READER_WAIT_S = 2.0


def connect(path: Path, *, wait_s: float = WRITER_WAIT_S) -> sqlite3.Connection:
    """Open the existing file at `path` for reading and writing; raise sqlite3.Error."""
    connection = sqlite3.connect(
        _uri(path, "mode=rw"), uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False
    )
    try:
        return _prepare(connection, "PRAGMA journal_mode=TRUNCATE", "PRAGMA synchronous=FULL")
    except BaseException:
        connection.close()
        raise


def connect_read_only(path: Path, *, immutable: bool = False, wait_s: float = READER_WAIT_S) -> sqlite3.Connection:
    """Open `path` for reading alone; `immutable` takes no locks and is for files that nobody writes."""
    uri = _uri(path, "mode=ro" + ("&immutable=1" if immutable else ""))
    connection = sqlite3.connect(uri, uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False)
    try:
        return _prepare(connection)
    except BaseException:
        connection.close()
        raise


def connect_memory() -> sqlite3.Connection:
    """Make an empty database in memory."""
    return _prepare(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))


def in_transaction(connection: sqlite3.Connection, change: Callable[[sqlite3.Connection], T]) -> T:
    """Run `change` in one transaction that takes the write lock at once; all of it is done, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = change(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def number(connection: sqlite3.Connection, sql: str, parameters: Parameters = ()) -> int:
    """The whole number that a query of one row and column gives, 0 where it gives none."""
    row = connection.execute(sql, parameters).fetchone()
    return int(row[0]) if row is not None and row[0] is not None else 0


def _prepare(connection: sqlite3.Connection, *pragmas: str) -> sqlite3.Connection:
    connection.text_factory = bytes
    for pragma in (*pragmas, "PRAGMA trusted_schema=OFF", "PRAGMA cache_size=-8000", "PRAGMA temp_store=MEMORY"):
        connection.execute(pragma)
    return connection


def _uri(path: Path, options: str) -> str:
    return f"file:{quote(path.absolute().as_posix())}?{options}"
