"""Work on given tokens that writes no reply: scoring them, or listing what could follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from chatapp.core.events import TokenDetail
from chatapp.engine.protocol import Answer, CandidatesListed, ListCandidates, Score, Scored
from chatapp.engine.worker.llama import Candidates, Logits
from chatapp.engine.worker.sampling.chain import Chain
from chatapp.engine.worker.sampling.details import Measure

Reader: TypeAlias = Callable[[int, Logits], None]


@dataclass(eq=False)
class Errand:
    """A request whose prompt is computed and whose logits are read on the way.

    `first_read` is the first position whose logits are wanted; `read(position, logits)` takes them, `answer` makes
    the answer when the last position was read. `arrived` is seconds of the monotonic clock.
    """

    request: Score | ListCandidates
    arrived: float
    first_read: int
    read: Reader
    answer: Callable[[], Answer]
    close: Callable[[], None] = field(default=lambda: None)
    queued_for: str = ""

    @property
    def prompt(self) -> list[int]:
        """The tokens to compute; the last one's logits say what follows it."""
        return list(self.request.token_ids)

    @property
    def sample(self) -> int:
        """An errand is one piece of work."""
        return 0


def scoring(request: Score, measure: Measure, arrived: float) -> Errand:
    """Log-probabilities of the request's tokens from `start` on."""
    # By position: work that had to make way for other work is read a second time.
    details: dict[int, TokenDetail] = {}
    tokens = request.token_ids

    def read(position: int, logits: Logits) -> None:
        if position + 1 < len(tokens):
            details[position] = measure.detail(logits, tokens[position + 1], alternatives=0, seconds=0.0)

    return Errand(
        request,
        arrived,
        max(0, request.start - 1),
        read,
        lambda: Scored(request.request_id, tuple(details.values())),
    )


def listing(request: ListCandidates, chain: Chain, candidates: Candidates, arrived: float) -> Errand:
    """What could follow the request's tokens."""
    found: list[CandidatesListed] = []

    def read(_position: int, logits: Logits) -> None:
        listed = chain.explain(candidates, logits, request.limit)
        found.append(CandidatesListed(request.request_id, tuple(listed)))

    return Errand(request, arrived, len(request.token_ids) - 1, read, lambda: found[0], chain.close)
