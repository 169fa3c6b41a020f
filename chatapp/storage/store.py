"""The store: everything that is kept, opened so that it never stands in the way of a conversation."""

from __future__ import annotations

from chatapp.core.errors import ChatappError
from chatapp.core.paths import Paths
from chatapp.storage import index
from chatapp.storage.connection import connect_memory
from chatapp.storage.conversations import Conversations
from chatapp.storage.database import Connections, Database
from chatapp.storage.migrations import migrate
from chatapp.storage.opening import open_file
from chatapp.storage.search import Search
from chatapp.storage.writer import Writer


class Store:
    """Conversations and search of one database.

    `problems` are what a person should know about it, `persistent` whether what happens is kept.
    """

    def __init__(self, paths: Paths, database: Database, writer: Writer, problems: tuple[ChatappError, ...]) -> None:
        self.problems = problems
        self.persistent = True
        self.conversations = Conversations(database, writer.name)
        self.search = Search(database)
        self._paths = paths
        self._database = database
        self._writer = writer

    @classmethod
    def open(cls, paths: Paths, *, incognito: bool = False) -> Store:
        """Open it; never raises for a broken or unwritable database."""
        writer = Writer(paths.data / "writers")
        if incognito:
            connection = connect_memory()
            migrate(connection)
            index.prepare(connection)
            return cls(paths, Database(paths.database, Connections(connection, connection)), writer, ())
        connections = open_file(paths, writer)
        return cls(paths, Database(paths.database, connections), writer, ())

    def changed_elsewhere(self) -> bool:
        """Whether another process changed the database since this was asked last; never waits."""
        return self._database.changed_elsewhere()

    async def close(self) -> None:
        """Finish what is being written and let go of the file."""
        await self._database.close()
        self._writer.leave()
