"""Conversations taken out of the database as values, and put into it: all of them or none."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from chatapp.core.conversations import Generation
from chatapp.core.folding import folded
from chatapp.core.portable import PortableConversation, PortableMessage
from chatapp.storage import index, token_blob, tree
from chatapp.storage.connection import Row
from chatapp.storage.database import Database
from chatapp.storage.records import (
    GENERATIONS,
    MESSAGE_COLUMNS,
    decode_parts,
    encode_edits,
    encode_parts,
    int_of,
    role_of,
    searchable_text,
    storable,
    stored_message,
    text_of,
)

_AT_ONCE = 200
"""So many messages are read in one go, and so many of an import are entered into the full-text index at once."""

_COLUMNS = f"{', '.join(['m.id', 'm.conversation_id', 'm.parent_id', 'm.role', 'm.parts', 'm.status', 'm.created_at'])}"
_MESSAGES = (
    f"SELECT {_COLUMNS}, 1, 1, {MESSAGE_COLUMNS[MESSAGE_COLUMNS.index('m.pinned') :]} FROM messages m {GENERATIONS} "
    "WHERE m.conversation_id = ? AND m.id > ? ORDER BY m.id LIMIT ?"
)


class Landing(msgspec.Struct, frozen=True):
    """What became of a conversation: its number in the store, and whether it was there before, perhaps in the trash.

    `other_version` is the number of one that came from the same place with other content.
    """

    conversation_id: int
    is_new: bool
    in_trash: bool = False
    other_version: int | None = None


class Transfer:
    """Whole conversations out of a store and into it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, conversation_id: int, *, details: bool = False) -> PortableConversation:
        """A conversation with all its branches, and what is known of its tokens where `details`; raise NotFound.

        Many short reads, so that others read in between; a reply that is being written counts as interrupted.
        """
        conversation = self._database.read(lambda connection: tree.read_conversation(connection, conversation_id))
        origin = self._database.read(partial(_origin, conversation_id=conversation_id))
        numbers: dict[int, int] = {}
        messages: list[PortableMessage] = []
        last = -1
        while rows := self._database.read(partial(_rows, conversation_id=conversation_id, after=last)):
            last = int_of(rows[-1][0])
            for row in rows:
                messages.append(self._portable(row, numbers, messages, details=details))
        leaf = numbers.get(conversation.leaf_id) if conversation.leaf_id is not None else None
        return PortableConversation(
            title=conversation.title,
            messages=tuple(messages),
            leaf=leaf if leaf is None or messages[leaf - 1].deleted_with is None else None,
            created_at=conversation.created_at,
            updated_at=conversation.updated_at,
            system_prompt=conversation.system_prompt,
            edits=conversation.edits,
            model=conversation.model,
            pinned=conversation.pinned,
            deleted_at=conversation.deleted_at,
            overflow=conversation.overflow,
            origin=origin,
        )

    async def put(self, conversations: Sequence[PortableConversation], *, dry_run: bool = False) -> list[Landing]:
        """Add those that are not there yet, all in one transaction; with `dry_run` only tell what would be added.

        One is there where an imported one has its origin, or where one that began at the same time begins with the
        same messages. Raise StorageError, with nothing added.
        """
        try:
            landed = await self._database.write(partial(_put, conversations=conversations, dry_run=dry_run))
        except _OnlyTried as tried:
            return tried.landed
        self._database.wake(0.0)
        return landed

    def _portable(
        self, row: Row, numbers: dict[int, int], before: Sequence[PortableMessage], *, details: bool
    ) -> PortableMessage:
        """A message whose places are numbers; `numbers` learns its own."""
        stored = stored_message(row)
        own = numbers[stored.id] = len(numbers) + 1
        deleted = numbers.get(stored.deleted_with) if stored.deleted_with is not None else None
        # What went out of sight with a message that is lost could never be brought back.
        if deleted is not None and deleted != own and before[deleted - 1].deleted_with != deleted:
            deleted = None
        blob = self._database.read(partial(tree.token_details, message_id=stored.id)) if details else None
        return PortableMessage(
            role=stored.role,
            parts=stored.parts,
            parent=numbers.get(stored.parent_id) if stored.parent_id is not None else None,
            status="interrupted" if stored.status == "streaming" else stored.status,
            created_at=stored.created_at,
            pinned=stored.pinned,
            edited=stored.edited,
            deleted_with=deleted,
            generation=_with_view(stored.generation, numbers) if stored.generation is not None else None,
            details=token_blob.unpack(blob) if blob is not None else None,
        )


class _OnlyTried(Exception):
    """Ends the transaction of a trial."""

    def __init__(self, landed: list[Landing]) -> None:
        super().__init__("only tried")
        self.landed = landed


def _put(
    connection: sqlite3.Connection, *, conversations: Sequence[PortableConversation], dry_run: bool
) -> list[Landing]:
    landed = []
    for conversation in conversations:
        there = _there(connection, conversation)
        if there is None:
            other = _other_version(connection, conversation.origin)
            there = Landing(_insert(connection, conversation), is_new=True, other_version=other)
        landed.append(there)
    if dry_run:
        raise _OnlyTried(landed)
    return landed


