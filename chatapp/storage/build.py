"""Which SQLite this Python brings."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from chatapp.storage import index


class SqliteBuild(NamedTuple):
    """Its version, and whether it has full-text search."""

    version: str
    has_full_text_search: bool


def sqlite_build() -> SqliteBuild:
    """Ask the library itself."""
    return SqliteBuild(sqlite3.sqlite_version, index.supported())
