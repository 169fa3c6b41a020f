"""How near two candidates are, and how far rounding alone moves them, as a bare llama.cpp loop sees it.

llama.cpp adds numbers up in another order in batches of 64 tokens and more, and where other sequences share a batch
or a context. How much that moves logits depends on the model, so it is measured, without anything of the engine: the
same tokens in large batches and in small ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import llama_cpp.llama_cpp as llama
import numpy as np
import numpy.typing as npt

from tests.benchmarks.bare_loop import BareLoop

SMALL, LARGE = 32, 512
"""Tokens of a batch, below and above where llama.cpp changes its way to compute."""
LEAST = 0.05
"""Nats that count as a near tie in any model."""

Row: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rounding:
    """How far the distance between the two likeliest candidates moves, in nats, for each token that was looked at."""

    moves: tuple[float, ...]

    @property
    def near_tie(self) -> float:
        """The distance that rounding may bridge: what 95 of 100 places stay below."""
        return max(LEAST, float(np.quantile(self.moves, 0.95)))

    @property
    def told(self) -> str:
        half, many = np.quantile(self.moves, (0.5, 0.95))
        return (
            f"Rounding: in a bare loop, batches of {LARGE} instead of {SMALL} move the distance between the two "
            f"likeliest tokens by {half:.4f} nats (median), {many:.4f} (95 %), {max(self.moves):.4f} (most)."
        )


class Judge(BareLoop):
    """A bare loop that computes given tokens and tells what it thinks of them."""

    def __init__(self, model: Path, context_size: int, threads: int) -> None:
        super().__init__(str(model), context_size)
        if threads:
            llama.llama_set_n_threads(self.context, threads, threads)

    def logprobs(self, prompt: Sequence[int], reply: Sequence[int], wanted: Sequence[int]) -> list[float]:
        """Log-probabilities of the `wanted` tokens after the prompt and what there is of the reply."""
        tokens = [*prompt, *reply]
        row = next(self._rows(tokens, len(tokens) - 1, SMALL))
        highest = row.max()
        total = highest + np.log(np.exp(row - highest).sum())
        return [float(row[token] - total) for token in wanted]

    def shortfall(self, prompt: Sequence[int], reply: Sequence[int], start: int, banned: Sequence[int]) -> float:
        """By how much a token of the reply, from `start` on, is at most less likely than the likeliest in its place."""
        rows = self._rows([*prompt, *reply[:-1]], len(prompt) - 1 + start, SMALL)
        most = 0.0
        for token, row in zip(reply[start:], rows, strict=True):
            own = row[token]
            row[list(banned)] = -np.inf
            most = max(most, float(row.max() - own))
        return most

    def rounding(self, prompt: Sequence[int], reply: Sequence[int]) -> Rounding:
        """How far batches of another size move what follows each token of the reply."""
        tokens, start = [*prompt, *reply[:-1]], len(prompt) - 1
        pairs: list[tuple[int, int, float]] = []
        for row in self._rows(tokens, start, SMALL):
            one, two = (int(token) for token in np.argpartition(-row, 2)[:2])
            pairs.append((one, two, float(row[one] - row[two])))
        rows = self._rows(tokens, start, LARGE)
        moves = (abs(row[one] - row[two] - gap) for (one, two, gap), row in zip(pairs, rows, strict=True))
        return Rounding(tuple(float(move) for move in moves))

    def _rows(self, tokens: Sequence[int], start: int, size: int) -> Iterator[Row]:
        """The logits after each token from position `start` on, computed in batches of `size`."""
        llama.llama_memory_clear(llama.llama_get_memory(self.context), True)
        width = llama.llama_vocab_n_tokens(self.vocab)
        for first in range(0, len(tokens), size):
            count = self._fill(tokens[first : first + size], first, start)
            if llama.llama_decode(self.context, self.batch) != 0:
                raise RuntimeError("llama_decode failed")
            for index in range(max(0, start - first), count):
                pointer = llama.llama_get_logits_ith(self.context, index)
                yield np.ctypeslib.as_array(pointer, shape=(width,)).astype(np.float64)

    def _fill(self, tokens: Sequence[int], first: int, start: int) -> int:
        self.batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            self.batch.token[index], self.batch.pos[index] = token, first + index
            self.batch.n_seq_id[index], self.batch.seq_id[index][0] = 1, 0
            self.batch.logits[index] = first + index >= start
        return len(tokens)
