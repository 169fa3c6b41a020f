"""A lock between processes that the system lets go of when its holder dies, however it dies.

SQLite does the locking, on an empty file that it never writes: that works alike on every system, and two stores
in one process don't drop each other's locks.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

from chatapp.storage.atomic import create_private
from chatapp.storage.failure import primary_code


class Lock:
    """An exclusive lock on the file at `path`, which is created where it is missing."""

    def __init__(self, path: Path, *, wait_s: float = 0.0) -> None:
        self.path = path
        self._wait_s = wait_s
        self._connection: sqlite3.Connection | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds it."""
        return self._connection is not None

    def acquire(self) -> bool:
        """Take it; False where another holds it for longer than `wait_s`. Raise OSError or sqlite3.Error."""
        create_private(self.path)
        uri = f"file:{quote(self.path.absolute().as_posix())}?mode=rw"
        connection = sqlite3.connect(uri, uri=True, timeout=self._wait_s, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            connection.close()
            if primary_code(error) == sqlite3.SQLITE_BUSY:
                return False
            raise
        self._connection = connection
        return True

    def release(self) -> None:
        """Let go; harmless where it isn't held."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
