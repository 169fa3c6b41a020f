"""What is told of each token: its probability, rank and rivals under the model's own distribution."""

from __future__ import annotations

import math

import numpy as np

from chatapp.core.events import TokenDetail
from chatapp.engine.worker.llama import Logits, TokenIds

_GROUP = 64
"""How many logits share a maximum; they stand far apart, so that whole rows are compared at once."""


class Measure:
    """Reads one position's logits without changing them; its arrays are made once and used at every token."""

    def __init__(self, vocabulary_size: int) -> None:
        self._shifted = np.empty(vocabulary_size, np.float32)
        self._weights = np.empty(vocabulary_size, np.float32)

    def detail(self, logits: Logits, token: int, *, alternatives: int, seconds: float) -> TokenDetail:
        """Look at `token` and the likeliest `alternatives` under `logits` of shape (vocabulary,)."""
        highest, likeliest = top(logits, alternatives)
        np.subtract(logits, highest, out=self._shifted)
        np.exp(self._shifted, out=self._weights)
        total = float(self._weights.sum())
        with np.errstate(invalid="ignore"):
            surprise = -float(np.dot(self._weights, self._shifted)) / total
        if not math.isfinite(surprise):
            # A token that the model itself rules out has a weight of 0 and a logit of -inf.
            possible = self._weights > 0
            surprise = -float(np.dot(self._weights[possible], self._shifted[possible])) / total
        log_sum_exp = highest + math.log(total)
        chosen = float(logits[token])
        return TokenDetail(
            token_id=token,
            logprob=chosen - log_sum_exp,
            rank=int(np.count_nonzero(logits > chosen)) if chosen < highest else 0,
            entropy=max(0.0, math.log(total) + surprise),
            log_sum_exp=log_sum_exp,
            seconds=seconds,
            alternatives=tuple((int(other), float(logits[other]) - log_sum_exp) for other in likeliest),
        )


def top(logits: Logits, count: int) -> tuple[float, TokenIds]:
    """The highest logit, and the `count` tokens with the highest ones, highest first.

    The count-th highest of the maxima of groups can't be above the count-th highest logit, so one pass of maxima
    leaves few tokens to sort.
    """
    if count <= 0:
        return float(logits.max()), np.empty(0, np.int32)
    whole = len(logits) // _GROUP * _GROUP
    maxima = np.concatenate((logits[:whole].reshape(_GROUP, -1).max(axis=0), logits[whole:]))
    bound = np.partition(maxima, len(maxima) - count)[len(maxima) - count] if count <= len(maxima) else -np.inf
    found = np.flatnonzero(logits >= bound)
    order = np.argsort(-logits[found], kind="stable")[:count]
    return float(maxima.max()), found[order].astype(np.int32)
