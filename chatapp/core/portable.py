"""Conversations outside a store: what is exported and imported, whatever the format.

Nothing in them points at rows of a database. Messages are numbered from 1 in the order in which they were stored,
and `parent`, `leaf`, `deleted_with` and what a model saw name those numbers.
"""

from __future__ import annotations

from bisect import bisect_left

import msgspec

from chatapp.core.conversations import Generation, Status
from chatapp.core.details import Details
from chatapp.core.messages import Part, ReasoningPart, Role, TextPart
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import StoredValue

LATEST_S = 250_000_000_000.0
"""Times behind the year 9,800 are none."""


class PortableMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a tree; `parent` is None for a root, `created_at` None where nobody knows it.

    `generation.view.began_at` is the number of a message, and `details` are those of its tokens.
    """

    role: Role
    parts: tuple[Part, ...]
    parent: int | None = None
    status: Status = "complete"
    created_at: float | None = None
    pinned: bool = False
    edited: bool = False
    deleted_with: int | None = None
    generation: Generation | None = None
    details: Details | None = None

    @property
    def text(self) -> str:
        """The text without reasoning."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def reasoning(self) -> str:
        """What was thought."""
        return "".join(part.text for part in self.parts if isinstance(part, ReasoningPart))


class PortableConversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation with all of its branches; `leaf` is the end of the one that is shown.

    `origin` tells the same conversation from elsewhere when it comes again, empty where it began here. It is the name
    of a format and a digest of the content, with one of the conversation's name between them where it has one.
    """

    title: str
    messages: tuple[PortableMessage, ...]
    leaf: int | None = None
    created_at: float | None = None
    updated_at: float | None = None
    system_prompt: str = ""
    edits: dict[str, StoredValue] = {}
    model: str = ""
    pinned: bool = False
    deleted_at: float | None = None
    overflow: Overflow = "stop"
    origin: str = ""

    def branch(self, leaf: int | None = None) -> tuple[int, ...]:
        """The numbers from a root to `leaf`, to the end of the shown branch where that is None."""
        at, numbers = (self.leaf if leaf is None else leaf), []
        while at is not None:
            numbers.append(at)
            at = self.messages[at - 1].parent
        return tuple(reversed(numbers))

    @property
    def leaves(self) -> tuple[int, ...]:
        """The ends of all branches that are not deleted."""
        there = [number for number, message in enumerate(self.messages, 1) if message.deleted_with is None]
        inner = {self.messages[number - 1].parent for number in there}
        return tuple(number for number in there if number not in inner)

    @property
    def versions(self) -> tuple[tuple[int, int], ...]:
        """Which version each message is and of how many that stand in its place; deleted ones count only themselves."""
        places: dict[tuple[int | None, Role], list[int]] = {}
        for number, message in enumerate(self.messages, 1):
            if message.deleted_with is None:
                places.setdefault((message.parent, message.role), []).append(number)
        found = []
        for number, message in enumerate(self.messages, 1):
            there = places.get((message.parent, message.role), [])
            before = bisect_left(there, number)
            found.append((before + 1, len(there) + (message.deleted_with is not None)))
        return tuple(found)


def unsound(conversation: PortableConversation) -> str:
    """What keeps this from being a tree of messages, in words; empty where nothing does."""
    messages = conversation.messages
    if conversation.leaf is not None and not 1 <= conversation.leaf <= len(messages):
        return f"its shown branch ends in message {conversation.leaf}, which is not there"
    if conversation.leaf is not None and messages[conversation.leaf - 1].deleted_with is not None:
        return f"its shown branch ends in message {conversation.leaf}, which is deleted"
    if not all(map(_is_moment, (conversation.created_at, conversation.updated_at, conversation.deleted_at))):
        return "one of its times is none"
    for number, message in enumerate(messages, 1):
        if reason := _misplaced(conversation, number, message):
            return f"message {number} {reason}"
    return ""


def _misplaced(conversation: PortableConversation, number: int, message: PortableMessage) -> str:
    parent, deleted = message.parent, message.deleted_with
    if parent is not None and not 1 <= parent < number:
        return f"follows message {parent}, which does not stand before it"
    if deleted is not None and not (
        1 <= deleted <= number and conversation.messages[deleted - 1].deleted_with == deleted
    ):
        return f"is deleted with message {deleted}, which is not deleted so"
    if not _is_moment(message.created_at):
        return "has a time that is none"
    view = message.generation.view if message.generation is not None else None
    if view is not None and view.began_at is not None and not 1 <= view.began_at < number:
        return f"saw the conversation from message {view.began_at} on, which does not stand before it"
    return ""


def _is_moment(seconds: float | None) -> bool:
    return seconds is None or 0 <= seconds <= LATEST_S
