"""What a model gets to see of a conversation."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chatapp.core.backend import GenerationRequest
from chatapp.core.conversations import StoredMessage
from chatapp.core.messages import Message, TextPart
from chatapp.core.parameters import Value


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """All that a request is made of: a branch from its root to the message to answer, or a raw prompt.

    `edits` are explicit parameter values, and stand above `preset` and `thinking`, those of a preset and those that
    differ while the model thinks. `prefill` begins the reply; `alternatives` are told of each of its tokens.
    """

    thread: tuple[StoredMessage, ...] = ()
    system_prompt: str = ""
    prompt: str | None = None
    prefill: str = ""
    edits: dict[str, Value] = {}
    preset: dict[str, Value] = {}
    thinking: dict[str, Value] = {}
    alternatives: int = 0
    template_variables: dict[str, str | int | float | bool | None] = {}

    def request(self, model_fingerprint: str) -> GenerationRequest:
        """Put it as a request; token ids of replies go along where the model of that fingerprint made them."""
        messages = () if self.prompt is not None else self._messages(model_fingerprint)
        return GenerationRequest(
            messages=messages,
            prompt=self.prompt,
            prefill=self.prefill,
            edits=self.edits,
            preset=self.preset,
            thinking={name: value for name, value in self.thinking.items() if name not in self.edits},
            alternatives=self.alternatives,
            template_variables=self.template_variables,
        )

    @property
    def notices(self) -> tuple[str, ...]:
        """What was left out of the branch, in words."""
        if self.prompt is not None:
            return ()
        count = sum(not _is_seen(message) for message in self.thread)
        if count == 0:
            return ()
        subject, verb = ("One earlier reply", "is") if count == 1 else (f"{count} earlier replies", "are")
        return (f"{subject}, failed or empty, {verb} left out of what the model sees.",)

    def _messages(self, model_fingerprint: str) -> tuple[Message, ...]:
        seen = [_as_read(message, model_fingerprint) for message in self.thread if _is_seen(message)]
        if self.system_prompt.strip():
            seen.insert(0, Message.of("system", self.system_prompt))
        return _joined(seen)


def _is_seen(message: StoredMessage) -> bool:
    return message.role != "assistant" or (message.status != "failed" and bool(message.text.strip()))


def _as_read(message: StoredMessage, model_fingerprint: str) -> Message:
    """Give token ids only where this model made them and they are exactly this text."""
    generation = message.generation
    exact = (
        generation is not None
        and generation.model_fingerprint == model_fingerprint != ""
        and generation.stop_reason != "stop_text"
    )
    return message.message if exact else Message(message.role, message.parts)


def _joined(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Make one of the user's messages that follow each other, for many templates refuse two in a row.

    They meet where a reply was left out; a message that only repeats the one before it is taken once.
    """
    joined: list[Message] = []
    for message in messages:
        before = joined[-1] if joined else None
        if before is None or before.role != "user" or message.role != "user":
            joined.append(message)
        elif before.parts != message.parts:
            joined[-1] = Message("user", (*before.parts, TextPart("\n\n"), *message.parts))
    return tuple(joined)
