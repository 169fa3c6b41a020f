"""A JSON or JSONL text taken apart into its items, each still unread, with the place of what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from chatapp.chat.transfer.report import Refused
from chatapp.chat.transfer.source import Source
from chatapp.core.errors import FileProblem

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError)
"""What a decoder raises for a text that is none, or none of what was asked for."""

_BYTE = re.compile(r"\(byte (\d+)\)")
_PATH = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`")
_NUMBERED = re.compile(r"^(?:(messages|conversations|mapping)\[(\d+|\.\.\.)\])\.?")


class Item(msgspec.Struct, frozen=True):
    """One JSON value of a document and its place."""

    place: str
    raw: msgspec.Raw


def document(source: Source) -> msgspec.Raw | tuple[Item, ...]:
    """The one value that `source` holds, or its lines where it is JSONL; raise FileProblem with line and reason."""
    content = source.content
    if not content.strip():
        raise FileProblem(f"{source.name} is empty.", hint="Name a file that an export wrote.")
    end = content.find(b"\n")
    if end >= 0 and content[end:].strip() and _is_whole(content[:end]):
        return tuple(_lines(source))
    return _checked(content, source.name, 0)


def elements(raw: msgspec.Raw) -> list[msgspec.Raw]:
    """The elements of a JSON list."""
    return msgspec.json.decode(raw, type=list[msgspec.Raw])


def told(error: Exception) -> Refused:
    """What a decoder did not like, with its place as people count it."""
    if isinstance(error, RecursionError):
        return Refused("it is nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return Refused("it holds bytes that are no UTF-8")
    words = str(error)
    found = _PATH.search(words)
    reason = _PATH.sub("", words)
    return Refused(reason[:1].lower() + reason[1:], _place(found[1]) if found else "")


def _place(path: str) -> str:
    """`messages[3].role` as “message 4, role”."""
    numbered = _NUMBERED.match(path)
    if numbered is None or numbered[2] == "...":
        return path
    rest = path[numbered.end() :]
    return f"{numbered[1].rstrip('s')} {int(numbered[2]) + 1}" + (f", {rest}" if rest else "")


def _lines(source: Source) -> Iterator[Item]:
    for number, line in enumerate(source.content.split(b"\n"), 1):
        if line.strip():
            yield Item(f"{source.name}, line {number}", _checked(line, source.name, number - 1))


def _is_whole(content: bytes) -> bool:
    try:
        msgspec.json.decode(content, type=msgspec.Raw)
    except UNREADABLE:
        return False
    return True


def _checked(content: bytes, name: str, lines_before: int) -> msgspec.Raw:
    """`content` if it is one JSON value."""
    try:
        msgspec.json.decode(content, type=msgspec.Raw)
        return msgspec.Raw(content.strip())
    except RecursionError:
        raise FileProblem(
            f"{name}{f', line {lines_before + 1},' if lines_before else ''} is nested too deeply.",
            hint="No export of conversations looks so.",
        ) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        found = _BYTE.search(str(error))
        at = int(found[1]) if found else len(content)
        line = lines_before + 1 + content.count(b"\n", 0, at)
        column = at - (content.rfind(b"\n", 0, at) + 1) + 1
        reason = "it ends too early" if "truncated" in str(error) else _BYTE.sub("", str(error)).strip()
        raise FileProblem(
            f"{name}, line {line}, column {column}: this is no JSON ({reason}).",
            hint="The file is damaged or cut off; export it again.",
        ) from None
