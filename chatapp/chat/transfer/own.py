"""chatapp's own format: JSON that holds everything that the store knows of a conversation.

A head with `format` and `version`, then one conversation after another with its messages, one a line. What several
replies were made with stands once, in `setups`. The same conversations always give the same bytes.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec

from chatapp.chat.transfer import limits
from chatapp.chat.transfer.document import UNREADABLE, told
from chatapp.chat.transfer.report import Refused
from chatapp.core.conversations import Generation, Status
from chatapp.core.details import UNTOLD, Details
from chatapp.core.errors import UsageError
from chatapp.core.messages import Part, Role
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import StoredValue, check
from chatapp.core.portable import PortableConversation, PortableMessage, unsound

FORMAT = "chatapp"
VERSION = 1

Figure: TypeAlias = float | Literal["inf", "-inf"] | None
"""A figure of a token, null where nothing was told."""

_SHARED = ("model_name", "model_fingerprint", "template_sha256", "settings", "device", "build")
_FIELDS = {field.name: field for field in msgspec.structs.fields(Generation)}
_DEFAULTS = {
    name: msgspec.to_builtins(field.default)
    for name, field in _FIELDS.items()
    if field.default is not msgspec.NODEFAULT
}
_LARGEST_ID = 2**31 - 1


class Head(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a file is."""

    format: str
    version: int
    conversations: list[msgspec.Raw]


