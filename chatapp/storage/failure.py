"""SQLite's and the system's failures as the errors that a person meets.

A full disk and a missing permission are no damage: only what SQLite itself calls corrupt is.
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import StorageError, StoreBusy, StoreDamaged, StoreUnwritable

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNWRITABLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_NOMEM,
}


SQL_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises; the latter where a damaged file spoils the text of its own error message."""

FAILURES = (*SQL_ERRORS, OSError)


def storage_error(error: sqlite3.Error | OSError | UnicodeDecodeError, path: Path) -> StorageError:
    """Say what `error` means for the database at `path`, and how to mend it."""
    place = clean_line(str(path))
    if isinstance(error, OSError):
        return _unwritable(place, clean_line(error.strerror or str(error)), full=error.errno == errno.ENOSPC)
    if isinstance(error, UnicodeDecodeError):
        return damaged(path, "it holds bytes that are no text")
    code = primary_code(error)
    reason = clean_line(str(error))
    if code in _BUSY:
        return StoreBusy(
            f"Another process holds the database {place}.",
            hint="It is tried again; if that does not help, end the other program that uses it.",
        )
    if code in _DAMAGED:
        return damaged(path, reason)
    if code in _UNWRITABLE:
        return _unwritable(place, reason, full=code == sqlite3.SQLITE_FULL)
    return StorageError(f"The database {place} failed: {reason}.", hint="chatapp doctor says more about it.")


def damaged(path: Path, reason: str) -> StoreDamaged:
    """The error for a database whose content is broken."""
    return StoreDamaged(
        f"The database {clean_line(str(path))} is damaged: {clean_line(reason)}.",
        hint="Open chatapp again: it sets the file aside, opens the newest backup and saves what can be read.",
    )


def identity_of(path: Path) -> tuple[int, int] | None:
    """The file's device and number, None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def moved(path: Path) -> StoreUnwritable:
    """The error for a database whose file was moved or removed while it was open."""
    return StoreUnwritable(
        f"The database {clean_line(str(path))} was moved or removed while it was open.",
        hint="The conversations that go on are saved again under that name.",
    )


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code, or SQLITE_ERROR where the error carries none."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF
    return sqlite3.SQLITE_NOTADB if type(error) is sqlite3.DatabaseError else sqlite3.SQLITE_ERROR


def _unwritable(place: str, reason: str, *, full: bool) -> StoreUnwritable:
    if full:
        hint = "Make room on the disk; what is new is kept in memory and saved as soon as that is possible."
    else:
        hint = "Check that the disk and the directory can be written, or set CHATAPP_HOME to a place that can."
    return StoreUnwritable(f"Nothing can be written to {place}: {reason}.", hint=hint)
