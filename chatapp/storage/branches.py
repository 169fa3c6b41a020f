"""What is done to the branches of a conversation; each function runs inside a transaction of its caller.

Nothing is ever taken out of the tree, and no row's parent changes: a message in the middle is followed by copies of
those that stood there, and what is deleted is only marked, all of it with the number of the message that was deleted.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from chatapp.core.conversations import Conversation, StoredMessage, Tree
from chatapp.core.errors import NotFound
from chatapp.core.messages import Part, Role
from chatapp.storage import index, tree
from chatapp.storage.connection import number
from chatapp.storage.records import (
    BRANCHING_COLUMNS,
    branching,
    decode_parts,
    encode_json,
    int_of,
    searchable_text,
)

_INDEXED_AT_ONCE = 200
"""Of so many copies each is entered into the full-text index; the others are entered in quiet moments."""

_FORK = re.compile(r"^Fork(?: \d+)?: ")


def read_tree(connection: sqlite3.Connection, conversation_id: int) -> Tree:
    """All messages of a conversation, also those that are deleted; raise NotFound."""
    leaf_id = tree.read_conversation(connection, conversation_id).leaf_id
    rows = connection.execute(
        f"SELECT {BRANCHING_COLUMNS} FROM messages WHERE conversation_id = ? ORDER BY id", (conversation_id,)
    )
    return Tree(tuple(map(branching, rows)), leaf_id)


def pin(connection: sqlite3.Connection, message_id: int, pinned: bool) -> StoredMessage:
    """Pin a message, or let it go; raise NotFound."""
    tree.read_message(connection, message_id)
    connection.execute("UPDATE messages SET pinned = ? WHERE id = ?", (int(pinned), message_id))
    return tree.read_message(connection, message_id)


def delete(connection: sqlite3.Connection, message_id: int) -> Conversation:
    """Take a message and all below it out of sight, and show what stands beside it, else what stands before it."""
    message = tree.read_message(connection, message_id)
    if message.deleted_with is None:
        connection.execute(
            f"WITH RECURSIVE {_BELOW} UPDATE messages SET deleted_with = ?1 WHERE deleted_with IS NULL AND id IN below",
            (message_id, message.conversation_id),
        )
    shown = tree.read_conversation(connection, message.conversation_id)
    if shown.leaf_id is not None and tree.read_message(connection, shown.leaf_id).deleted_with is not None:
        _show_instead(connection, message)
    return _counted(connection, message.conversation_id)


def restore(connection: sqlite3.Connection, message_id: int) -> Conversation:
    """Bring a message back with all that was deleted with it and what it stands below, and show it; raise NotFound."""
    message: StoredMessage | None = tree.read_message(connection, message_id)
    conversation_id = message.conversation_id if message is not None else 0
    while message is not None:
        if message.deleted_with is not None:
            deleted = message.deleted_with
            connection.execute(
                "UPDATE messages SET deleted_with = NULL WHERE conversation_id = ? AND deleted_with = ?",
                (conversation_id, deleted),
            )
            message = tree.read_message(connection, deleted)
        message = _lowest_deleted_above(connection, message)
    tree.select(connection, message_id)
    return _counted(connection, conversation_id)


def insert(
    connection: sqlite3.Connection,
    conversation_id: int,
    after_id: int | None,
    role: Role,
    parts: Sequence[Part],
    *,
    writer: str,
) -> StoredMessage:
    """Add a message behind `after_id` (None: at the beginning), followed by copies of what is shown behind that."""
    shown = [message.id for message in tree.thread(connection, conversation_id, None)]
    if after_id is not None and after_id not in shown:
        tree.select(connection, after_id)
        shown = [message.id for message in tree.thread(connection, conversation_id, None)]
    rest = shown[shown.index(after_id) + 1 :] if after_id is not None else shown
    added = tree.add_message(
        connection, conversation_id, after_id, role, parts, status="complete", generation=None, writer=writer
    )
    if rest:
        leaf = _copy(connection, rest, conversation_id, added.id)
        tree.change(connection, conversation_id, leaf_id=leaf)
        _counted(connection, conversation_id)
    return tree.read_message(connection, added.id)


def fork(connection: sqlite3.Connection, message_id: int, like: Conversation | None = None) -> Conversation:
    """Make a conversation of copies of the branch down to a message, with its settings or `like`'s; raise NotFound."""
    message = tree.read_message(connection, message_id)
    origin = tree.read_conversation(connection, message.conversation_id)
    settings = like or origin
    made = tree.create(
        connection,
        title=_fork_title(connection, origin.title),
        system_prompt=settings.system_prompt,
        edits=settings.edits,
        model=origin.model,
        overflow=settings.overflow,
    )
    branch = [each.id for each in tree.thread(connection, origin.id, message_id)]
    leaf = _copy(connection, branch, made.id, None)
    tree.change(connection, made.id, leaf_id=leaf)
    return _counted(connection, made.id)


