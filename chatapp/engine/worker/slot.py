"""A sequence of the context and what it is computed for: a reply, or an errand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from chatapp.engine.worker.errand import Errand
from chatapp.engine.worker.job import Job

Work: TypeAlias = Job | Errand


@dataclass(eq=False)
class Slot:
    """One sequence.

    `tokens` are those in the KV cache, `pending` those that must be computed next, `marks` the numbers of tokens at
    which its state is to be kept on the way. A slot without work keeps its tokens for whoever begins with them;
    `is_settled` tells that what is worth it was written to disk, `stays` that it does not make way while it rests.
    """

    sequence: int
    tokens: list[int] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    work: Work | None = None
    last_used: float = 0.0
    marks: list[int] = field(default_factory=list)
    is_settled: bool = True
    stays: bool = False

    @property
    def job(self) -> Job | None:
        """The reply that it writes, if it writes one."""
        return self.work if isinstance(self.work, Job) else None

    @property
    def is_idle(self) -> bool:
        """Whether it is free for other work."""
        return self.work is None

    @property
    def is_replying(self) -> bool:
        """Whether its prompt is computed and it writes."""
        job = self.job
        return job is not None and job.first_token is not None and len(self.pending) <= 1
