"""The candidates at a place as far as they are known: some tokens one by one, all others by bounds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from chatapp.core.events import TokenDetail

SLACK = 4e-6
"""Logits nearer to each other than this are not told apart: stored figures are float32."""

_SUM_SLACK = 1e-6
"""How far the sum of the stored probabilities may be off."""

_CONTRADICTION = 1e-3
"""A sum that is off by more was not stored by an engine, or with another vocabulary."""

_LIGHTEST = 1e-300
_NEGLIGIBLE = 1e-9

_LARGEST_VOCABULARY = 1_000_000
"""No vocabulary is larger; models of today have up to 262,144 tokens."""


class Undecidable(Exception):
    """The stored figures do not say what a stage does."""

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(f"{stage}: {reason}")
        self.stage = stage
        self.reason = reason


@dataclass(frozen=True)
class Token:
    """A candidate whose logit is known; `weight` is its share before it is divided by the sum of all."""

    token_id: int
    logit: float

    @property
    def weight(self) -> float:
        """The exponential of the logit."""
        return math.exp(self.logit)


@dataclass(frozen=True)
class Rest:
    """The candidates that are not known one by one.

    Their weights together lie between `low` and `high`, none of their logits is above `ceiling`, and they are
    `count` at most: exactly so many where `counted`. `surprise` is the sum of -weight · logit, None where unknown.
    """

    low: float = 0.0
    high: float = 0.0
    ceiling: float = -math.inf
    count: int = 0
    counted: bool = True
    surprise: float | None = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return self.count == 0

    def tightened(self) -> Rest:
        """The same, where none weighs more than all, and all no more than so many of the heaviest."""
        if self.is_empty:
            return Rest()
        # What is too light for a float may weigh something again at a higher temperature.
        high = max(self.high, _LIGHTEST)
        ceiling = min(self.ceiling, math.log(high))
        high = max(min(high, self.count * math.exp(ceiling)), _LIGHTEST)
        return replace(self, ceiling=ceiling, high=high, low=min(self.low, high))


@dataclass
class Pool:
    """The candidates that are left: `tokens` with the highest logit first, and the `rest`.

    `cut_by` says which stage a listed token fell to. `doubt` is the first stage that left something open. `place` is
    how many candidates stand above `chosen`, None once that is not certain. `masked` candidates are ruled out but
    still counted, as llama.cpp's top_n_sigma leaves them.
    """

    tokens: list[Token]
    rest: Rest
    chosen: int
    place: int | None
    cut_by: dict[int, str] = field(default_factory=dict)
    doubt: Undecidable | None = None
    masked: int = 0
    open: list[int] = field(default_factory=list)
    """Listed tokens of which it is not certain whether a stage cut them; they count among the rest."""

    @classmethod
    def of(cls, detail: TokenDetail, vocabulary_size: int | None = None) -> Pool:
        """All of the vocabulary as `detail` knows it; raise Undecidable where its figures contradict each other."""
        listed = {token_id: logprob for token_id, logprob in detail.alternatives if math.isfinite(logprob)}
        # Behind a list, none is likelier than its last; behind the likeliest alone, than that one.
        least = min(listed.values(), default=detail.logprob if detail.rank == 0 else 0.0)
        listed.setdefault(detail.token_id, detail.logprob)
        tokens = sorted((Token(*item) for item in listed.items()), key=lambda token: -token.logit)
        known = math.fsum(token.weight for token in tokens)
        named = {detail.token_id, *(token_id for token_id, _ in detail.alternatives)}
        count = max(0, (vocabulary_size or _LARGEST_VOCABULARY) - len(named))
        left = max(0.0, 1.0 - known)
        if known > 1.0 + _CONTRADICTION or left > count * math.exp(least) + _CONTRADICTION:
            raise Undecidable("stored figures", "the probabilities do not add up to 1")
        surprise = detail.entropy - math.fsum(-token.weight * token.logit for token in tokens)
        # An entropy that does not fit the list was not measured with it.
        fits = math.isfinite(surprise) and surprise >= -left * least - 1e-4 and surprise >= -1e-4
        rest = Rest(
            low=max(0.0, left - _SUM_SLACK),
            high=left + _SUM_SLACK,
            ceiling=least,
            count=count,
            counted=vocabulary_size is not None,
            surprise=max(0.0, surprise) if fits else None,
        )
        return cls(tokens, rest.tightened(), detail.token_id, detail.rank)

    def copy(self) -> Pool:
        """A pool that goes its own way."""
        return replace(self, tokens=list(self.tokens), cut_by=dict(self.cut_by), open=list(self.open))

    @property
    def head(self) -> list[Token]:
        """The listed tokens above which no other can stand."""
        return [token for token in self.tokens if self.rest.is_empty or token.logit >= self.rest.ceiling - SLACK]

    @property
    def total(self) -> tuple[float, float]:
        """The least and the most that all weights can add up to."""
        known = math.fsum(token.weight for token in self.tokens)
        return known + self.rest.low, known + self.rest.high

    @property
    def top(self) -> tuple[float, float]:
        """The least and the most that the highest logit can be."""
        if not self.tokens:
            return -math.inf, self.rest.ceiling
        highest = self.tokens[0].logit
        return (highest, highest) if self.head else (highest, self.rest.ceiling)

    @property
    def entropy(self) -> float | None:
        """In nats; None where it is not known."""
        low, high = self.total
        rest = self.rest
        surprise = rest.surprise
        if self.is_all_listed:
            surprise = 0.0
        elif surprise is None or high - low > 4 * _SUM_SLACK * low:
            return None
        total = (low + high) / 2
        return math.log(total) + (math.fsum(-token.weight * token.logit for token in self.tokens) + surprise) / total

    @property
    def is_all_listed(self) -> bool:
        """Whether what is not listed weighs nothing that counts."""
        return self.rest.is_empty or self.rest.high <= _NEGLIGIBLE * self.total[0]

    @property
    def size(self) -> int | None:
        """How many candidates there are, those counted that are ruled out; None where that is not known."""
        if self.rest.is_empty:
            return len(self.tokens) + self.masked
        return len(self.tokens) + self.rest.count + self.masked if self.rest.counted else None

    # Changes

    def cut(self, tokens: Iterable[Token], stage: str) -> None:
        """Drop listed tokens."""
        for token in tokens:
            self.tokens.remove(token)
            self.cut_by[token.token_id] = stage
            if self.place is not None and token.logit > self._chosen_logit():
                self.place -= 1

    def cut_rest(self, stage: str) -> None:
        """Drop all that are not known."""
        self.cut_by.update(dict.fromkeys(self.open, stage))
        self.open.clear()
        self.rest = Rest()

    def leave_open(self, tokens: Sequence[Token], rest: Rest, stage: str, reason: str) -> None:
        """Go on without knowing whether `tokens` were cut; `rest` is what is left of the others."""
        weight = math.fsum(token.weight for token in tokens)
        for token in tokens:
            self.tokens.remove(token)
            self.open.append(token.token_id)
            self.place = None
        self.rest = replace(
            rest,
            high=rest.high + weight,
            ceiling=max([rest.ceiling, *(token.logit for token in tokens)]),
            count=rest.count + len(tokens),
            counted=rest.counted and not tokens,
            surprise=None,
        ).tightened()
        if self.doubt is None:
            self.doubt = Undecidable(stage, reason)

    def _chosen_logit(self) -> float:
        return next((token.logit for token in self.tokens if token.token_id == self.chosen), math.inf)
