"""A sequence of the context and the reply that it is writing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from chatapp.engine.protocol import Generate
from chatapp.engine.worker.reply import Reply
from chatapp.engine.worker.sampling.chain import Chain


@dataclass
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

    def next_token(self, sample: Callable[[], int]) -> int:
        """The token that is forced next, else the one that `sample` chooses."""
        return self.forced.popleft() if self.forced else sample()


@dataclass
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
