"""Conversations as the rest of chatapp uses them: reads at once, writes to await."""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable, Mapping, Sequence

from chatapp.core.conversations import Conversation, Generation, Status, StoredMessage, Tree
from chatapp.core.details import Details
from chatapp.core.messages import Part, Role
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import StoredValue, Values
from chatapp.storage import branches, listing, token_blob, tree
from chatapp.storage.database import Database
from chatapp.storage.records import encode_edits, storable


class Conversations:
    """The conversations of a store.

    Reads raise NotFound for an id that nothing has, and StorageError where the file fails. Writes run one after
    another on the store's own thread and are on disk when they return, unless the store is not persistent.
    """

    def __init__(self, database: Database, writer: str, index_failed: Callable[[], None]) -> None:
        self._database = database
        self._index_failed = index_failed
        self._writer = writer

    def get(self, conversation_id: int) -> Conversation:
        """The conversation of that id, in the trash or not."""
        return self._database.read(lambda connection: tree.read_conversation(connection, conversation_id))

    def latest(self) -> Conversation | None:
        """The conversation in which something happened last, None where there is none outside the trash."""
        return next(iter(self.list(limit=1)), None)

    def list(
        self,
        *,
        filter: str = "",  # noqa: A002
        trash: bool = False,
        limit: int | None = None,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> list[Conversation]:
        """Conversations, those with the latest activity first; those in the trash where `trash`.

        `filter` keeps those whose title, or one of whose messages, has all of its words; looking for them is given
        up when it `is_wanted` no longer.
        """
        return listing.conversations(
            self._database, filter, trash, limit, index_failed=self._index_failed, is_wanted=is_wanted
        )

    def thread(
        self, conversation_id: int, leaf_id: int | None = None, *, last: int | None = None
    ) -> builtins.list[StoredMessage]:
        """The branch that ends in `leaf_id`, from its root on; the one that is shown where that is None.

        With `last` only so many messages at its end, which takes the same time however long it is.
        """
        return self._database.read(lambda connection: tree.thread(connection, conversation_id, leaf_id, last))

    def message(self, message_id: int) -> StoredMessage:
        """The message of that id."""
        return self._database.read(lambda connection: tree.read_message(connection, message_id))

    def siblings(self, message_id: int) -> builtins.list[StoredMessage]:
        """The versions of a message, itself among them: same parent and role, oldest first."""
        return self._database.read(lambda connection: tree.siblings(connection, message_id))

    def tree(self, conversation_id: int) -> Tree:
        """All branches of a conversation, with what is deleted."""
        return self._database.read(lambda connection: branches.read_tree(connection, conversation_id))

    def token_details(self, message_id: int) -> Details | None:
        """What is known of each token of a reply; None where nothing was kept, or what was kept is damaged."""
        blob = self._database.read(lambda connection: tree.token_details(connection, message_id))
        return token_blob.unpack(blob) if blob is not None else None

    async def create(
        self,
        *,
        title: str = "",
        system_prompt: str = "",
        edits: Values | Mapping[str, StoredValue] | None = None,
        model: str = "",
        overflow: Overflow = "stop",
    ) -> Conversation:
        """Make a conversation without messages."""
        return await self._database.write(
            lambda connection: tree.create(
                connection,
                title=title,
                system_prompt=system_prompt,
                edits=edits or {},
                model=model,
                overflow=overflow,
            )
        )

    async def add_message(
        self,
        conversation_id: int,
        parent_id: int | None,
        role: Role,
        parts: Sequence[Part],
        *,
        status: Status = "complete",
        generation: Generation | None = None,
        edited: bool = False,
    ) -> StoredMessage:
        """Add a message below `parent_id` (None: a root) and make it the leaf that is shown.

        The first message of a user gives a conversation without a title its title.
        """
        return await self._database.write(
            lambda connection: tree.add_message(
                connection,
                conversation_id,
                parent_id,
                role,
                parts,
                status=status,
                generation=generation,
                writer=self._writer,
                edited=edited,
            )
        )

    async def update_message(
        self,
        message_id: int,
        *,
        parts: Sequence[Part] | None = None,
        status: Status | None = None,
        generation: Generation | None = None,
        details: Details | None = None,
    ) -> StoredMessage:
        """Write what is given of a message; a growing reply is saved so, and ended so.

        `details` must not change any more: they are packed on the writer's thread.
        """
        return await self._database.write(
            lambda connection: tree.update_message(
                connection,
                message_id,
                parts=parts,
                status=status,
                generation=generation,
                details=details,
                writer=self._writer,
            )
        )

    async def select(self, message_id: int) -> Conversation:
        """Show the branch that runs through a message, down to its newest descendant."""
        return await self._database.write(lambda connection: tree.select(connection, message_id))

    async def show(self, conversation_id: int, leaf_id: int | None) -> Conversation:
        """Show the branch that ends in a message; None shows nothing of it."""
        return await self._change(conversation_id, leaf_id=leaf_id)

    async def insert_message(
        self, conversation_id: int, after_id: int | None, role: Role, parts: Sequence[Part]
    ) -> StoredMessage:
        """Add a message behind another one of the shown branch (None: at its beginning); the rest follows as copies."""
        added = await self._database.write(
            lambda connection: branches.insert(connection, conversation_id, after_id, role, parts, writer=self._writer)
        )
        self._database.wake(0.0)
        return added

    async def pin_message(self, message_id: int, pinned: bool) -> StoredMessage:
        """Keep a message in the model's view, or let it go."""
        return await self._database.write(lambda connection: branches.pin(connection, message_id, pinned))

    async def delete_message(self, message_id: int) -> Conversation:
        """Take a message and what follows it out of sight; the branch beside it is shown, else what is before it."""
        return await self._database.write(lambda connection: branches.delete(connection, message_id))

    async def restore_message(self, message_id: int) -> Conversation:
        """Bring a message back with what was deleted with it, and show it."""
        return await self._database.write(lambda connection: branches.restore(connection, message_id))

    async def fork(self, message_id: int, *, like: Conversation | None = None) -> Conversation:
        """Copy the branch down to a message into a conversation of its own, with its settings or those of `like`."""
        made = await self._database.write(lambda connection: branches.fork(connection, message_id, like))
        self._database.wake(0.0)
        return made

    async def rename(self, conversation_id: int, title: str) -> Conversation:
        """Give it another title."""
        return await self._database.write(lambda connection: tree.rename(connection, conversation_id, title))

    async def set_system_prompt(self, conversation_id: int, text: str) -> Conversation:
        """Set what every prompt of it begins with."""
        return await self._change(conversation_id, system_prompt=storable(text))

    async def set_edits(self, conversation_id: int, edits: Values | Mapping[str, StoredValue]) -> Conversation:
        """Set its own parameter values, in place of those before."""
        return await self._change(conversation_id, edits=encode_edits(edits))

    async def set_overflow(self, conversation_id: int, overflow: Overflow) -> Conversation:
        """Set what happens when it no longer fits the context."""
        return await self._change(conversation_id, overflow=overflow)

    async def set_model(self, conversation_id: int, model: str) -> Conversation:
        """Set the model that it talks to."""
        return await self._change(conversation_id, model=storable(model))

    async def pin(self, conversation_id: int, pinned: bool) -> Conversation:
        """Pin it, or let it go."""
        return await self._change(conversation_id, pinned=int(pinned))

    async def delete(self, conversation_id: int) -> Conversation:
        """Move it to the trash."""
        return await self._change(conversation_id, deleted_at=time.time())

    async def restore(self, conversation_id: int) -> Conversation:
        """Take it back out of the trash."""
        return await self._change(conversation_id, deleted_at=None)

    async def purge(self, conversation_id: int) -> None:
        """Remove it for good; backups made before still hold it until they are thinned out."""
        await self._database.write(lambda connection: tree.purge(connection, conversation_id))

    async def _change(self, conversation_id: int, **columns: int | float | str | None) -> Conversation:
        return await self._database.write(lambda connection: tree.change(connection, conversation_id, **columns))
