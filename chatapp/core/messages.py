"""A message as the model and the store see it: a role and a list of parts."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Role: TypeAlias = Literal["system", "user", "assistant"]


class TextPart(msgspec.Struct, frozen=True, tag="text"):
    """Text that was typed or said."""

    text: str


class ReasoningPart(msgspec.Struct, frozen=True, tag="reasoning"):
    """What a reasoning model thought before it answered.

    `seconds` is how long it thought, None where that is unknown.
    """

    text: str
    seconds: float | None = None


class AttachmentPart(msgspec.Struct, frozen=True, tag="attachment"):
    """A file that was attached, by the SHA-256 of its bytes."""

    name: str
    sha256: str
    size_bytes: int


Part: TypeAlias = TextPart | ReasoningPart | AttachmentPart


class Message(msgspec.Struct, frozen=True):
    """One turn of a conversation.

    `token_ids` are the ids that a model generated for this message (assistant only), without the token that
    ended the reply. They stand in for tokenising the text again, as long as the same model reads them.
    """

    role: Role
    parts: tuple[Part, ...]
    token_ids: tuple[int, ...] = ()

    @classmethod
    def of(cls, role: Role, text: str) -> Message:
        """Make a message of plain text."""
        return cls(role, (TextPart(text),))

    @property
    def text(self) -> str:
        """The text without reasoning."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def reasoning(self) -> str:
        """What was thought, empty where nothing was."""
        return "".join(part.text for part in self.parts if isinstance(part, ReasoningPart))
