"""Conversations as values: what the store keeps and the screen shows.

A conversation is an append-only tree of messages. No row's parent ever changes; edit, regenerate and insert make
siblings. `leaf_id` names the last message of the branch that is shown.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from chatapp.core.events import ContextShifted, ParameterChanged, StopReason, Timings
from chatapp.core.messages import Message, Part, ReasoningPart, Role, TextPart
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import Setting, StoredValue

Status: TypeAlias = Literal["complete", "streaming", "stopped", "interrupted", "failed"]
STATUSES: dict[Status, str] = {
    "complete": "",
    "streaming": "being written",
    "stopped": "stopped",
    "interrupted": "interrupted: chatapp ended while it was written",
    "failed": "failed",
}
"""Each status in words."""


class View(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the model saw of the branch that it answered.

    `began_at` is the id of the first message that it saw, None where it saw them all; `left_out` is how many messages
    before that it did not see, and `context_size` the room that there was, None where it is unknown.
    """

    began_at: int | None = None
    left_out: int = 0
    context_size: int | None = None


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """How a reply came about.

    `settings` holds every parameter with its source and `seed` the one used; `changes` are those made while the
    reply ran. `raw` tells that the prompt was completed as it is, without a chat template. `error` is the failure
    in words, empty where none. Counts and timings are None until the reply ended. `missing_words` and `rewinds` are as
    in `core.events.Finished`. `preset` is the name of the one that was used, empty where none was. `view` is
    None until the request was prepared; `shifts` tell what was forgotten while the reply ran. An `exact` one was
    computed alone and anew, so that the same request gives the same tokens on the same machine and build.
    `begun_tokens` is how many of `token_ids` were taken over from another version of the reply; `reply_tokens` and
    the timings tell of those that were written behind them.
    """

    model_name: str
    model_fingerprint: str
    template_sha256: str
    settings: tuple[Setting, ...]
    seed: int
    device: str = ""
    build: str = ""
    stop_reason: StopReason | None = None
    stop_text: str | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    cached_reason: str = ""
    processed_tokens: int | None = None
    reply_tokens: int | None = None
    timings: Timings | None = None
    token_ids: tuple[int, ...] = ()
    notices: tuple[str, ...] = ()
    error: str = ""
    raw: bool = False
    changes: tuple[ParameterChanged, ...] = ()
    missing_words: tuple[str, ...] = ()
    rewinds: int = 0
    preset: str = ""
    view: View | None = None
    shifts: tuple[ContextShifted, ...] = ()
    exact: bool = False
    begun_tokens: int = 0

    @property
    def tokens_per_second(self) -> float | None:
        """Speed after the first token; None where unknown."""
        if self.timings is None or not self.reply_tokens or self.reply_tokens < 2:
            return None
        return (self.reply_tokens - 1) / self.timings.generation_s if self.timings.generation_s > 0 else None

    @property
    def forgotten_tokens(self) -> int:
        """How many tokens were forgotten while the reply ran."""
        return sum(shift.dropped for shift in self.shifts)


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message in its tree.

    `id` rises with every message stored and is the order in time (clocks jump, ids don't). `sibling` of
    `siblings` counts from 1 among the children of the same parent with the same role group. `created_at` is
    seconds since the epoch, for display only. One that is `pinned` stays in the model's view when older turns are left
    out, with its whole turn. `edited` tells that a person wrote the text in place of another. `deleted_with` is the id
    of the message with which it went out of sight, None where it is there.
    """

    id: int
    conversation_id: int
    parent_id: int | None
    role: Role
    parts: tuple[Part, ...]
    status: Status
    created_at: float
    sibling: int = 1
    siblings: int = 1
    generation: Generation | None = None
    pinned: bool = False
    edited: bool = False
    deleted_with: int | None = None

    @property
    def text(self) -> str:
        """The text without reasoning."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def reasoning(self) -> str:
        """What was thought."""
        return "".join(part.text for part in self.parts if isinstance(part, ReasoningPart))

    @property
    def message(self) -> Message:
        """The message as a model reads it, with the token ids that made it."""
        token_ids = self.generation.token_ids if self.generation is not None else ()
        return Message(self.role, self.parts, token_ids)


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the conversation list.

    `edits` are the parameter values that this conversation has set. `deleted_at` is set while it lies in the
    trash. `title` is empty until the first message gives it one. `overflow` is what happens when it no longer fits the
    context.
    """

    id: int
    title: str
    created_at: float
    updated_at: float
    system_prompt: str = ""
    edits: dict[str, StoredValue] = {}
    model: str = ""
    leaf_id: int | None = None
    message_count: int = 0
    pinned: bool = False
    deleted_at: float | None = None
    overflow: Overflow = "stop"


class Branching(msgspec.Struct, frozen=True, kw_only=True):
    """A message as a place in the tree of its conversation: `opening` is how its text begins, in one line."""

    id: int
    parent_id: int | None
    role: Role
    opening: str
    status: Status
    created_at: float
    pinned: bool = False
    edited: bool = False
    deleted_with: int | None = None


class Tree(msgspec.Struct, frozen=True):
    """All messages of a conversation by rising id, so that a parent comes before those below it.

    `leaf_id` is the end of the branch that is shown.
    """

    messages: tuple[Branching, ...]
    leaf_id: int | None = None


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a search found; `excerpt` is its text around the hit, `spans` the hits in it."""

    conversation_id: int
    conversation_title: str
    message_id: int
    role: Role
    created_at: float
    excerpt: str
    spans: tuple[tuple[int, int], ...] = ()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a search found: messages that have all of `words`, the last of them perhaps begun only.

    `complete` is False where it was cut short before it had looked at everything.
    """

    hits: tuple[Hit, ...] = ()
    words: tuple[str, ...] = ()
    complete: bool = True
