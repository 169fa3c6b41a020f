"""What the web interface of llama.cpp's server exports: a conversation and its messages, which form a tree.

Earlier versions of it wrote one object with a plain list of messages; both are read.
"""

from __future__ import annotations

from chatapp.chat.transfer.growth import Node, grown
from chatapp.chat.transfer.reading import Reading, as_list, as_object, bounded, chain, finished, moment, thought
from chatapp.chat.transfer.report import Refused
from chatapp.core.messages import Part, TextPart
from chatapp.core.portable import PortableConversation, PortableMessage

FORMAT = "llama-web"

_TEXT_FILES = ("TEXT", "textFile", "context", "PDF")


def read(item: object, reading: Reading) -> PortableConversation:
    """One conversation; raise Refused."""
    facts = as_object(item, "")
    about = as_object(facts.get("conv", facts), "conv")
    rows = [
        (as_object(each, f"message {number}"), f"message {number}")
        for number, each in enumerate(as_list(facts.get("messages"), "messages"), 1)
    ]
    if "conv" in facts:
        messages, leaf = grown(_nodes(rows, reading), _name(about.get("currNode")))
    else:
        said = (_message(row, reading, at) for row, at in rows)
        messages, leaf = chain([message for message in said if message is not None])
    return finished(
        reading,
        FORMAT,
        _name(about.get("id")) or "",
        messages,
        leaf=leaf,
        title=about.get("name"),
        created_at=messages[0].created_at if messages else None,
        updated_at=about.get("lastModified"),
        model=next((row["model"] for row, _ in reversed(rows) if row.get("model")), None),
    )


def _nodes(rows: list[tuple[dict[str, object], str]], reading: Reading) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    for row, at in rows:
        name, parent = _name(row.get("id")), row.get("parent")
        if name is None:
            raise Refused("it has no id", at)
        if name in nodes:
            raise Refused(f"its id “{name[:40]}” stands there twice", at)
        above = None if parent in (None, -1, "-1", "") else _name(parent)
        nodes[name] = Node(above, None if row.get("type") == "root" else _message(row, reading, at))
    return nodes


def _message(row: dict[str, object], reading: Reading, at: str) -> PortableMessage | None:
    """A message; None for one that says nothing."""
    role, opening = reading.role(row.get("role"), at)
    parts: tuple[Part, ...] = (
        *thought(row.get("thinking") or row.get("reasoningContent") or row.get("reasoning_content"), at),
        *reading.content(row.get("content"), at),
    )
    extras = row.get("extra") or []
    for each in as_list(extras, f"{at}, extra"):
        parts = (*parts, _extra(as_object(each, f"{at}, extra"), reading, at))
    for name in ("toolCalls", "tool_calls"):
        if row.get(name):
            parts = (*parts, reading.kept(name, row[name], at))
    if not parts:
        return None
    return PortableMessage(role=role, parts=(*opening, *parts), created_at=moment(row.get("timestamp")))


def _extra(extra: dict[str, object], reading: Reading, at: str) -> Part:
    """A file that went with a message: its text where it has one."""
    kind, name, text = extra.get("type"), extra.get("name"), extra.get("content")
    if kind in _TEXT_FILES and isinstance(text, str):
        reading.note("an attached text file became part of the message", at)
        return TextPart(bounded(f"\n\n--- {name if isinstance(name, str) else 'file'} ---\n{text}", at))
    return reading.kept(f"attachment {kind}" if isinstance(kind, str) else "attachment", extra, at)


def _name(value: object) -> str | None:
    """An id, which older versions wrote as a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)
