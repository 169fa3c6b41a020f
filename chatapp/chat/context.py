"""What a model gets to see of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import msgspec

from chatapp.core.backend import GenerationRequest
from chatapp.core.conversations import Generation, StoredMessage, View
from chatapp.core.errors import UsageError
from chatapp.core.messages import Message, TextPart
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import FORMS, Value


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply begins with that goes on where another one was left off.

    `text` and `reasoning` are what the new reply holds of it from the start; `seconds` is how long it thought.
    `token_ids`, where they are known, are its tokens, made by the model of `model_fingerprint`; with `needs_tokens` no
    other model can go on from there.
    """

    text: str = ""
    reasoning: str = ""
    seconds: float | None = None
    token_ids: tuple[int, ...] = ()
    model_fingerprint: str = ""
    needs_tokens: bool = False

    def tokens_for(self, model_fingerprint: str) -> tuple[int, ...]:
        """The tokens as that model reads them, none where it does not; raise UsageError where it must."""
        exact = self.model_fingerprint == model_fingerprint != ""
        if self.needs_tokens and not exact:
            raise UsageError(
                "Another model wrote this reply, so its tokens mean nothing to the one that is loaded.",
                hint="Load the model that wrote it, or continue the reply from its text.",
            )
        return self.token_ids if exact else ()


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """All that a request is made of: a branch from its root to the message to answer, or a raw prompt.

    `edits` are explicit parameter values; they stand above `prompt_values`, those of a prompt of the library, and these
    above `preset` and `thinking`, those of a preset and those that
    differ while the model thinks. `prefill` begins the reply, `begun` stands in its place where a reply goes on;
    `alternatives` are told of each of its tokens. `overflow`
    is what happens where the branch no longer fits.
    """

    thread: tuple[StoredMessage, ...] = ()
    system_prompt: str = ""
    prompt: str | None = None
    prefill: str = ""
    begun: Begun | None = None
    edits: dict[str, Value] = {}
    prompt_values: dict[str, Value] = {}
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
        # A form of the answer that the prompt asks for takes the place of the preset's.
        is_formed = any(name in FORMS for name in self.prompt_values)
        messages = () if self.prompt is not None else self._messages(model_fingerprint, turn)
        begun = self.begun
        return GenerationRequest(
            messages=messages,
            prompt=self.prompt,
            prefill=self.prefill if begun is None else begun.text,
            prefill_reasoning=begun.reasoning if begun is not None else None,
            prefill_ids=begun.tokens_for(model_fingerprint) if begun is not None else (),
            edits=self.edits,
            prompt_values=self.prompt_values,
            preset={name: value for name, value in self.preset.items() if not (is_formed and name in FORMS)},
            thinking={
                name: value
                for name, value in self.thinking.items()
                if name not in self.edits and name not in self.prompt_values
            },
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
        left_out = sum(_is_seen(message) for message in self.thread[:start])
        left_out -= sum(map(_is_seen, kept(self.thread[:start])))
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
        sent = (*kept(self.thread[:start]), *self.thread[start:])
        seen = [_as_read(message, model_fingerprint) for message in sent if _is_seen(message)]
        if self.system_prompt.strip():
            seen.insert(0, Message.of("system", self.system_prompt))
        return _joined(seen)


def kept(turns: Sequence[StoredMessage]) -> tuple[StoredMessage, ...]:
    """The messages of older turns that stay in view when these are left out.

    System messages stay, and pinned ones with all of their turn: a question without its answer would be asked again,
    and many templates refuse replies without a question.
    """
    found: list[StoredMessage] = []
    for _, turn in groupby(turns, key=_turn_counter()):
        messages = tuple(turn)
        pinned = any(message.pinned for message in messages)
        found += [message for message in messages if pinned or message.role == "system"]
    return tuple(found)


def _turn_counter() -> Callable[[StoredMessage], int]:
    """Number the turns of messages that are asked for in their order: each begins with a message of the user."""
    count = 0

    def number(message: StoredMessage) -> int:
        nonlocal count
        count += message.role == "user"
        return count

    return number


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
        and has_exact_tokens(generation)
    )
    return message.message if exact else Message(message.role, message.parts)


def has_exact_tokens(generation: Generation) -> bool:
    """Whether the tokens of a reply are known and exactly its text; where a stop string was cut off they are not."""
    return bool(generation.token_ids) and generation.stop_reason != "stop_text"


def _joined(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Make one of messages of one role that follow each other, for many templates refuse two in a row.

    They meet where a message was left out or put in; one of the user's that only repeats the one before it is taken
    once.
    """
    joined: list[Message] = []
    for message in messages:
        before = joined[-1] if joined else None
        if before is None or before.role != message.role or message.role == "system":
            joined.append(message)
        elif before.parts != message.parts or message.role != "user":
            joined[-1] = Message(message.role, (*before.parts, TextPart("\n\n"), *message.parts))
    return tuple(joined)
