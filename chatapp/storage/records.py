"""Rows of the database as values, and values as what rows hold.

Content is JSON, so that it can be read with nothing but the sqlite3 shell. What can't be decoded is shown as the
text that it is: a damaged message is better than none.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec
from msgspec.structs import force_setattr

from chatapp.core.conversations import STATUSES, Branching, Conversation, Generation, Status, StoredMessage
from chatapp.core.messages import AttachmentPart, Part, ReasoningPart, Role, TextPart
from chatapp.core.overflow import OVERFLOWS, Overflow
from chatapp.core.parameters import Setting, StoredValue, Values
from chatapp.storage.connection import Row

CONVERSATION_COLUMNS = (
    "id, title, created_at, updated_at, system_prompt, edits, model, leaf_id, message_count, pinned, deleted_at, "
    "overflow"
)
_SAME_PLACE = (
    "SELECT count(*) FROM messages s WHERE s.conversation_id = m.conversation_id AND s.parent_id IS m.parent_id "
    "AND s.role = m.role AND s.deleted_with IS NULL"
)
MESSAGE_COLUMNS = (
    f"m.id, m.conversation_id, m.parent_id, m.role, m.parts, m.status, m.created_at, ({_SAME_PLACE} AND s.id <= m.id), "
    f"({_SAME_PLACE}), m.pinned, m.edited, m.deleted_with, u.content, g.detail, g.token_ids"
)
"""What `stored_message` reads, from `messages m` with `GENERATIONS`."""

BRANCHING_COLUMNS = "id, parent_id, role, parts, status, created_at, pinned, edited, deleted_with"
"""What `branching` reads."""

OPENING_CHARACTERS = 160
_LOOKED_AT = 240
GENERATIONS = "LEFT JOIN generations g ON g.message_id = m.id LEFT JOIN setups u ON u.id = g.setup_id"


class Setup(msgspec.Struct, frozen=True):
    """What a reply was made with: the part of a generation that most replies of a conversation share."""

    model_name: str = ""
    model_fingerprint: str = ""
    template_sha256: str = ""
    settings: tuple[Setting, ...] = ()
    device: str = ""
    build: str = ""


_SHARED = msgspec.structs.asdict(Setup())
_DEFAULTS = {
    field.name: msgspec.to_builtins(field.default)
    for field in msgspec.structs.fields(Generation)
    if field.default is not msgspec.NODEFAULT
}
_ROLES: dict[bytes, Role] = {b"system": "system", b"user": "user", b"assistant": "assistant"}
_STATUSES: dict[bytes, Status] = {status.encode(): status for status in STATUSES}
_OVERFLOWS: dict[bytes, Overflow] = {name.encode(): name for name in OVERFLOWS}
_UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError)
_parts = msgspec.json.Decoder(tuple[Part, ...])
_edits = msgspec.json.Decoder(dict[str, StoredValue])
_setup = msgspec.json.Decoder(Setup)
_generation = msgspec.json.Decoder(Generation)


def storable(text: str) -> str:
    """`text` as UTF-8 can hold it: halves of a surrogate pair are joined, lone ones replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def conversation(row: Row) -> Conversation:
    """Make a conversation of `CONVERSATION_COLUMNS`."""
    identity, title, created, updated, system_prompt, edits, model, leaf, count, pinned, deleted, overflow = row
    return Conversation(
        id=int_of(identity),
        title=text_of(title),
        created_at=float_of(created),
        updated_at=float_of(updated),
        system_prompt=text_of(system_prompt),
        edits=_decode_edits(edits if isinstance(edits, bytes) else b"{}"),
        model=text_of(model),
        leaf_id=leaf if isinstance(leaf, int) else None,
        message_count=int_of(count),
        pinned=bool(pinned),
        deleted_at=deleted if isinstance(deleted, float) else None,
        overflow=overflow_of(overflow),
    )


def stored_message(row: Row) -> StoredMessage:
    """Make a message of `MESSAGE_COLUMNS`."""
    identity, conversation_id, parent, role, parts, status, created, sibling, siblings, *rest = row
    pinned, edited, deleted_with, *generation = rest
    return StoredMessage(
        id=int_of(identity),
        conversation_id=int_of(conversation_id),
        parent_id=parent if isinstance(parent, int) else None,
        role=role_of(role),
        parts=decode_parts(parts if isinstance(parts, bytes) else b""),
        status=_STATUSES.get(status, "interrupted") if isinstance(status, bytes) else "interrupted",
        created_at=float_of(created),
        sibling=int_of(sibling),
        siblings=int_of(siblings),
        generation=_decode_generation(generation) if generation[1] is not None else None,
        pinned=bool(pinned),
        edited=bool(edited),
        deleted_with=deleted_with if isinstance(deleted_with, int) else None,
    )


def branching(row: Row) -> Branching:
    """Make a place in the tree of `BRANCHING_COLUMNS`."""
    identity, parent, role, parts, status, created, pinned, edited, deleted_with = row
    return Branching(
        id=int_of(identity),
        parent_id=parent if isinstance(parent, int) else None,
        role=role_of(role),
        opening=_opening(decode_parts(parts if isinstance(parts, bytes) else b"")),
        status=_STATUSES.get(status, "interrupted") if isinstance(status, bytes) else "interrupted",
        created_at=float_of(created),
        pinned=bool(pinned),
        edited=bool(edited),
        deleted_with=deleted_with if isinstance(deleted_with, int) else None,
    )


