"""Which model wrote a conversation, so that nobody takes another one's word for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from chatapp.core.conversations import Conversation, Generation, StoredMessage


class Author(NamedTuple):
    """A model as a conversation remembers it; `fingerprint` is empty where only its name was kept."""

    name: str
    fingerprint: str = ""

    @classmethod
    def of(cls, generation: Generation) -> Author:
        """Who wrote a reply."""
        return cls(generation.model_name, generation.model_fingerprint)

    def is_same(self, other: Author) -> bool:
        """Whether both are one model: by what is in their files where that is known, else by name."""
        if self.fingerprint and other.fingerprint:
            return self.fingerprint == other.fingerprint
        return self.name == other.name


def author_of(conversation: Conversation | None, thread: Sequence[StoredMessage]) -> Author | None:
    """Who wrote the last reply of a branch, else who was to; None where nobody knows."""
    for message in reversed(thread):
        generation = message.generation
        if generation is not None and generation.model_name and (message.text or message.reasoning):
            return Author.of(generation)
    return Author(conversation.model) if conversation is not None and conversation.model else None
