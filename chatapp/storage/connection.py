"""Connections to SQLite, all of one kind.

`journal_mode=TRUNCATE` everywhere: SQLite before 3.51.3 can corrupt a WAL database that two processes write, and
the mode lives in the file. TEXT is read as bytes, since damaged UTF-8 must not stop a read.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, TypeVar
from urllib.parse import quote

from chatapp.storage.failure import primary_code

Row: TypeAlias = tuple[int | float | bytes | None, ...]
Parameters: TypeAlias = tuple[int | float | str | bytes | None, ...]
T = TypeVar("T")

WRITER_WAIT_S = 10.0
READER_WAIT_S = 3.0
"""How long writing and reading wait for other processes."""

TURN_S = 0.05
"""How long SQLite itself waits. It asks less and less often, so among busy writers a reader would starve; begun
anew, it asks often."""


class Patience:
    """Tries again what SQLite refuses because others are busy, for a while or until it is called off."""

    def __init__(self, seconds: float, called_off: Callable[[], bool] = lambda: False) -> None:
        self._until = time.monotonic() + seconds
        self._called_off = called_off

    def insist(self, action: Callable[[], T]) -> T:
        """Return what `action` returns; raise SQLITE_BUSY when patience is at its end."""
        while True:
            try:
                return action()
            except sqlite3.OperationalError as error:
                busy = primary_code(error) == sqlite3.SQLITE_BUSY
                if not busy or self._called_off() or time.monotonic() > self._until:
                    raise


def connect(path: Path, *, wait_s: float = READER_WAIT_S) -> sqlite3.Connection:
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


def in_transaction(
    connection: sqlite3.Connection,
    change: Callable[[sqlite3.Connection], T],
    *,
    called_off: Callable[[], bool] = lambda: False,
) -> T:
    """Run `change` in one transaction that takes the write lock at once; all of it is done, or nothing.

    It waits `WRITER_WAIT_S` for others, unless it is `called_off` meanwhile, and then raises SQLITE_BUSY.
    """
    patience = Patience(WRITER_WAIT_S, called_off)
    patience.insist(lambda: connection.execute("BEGIN IMMEDIATE"))
    try:
        result = change(connection)
        patience.insist(lambda: connection.execute("COMMIT"))
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def copy(
    source: sqlite3.Connection,
    target: sqlite3.Connection,
    *,
    pages: int = -1,
    between: Callable[[], None] = lambda: None,
) -> None:
    """Copy a whole database, `pages` at a time; raise sqlite3.Error, also where others keep it busy for long."""
    busy_since: float | None = None

    def watch(status: int, remaining: int, total: int) -> None:
        nonlocal busy_since
        if status not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            busy_since = None
            between()
        elif busy_since is None:
            busy_since = time.monotonic()
        elif time.monotonic() - busy_since > READER_WAIT_S:
            raise sqlite3.OperationalError("database is locked")

    source.backup(target, pages=pages, progress=watch, sleep=0.01)


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
