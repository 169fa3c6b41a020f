"""A sequence of the context and the reply that it is writing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from chatapp.core.events import StopReason
from chatapp.engine.protocol import Generate
from chatapp.engine.worker.reply import Reply
from chatapp.engine.worker.sampling.chain import Chain


@dataclass(eq=False)
class Job:
    """One sample of a request, from its arrival to its last token.

    `prompt_size` counts the request's own tokens; after a preemption `prompt` also holds what was written since.
    Times are seconds of the monotonic clock, None until they come.
    """

    request: Generate
    sample: int
    seed: int
    chain: Chain
    reply: Reply
    prompt: list[int]
    arrived: float
    started: float | None = None
    first_token: float | None = None
    last_token: float = 0.0
    prompt_computed: float | None = None
    cached: int = 0
    cached_reason: str = ""
    written: list[int] = field(default_factory=list)
    forced: deque[int] = field(default_factory=deque)
    flushed: float = 0.0
    progressed: float = 0.0
    queued_for: str = ""

    @property
    def prompt_size(self) -> int:
        """Tokens of the prompt as it was asked."""
        return len(self.request.token_ids)

    def write(self, token: int) -> None:
        """Add `token` to the reply."""
        self.chain.accept(token)
        self.written.append(token)
        self.reply.push(token)

    def ends_at(self, token: int, end_tokens: frozenset[int], context_size: int) -> StopReason | None:
        """Why the reply ends before `token`, which is then no part of it."""
        if token in end_tokens:
            return "end"
        if token in cast(tuple[int, ...], self.chain.values["stop_token_ids"] or ()):
            return "stop_token"
        return self._limit(context_size)

    def ends_after(self, context_size: int) -> StopReason | None:
        """Why the reply ends now that a token was written."""
        return "stop_text" if self.reply.stop_met is not None else self._limit(context_size)

    def _limit(self, context_size: int) -> StopReason | None:
        """Which length the reply has reached."""
        values, written = self.chain.values, len(self.written)
        length = self.prompt_size + written
        if values["max_new_tokens"] is not None and written >= cast(int, values["max_new_tokens"]):
            return "max_new_tokens"
        if values["max_length"] is not None and length >= cast(int, values["max_length"]):
            return "max_length"
        return "context_full" if length >= context_size else None

    def next_token(self, sample: Callable[[], int]) -> int:
        """The token that is forced next, else the one that `sample` chooses."""
        return self.forced.popleft() if self.forced else sample()


@dataclass(eq=False)
class Slot:
    """One sequence.

    `tokens` are those in the KV cache, `pending` those that must be computed next. A slot without a job keeps its
    tokens for whoever begins with them.
    """

    sequence: int
    tokens: list[int] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    job: Job | None = None
    last_used: float = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether it is free for another job."""
        return self.job is None

    @property
    def is_replying(self) -> bool:
        """Whether its prompt is computed and it writes."""
        return self.job is not None and self.job.first_token is not None and len(self.pending) <= 1
