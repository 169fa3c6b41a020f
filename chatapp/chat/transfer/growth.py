"""A tree of messages whose nodes name their parents, put in an order in which parents come first."""

from __future__ import annotations

import heapq
from collections.abc import Mapping

import msgspec

from chatapp.chat.transfer.report import Refused
from chatapp.core.portable import PortableMessage


class Node(msgspec.Struct, frozen=True):
    """A place in a foreign tree; one without message only passes on to those below it."""

    parent: str | None
    message: PortableMessage | None


def grown(nodes: Mapping[str, Node], end: str | None) -> tuple[tuple[PortableMessage, ...], int | None]:
    """The messages, the earlier first and none before its parent, and the number of the one at `end` or above it.

    Where `end` is None or names nothing, it is the last message. Raise Refused for a circle and for a parent that is
    not there.
    """
    below: dict[str | None, list[str]] = {}
    for name, node in nodes.items():
        if node.parent is not None and node.parent not in nodes:
            raise Refused(f"it follows “{_short(node.parent)}”, which is not there", f"message “{_short(name)}”")
        below.setdefault(node.parent, []).append(name)
    places = {name: place for place, name in enumerate(nodes)}
    numbers: dict[str, int | None] = {}
    messages: list[PortableMessage] = []
    waiting = [(_time(nodes[name], 0.0), places[name], name) for name in below.get(None, ())]
    heapq.heapify(waiting)
    while waiting:
        at, _, name = heapq.heappop(waiting)
        node = nodes[name]
        number = numbers[node.parent] if node.parent is not None else None
        if node.message is not None:
            messages.append(msgspec.structs.replace(node.message, parent=number))
            number = len(messages)
        numbers[name] = number
        for each in below.get(name, ()):
            heapq.heappush(waiting, (_time(nodes[each], at), places[each], each))
    if len(numbers) < len(nodes):
        stray = next(name for name in nodes if name not in numbers)
        raise Refused("its messages follow each other in a circle", f"message “{_short(stray)}”")
    leaf = numbers.get(end) if end is not None else None
    return tuple(messages), leaf or len(messages) or None


def _time(node: Node, at_least: float) -> float:
    """When a node was made, and not before the one above it."""
    return max(at_least, (node.message.created_at if node.message is not None else None) or at_least)


def _short(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:39]}…"
