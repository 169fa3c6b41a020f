"""Backups: one a day, checked before it counts, thinned to seven days and four weeks.

A backup is a copy made through SQLite while the database is in use, so a copy that fails its check tells that the
database itself is damaged.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from chatapp.core.paths import Paths, ensure_private_directory
from chatapp.storage.atomic import create_private, sync_directory
from chatapp.storage.connection import connect_read_only, copy, number
from chatapp.storage.failure import FAILURES, SQL_ERRORS, damaged
from chatapp.storage.lock import Lock
from chatapp.storage.migrations import APPLICATION_ID, VERSION, version

DAILY, WEEKLY = 7, 4
_NAME = re.compile(r"chatapp-(\d{4}-\d{2}-\d{2})\.db")
_PAGES = 1000
_SMALL_BYTES = 8_000_000
_PAUSE_S = 0.002


class Cancelled(Exception):
    """The backup was given up: the store closes, or another process makes it."""


def name_of(day: date) -> str:
    """The file name of a day's backup."""
    return f"chatapp-{day.isoformat()}.db"


def is_due(paths: Paths, today: date, *, only_small: bool = False) -> bool:
    """Whether there is no backup of that day yet; `only_small`: and the database is copied in no time."""
    if (paths.backups / name_of(today)).exists() or not paths.database.exists():
        return False
    return not only_small or paths.database.stat().st_size <= _SMALL_BYTES


def back_up(database: Path, directory: Path, name: str, *, cancelled: Callable[[], bool] = lambda: False) -> Path:
    """Copy the database to `directory`/`name` and return that path.

    Raise StoreDamaged where the copy is not sound, Cancelled, sqlite3.Error or OSError; an older backup of that
    name is replaced only by a sound one.
    """
    ensure_private_directory(directory)
    target, draft = directory / name, directory / f".{name}.{secrets.token_hex(4)}"
    lock = Lock(directory / "backup.lock")
    if not lock.acquire():
        raise Cancelled
    try:
        create_private(draft)
        _copy(database, draft, cancelled)
        with contextlib.closing(connect_read_only(draft, immutable=True)) as copied:
            reason = unsound(copied)
        if reason:
            raise damaged(database, reason)
        _sync(draft)
        draft.replace(target)
        sync_directory(directory)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
        lock.release()
    return target


def unsound(connection: sqlite3.Connection) -> str:
    """What is wrong with a database's structure, empty where nothing is; looks at all of it."""
    try:
        rows = connection.execute("PRAGMA integrity_check(20)").fetchall()
    except SQL_ERRORS as error:
        return str(error)
    complaints = [row[0].decode(errors="replace") for row in rows if row[0] != b"ok"]
    # Newer SQLite checks the full-text index as well, which is repaired without setting anything aside.
    found = next((complaint for complaint in complaints if "message_index" not in complaint), "")
    return next((line for line in found.splitlines() if not line.startswith("***")), "")


def newest_first(directory: Path) -> Iterator[tuple[date, Path]]:
    """The daily backups by day."""
    if not directory.is_dir():
        return
    found = []
    for path in directory.iterdir():
        match = _NAME.fullmatch(path.name)
        with contextlib.suppress(ValueError):
            if match is not None:
                found.append((date.fromisoformat(match[1]), path))
    yield from sorted(found, reverse=True)


def usable(path: Path) -> bool:
    """Whether a backup is sound and of a schema that this chatapp knows."""
    try:
        with contextlib.closing(connect_read_only(path, immutable=True)) as connection:
            known = number(connection, "PRAGMA application_id") == APPLICATION_ID and 0 < version(connection) <= VERSION
            return known and not unsound(connection)
    except FAILURES:
        return False


def thin(directory: Path) -> None:
    """Remove daily backups but the newest of seven days, and of four weeks before those."""
    weeks: set[tuple[int, int]] = set()
    for place, (day, path) in enumerate(newest_first(directory)):
        week = day.isocalendar()[:2]
        if place < DAILY:
            continue
        if week in weeks or len(weeks) >= WEEKLY:
            with contextlib.suppress(OSError):
                path.unlink()
        weeks.add(week)


def _copy(database: Path, draft: Path, cancelled: Callable[[], bool]) -> None:
    def pause() -> None:
        if cancelled():
            raise Cancelled
        time.sleep(_PAUSE_S)

    with (
        contextlib.closing(connect_read_only(database)) as source,
        contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as target,
    ):
        target.execute("PRAGMA journal_mode=OFF")
        target.execute("PRAGMA synchronous=OFF")
        copy(source, target, pages=_PAGES, between=pause)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
