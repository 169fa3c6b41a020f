"""Files read as conversations: the format told by what they hold, everything that is wrong with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from chatapp.chat.transfer import chatgpt, limits, llama_web, openai, own, sharegpt
from chatapp.chat.transfer.document import UNREADABLE, Item, document, elements, told
from chatapp.chat.transfer.reading import Reading
from chatapp.chat.transfer.report import Incoming, Note, Refusal, Refused
from chatapp.chat.transfer.source import Source
from chatapp.core.errors import FileProblem
from chatapp.core.portable import PortableConversation

FORMATS: dict[str, str] = {
    own.FORMAT: "chatapp's own JSON",
    openai.FORMAT: "OpenAI messages, JSON or JSONL",
    sharegpt.FORMAT: "ShareGPT, JSON or JSONL",
    chatgpt.FORMAT: "ChatGPT's data export, conversations.json or the .zip",
    llama_web.FORMAT: "an export of the web interface of llama.cpp's server",
}
"""Every format that can be imported, in words."""

_READERS: dict[str, Callable[[object, Reading], PortableConversation]] = {
    openai.FORMAT: openai.read,
    sharegpt.FORMAT: sharegpt.read,
    chatgpt.FORMAT: chatgpt.read,
    llama_web.FORMAT: llama_web.read,
}
_KNOWN = f"It reads {'; '.join(FORMATS.values())}."


class _Peek(msgspec.Struct):
    """The fields by which formats are told apart, unread."""

    format: msgspec.Raw = msgspec.Raw(b"")
    mapping: msgspec.Raw = msgspec.Raw(b"")
    conv: msgspec.Raw = msgspec.Raw(b"")
    messages: msgspec.Raw = msgspec.Raw(b"")
    conversations: msgspec.Raw = msgspec.Raw(b"")
    last_modified: msgspec.Raw = msgspec.field(default=msgspec.Raw(b""), name="lastModified")
    role: msgspec.Raw = msgspec.Raw(b"")
    sender: msgspec.Raw = msgspec.field(default=msgspec.Raw(b""), name="from")


class Harvest(msgspec.Struct, frozen=True):
    """What was read of all files."""

    conversations: tuple[Incoming, ...] = ()
    refused: tuple[Refusal, ...] = ()
    notes: tuple[Note, ...] = ()


def read(sources: Iterable[Source], format_name: str | None = None) -> Harvest:
    """Read the conversations of `sources`, by their content where no format is named.

    Raise FileProblem for a file that is none of the formats or can't be read as a whole; a conversation that can't be
    taken over is among those refused.
    """
    conversations: list[Incoming] = []
    refused: list[Refusal] = []
    notes: list[Note] = []
    for source in sources:
        total = 0
        for place, kind, raw in _items(source, format_name):
            reading = Reading(place)
            try:
                conversation = _read(kind, raw, reading)
            except Refused as error:
                refused.append(Refusal(", ".join(filter(None, (place, error.place))), error.reason))
                continue
            total += len(conversation.messages)
            if total > limits.ALL_MESSAGES:
                raise FileProblem(f"{source.name} holds more than {limits.ALL_MESSAGES:,} messages.")
            conversations.append(Incoming(place, conversation, is_own=kind == own.FORMAT))
            notes += reading.notes
    return Harvest(_in_order(conversations), tuple(refused), tuple(notes))


def _in_order(conversations: Iterable[Incoming]) -> tuple[Incoming, ...]:
    """Ours as they stand, which is the order of a store's list; then the others, those of late last."""
    return tuple(
        sorted(
            conversations,
            key=lambda each: (not each.is_own, 0.0 if each.is_own else each.conversation.updated_at or float("inf")),
        )
    )


def _read(kind: str, raw: msgspec.Raw, reading: Reading) -> PortableConversation:
    """One conversation; raise Refused."""
    if kind == own.FORMAT:
        conversation = own.read(raw)
        if len(conversation.messages) > limits.MESSAGES:
            raise Refused(f"it has more than {limits.MESSAGES:,} messages")
        return conversation
    if kind not in _READERS:
        raise Refused(kind)
    try:
        return _READERS[kind](msgspec.json.decode(raw), reading)
    except UNREADABLE as error:
        raise told(error) from None


def _items(source: Source, wished: str | None) -> Iterator[tuple[str, str, msgspec.Raw]]:
    """Every conversation of a source, still unread: its place, its format or why it has none, and itself."""
    found = document(source)
    if isinstance(found, tuple):
        items = [found_item for item in found for found_item in _item(item, wished)]
    else:
        items = _whole(source, found, wished)
    if len(items) > limits.CONVERSATIONS:
        raise FileProblem(f"{source.name} holds more than {limits.CONVERSATIONS:,} conversations.")
    kinds = {kind for _, kind, _ in items}
    if items and not kinds & FORMATS.keys():
        raise FileProblem(f"{items[0][0]}: {items[0][1]}.", hint=_KNOWN)
    yield from items


def _whole(source: Source, raw: msgspec.Raw, wished: str | None) -> list[tuple[str, str, msgspec.Raw]]:
    """The conversations of a file that is one JSON value."""
    if not _opens_list(raw):
        return _item(Item(source.name, raw), wished)
    try:
        rows = elements(raw)
    except UNREADABLE as error:
        raise FileProblem(f"{source.name}: {told(error).reason}.", hint=_KNOWN) from None
    first = _kind(rows[0]) if rows else ""
    if first in _BARE:
        return [(source.name, wished or _BARE[first], raw)]
    return [
        found
        for number, row in enumerate(rows, 1)
        for found in _item(Item(f"{source.name}, conversation {number}", row), wished)
    ]


_BARE = {"a message": openai.FORMAT, "a turn": sharegpt.FORMAT}
"""Single messages of a list that is one conversation, by what they are called here."""


def _item(item: Item, wished: str | None) -> list[tuple[str, str, msgspec.Raw]]:
    """The conversations in one JSON value: one, or those of a file of ours."""
    kind = wished or _kind(item.raw)
    if kind != own.FORMAT:
        return [(item.place, kind, item.raw)]
    try:
        rows = own.decode(item.raw)
    except Refused as error:
        where = f"{item.place}, {error.place}" if error.place else item.place
        hint = "Update chatapp." if "newer" in error.reason else "Give --format where it is another format."
        raise FileProblem(f"{where}: {error.reason}.", hint=hint) from None
    return [(f"{item.place}, conversation {number}", own.FORMAT, row) for number, row in enumerate(rows, 1)]


def _opens_list(raw: msgspec.Raw) -> bool:
    return bytes(memoryview(raw)[:1]) == b"["


def _kind(raw: msgspec.Raw, *, is_element: bool = False) -> str:
    """The format of a JSON value, or in words why it is none; an element of a list is no list."""
    try:
        if _opens_list(raw) and not is_element:
            rows = elements(raw)
            first = _kind(rows[0], is_element=True) if rows else ""
            return _BARE.get(first, "it is a list of something else than messages")
        peek = msgspec.json.decode(raw, type=_Peek)
    except UNREADABLE:
        return "it is no conversation in a format that is known"
    if bytes(peek.format) and bytes(peek.conversations):
        return own.FORMAT
    if bytes(peek.mapping):
        return chatgpt.FORMAT
    if bytes(peek.conv) or (bytes(peek.messages) and bytes(peek.last_modified)):
        return llama_web.FORMAT
    if bytes(peek.messages):
        return openai.FORMAT
    if bytes(peek.conversations):
        return sharegpt.FORMAT
    if bytes(peek.role):
        return "a message"
    return "a turn" if bytes(peek.sender) else "it is no conversation in a format that is known"
