"""What is known of each token of a reply, in columns: some hundred bytes a token instead of a thousand."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from chatapp.core.events import TokenDetail

UNTOLD = -1
"""Stands for the id of a token of which nothing was told."""

COLUMNS = 7
"""How many of the columns have one entry a token."""


class Details(Sequence[TokenDetail | None]):
    """The details of a reply's tokens by position, None where nothing was told of a token.

    It grows while the reply does (`replace_from`) and gives its tokens as values. Figures are kept as float32, ids
    and ranks as 32-bit integers. `alternatives_from` is the first position whose alternatives are kept: those of
    the oldest tokens go where a reply is too long to keep them all.
    """

    def __init__(self, tokens: Iterable[TokenDetail] = ()) -> None:
        self.token_ids = array("i")
        self.logprobs = array("f")
        self.ranks = array("i")
        self.entropies = array("f")
        self.log_sum_exps = array("f")
        self.seconds = array("f")
        self.alternative_ends = array("i")
        self.alternative_ids = array("i")
        self.alternative_logprobs = array("f")
        self.alternatives_from = 0
        self.replace_from(0, tokens)

    def __len__(self) -> int:
        return len(self.token_ids)

    @overload
    def __getitem__(self, position: int) -> TokenDetail | None: ...

    @overload
    def __getitem__(self, position: slice) -> Sequence[TokenDetail | None]: ...

    def __getitem__(self, position: int | slice) -> TokenDetail | Sequence[TokenDetail | None] | None:
        """The token at `position`, or several of them; raise IndexError behind the last."""
        if isinstance(position, slice):
            return tuple(self._at(each) for each in range(*position.indices(len(self))))
        return self._at(range(len(self))[position])

    def __iter__(self) -> Iterator[TokenDetail | None]:
        return map(self._at, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Details):
            return NotImplemented
        return self.alternatives_from == other.alternatives_from and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def replace_from(self, offset: int, tokens: Iterable[TokenDetail]) -> None:
        """Let `tokens` stand at `offset` in place of all that was told from there on; raise ValueError below 0."""
        if offset < 0:
            raise ValueError(f"there is no position {offset}")
        self.cut(offset)
        for _ in range(len(self), offset):
            self._append(TokenDetail(UNTOLD, math.nan, UNTOLD, math.nan, math.nan, math.nan))
        for token in tokens:
            self._append(token)

    def cut(self, length: int) -> None:
        """Forget all but the first `length` tokens."""
        if length >= len(self):
            return
        last = self.alternative_ends[length - 1] if length else 0
        for place, column in enumerate(self.columns):
            del column[length if place < COLUMNS else last :]

    def without_alternatives_before(self, position: int) -> Details:
        """A copy that keeps the alternatives from `position` on."""
        copied = Details()
        for own, other in zip(self.columns[:COLUMNS], copied.columns, strict=False):
            other.frombytes(own.tobytes())
        dropped = self.alternative_ends[position - 1] if 0 < position <= len(self) else 0
        copied.alternative_ends = array("i", (max(0, end - dropped) for end in self.alternative_ends))
        copied.alternative_ids = self.alternative_ids[dropped:]
        copied.alternative_logprobs = self.alternative_logprobs[dropped:]
        copied.alternatives_from = max(position, self.alternatives_from)
        return copied

    @property
    def columns(self) -> tuple[array[int] | array[float], ...]:
        """All that it holds: seven columns with one entry a token, then two with one an alternative."""
        return (
            self.token_ids,
            self.logprobs,
            self.ranks,
            self.entropies,
            self.log_sum_exps,
            self.seconds,
            self.alternative_ends,
            self.alternative_ids,
            self.alternative_logprobs,
        )

    def _append(self, token: TokenDetail) -> None:
        self.token_ids.append(token.token_id)
        self.logprobs.append(token.logprob)
        self.ranks.append(token.rank)
        self.entropies.append(token.entropy)
        self.log_sum_exps.append(token.log_sum_exp)
        self.seconds.append(token.seconds)
        for token_id, logprob in token.alternatives:
            self.alternative_ids.append(token_id)
            self.alternative_logprobs.append(logprob)
        self.alternative_ends.append(len(self.alternative_ids))

    def _at(self, position: int) -> TokenDetail | None:
        if self.token_ids[position] == UNTOLD:
            return None
        first, last = self.alternative_ends[position - 1] if position else 0, self.alternative_ends[position]
        return TokenDetail(
            self.token_ids[position],
            self.logprobs[position],
            self.ranks[position],
            self.entropies[position],
            self.log_sum_exps[position],
            self.seconds[position],
            tuple(zip(self.alternative_ids[first:last], self.alternative_logprobs[first:last], strict=True)),
        )