class Tokens(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of the tokens of a reply, in columns; each of `alternatives` is a list of [token, log-probability].

    A token of which nothing was told has the id -1.
    """

    token_ids: tuple[int, ...]
    logprobs: tuple[Figure, ...]
    ranks: tuple[int, ...]
    entropies: tuple[Figure, ...]
    log_sum_exps: tuple[Figure, ...]
    seconds: tuple[Figure, ...]
    alternatives: tuple[tuple[tuple[int, Figure], ...], ...]
    alternatives_from: int


class OwnMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A message as it stands in the file; `setup` is a place in the conversation's setups, counted from 0."""

    role: Role
    parts: tuple[Part, ...]
    parent: int | None = None
    status: Status = "complete"
    created_at: float
    pinned: bool = False
    edited: bool = False
    deleted_with: int | None = None
    setup: int | None = None
    generation: dict[str, object] | None = None
    tokens: Tokens | None = None


class OwnConversation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A conversation as it stands in the file."""

    title: str
    created_at: float
    updated_at: float
    system_prompt: str
    edits: dict[str, StoredValue]
    model: str
    leaf: int | None
    pinned: bool
    deleted_at: float | None
    overflow: Overflow
    origin: str
    setups: tuple[dict[str, object], ...] = ()
    messages: tuple[OwnMessage, ...] = ()


def encode(conversations: Iterable[PortableConversation]) -> bytes:
    """The conversations as a file of this format."""
    head = f'{{"format":"{FORMAT}","version":{VERSION},"conversations":[\n'
    return head.encode() + b",\n".join(map(_encoded, conversations)) + b"\n]}\n"


def decode(raw: msgspec.Raw) -> list[msgspec.Raw]:
    """The conversations in a file of this format, still unread; raise Refused."""
    try:
        head = msgspec.json.decode(raw, type=Head)
    except UNREADABLE as error:
        raise told(error) from None
    if head.version > VERSION:
        raise Refused(f"it was written by a newer chatapp: its version is {head.version}, this one reads {VERSION}")
    if head.format != FORMAT or head.version < 1:
        raise Refused(f"its format is “{head.format}” {head.version}, not “{FORMAT}” {VERSION}")
    return head.conversations


def read(raw: msgspec.Raw) -> PortableConversation:
    """One conversation of a file; raise Refused with the place in it."""
    try:
        own = msgspec.json.decode(raw, type=OwnConversation)
        check({name: tuple(value) if isinstance(value, list) else value for name, value in own.edits.items()})  # type: ignore[misc]
        msgspec.json.encode(own.edits)
    except UsageError as error:
        raise Refused(error.message, "edits") from None
    except UNREADABLE as error:
        raise told(error) from None
    messages = tuple(_read_message(each, number, own.setups) for number, each in enumerate(own.messages, 1))
    fields = {name: getattr(own, name) for name in OwnConversation.__struct_fields__ if name != "setups"}
    conversation = PortableConversation(**{**fields, "messages": messages})
    if reason := unsound(conversation):
        raise Refused(reason)
    return conversation


def _encoded(conversation: PortableConversation) -> bytes:
    """A conversation with each of its setups and messages on a line of its own."""
    setups: dict[bytes, int] = {}
    messages = [msgspec.json.encode(_own(message, setups)) for message in conversation.messages]
    own = OwnConversation(
        title=conversation.title,
        created_at=conversation.created_at or 0.0,
        updated_at=conversation.updated_at or 0.0,
        system_prompt=conversation.system_prompt,
        edits=dict(sorted(conversation.edits.items())),
        model=conversation.model,
        leaf=conversation.leaf,
        pinned=conversation.pinned,
        deleted_at=conversation.deleted_at,
        overflow=conversation.overflow,
        origin=conversation.origin,
    )
    head = msgspec.json.encode(own).removesuffix(b'"setups":[],"messages":[]}')
    return b"".join((head, b'"setups":[', _listed(list(setups)), b'],"messages":[', _listed(messages), b"]}"))


def _listed(lines: Sequence[bytes]) -> bytes:
    return b"\n" + b",\n".join(lines) + b"\n" if lines else b""


def _own(message: PortableMessage, setups: dict[bytes, int]) -> OwnMessage:
    setup = rest = None
    if message.generation is not None:
        facts = msgspec.to_builtins(message.generation)
        shared = msgspec.json.encode({name: facts.pop(name) for name in _SHARED})
        setup = setups.setdefault(shared, len(setups))
        rest = {name: value for name, value in facts.items() if name not in _DEFAULTS or value != _DEFAULTS[name]}
    return OwnMessage(
        role=message.role,
        parts=message.parts,
        parent=message.parent,
        status=message.status,
        created_at=message.created_at or 0.0,
        pinned=message.pinned,
        edited=message.edited,
        deleted_with=message.deleted_with,
        setup=setup,
        generation=rest,
        tokens=_tokens(message.details) if message.details is not None else None,
    )


def _read_message(own: OwnMessage, number: int, setups: Sequence[dict[str, object]]) -> PortableMessage:
    place = f"message {number}"
    if any(len(getattr(part, "text", "")) > limits.TEXT_CHARACTERS for part in own.parts):
        raise Refused(f"its text has more than {limits.TEXT_CHARACTERS:,} characters", place)
    return PortableMessage(
        role=own.role,
        parts=own.parts,
        parent=own.parent,
        status="interrupted" if own.status == "streaming" else own.status,
        created_at=own.created_at,
        pinned=own.pinned,
        edited=own.edited,
        deleted_with=own.deleted_with,
        generation=_generation(own, setups, f"{place}, generation"),
        details=_details(own.tokens, f"{place}, tokens") if own.tokens is not None else None,
    )


def _generation(own: OwnMessage, setups: Sequence[dict[str, object]], place: str) -> Generation | None:
    if own.generation is None and own.setup is None:
        return None
    if own.setup is None or not 0 <= own.setup < len(setups):
        raise Refused(f"its setup {own.setup} is not among the {len(setups)} of the conversation", place)
    facts = setups[own.setup] | (own.generation or {})
    if unknown := set(facts) - set(_FIELDS):
        raise Refused(f"it has a field that is unknown here: {min(unknown)}", place)
    try:
        generation = msgspec.convert(facts, Generation)
        msgspec.json.encode(generation)
    except UNREADABLE as error:
        refused = told(error)
        raise Refused(refused.reason, ", ".join(filter(None, (place, refused.place)))) from None
    if not all(0 <= each <= _LARGEST_ID for each in generation.token_ids):
        raise Refused("it has a token id that can be none", place)
    return generation


def _tokens(details: Details) -> Tokens:
    ends = details.alternative_ends
    pairs = list(zip(details.alternative_ids, map(_figure, details.alternative_logprobs), strict=True))
    return Tokens(
        token_ids=tuple(details.token_ids),
        logprobs=tuple(map(_figure, details.logprobs)),
        ranks=tuple(details.ranks),
        entropies=tuple(map(_figure, details.entropies)),
        log_sum_exps=tuple(map(_figure, details.log_sum_exps)),
        seconds=tuple(map(_figure, details.seconds)),
        alternatives=tuple(tuple(pairs[first:last]) for first, last in zip((0, *ends), ends, strict=False)),
        alternatives_from=details.alternatives_from,
    )


def _details(tokens: Tokens, place: str) -> Details:
    """Raise Refused where the columns do not fit each other."""
    columns = (
        tokens.token_ids, tokens.logprobs, tokens.ranks, tokens.entropies, tokens.log_sum_exps, tokens.seconds
    )  # fmt: skip
    if len({len(column) for column in (*columns, tokens.alternatives)}) > 1:
        raise Refused("its columns are not of one length", place)
    alternatives = [pair for each in tokens.alternatives for pair in each]
    if min(tokens.token_ids, default=0) < UNTOLD or min((pair[0] for pair in alternatives), default=0) < 0:
        raise Refused("it has a token id that can be none", place)
    if not 0 <= tokens.alternatives_from <= len(tokens.token_ids):
        raise Refused("its alternatives begin at a token that is not there", place)
    details = Details()
    ends, end = array("i"), 0
    for each in tokens.alternatives:
        end += len(each)
        ends.append(end)
    try:
        for column, values in zip(details.columns, columns, strict=False):
            column.extend(map(_number, values))  # type: ignore[arg-type]
        details.alternative_ends.extend(ends)
        details.alternative_ids.extend(pair[0] for pair in alternatives)
        details.alternative_logprobs.extend(_number(pair[1]) for pair in alternatives)
    except (OverflowError, TypeError):
        raise Refused("it has a number that is too large", place) from None
    details.alternatives_from = tokens.alternatives_from
    return details


def _figure(value: float) -> Figure:
    if math.isfinite(value):
        return value
    return None if math.isnan(value) else ("inf" if value > 0 else "-inf")


def _number(value: Figure) -> float:
    return math.nan if value is None else float(value) if isinstance(value, str) else value
