"""A damaged database: set aside with a date, never deleted, and replaced by the newest backup and what is newer.

The replacement is finished before the original is moved, so that an end at any moment leaves one of them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from datetime import date
from pathlib import Path

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import StoreDamaged
from chatapp.core.paths import Paths
from chatapp.storage import backup, index
from chatapp.storage.atomic import create_private, sync_directory
from chatapp.storage.connection import connect, in_transaction
from chatapp.storage.migrations import migrate
from chatapp.storage.salvage import salvage


def recover(paths: Paths, error: StoreDamaged) -> StoreDamaged:
    """Replace the damaged database and say what was done; raise sqlite3.Error or OSError where that fails."""
    database = paths.database
    draft, ready = database.with_name(f"{database.name}.recovering"), replacement_of(database)
    for path in (draft, ready):
        with contextlib.suppress(OSError):
            path.unlink()
    create_private(draft)
    day = _start_from_backup(paths.backups, draft)
    with contextlib.closing(connect(draft)) as connection:
        migrate(connection)
        index.prepare(connection)
        scratch = database.with_name(f"{database.name}.scratch")
        count = in_transaction(connection, lambda inside: salvage(database, inside, scratch))
    _drop_journal(draft)
    draft.replace(ready)
    aside = set_aside(database)
    put_in_place(database)
    return _told(error, aside, day, count)


def replacement_of(database: Path) -> Path:
    """Where a finished replacement waits to be put in place."""
    return database.with_name(f"{database.name}.recovered")


def put_in_place(database: Path) -> None:
    """Make the waiting replacement the database; harmless where none waits or the database is there."""
    ready = replacement_of(database)
    if not database.exists() and ready.exists():
        ready.rename(database)
        sync_directory(database.parent)


def set_aside(database: Path) -> Path:
    """Rename the database and what belongs to it, and return its new name."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    names = [f"{database.name}.damaged-{stamp}{f'-{number}' if number else ''}" for number in range(100)]
    aside = next(path for path in map(database.with_name, names) if not path.exists())
    for suffix in ("-journal", "-wal", "-shm"):
        companion = database.with_name(database.name + suffix)
        if companion.exists():
            companion.rename(aside.with_name(aside.name + suffix))
    database.rename(aside)
    sync_directory(database.parent)
    return aside


def _start_from_backup(directory: Path, draft: Path) -> date | None:
    """Copy the newest sound backup to `draft` and return its day; None where there is none."""
    for day, path in backup.newest_first(directory):
        if backup.usable(path):
            shutil.copyfile(path, draft)
            return day
    return None


def _drop_journal(draft: Path) -> None:
    descriptor = os.open(draft, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    with contextlib.suppress(OSError):
        draft.with_name(f"{draft.name}-journal").unlink()


def _told(error: StoreDamaged, aside: Path, day: date | None, count: int) -> StoreDamaged:
    start = (
        f"the backup of {day.isoformat()} was opened"
        if day is not None
        else "a new one was begun, for there was no backup"
    )
    return StoreDamaged(
        f"{error.message} It was set aside as {clean_line(str(aside))}; {start}, and {count} messages that it did not "
        "have were saved from the damaged file.",
        hint="Nothing was deleted. Look whether something is missing; the file that was set aside holds the rest.",
    )
