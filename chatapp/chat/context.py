"""What a model gets to see of a conversation."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chatapp.core.backend import GenerationRequest
from chatapp.core.conversations import StoredMessage, View
from chatapp.core.messages import Message, TextPart
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import Value


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """All that a request is made of: a branch from its root to the message to answer, or a raw prompt.

    `edits` are explicit parameter values, and stand above `preset` and `thinking`, those of a preset and those that
    differ while the model thinks. `prefill` begins the reply; `alternatives` are told of each of its tokens. `overflow`
    is what happens where the branch no longer fits.
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
    overflow: Overflow = "stop"
    exact: bool = False

    def request(self, model_fingerprint: str, *, turn: int = 0) -> GenerationRequest:
        """Put it as a request; token ids of replies go along where the model of that fingerprint made them.

        It begins at `turn`; of what is before, only the kept messages are in it.
        """
        messages = () if self.prompt is not None else self._messages(model_fingerprint, turn)
        return GenerationRequest(
            messages=messages,
            prompt=self.prompt,
            prefill=self.prefill,
            edits=self.edits,
            preset=self.preset,
            thinking={name: value for name, value in self.thinking.items() if name not in self.edits},
            alternatives=self.alternatives,
            template_variables=self.template_variables,
            overflow=self.overflow,
            exact=self.exact,
        )

    @property
    def turns(self) -> tuple[int, ...]:
        """Where each turn begins in the thread: at a message of the user, the first one at the root. One at least."""
        if self.prompt is not None:
            return (0,)
        return (0, *(place for place, message in enumerate(self.thread) if message.role == "user" and place > 0))

    def seen_from(self, turn: int) -> tuple[int | None, int]:
        """The id of the message at which the view begins, None for the root, and how many before it are not seen."""
        start = self.turns[turn]
        left_out = sum(_is_seen(message) and not is_kept(message) for message in self.thread[:start])
        return (self.thread[start].id if start else None), left_out

    def turn_seen_before(self, context_size: int | None) -> int:
        """The turn at which the view of the branch's last reply began; the first where there is more room now."""
        view = last_view(self.thread)
        if view is None or view.began_at is None:
            return 0
        if context_size is not None and view.context_size is not None and context_size > view.context_size:
            return 0
        begins = [self.thread[start].id for start in self.turns]
        return begins.index(view.began_at) if view.began_at in begins else 0

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

    def _messages(self, model_fingerprint: str, turn: int) -> tuple[Message, ...]:
        start = self.turns[turn]
        sent = (*filter(is_kept, self.thread[:start]), *self.thread[start:])
        seen = [_as_read(message, model_fingerprint) for message in sent if _is_seen(message)]
        if self.system_prompt.strip():
            seen.insert(0, Message.of("system", self.system_prompt))
        return _joined(seen)


def is_kept(message: StoredMessage) -> bool:
    """Whether a message stays in view when the turn that it belongs to is left out."""
    return message.role == "system"


def last_view(thread: Sequence[StoredMessage]) -> View | None:
    """What the model saw of a branch when it wrote the last reply; None where no reply tells."""
    generations = (message.generation for message in reversed(thread))
    return next((each.view for each in generations if each is not None and each.view is not None), None)


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
