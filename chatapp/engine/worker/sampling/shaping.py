"""Stages that change logits whatever was written before, beside llama.cpp's own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from chatapp.engine.worker.llama import Candidates
from chatapp.engine.worker.sampling.stateless import Stateless


class Smoothing(Stateless):
    """Quadratic sampling: bend the logits by their distance d from the highest.

    logit = highest - factor · (k d² + s d³), with k = (3 - curve) / 2 and s = (curve - 1) / 2. A curve of 1 is the
    plain parabola; above 3, k is negative, and candidates nearer than -k / s overtake the highest.

    Source: kalomaze 2024, `smoothing_factor` and `smoothing_curve` of text-generation-webui.
    """

    def __init__(self, factor: float, curve: float) -> None:
        self._square = factor * (3.0 - curve) / 2.0
        self._cube = factor * (curve - 1.0) / 2.0

    def apply(self, candidates: Candidates) -> None:
        """Change `candidates` in place."""
        logits = candidates.logits
        highest = float(logits.max())
        # A banned candidate stays banned: its distance would make infinity times 0, which is no number.
        allowed = logits != -np.inf
        distances = np.subtract(highest, logits, out=np.zeros(len(logits), np.float32), where=allowed)
        lowered = highest - distances * distances * (self._square + self._cube * distances)
        np.copyto(logits, lowered, where=allowed)
        candidates.changed()


class LogitBias(Stateless):
    """Add a fixed bias to the logits of single tokens; a bias of -inf bans the token."""

    def __init__(self, biases: Mapping[int, float]) -> None:
        """Take `biases` from token ids to finite numbers or -inf."""
        ordered = sorted(biases.items())
        self._tokens = np.array([token for token, _ in ordered], dtype=np.int32)
        self._biases = np.array([bias for _, bias in ordered], dtype=np.float32)

    def apply(self, candidates: Candidates) -> None:
        """Change `candidates` in place."""
        rows = candidates.rows(self._tokens)
        candidates.logits[rows] += self._biases[np.searchsorted(self._tokens, candidates.ids[rows])]
        candidates.changed()
