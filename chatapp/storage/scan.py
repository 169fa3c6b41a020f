"""A walk through the messages that match, from the newest to the oldest, in steps that are short reads."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import time
from collections.abc import Iterator, Sequence

from chatapp.storage import index
from chatapp.storage.connection import Parameters, Row, number
from chatapp.storage.failure import primary_code
from chatapp.storage.records import encode_json
from chatapp.storage.segment import Term, expression

STEP_S = 0.05
"""A read that lasts longer is interrupted, so that a commit need not wait for it."""

_INSTRUCTIONS = 1000
_DELETED = "SELECT id FROM messages WHERE deleted_with IS NOT NULL"
_NARROWEST = 256
"""So few messages are read to the end, that every step gets on."""


class Scan:
    """Steps through the messages that match `wanted`; `columns` are read of `messages m` and `conversations c`.

    The first column must be `m.id`. Messages that are deleted, or whose conversation is, are passed over. Where the
    full-text index fails (`index_failed`), the messages themselves are read from there on.
    """

    _ordered = True
    """Whether rows come newest first and begin with the message's id."""

    def __init__(
        self, wanted: Sequence[Term], columns: str, *, conversation_id: int | None = None, step_s: float = STEP_S
    ) -> None:
        self.finished = not wanted
        self.index_failed = False
        self.wanted = tuple(wanted)
        self._columns = columns
        self._step_s = step_s
        self._conversation_id = conversation_id
        self._below: int | None = None
        self._width = 0

    def step(self, connection: sqlite3.Connection, *, limit: int = -1) -> list[Row]:
        """Read matches for at most 50 ms and at most `limit` of them, and go on behind them the next time."""
        if self._below is None:
            self._below = self._width = number(connection, "SELECT max(id) FROM messages") + 1
        lowest = max(0, self._below - self._width)
        rows: list[Row] = []
        try:
            with _limited(connection, self._step_s if self._width > _NARROWEST else math.inf):
                for row in connection.execute(*self._query(connection, lowest, self._below, limit)):
                    rows.append(row)  # noqa: PERF402 (an interruption keeps the rows before it)
        except sqlite3.DatabaseError as error:
            if primary_code(error) == sqlite3.SQLITE_INTERRUPT:
                self._interrupted(rows)
                return rows
            if not self._indexed(connection):
                raise
            self.index_failed = True
            return []
        if limit >= 0 and len(rows) >= limit:
            self._below = _id(rows[-1])
        else:
            self._below, self._width = lowest, self._width * 4
        self.finished = self._below <= 0
        return rows

    def _indexed(self, connection: sqlite3.Connection) -> bool:
        return not self.index_failed and index.present(connection)

    def _interrupted(self, rows: list[Row]) -> None:
        if rows and self._ordered:
            self._below = _id(rows[-1])
        else:
            self._width = max(_NARROWEST, self._width // 8)

    def _query(self, connection: sqlite3.Connection, lowest: int, below: int, limit: int) -> tuple[str, Parameters]:
        joined = "JOIN conversations c ON c.id = m.conversation_id AND c.deleted_at IS NULL AND m.deleted_with IS NULL"
        owner: Parameters = ()
        if self._conversation_id is not None:
            joined, owner = f"{joined} AND c.id = ?", (self._conversation_id,)
        if self._indexed(connection):
            sql = (
                f"SELECT {self._columns} FROM message_index f CROSS JOIN messages m ON m.id = f.rowid {joined} "
                "WHERE f.message_index MATCH ? AND f.rowid >= ? AND f.rowid < ? ORDER BY f.rowid DESC LIMIT ?"
            )
            return sql, (*owner, expression(self.wanted), lowest, below, limit)
        like = " ".join("AND m.parts LIKE ? ESCAPE '\\'" for _ in self.wanted)
        sql = (
            f"SELECT {self._columns} FROM messages m CROSS {joined} WHERE m.id >= ? AND m.id < ? {like} "
            "ORDER BY m.id DESC LIMIT ?"
        )
        return sql, (*owner, lowest, below, *(_contains(term) for term in self.wanted), limit)


class ConversationScan(Scan):
    """Steps through the conversations that have matching messages; a row is a conversation's id."""

    _ordered = False

    def __init__(self, wanted: Sequence[Term], *, step_s: float = STEP_S) -> None:
        super().__init__(wanted, "", step_s=step_s)

    def _query(self, connection: sqlite3.Connection, lowest: int, below: int, limit: int) -> tuple[str, Parameters]:
        if self._indexed(connection):
            sql = (
                "SELECT DISTINCT p.conversation_id FROM message_index f CROSS JOIN index_places p "
                "ON p.message_id = f.rowid WHERE f.message_index MATCH ? AND f.rowid >= ? AND f.rowid < ? "
                f"AND p.message_id NOT IN ({_DELETED}) LIMIT ?"
            )
            return sql, (expression(self.wanted), lowest, below, limit)
        like = " ".join("AND m.parts LIKE ? ESCAPE '\\'" for _ in self.wanted)
        sql = (
            "SELECT DISTINCT m.conversation_id FROM messages m WHERE m.id >= ? AND m.id < ? "
            f"AND m.deleted_with IS NULL {like} LIMIT ?"
        )
        return sql, (lowest, below, *(_contains(term) for term in self.wanted), limit)


def _contains(term: Term) -> str:
    """A LIKE pattern for a text inside JSON."""
    inside = encode_json(term.text)[1:-1]
    for special in ("\\", "%", "_"):
        inside = inside.replace(special, "\\" + special)
    return f"%{inside}%"


def _id(row: Row) -> int:
    return row[0] if isinstance(row[0], int) else 0


@contextlib.contextmanager
def _limited(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Interrupt what runs on `connection` after `seconds`."""
    until = time.perf_counter() + seconds
    connection.set_progress_handler(lambda: time.perf_counter() > until, _INSTRUCTIONS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)
