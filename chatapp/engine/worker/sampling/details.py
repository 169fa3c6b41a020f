"""What is told of each token: its probability, rank and rivals under the model's own distribution."""

from __future__ import annotations

import math

import numpy as np

from chatapp.core.events import TokenDetail
from chatapp.engine.worker.llama import Logits, TokenIds

_GROUP = 64
"""How many logits share a maximum; they stand far apart, so that whole rows are compared at once."""


_FAINTEST = -87.0
"""Below it a weight is no ordinary float32: processors are slow with those, and -inf times 0 is no number."""
_CHUNK = 65_536
"""Logits that are looked at in one go, so that what is computed of them stays in the processor's nearest memory."""


class Measure:
    """Reads one position's logits without changing them; its arrays are made once and used at every token."""

    def __init__(self) -> None:
        self._shifted = np.empty(_CHUNK, np.float32)
        self._weights = np.empty(_CHUNK, np.float32)

    def detail(self, logits: Logits, token: int, *, alternatives: int, seconds: float) -> TokenDetail:
        """Look at `token` and the likeliest `alternatives` under `logits` of shape (vocabulary,)."""
        highest, likeliest = top(logits, alternatives)
        total, weighted = self._sums(logits, highest)
        log_sum_exp = highest + math.log(total)
        chosen = float(logits[token])
        return TokenDetail(
            token_id=token,
            logprob=chosen - log_sum_exp,
            rank=int(np.count_nonzero(logits > chosen)) if chosen < highest else 0,
            entropy=max(0.0, math.log(total) - weighted / total),
            log_sum_exp=log_sum_exp,
            seconds=seconds,
            alternatives=tuple((int(other), float(logits[other]) - log_sum_exp) for other in likeliest),
        )

    def _sums(self, logits: Logits, highest: float) -> tuple[float, float]:
        """Σ w and Σ w·x over x = logit - highest and w = exp(x)."""
        total = weighted = 0.0
        for start in range(0, len(logits), _CHUNK):
            chunk = logits[start : start + _CHUNK]
            shifted, weights = self._shifted[: len(chunk)], self._weights[: len(chunk)]
            np.subtract(chunk, highest, out=shifted)
            np.maximum(shifted, _FAINTEST, out=shifted)
            np.exp(shifted, out=weights)
            total += float(weights.sum())
            weighted += float(np.dot(weights, shifted))
        return total, weighted


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
