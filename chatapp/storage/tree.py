"""Changes to conversations and their trees of messages; each function runs inside a transaction of its caller.

No row's parent ever changes. What comes first is told by ids and by `touched`, a number that rises with every
activity, never by a clock.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence

from chatapp.core.conversations import Conversation, Generation, Status, StoredMessage
from chatapp.core.details import Details
from chatapp.core.errors import NotFound
from chatapp.core.folding import folded
from chatapp.core.messages import Part, Role, TextPart
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import StoredValue, Values
from chatapp.storage import index, token_blob
from chatapp.storage.connection import Parameters, number
from chatapp.storage.records import (
    CONVERSATION_COLUMNS,
    GENERATIONS,
    MESSAGE_COLUMNS,
    conversation,
    decode_parts,
    encode_edits,
    encode_generation,
    encode_parts,
    searchable_text,
    storable,
    stored_message,
)

TITLE_CHARACTERS = 80
_NEXT_TOUCHED = "(SELECT coalesce(max(touched), 0) + 1 FROM conversations)"


def read_conversation(connection: sqlite3.Connection, conversation_id: int) -> Conversation:
    """The conversation of that id; raise NotFound."""
    row = connection.execute(
        f"SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE id = ?", (_row_id(conversation_id),)
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}.", hint="chatapp history list shows them all.")
    return conversation(row)


def read_message(connection: sqlite3.Connection, message_id: int) -> StoredMessage:
    """The message of that id; raise NotFound."""
    row = connection.execute(
        f"SELECT {MESSAGE_COLUMNS} FROM messages m {GENERATIONS} WHERE m.id = ?",
        (_row_id(message_id),),
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no message {message_id}.")
    return stored_message(row)


def thread(
    connection: sqlite3.Connection, conversation_id: int, leaf_id: int | None, last: int | None = None
) -> list[StoredMessage]:
    """The branch that ends in `leaf_id`, or in the conversation's own leaf, from its root on; raise NotFound.

    With `last` only so many messages at its end.
    """
    leaf = leaf_id if leaf_id is not None else read_conversation(connection, conversation_id).leaf_id
    if leaf is None:
        return []
    rows = connection.execute(
        "WITH RECURSIVE branch(id, parent_id) AS (SELECT id, parent_id FROM messages WHERE id = ? AND "
        "conversation_id = ? UNION ALL SELECT m.id, m.parent_id FROM branch JOIN messages m ON m.id = branch.parent_id "
        "AND m.id < branch.id LIMIT ?) "
        f"SELECT {MESSAGE_COLUMNS} FROM branch JOIN messages m ON m.id = branch.id {GENERATIONS}",
        (_row_id(leaf), _row_id(conversation_id), -1 if last is None else last),
    ).fetchall()
    if not rows and leaf_id is not None:
        raise NotFound(f"Message {leaf_id} does not belong to conversation {conversation_id}.")
    return [stored_message(row) for row in reversed(rows)]


def siblings(connection: sqlite3.Connection, message_id: int) -> list[StoredMessage]:
    """The messages with the same parent and role, oldest first; raise NotFound."""
    message = read_message(connection, message_id)
    rows = connection.execute(
        f"SELECT {MESSAGE_COLUMNS} FROM messages m {GENERATIONS} "
        "WHERE m.conversation_id = ? AND m.parent_id IS ? AND m.role = ? AND (m.deleted_with IS NULL OR m.id = ?) "
        "ORDER BY m.id",
        (message.conversation_id, message.parent_id, message.role, message_id),
    )
    return [stored_message(row) for row in rows]


def token_details(connection: sqlite3.Connection, message_id: int) -> bytes | None:
    """What is kept of the tokens of a message, None where nothing is; raise NotFound for a message that is none."""
    row = connection.execute(
        "SELECT d.content FROM messages m LEFT JOIN token_details d ON d.message_id = m.id WHERE m.id = ?",
        (_row_id(message_id),),
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no message {message_id}.")
    return row[0] if isinstance(row[0], bytes) else None


def put_token_details(connection: sqlite3.Connection, message_id: int, content: bytes) -> None:
    """Keep `content` of the tokens of a message, in place of what was kept before."""
    connection.execute(
        "INSERT OR REPLACE INTO token_details (message_id, content) VALUES (?, ?)", (message_id, content)
    )


def create(
    connection: sqlite3.Connection,
    *,
    title: str,
    system_prompt: str,
    edits: Values | Mapping[str, StoredValue],
    model: str,
    overflow: Overflow = "stop",
) -> Conversation:
    """Make a conversation without messages."""
    now = time.time()
    cursor = connection.execute(
        "INSERT INTO conversations (title, folded_title, system_prompt, edits, model, overflow, created_at, "
        f"updated_at, touched) VALUES (?, ?, ?, ?, ?, ?, ?, ?, {_NEXT_TOUCHED})",
        (
            storable(title),
            folded(storable(title)),
            storable(system_prompt),
            encode_edits(edits),
            storable(model),
            overflow,
            now,
            now,
        ),
    )
    return read_conversation(connection, cursor.lastrowid or 0)


def add_message(
    connection: sqlite3.Connection,
    conversation_id: int,
    parent_id: int | None,
    role: Role,
    parts: Sequence[Part],
    *,
    status: Status,
    generation: Generation | None,
    writer: str,
    edited: bool = False,
) -> StoredMessage:
    """Add a message below `parent_id`, make it the leaf that is shown, and count it as activity."""
    owner = read_conversation(connection, conversation_id)
    if parent_id is not None and read_message(connection, parent_id).conversation_id != conversation_id:
        raise NotFound(f"Message {parent_id} does not belong to conversation {conversation_id}.")
    now = time.time()
    encoded = encode_parts(parts)
    cursor = connection.execute(
        "INSERT INTO messages (conversation_id, parent_id, role, status, writer, created_at, parts, edited) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (conversation_id, parent_id, role, status, writer, now, encoded, int(edited)),
    )
    message_id = cursor.lastrowid or 0
    if generation is not None:
        put_generation(connection, message_id, generation)
    if status != "streaming":
        index.enter(connection, message_id, searchable_text(decode_parts(encoded.encode())))
    connection.execute(
        "UPDATE conversations SET leaf_id = ?, message_count = message_count + 1, updated_at = ?, "
        f"touched = {_NEXT_TOUCHED} WHERE id = ?",
        (message_id, now, conversation_id),
    )
    if role == "user" and not owner.title:
        rename(connection, conversation_id, title_of(parts))
    return read_message(connection, message_id)


def update_message(
    connection: sqlite3.Connection,
    message_id: int,
    *,
    parts: Sequence[Part] | None,
    status: Status | None,
    generation: Generation | None,
    writer: str,
    details: Details | None = None,
) -> StoredMessage:
    """Write what is given; a message that streams no more is entered into the full-text index."""
    before = read_message(connection, message_id)
    was_indexed, is_indexed = before.status != "streaming", (status or before.status) != "streaming"
    changed_text = parts is not None and parts != before.parts
    if was_indexed and (changed_text or not is_indexed):
        index.withdraw(connection, message_id, searchable_text(before.parts))
    changes: dict[str, str | int] = {}
    if parts is not None:
        changes["parts"] = encode_parts(parts)
    if status is not None and status != before.status:
        changes |= {"status": status, "writer": writer}
    if changes:
        assignments = ", ".join(f"{column} = ?" for column in changes)
        connection.execute(f"UPDATE messages SET {assignments} WHERE id = ?", (*changes.values(), message_id))
    if generation is not None and generation != before.generation:
        put_generation(connection, message_id, generation)
    if details is not None:
        put_token_details(connection, message_id, token_blob.pack(details))
    after = read_message(connection, message_id)
    if is_indexed and (changed_text or not was_indexed):
        index.enter(connection, message_id, searchable_text(after.parts))
    return after


def select(connection: sqlite3.Connection, message_id: int) -> Conversation:
    """Show the branch that runs through `message_id`, down to its newest descendant; raise NotFound."""
    message = read_message(connection, message_id)
    if message.deleted_with is not None:
        raise NotFound(f"Message {message_id} is deleted.", hint="Bring it back first.")
    conversation_id = message.conversation_id
    leaf = number(
        connection,
        "WITH RECURSIVE below(id) AS (SELECT ?1 UNION SELECT m.id FROM below JOIN messages m "
        "ON m.conversation_id = ?2 AND m.parent_id = below.id AND m.deleted_with IS NULL) SELECT max(id) FROM below",
        (message_id, conversation_id),
    )
    return change(connection, conversation_id, leaf_id=leaf)


def change(connection: sqlite3.Connection, conversation_id: int, **columns: int | float | str | None) -> Conversation:
    """Set columns of a conversation; raise NotFound."""
    read_conversation(connection, conversation_id)
    assignments = ", ".join(f"{column} = ?" for column in columns)
    parameters: Parameters = (*columns.values(), conversation_id)
    connection.execute(f"UPDATE conversations SET {assignments} WHERE id = ?", parameters)
    return read_conversation(connection, conversation_id)


def rename(connection: sqlite3.Connection, conversation_id: int, title: str) -> Conversation:
    """Give a conversation another title; raise NotFound."""
    title = storable(title)
    return change(connection, conversation_id, title=title, folded_title=folded(title))


def purge(connection: sqlite3.Connection, conversation_id: int) -> None:
    """Remove a conversation with all that belongs to it, for good; the freed pages are overwritten."""
    read_conversation(connection, conversation_id)
    connection.execute("PRAGMA secure_delete=ON")
    for message in connection.execute("SELECT id, parts FROM messages WHERE conversation_id = ?", (conversation_id,)):
        index.withdraw(connection, message[0], searchable_text(decode_parts(message[1])))
    setups = connection.execute(
        "SELECT DISTINCT setup_id FROM generations g JOIN messages m ON m.id = g.message_id WHERE conversation_id = ?",
        (conversation_id,),
    ).fetchall()
    for table in ("generations", "token_details"):
        connection.execute(
            f"DELETE FROM {table} WHERE message_id IN (SELECT id FROM messages WHERE conversation_id = ?)",
            (conversation_id,),
        )
    connection.execute("DELETE FROM messages WHERE conversation_id = ?", (conversation_id,))
    connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))
    connection.executemany(
        "DELETE FROM setups WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM generations WHERE setup_id = ?1)", setups
    )


def title_of(parts: Sequence[Part]) -> str:
    """A title from a message: its first line with text, shortened at a word."""
    text = "".join(part.text for part in parts if isinstance(part, TextPart))
    line = " ".join(next((line for line in text[:4000].splitlines() if line.strip()), "").split())
    if len(line) > TITLE_CHARACTERS:
        cut = line[: TITLE_CHARACTERS - 1]
        line = (cut.rsplit(" ", 1)[0] if " " in cut[TITLE_CHARACTERS // 2 :] else cut) + "…"
    return line


def put_generation(connection: sqlite3.Connection, message_id: int, generation: Generation) -> None:
    """Keep how a message came about, in place of what was kept before."""
    setup, own = encode_generation(generation)
    connection.execute("INSERT OR IGNORE INTO setups (id, content) VALUES (?, ?)", setup)
    connection.execute(
        "INSERT OR REPLACE INTO generations (message_id, setup_id, detail, token_ids) VALUES (?, ?, ?, ?)",
        (message_id, setup[0], *own),
    )


def _row_id(value: int) -> int:
    """`value`, or an id that nothing has where SQLite could not hold it."""
    return value if -(2**63) <= value < 2**63 else -1
