"""Stages that drop candidates by their probability, beside llama.cpp's own.

None of them drops the likeliest candidate, and candidates that are as likely as each other stay or go together, so
the order of the candidates does not matter. A banned candidate (logit -inf) has the probability 0 and so counts as
one that was cut before.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from chatapp.engine.worker import llama
from chatapp.engine.worker.llama import Candidates, Logits, TokenIds
from chatapp.engine.worker.sampling.details import top
from chatapp.engine.worker.sampling.stateless import Stateless

Probabilities: TypeAlias = npt.NDArray[np.float32]
_WORTHWHILE = 16
"""How many times as large as what is kept the vocabulary must be for looking the best up to pay."""
_FAINTEST = 87.0
"""How far below the highest a logit may lie before its weight is no ordinary float32 any more."""


class Cutoff(Stateless):
    """Drops the candidates that are less likely than a bound; each subclass is the formula of its bound."""

    def apply(self, candidates: Candidates) -> None:
        """Change `candidates` in place."""
        if candidates.logits.max() == -np.inf:
            return
        probabilities = candidates.probabilities()
        highest = float(probabilities.max())
        candidates.keep(probabilities >= min(self._bound(probabilities, highest), highest))

    @abstractmethod
    def _bound(self, probabilities: Probabilities, highest: float) -> float:
        """The lowest probability that stays, from those of all candidates, in any order."""


class TopA(Cutoff):
    """Drop p < a · max(p)²: strict where the model is sure, loose where it is not.

    Source: BlinkDL 2021; `top_a` of KoboldAI and text-generation-webui.
    """

    def __init__(self, a: float) -> None:
        self._a = a

    def _bound(self, probabilities: Probabilities, highest: float) -> float:
        return self._a * highest**2


class EpsilonCutoff(Cutoff):
    """Drop p < epsilon.

    Source: Hewitt et al. 2022, arXiv:2210.15191; `EpsilonLogitsWarper` of Hugging Face transformers.
    """

    def __init__(self, epsilon: float) -> None:
        self._epsilon = epsilon

    def _bound(self, probabilities: Probabilities, highest: float) -> float:
        return self._epsilon


class EtaCutoff(Cutoff):
    """Drop p < min(eta, √eta · exp(-entropy)): where much is possible, less likely candidates stay too.

    Source: Hewitt et al. 2022, arXiv:2210.15191; `EtaLogitsWarper` of Hugging Face transformers.
    """

    def __init__(self, eta: float) -> None:
        self._eta = eta

    def _bound(self, probabilities: Probabilities, highest: float) -> float:
        # Next to a probability of 0 any finite logarithm will do.
        logarithms = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
        return min(self._eta, math.sqrt(self._eta) * math.exp(float(np.dot(probabilities, logarithms))))


class TailFree(Cutoff):
    """Cut where the falling curve of the probabilities has spent the share z of its bends.

    The bends are |p[i] - 2 p[i+1] + p[i+2]| over the probabilities in descending order, followed by zeros for what
    was cut before. The first candidate stays, then one for each bend, until their sum exceeds z of the whole.

    Source: Phénix and Egan 2019, "Tail free sampling"; `tfs` of text-generation-webui.
    """

    _NEAR = 1e-4
    """Candidates above this share of the highest probability are looked at first; nearly always they settle it."""

    def __init__(self, z: float) -> None:
        self._z = z

    def _bound(self, probabilities: Probabilities, highest: float) -> float:
        near = np.sort(probabilities[probabilities >= self._NEAR * highest])[::-1]
        # The bends of a falling curve add up to twice its height at most.
        bound = self._least_kept(near, unseen=2.0 * float(near[-2:][0]))
        if bound is None:
            falling = np.zeros(len(probabilities) + 2, dtype=np.float32)
            falling[:-2] = np.sort(probabilities)[::-1]
            bound = self._least_kept(falling, unseen=0.0)
        return bound or 0.0

    def _least_kept(self, falling: Probabilities, *, unseen: float) -> float | None:
        """The lowest of the `falling` probabilities that stays.

        None where it is not among them, or depends on the bends that follow, which sum up to at most `unseen`.
        """
        spent = np.cumsum(np.abs(np.diff(falling, n=2)).astype(np.float64))
        total = float(spent[-1]) if len(spent) else 0.0
        first, last = np.searchsorted(spent, [self._z * total, self._z * (total + unseen)], side="right").tolist()
        return float(falling[first]) if first == last < len(spent) else None


class TopK(Stateless):
    """Keep the k likeliest, by llama.cpp's stage.

    Where it is the first stage, `fill` gives the same candidates without writing down the whole vocabulary before,
    which takes longer than all else of a usual chain.
    """

    def __init__(self, k: int) -> None:
        self._k = k
        self._native = llama.top_k(k)

    def apply(self, candidates: Candidates) -> None:
        """Change `candidates` in place."""
        self._native.apply(candidates)

    def fill(self, candidates: Candidates, logits: Logits, ruled_out: TokenIds) -> bool:
        """Fill `candidates` with what is left of the vocabulary; False where only llama.cpp knows the order of ties."""
        count = self._k + len(ruled_out) + 1
        if count * _WORTHWHILE > len(logits):
            return False
        _, tokens = top(logits, count)
        if len(ruled_out):
            # A few dozen tokens: a set is many times faster than numpy's own way.
            out = set(ruled_out.tolist())
            tokens = tokens[[token not in out for token in tokens.tolist()]]
        tokens = tokens[: self._k + 1]
        values = logits[tokens]
        if (values[1:] == values[:-1]).any():
            return False
        candidates.fill_sorted(tokens[: self._k], values[: self._k])
        return True

    def close(self) -> None:
        """Free the native stage."""
        self._native.close()


class TypicalP(Stateless):
    """Keep what is nearest to the expected surprise, by llama.cpp's stage.

    That takes the logarithm of each probability, and one candidate of probability 0 spoils all of them; so those that
    are ruled out, or too unlikely for float32, go first.
    """

    def __init__(self, p: float) -> None:
        self._native = llama.typical_p(p)

    def apply(self, candidates: Candidates) -> None:
        """Change `candidates` in place."""
        logits = candidates.logits
        possible = logits > logits.max() - _FAINTEST
        if not possible.all():
            candidates.keep(possible)
        self._native.apply(candidates)

    def close(self) -> None:
        """Free the native stage."""
        self._native.close()