def _opening(parts: Sequence[Part]) -> str:
    """How a message begins, in one line: its answer, or where there is none what was thought."""
    for kind in (TextPart, ReasoningPart):
        for part in parts:
            if isinstance(part, kind) and (words := part.text[:_LOOKED_AT].split()):
                return " ".join(words)[:OPENING_CHARACTERS]
    return ""


def encode_parts(parts: Sequence[Part]) -> str:
    """Parts as JSON."""
    try:
        return msgspec.json.encode(parts).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode([_storable_part(part) for part in parts]).decode()


def decode_parts(raw: bytes) -> tuple[Part, ...]:
    """Parts from JSON; what is no such JSON becomes one part of text."""
    try:
        return _parts.decode(raw)
    except _UNDECODABLE:
        return (TextPart(raw.decode(errors="replace")),)


def searchable_text(parts: Sequence[Part]) -> str:
    """What a search looks at: the text, then what was thought, then names of attached files."""
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    texts += [part.text for part in parts if isinstance(part, ReasoningPart)]
    texts += [part.name for part in parts if isinstance(part, AttachmentPart)]
    return "\n".join(texts)


def encode_edits(edits: Values | Mapping[str, StoredValue]) -> str:
    """Parameter values as JSON."""
    return encode_json(dict(edits))


def encode_generation(generation: Generation) -> tuple[tuple[int, str], tuple[str, bytes]]:
    """A generation as its setup (key and content) and as what is its own (the rest, and token ids)."""
    setup = encode_json(Setup(**{name: getattr(generation, name) for name in _SHARED}))
    key = int.from_bytes(hashlib.sha256(setup.encode()).digest()[:8], "big", signed=True)
    own = msgspec.to_builtins(msgspec.structs.replace(generation, token_ids=(), **_SHARED))
    detail = {name: value for name, value in own.items() if name not in _DEFAULTS or value != _DEFAULTS[name]}
    ids = _little_endian(array("i", generation.token_ids))
    return (key, setup), (encode_json(detail), ids.tobytes())


def encode_json(value: object) -> str:
    """`value` as JSON, lone surrogates replaced."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(_storable_value(msgspec.to_builtins(value))).decode()


def _decode_generation(columns: Sequence[int | float | bytes | None]) -> Generation | None:
    setup, detail, token_ids = (value if isinstance(value, bytes) else b"" for value in columns)
    try:
        generation = _generation.decode(detail)
        shared = _decode_setup(setup) if setup else ()
    except _UNDECODABLE:
        return None
    # Nobody else holds the new value yet; replacing fields the usual way takes half the time of opening a thread.
    for name, value in shared:
        force_setattr(generation, name, value)
    force_setattr(generation, "token_ids", _decode_ids(token_ids))
    return generation


@lru_cache(maxsize=256)
def _decode_setup(raw: bytes) -> tuple[tuple[str, str | tuple[Setting, ...]], ...]:
    return tuple(msgspec.structs.asdict(_setup.decode(raw)).items())


def _decode_ids(raw: bytes) -> tuple[int, ...]:
    ids = array("i")
    ids.frombytes(raw[: len(raw) // ids.itemsize * ids.itemsize])
    return tuple(_little_endian(ids))


def _decode_edits(raw: bytes) -> dict[str, StoredValue]:
    if raw == b"{}":
        return {}
    try:
        return _edits.decode(raw)
    except _UNDECODABLE:
        return {}


def _little_endian(ids: array[int]) -> array[int]:
    if sys.byteorder == "big":
        ids.byteswap()
    return ids


def _storable_part(part: Part) -> Part:
    match part:
        case AttachmentPart():
            return msgspec.structs.replace(part, name=storable(part.name), sha256=storable(part.sha256))
        case _:
            return msgspec.structs.replace(part, text=storable(part.text))


def _storable_value(value: object) -> object:
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(str(key)): _storable_value(item) for key, item in value.items()}
        case list() | tuple():
            return [_storable_value(item) for item in value]
        case _:
            return value


def role_of(value: int | float | bytes | None) -> Role:
    """A column as a role."""
    return _ROLES.get(value, "assistant") if isinstance(value, bytes) else "assistant"


def overflow_of(value: int | float | bytes | None) -> Overflow:
    """A column as a choice; the safest one where it is none."""
    return _OVERFLOWS.get(value, "stop") if isinstance(value, bytes) else "stop"


def text_of(value: int | float | bytes | None) -> str:
    """A column as text."""
    return value.decode(errors="replace") if isinstance(value, bytes) else ""


def int_of(value: int | float | bytes | None) -> int:
    """A column as a whole number."""
    return value if isinstance(value, int) else 0


def float_of(value: int | float | bytes | None) -> float:
    """A column as a number."""
    return float(value) if isinstance(value, int | float) else 0.0
