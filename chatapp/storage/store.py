"""The store: everything that is kept, opened so that it never stands in the way of a conversation.

Where the file can't be used, the conversation goes on in memory and what is new is saved as soon as it can be.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

from chatapp.core.errors import ChatappError, StorageError, StoreBusy, StoreDamaged, StoreUnwritable
from chatapp.core.paths import Paths
from chatapp.storage import backup, index, refuge
from chatapp.storage.connection import connect_memory, number
from chatapp.storage.conversations import Conversations
from chatapp.storage.database import Connections, Database
from chatapp.storage.failure import FAILURES, SQL_ERRORS, identity_of, storage_error
from chatapp.storage.migrations import migrate
from chatapp.storage.opening import Opened, open_file, suspect
from chatapp.storage.search import Search
from chatapp.storage.transfer import Transfer
from chatapp.storage.writer import Writer, interrupt_abandoned

RETRY_S = 5.0
"""How often saving is tried again while it fails."""

HOUR_S = 3600.0
"""How often a new day is looked for, whose backup is due."""

_FIRST_IDLE_S = 1.0


class Store:
    """Conversations and search of one database.

    It never raises for a broken or unwritable file when it is opened: `problems` says what a person should know.
    """

    def __init__(self, paths: Paths, writer: Writer, connections: Connections, *, incognito: bool = False) -> None:
        self._paths = paths
        self._writer = writer
        self._incognito = incognito
        self._lasting: tuple[StorageError, ...] = ()
        self._failure: StorageError | None = None
        self._backup: threading.Thread | None = None
        self._closing = threading.Event()
        self._database = Database(paths.database, connections, on_failure=self._failed, on_idle=self._idle)
        self.conversations = Conversations(self._database, writer.name, self._index_failed)
        self.search = Search(self._database, self._index_failed)
        self.transfer = Transfer(self._database)

    @classmethod
    def open(cls, paths: Paths, *, incognito: bool = False) -> Store:
        """Open the database of `paths`; with `incognito` everything stays in memory and nothing is ever written."""
        writer = Writer(paths.data / "writers")
        if incognito:
            memory = connect_memory()
            migrate(memory)
            index.prepare(memory)
            return cls(paths, writer, Connections(memory, memory), incognito=True)
        try:
            opened = open_file(paths, writer)
        except StorageError as error:
            memory = refuge.take_refuge(paths.database)
            store = cls(paths, writer, Connections(memory, memory))
            store._failure = error
        else:
            store = cls(paths, writer, opened.connections)
            store._adopted(opened)
        store._database.wake(_FIRST_IDLE_S)
        return store

    @property
    def problems(self) -> tuple[ChatappError, ...]:
        """What a person should know about the store; one that is over is no longer among them."""
        return self._lasting + ((self._failure,) if self._failure is not None else ())

    @property
    def persistent(self) -> bool:
        """Whether what happens is on disk; False also when that is as wished."""
        return not self._incognito and self._failure is None

    def changed_elsewhere(self) -> bool:
        """Whether another process changed the database since this was asked last; never waits."""
        return self._database.changed_elsewhere()

    async def retry(self) -> bool:
        """Try at once to write to the file what is only in memory; tell whether everything is on disk now."""
        return await self._database.run(self._return)

    async def mark_interrupted(self) -> int:
        """Mark replies whose process has died since as interrupted; return how many there were."""
        if not self.persistent:
            return 0
        return await self._database.write(lambda connection: interrupt_abandoned(connection, self._writer))

    async def back_up(self) -> Path:
        """Make today's backup now, in place of one made earlier; raise StorageError."""
        try:
            name = backup.name_of(date.today())
            return await self._database.run(lambda: backup.back_up(self._paths.database, self._paths.backups, name))
        except FAILURES as error:
            raise storage_error(error, self._paths.backups) from error
        except backup.Cancelled:
            raise StoreBusy("Another process is making a backup.", hint="Try again when it is done.") from None

    async def close(self) -> None:
        """Finish what is being written and let go of the file; harmless when it is closed.

        Raise StoreUnwritable, after closing, where something could be kept nowhere.
        """
        if self._closing.is_set():
            return
        self._closing.set()
        try:
            await self._database.run(self._leave)
        finally:
            await self._database.close()
            self._writer.leave()

    def _index_failed(self) -> None:
        self._database.write_later(index.repair)
        self._database.wake(0.0)

    def _failed(self, error: StorageError) -> Connections | None:
        """Decide how to go on when the file fails: with a repaired one, in memory, or not at all."""
        if self._incognito or self._failure is not None:
            return None
        used = self._database.connections
        live: sqlite3.Connection | None = used.reader
        if isinstance(error, StoreDamaged) or identity_of(self._paths.database) not in (None, used.identity):
            suspect(self._paths.database)
            self._database.let_go()
            try:
                return self._adopted(open_file(self._paths, self._writer))
            except StorageError as reason:
                error, live = reason, None
        elif not isinstance(error, StoreUnwritable | StoreBusy):
            return None
        memory = refuge.take_refuge(self._paths.database, live)
        self._failure = error
        self._database.wake(RETRY_S)
        return Connections(memory, memory)

    def _return(self) -> bool:
        """Leave the refuge if the file can be written; runs on the writer's thread, so that nothing comes between."""
        if self._failure is None or self._incognito:
            return not self._incognito
        try:
            opened = open_file(self._paths, self._writer)
        except StorageError as error:
            self._failure = error
            return False
        try:
            refuge.save(self._database.connections.writer, opened.connections.writer)
        except SQL_ERRORS as error:
            opened.connections.close()
            self._failure = storage_error(error, self._paths.database)
            return False
        self._database.replace(self._adopted(opened))
        self._failure = None
        return True

    def _adopted(self, opened: Opened) -> Connections:
        self._lasting += tuple(problem for problem in opened.problems if str(problem) not in map(str, self._lasting))
        refuge.save_kept(self._paths.backups, opened.connections.writer)
        return opened.connections

    def _idle(self) -> float:
        """Do what waits for a quiet moment; return the seconds until the next."""
        if self._failure is not None and not self._return():
            return RETRY_S
        try:
            if self._database.write_here(index.catch_up):
                return 0.0
        except StorageError:
            return HOUR_S
        if not (self._backup and self._backup.is_alive()) and self._backup_due():
            self._backup = threading.Thread(
                target=self._back_up_daily, args=(self._closing.is_set,), name="chatapp-backup", daemon=True
            )
            self._backup.start()
        return HOUR_S

    def _backup_due(self, *, only_small: bool = False) -> bool:
        if not self.persistent or not backup.is_due(self._paths, date.today(), only_small=only_small):
            return False
        return bool(number(self._database.connections.writer, "SELECT EXISTS (SELECT 1 FROM messages)"))

    def _back_up_daily(self, cancelled: Callable[[], bool]) -> None:
        try:
            name = backup.name_of(date.today())
            backup.back_up(self._paths.database, self._paths.backups, name, cancelled=cancelled)
            backup.thin(self._paths.backups)
        except backup.Cancelled:
            pass
        except StoreDamaged as error:
            suspect(self._paths.database)
            self._lasting += (error,)
        except FAILURES as error:
            problem = storage_error(error, self._paths.backups)
            # A busy database is backed up another time, at the latest when it is opened next.
            self._lasting += () if isinstance(problem, StoreBusy) else (problem,)

    def _leave(self) -> None:
        """Save what is only in memory, in the file or else beside the backups; back up what is quickly backed up."""
        if self._backup is not None:
            self._backup.join()
        if self._incognito:
            return
        if self._failure is None or self._return():
            if self._backup_due(only_small=True):
                self._back_up_daily(cancelled=lambda: False)
            return
        memory = self._database.connections.writer
        if refuge.unsaved(memory):
            try:
                refuge.keep(memory, self._paths.backups)
            except FAILURES as error:
                raise StoreUnwritable(
                    f"What was said since saving failed is lost: {self._failure.message}", hint=self._failure.hint
                ) from error
