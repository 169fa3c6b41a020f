"""What an import says about its files: what could not be taken over, and what was taken over otherwise."""

from __future__ import annotations

import msgspec

from chatapp.core.portable import PortableConversation


class Refusal(msgspec.Struct, frozen=True):
    """Something that is not imported: where it stands and why."""

    place: str
    reason: str


class Note(msgspec.Struct, frozen=True):
    """Something that has no counterpart here: where it stands, and what became of it."""

    place: str
    text: str


class Incoming(msgspec.Struct, frozen=True):
    """A conversation that was read, where it stands, and whether chatapp wrote it."""

    place: str
    conversation: PortableConversation
    is_own: bool = False


class Refused(Exception):
    """This conversation can't be taken over; `place` is where in it, empty for all of it."""

    def __init__(self, reason: str, place: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place
