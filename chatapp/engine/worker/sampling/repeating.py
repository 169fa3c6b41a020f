"""Stages that look at what was written: against repetition, for the prompt's words, and towards an end."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from hashlib import blake2b

import numpy as np

from chatapp.engine.worker.llama import Candidates
from chatapp.engine.worker.sampling.stateless import Stateless


class NoRepeatNgram:
    """Ban every token that would complete n tokens in a row that stand in the text already, the prompt counted.

    With n = 1 no token comes twice. The prompt comes in through `accept`, too.

    Source: Paulus et al. 2017, arXiv:1705.04304; `NoRepeatNGramLogitsProcessor` of Hugging Face transformers.
    """

    def __init__(self, size: int) -> None:
        """Ban repeated runs of `size` tokens, at least 1."""
        self._size = size
        self._text = array("i")
        self._followers: dict[bytes, set[int]] = {}
        self._last = self._key()

    def apply(self, candidates: Candidates) -> None:
        """Change `candidates` in place."""
        banned = self._followers.get(self._last)
        if banned:
            rows = candidates.rows(np.fromiter(banned, dtype=np.int32, count=len(banned)))
            candidates.logits[rows] = -np.inf
            candidates.changed()

    def accept(self, token: int) -> None:
        """Learn that `token` follows; the cost does not depend on the length of the text."""
        if len(self._text) >= self._size - 1:
            self._followers.setdefault(self._last, set()).add(token)
        self._text.append(token)
        self._last = self._key()

    def close(self) -> None:
        """Do nothing: there is no native memory to free."""

    def _key(self) -> bytes:
        """What stands for the last n - 1 tokens: a digest, so that long runs cost no more memory than short ones."""
        start = max(0, len(self._text) - (self._size - 1))
        return blake2b(self._text[start:].tobytes(), digest_size=16).digest()


class EncoderRepetition(Stateless):
    """Favour the tokens of the prompt: multiply their positive logits by the penalty, divide their negative ones.

    A penalty below 1 avoids them. Source: `EncoderRepetitionPenaltyLogitsProcessor` of Hugging Face transformers.
    """

    def __init__(self, penalty: float, prompt: Iterable[int]) -> None:
        """Take the tokens of the `prompt` in any order."""
        self._penalty = penalty
        self._tokens = np.unique(np.fromiter(prompt, dtype=np.int32))

    def apply(self, candidates: Candidates) -> None:
        """Change `candidates` in place."""
        rows = candidates.rows(self._tokens)
        logits = candidates.logits[rows]
        candidates.logits[rows] = np.where(logits < 0, logits / self._penalty, logits * self._penalty)
        candidates.changed()


class ExponentialDecay:
    """Raise the end tokens more with each token of the reply behind `start`.

    Their logits grow by |logit| · (factor ^ (tokens of the reply - start) - 1).

    Source: `ExponentialDecayLengthPenalty` of Hugging Face transformers.
    """

    _LARGEST_EXPONENT = 50.0
    """Of e, reached when nothing else has a chance any more; keeps the logits finite."""

    def __init__(self, start: int, factor: float, end_tokens: Iterable[int], written: int) -> None:
        """Begin behind `start` tokens of the reply, of which `written` are there already."""
        self._start = start
        self._growth = math.log(factor)
        self._end_tokens = np.fromiter(end_tokens, dtype=np.int32)
        self._written = written

    def apply(self, candidates: Candidates) -> None:
        """Change `candidates` in place."""
        exponent = (self._written - self._start) * self._growth
        if exponent <= 0:
            return
        rows = candidates.rows(self._end_tokens)
        rows = rows[np.isfinite(candidates.logits[rows])]
        candidates.logits[rows] += np.abs(candidates.logits[rows]) * math.expm1(min(exponent, self._LARGEST_EXPONENT))
        candidates.changed()

    def accept(self, token: int) -> None:
        """Count one more token of the reply."""
        self._written += 1

    def close(self) -> None:
        """Do nothing: there is no native memory to free."""