_BELOW = (
    "below(id) AS (SELECT ?1 UNION SELECT m.id FROM below JOIN messages m ON m.conversation_id = ?2 AND "
    "m.parent_id = below.id)"
)


def _show_instead(connection: sqlite3.Connection, deleted: StoredMessage) -> None:
    """Show the message that stands nearest beside a deleted one, an older one first; else the one before it."""
    beside = connection.execute(
        "SELECT id FROM messages WHERE conversation_id = ?1 AND parent_id IS ?2 AND deleted_with IS NULL "
        "ORDER BY role != ?4, id > ?3, abs(id - ?3) LIMIT 1",
        (deleted.conversation_id, deleted.parent_id, deleted.id, deleted.role),
    ).fetchone()
    if beside is not None:
        tree.select(connection, beside[0])
    else:
        tree.change(connection, deleted.conversation_id, leaf_id=deleted.parent_id)


def _lowest_deleted_above(connection: sqlite3.Connection, message: StoredMessage) -> StoredMessage | None:
    """The nearest message above that is deleted, None where none is."""
    branch = tree.thread(connection, message.conversation_id, message.id)
    return next((each for each in reversed(branch) if each.deleted_with is not None), None)


def _counted(connection: sqlite3.Connection, conversation_id: int) -> Conversation:
    count = number(
        connection,
        "SELECT count(*) FROM messages WHERE conversation_id = ? AND deleted_with IS NULL",
        (conversation_id,),
    )
    return tree.change(connection, conversation_id, message_count=count)


def _fork_title(connection: sqlite3.Connection, title: str) -> str:
    """“Fork: Title”, or “Fork 2: Title” and so on where there is one of that name: told apart where a list cuts it."""
    stem = _FORK.sub("", title).strip() or "Conversation"
    for count in range(1, 1000):
        named = f"Fork {count}: {stem}" if count > 1 else f"Fork: {stem}"
        if not number(connection, "SELECT count(*) FROM conversations WHERE title = ?", (named,)):
            break
    return named


def _copy(
    connection: sqlite3.Connection, message_ids: Sequence[int], conversation_id: int, parent_id: int | None
) -> int:
    """Copy a branch below `parent_id`, with all that is known of its messages; return the id of the last copy."""
    copies: dict[int, int] = {}
    for place, message_id in enumerate(message_ids):
        cursor = connection.execute(
            "INSERT INTO messages (conversation_id, parent_id, role, status, writer, created_at, parts, pinned, "
            "edited) SELECT ?, ?, role, replace(status, 'streaming', 'interrupted'), writer, created_at, parts, "
            "pinned, edited FROM messages WHERE id = ?",
            (conversation_id, parent_id, message_id),
        )
        if cursor.rowcount != 1:
            raise NotFound(f"There is no message {message_id}.")
        copies[message_id] = parent_id = cursor.lastrowid or 0
        _copy_generation(connection, message_id, copies)
        connection.execute(
            "INSERT INTO token_details (message_id, content) SELECT ?, content FROM token_details WHERE message_id = ?",
            (parent_id, message_id),
        )
        if place < _INDEXED_AT_ONCE:
            parts = connection.execute("SELECT parts FROM messages WHERE id = ?", (parent_id,)).fetchone()[0]
            index.enter(connection, parent_id, searchable_text(decode_parts(parts)))
        else:
            connection.execute("INSERT OR IGNORE INTO unindexed (message_id) VALUES (?)", (parent_id,))
    return parent_id or 0


def _copy_generation(connection: sqlite3.Connection, message_id: int, copies: Mapping[int, int]) -> None:
    """Copy how a reply came about; what it saw began at a message that may have been copied, too."""
    row = connection.execute(
        "SELECT setup_id, detail, token_ids FROM generations WHERE message_id = ?", (message_id,)
    ).fetchone()
    if row is None:
        return
    setup_id, detail, token_ids = row
    connection.execute(
        "INSERT INTO generations (message_id, setup_id, detail, token_ids) VALUES (?, ?, ?, ?)",
        (copies[message_id], setup_id, _with_copied_view(detail, copies), token_ids),
    )


def _with_copied_view(detail: bytes, copies: Mapping[int, int]) -> str:
    if b'"began_at"' in detail:
        try:
            facts = msgspec.json.decode(detail, type=dict[str, object])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            facts = {}
        view = facts.get("view")
        if isinstance(view, dict) and view.get("began_at") in copies:
            view["began_at"] = copies[int_of(view["began_at"])]
            return encode_json(facts)
    return detail.decode(errors="replace")
