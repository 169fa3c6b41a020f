"""Opening the database's file: made private, checked, migrated, and cleared of what a crash left."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import StorageError, StoreBusy, StoreDamaged, StoreNewer, StoreUnwritable
from chatapp.core.paths import Paths, ensure_private_directory
from chatapp.storage import backup, index
from chatapp.storage.atomic import create_private, make_private
from chatapp.storage.connection import TURN_S, connect, in_transaction, number
from chatapp.storage.database import Connections
from chatapp.storage.failure import FAILURES, SQL_ERRORS, damaged, identity_of, storage_error
from chatapp.storage.lock import Lock
from chatapp.storage.migrations import APPLICATION_ID, VERSION, expected_schema, migrate, schema, version
from chatapp.storage.recovery import put_in_place, recover
from chatapp.storage.writer import Writer, interrupt_abandoned

CHECKED_BYTES = 8_000_000
"""A database up to this size is checked whole each time; a larger one when something pointed to damage, and daily
through its backup."""

_OPENING_WAIT_S = 10.0


@dataclass(frozen=True)
class Opened:
    """Connections to the file, and what was done to it on the way."""

    connections: Connections
    problems: tuple[StorageError, ...] = ()


def open_file(paths: Paths, writer: Writer) -> Opened:
    """Open the database of `paths`, replacing a damaged one; raise StorageError where it can't be used."""
    lock = Lock(paths.data / "opening.lock", wait_s=_OPENING_WAIT_S)
    try:
        _make_room(paths)
        if not lock.acquire():
            raise StoreBusy(
                f"Another process has been opening {clean_line(str(paths.database))} for long.",
                hint="It is tried again; if that does not help, end the other chatapp.",
            )
        return _open(paths, writer)
    except FAILURES as error:
        raise storage_error(error, paths.database) from error
    finally:
        lock.release()


def suspect(database: Path) -> None:
    """Have the database checked whole when it is opened next."""
    with contextlib.suppress(OSError):
        create_private(_suspicion(database))


def _open(paths: Paths, writer: Writer) -> Opened:
    put_in_place(paths.database)
    new = create_private(paths.database)
    make_private(paths.database)
    try:
        if not new:
            _refuse_emptied(paths)
        return _prepared(paths, writer)
    except StoreDamaged as error:
        told = recover(paths, error)
    opened = _prepared(paths, writer)
    return Opened(opened.connections, (told, *opened.problems))


def _refuse_emptied(paths: Paths) -> None:
    """Raise StoreDamaged for a file that SQLite would take for a new database although it was none."""
    size = paths.database.stat().st_size
    if 0 < size < 512 or (size == 0 and any(backup.newest_first(paths.backups))):
        raise damaged(paths.database, f"it is {size} bytes long")


def _prepared(paths: Paths, writer: Writer) -> Opened:
    """Connections to a sound database of today's schema; raise StorageError."""
    try:
        connection = connect(paths.database)
        try:
            _examine(connection, paths.database)
            _migrate(connection, paths)
            if schema(connection) != expected_schema():
                raise damaged(paths.database, "its tables are not those of chatapp")
            writer.enter()
            in_transaction(connection, lambda inside: interrupt_abandoned(inside, writer))
            problems = () if index.prepare(connection) else (_no_full_text_search(),)
            reader = connect(paths.database)
            for opened in (connection, reader):
                opened.execute(f"PRAGMA busy_timeout={int(TURN_S * 1000)}")
            return Opened(Connections(connection, reader, identity_of(paths.database)), problems)
        except BaseException:
            connection.close()
            raise
    except SQL_ERRORS as error:
        raise storage_error(error, paths.database) from error


def _examine(connection: sqlite3.Connection, database: Path) -> None:
    tables = number(connection, "SELECT count(*) FROM sqlite_schema")
    if not tables and not version(connection):
        return
    if number(connection, "PRAGMA application_id") != APPLICATION_ID or not 0 < version(connection) < 1_000_000:
        raise damaged(database, "it is no database of chatapp")
    if version(connection) > VERSION:
        raise StoreNewer(
            f"The database {clean_line(str(database))} was written by a newer chatapp.",
            hint="It is read and left as it is. What is new is kept aside until a chatapp that is new enough opens it.",
        )
    if database.stat().st_size <= CHECKED_BYTES or _suspicion(database).exists():
        reason = backup.unsound(connection)
        if reason:
            raise damaged(database, reason)
        with contextlib.suppress(OSError):
            _suspicion(database).unlink()


def _migrate(connection: sqlite3.Connection, paths: Paths) -> None:
    taken = version(connection)
    if 0 < taken < VERSION:
        name = f"before-schema-{VERSION}-{time.strftime('%Y%m%d-%H%M%S')}.db"
        backup.back_up(paths.database, paths.backups, name)
    migrate(connection)


def _make_room(paths: Paths) -> None:
    """Make the data directory, and see that nothing but a file stands where the database goes."""
    make_private(ensure_private_directory(paths.data))
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(paths.database.stat().st_mode):
            raise StoreUnwritable(
                f"{clean_line(str(paths.database))} is no file.", hint="Move it away, and open chatapp again."
            )


def _suspicion(database: Path) -> Path:
    return database.with_name(f"{database.name}.suspect")


def _no_full_text_search() -> StorageError:
    return StorageError(
        f"This Python's SQLite {sqlite3.sqlite_version} has no full-text search (FTS5), so searching reads every "
        "message.",
        hint="Use a Python whose SQLite has FTS5, as those of python.org and uv have.",
        title="Searching is slow",
    )
