"""One database in use: a thread that writes, one change after another, and a connection that reads.

Writes are asked for from any event loop and, once asked for, carried out even when their caller is cancelled.
What happens when the file fails is the store's decision: `on_failure` may give other connections to go on with.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from chatapp.core.errors import StorageError
from chatapp.storage.connection import READER_WAIT_S, TURN_S, Patience, in_transaction, number
from chatapp.storage.failure import SQL_ERRORS, identity_of, moved, storage_error

T = TypeVar("T")


@dataclass(frozen=True)
class Connections:
    """The connection that writes and the one that reads: one and the same in memory.

    `identity` tells the file that they opened from another one that took its name later.
    """

    writer: sqlite3.Connection
    reader: sqlite3.Connection
    identity: tuple[int, int] | None = None

    @property
    def in_memory(self) -> bool:
        """Whether nothing of it reaches a file."""
        return self.writer is self.reader

    def close(self) -> None:
        """Close both."""
        self.reader.close()
        self.writer.close()


class Database:
    """Reads at once, writes in order."""

    def __init__(
        self,
        path: Path,
        connections: Connections,
        *,
        on_failure: Callable[[StorageError], Connections | None] = lambda error: None,
        on_idle: Callable[[], float] = lambda: math.inf,
    ) -> None:
        self.path = path
        self._on_failure = on_failure
        self._on_idle = on_idle
        self._connections = connections
        self._writing = threading.RLock()
        self._reading = threading.RLock()
        self._seen = 0
        self._seen = self._data_version()
        self._changed = False
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._idle_at: float | None = None
        self._called_off = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="chatapp-store", daemon=True)
        self._thread.start()

    @property
    def connections(self) -> Connections:
        """What it works with at the moment; for work on the writer's thread."""
        return self._connections

    def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run `query`, which only reads, at once; raise StorageError."""
        used = self._connections
        try:
            self._check_identity(used)
            return self._read(query)
        except StorageError as error:
            if not self._recovered(error, used):
                raise
        return self._read(query)

    async def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Run `change` in a transaction on the writer's thread; raise StorageError or what `change` raises."""
        return await self.run(lambda: self._write(change))

    def write_here(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """As `write`, for work that runs on the writer's thread already."""
        return self._write(change)

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` on the writer's thread, between two changes."""
        if self._closed:
            raise StorageError("The store is closed.", hint="Open it again.")
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[T] = loop.create_future()

        def tell(settle: Callable[[], None]) -> None:
            # A loop that has ended waits for nothing; the work is done all the same.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(lambda: None if waiter.done() else settle())

        def task() -> None:
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 (handed to whoever asked)
                failure = error
                tell(lambda: waiter.set_exception(failure))
            else:
                tell(lambda: waiter.set_result(result))

        self._queue.put(task)
        return await waiter

    def write_later(self, change: Callable[[sqlite3.Connection], object]) -> None:
        """Run `change` as `write` does, without telling anybody how it ended."""

        def task() -> None:
            with contextlib.suppress(StorageError):
                self._write(change)

        self._queue.put(task)

    def wake(self, delay_s: float) -> None:
        """Have `on_idle` called after `delay_s`, when nothing is to be written."""

        def set_clock() -> None:
            due = time.monotonic() + delay_s
            self._idle_at = due if self._idle_at is None else min(due, self._idle_at)

        self._queue.put(set_clock)

    def changed_elsewhere(self) -> bool:
        """Whether another process wrote since this was asked last; never waits."""
        if self._writing.acquire(blocking=False):
            try:
                version = self._data_version()
                self._changed, self._seen = self._changed or version != self._seen, version
            finally:
                self._writing.release()
        changed, self._changed = self._changed, False
        return changed

    def replace(self, connections: Connections) -> None:
        """Go on with other connections, and close those before."""
        with self._writing, self._reading:
            previous, self._connections = self._connections, connections
            self._seen = self._data_version()
            self._changed = True
        with contextlib.suppress(sqlite3.Error):
            previous.close()

    def let_go(self) -> None:
        """Close the connections, so that the file can be moved; `replace` must follow."""
        with self._writing, self._reading:
            self._connections.close()

    async def close(self) -> None:
        """Write what was asked for, then let go of the file; harmless when it is closed."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        with self._reading:  # Another thread may be in the middle of a read.
            self._connections.close()

    def _run(self) -> None:
        while True:
            try:
                task = self._queue.get(timeout=self._until_idle())
            except queue.Empty:
                self._idle_at = time.monotonic() + self._on_idle()
                continue
            if task is None:
                return
            task()

    def _until_idle(self) -> float | None:
        return None if self._idle_at is None else max(0.0, self._idle_at - time.monotonic())

    def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        with self._reading:
            try:
                return Patience(READER_WAIT_S).insist(lambda: query(self._connections.reader))
            except SQL_ERRORS as error:
                raise storage_error(error, self.path) from error

    def _write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        with self._writing:
            used = self._connections
            try:
                self._check_identity(used)
                return self._transact(used, change)
            except StorageError as error:
                if not self._recovered(error, used):
                    raise
            return self._transact(self._connections, change)

    def _check_identity(self, used: Connections) -> None:
        if used.identity is not None and identity_of(self.path) != used.identity:
            raise moved(self.path)

    def _transact(self, used: Connections, change: Callable[[sqlite3.Connection], T]) -> T:
        with self._reading if used.in_memory else contextlib.nullcontext():
            try:
                return in_transaction(used.writer, change, called_off=self._called_off.is_set)
            except SQL_ERRORS as error:
                raise storage_error(error, self.path) from error

    def _recovered(self, error: StorageError, used: Connections) -> bool:
        """Whether there are other connections than those `used`, now or by the store's decision."""
        # A write that waits for the same lock must not be waited for in turn.
        self._called_off.set()
        with self._writing:
            self._called_off.clear()
            if self._connections is used:
                replacement = self._on_failure(error)
                if replacement is None:
                    return False
                self.replace(replacement)
            return True

    def _data_version(self) -> int:
        """SQLite's count of what others wrote, as the writer sees it; its own changes don't count."""
        writer = self._connections.writer
        if self._connections.in_memory:
            return self._seen
        try:
            writer.execute("PRAGMA busy_timeout=0")
            return number(writer, "PRAGMA data_version")
        except SQL_ERRORS:
            return self._seen
        finally:
            with contextlib.suppress(sqlite3.Error):
                writer.execute(f"PRAGMA busy_timeout={int(TURN_S * 1000)}")
