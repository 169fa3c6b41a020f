"""Which process writes a reply: what tells an interrupted one from one that another window streams.

A writer is a file in `writers/` that its process keeps locked. The lock goes when the process does, so there is
no guessing from process numbers, which are used again and mean nothing across containers.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from pathlib import Path

from chatapp.core.paths import ensure_private_directory
from chatapp.storage import index
from chatapp.storage.lock import Lock
from chatapp.storage.records import decode_parts, searchable_text


class Writer:
    """This process among those that write to one database."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.name = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._lock = Lock(directory / self.name)

    def enter(self) -> None:
        """Be alive from here on; raise OSError or sqlite3.Error where the file can't be made."""
        ensure_private_directory(self.directory)
        if not self._lock.held:
            self._lock.acquire()

    def leave(self) -> None:
        """Be gone."""
        self._lock.release()
        with contextlib.suppress(OSError):
            self._lock.path.unlink()


def interrupt_abandoned(connection: sqlite3.Connection, writer: Writer) -> int:
    """Mark what dead writers left streaming as interrupted, and forget them; return how many messages that were.

    Runs inside a transaction.
    """
    directory, own = writer.directory, writer.name
    streaming = connection.execute("SELECT DISTINCT writer FROM messages WHERE status = 'streaming'").fetchall()
    abandoned = [name for (name,) in streaming if not _alive(directory, name.decode(errors="replace"), own)]
    if directory.is_dir():
        for path in directory.iterdir():
            _alive(directory, path.name, own)
    return sum(_interrupt(connection, name) for name in abandoned)


def _interrupt(connection: sqlite3.Connection, writer: bytes) -> int:
    rows = connection.execute(
        "SELECT id, parts FROM messages WHERE status = 'streaming' AND writer = ?", (writer.decode(),)
    ).fetchall()
    for message_id, parts in rows:
        connection.execute("UPDATE messages SET status = 'interrupted' WHERE id = ?", (message_id,))
        index.enter(connection, message_id, searchable_text(decode_parts(parts)))
    return len(rows)


def _alive(directory: Path, name: str, own: str) -> bool:
    """Whether that writer lives; the file of one that doesn't is removed."""
    path = directory / Path(name).name
    if name == own:
        return True
    if not name or not path.is_file():
        return False
    lock = Lock(path)
    try:
        if not lock.acquire():
            return True
    except (OSError, sqlite3.Error):
        return True
    lock.release()
    with contextlib.suppress(OSError):
        path.unlink()
    return False