def _there(connection: sqlite3.Connection, conversation: PortableConversation) -> Landing | None:
    """The same conversation where it is in the store already."""
    rows = connection.execute(
        "SELECT id, deleted_at IS NOT NULL FROM conversations WHERE origin = ? AND origin != ''",
        (storable(conversation.origin),),
    ).fetchall()
    begun = connection.execute(
        "SELECT id, deleted_at IS NOT NULL FROM conversations WHERE created_at = ?", (conversation.created_at,)
    ).fetchall()
    rows += [row for row in begun if _begins_with(connection, int_of(row[0]), conversation)]
    return Landing(int_of(rows[0][0]), is_new=False, in_trash=bool(rows[0][1])) if rows else None


def _other_version(connection: sqlite3.Connection, origin: str) -> int | None:
    """A conversation that has the same name elsewhere, as its origin tells, and other content."""
    name, _, _ = storable(origin).rpartition(":")
    if ":" not in name:
        return None
    row = connection.execute(
        "SELECT max(id) FROM conversations WHERE origin > ? AND origin < ? AND origin != ''", (f"{name}:", f"{name};")
    ).fetchone()
    return row[0] if isinstance(row[0], int) else None


def _begins_with(connection: sqlite3.Connection, conversation_id: int, other: PortableConversation) -> bool:
    """Whether the messages of `other` are the first of this conversation: what is stored never changes, it grows."""
    rows = connection.execute(
        "SELECT id, parent_id, role, parts, created_at FROM messages WHERE conversation_id = ? ORDER BY id LIMIT ?",
        (conversation_id, max(1, len(other.messages))),
    ).fetchall()
    if len(rows) < len(other.messages) or (rows and not other.messages):
        return False
    numbers: dict[int | None, int] = {}
    for row, message in zip(rows, other.messages, strict=True):
        identity, parent, role, parts, created_at = row
        numbers[int_of(identity)] = len(numbers) + 1
        above = numbers.get(parent if isinstance(parent, int) else None)
        if (above, role_of(role), created_at) != (message.parent, message.role, message.created_at):
            return False
        if decode_parts(parts if isinstance(parts, bytes) else b"") != message.parts:
            return False
    return True


def _insert(connection: sqlite3.Connection, conversation: PortableConversation) -> int:
    now = time.time()
    began = conversation.created_at if conversation.created_at is not None else now
    cursor = connection.execute(
        "INSERT INTO conversations (title, folded_title, model, message_count, pinned, touched, created_at, "
        "updated_at, deleted_at, edits, system_prompt, overflow, origin) VALUES (?, ?, ?, ?, ?, "
        "(SELECT coalesce(max(touched), 0) + 1 FROM conversations), ?, ?, ?, ?, ?, ?, ?)",
        (
            storable(conversation.title),
            folded(storable(conversation.title)),
            storable(conversation.model),
            sum(message.deleted_with is None for message in conversation.messages),
            int(conversation.pinned),
            began,
            conversation.updated_at if conversation.updated_at is not None else began,
            conversation.deleted_at,
            encode_edits(conversation.edits),
            storable(conversation.system_prompt),
            conversation.overflow,
            storable(conversation.origin),
        ),
    )
    made = cursor.lastrowid or 0
    ids: dict[int, int] = {}
    for place, message in enumerate(conversation.messages, 1):
        ids[place] = _insert_message(connection, made, message, ids, place, began)
    if conversation.leaf is not None:
        connection.execute("UPDATE conversations SET leaf_id = ? WHERE id = ?", (ids[conversation.leaf], made))
    return made


def _insert_message(
    connection: sqlite3.Connection,
    conversation_id: int,
    message: PortableMessage,
    ids: Mapping[int, int],
    place: int,
    began: float,
) -> int:
    parts = encode_parts(message.parts)
    cursor = connection.execute(
        "INSERT INTO messages (conversation_id, parent_id, role, status, writer, created_at, parts, pinned, edited) "
        "VALUES (?, ?, ?, ?, '', ?, ?, ?, ?)",
        (
            conversation_id,
            ids[message.parent] if message.parent is not None else None,
            message.role,
            message.status,
            message.created_at if message.created_at is not None else began,
            parts,
            int(message.pinned),
            int(message.edited),
        ),
    )
    identity = cursor.lastrowid or 0
    if message.deleted_with is not None:
        connection.execute(
            "UPDATE messages SET deleted_with = ? WHERE id = ?", (ids.get(message.deleted_with, identity), identity)
        )
    if message.generation is not None:
        tree.put_generation(connection, identity, _with_view(message.generation, ids))
    if message.details is not None:
        tree.put_token_details(connection, identity, token_blob.pack(message.details))
    if place <= _AT_ONCE:
        index.enter(connection, identity, searchable_text(decode_parts(parts.encode())))
    else:
        connection.execute("INSERT OR IGNORE INTO unindexed (message_id) VALUES (?)", (identity,))
    return identity


def _with_view(generation: Generation, places: Mapping[int, int]) -> Generation:
    """`generation` with the place at which what the model saw begins, by other numbers."""
    view = generation.view
    if view is None or view.began_at is None:
        return generation
    moved = msgspec.structs.replace(view, began_at=places.get(view.began_at))
    return msgspec.structs.replace(generation, view=moved)


def _origin(connection: sqlite3.Connection, *, conversation_id: int) -> str:
    row = connection.execute("SELECT origin FROM conversations WHERE id = ?", (conversation_id,)).fetchone()
    return text_of(row[0]) if row is not None else ""


def _rows(connection: sqlite3.Connection, *, conversation_id: int, after: int) -> list[Row]:
    return connection.execute(_MESSAGES, (conversation_id, after, _AT_ONCE)).fetchall()
