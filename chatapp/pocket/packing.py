"""Windows of tokens from dialogues: whole dialogues side by side, and which tokens are to be learnt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from chatapp.pocket.chatml import END_OF_TEXT, segments
from chatapp.pocket.corpus.turn import Dialogue

Window: TypeAlias = tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]
_AT_ONCE = 256
_OPEN = 24


class Encoder(Protocol):
    """Turns texts into token ids."""

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text; control-token text becomes the token."""
        ...


class _Open:
    """A window that still has room."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.learnt: list[bool] = []

    def add(self, tokens: list[int], learnt: list[bool], filler: int) -> None:
        self.tokens += [*tokens, filler]
        self.learnt += [*learnt, False]

    def closed(self, length: int, filler: int) -> Window:
        missing = length - len(self.tokens)
        return np.array(self.tokens + [filler] * missing), np.array(self.learnt + [False] * missing)


def _encoded(dialogues: list[Dialogue], encoder: Encoder) -> Iterator[tuple[list[int], list[bool]]]:
    """Token ids of each dialogue, and which of them are learnt."""
    cut = [segments(dialogue) for dialogue in dialogues]
    ids = iter(encoder.encode([text for pieces in cut for text, _ in pieces]))
    for pieces in cut:
        tokens: list[int] = []
        learnt: list[bool] = []
        for _, wanted in pieces:
            piece = next(ids)
            tokens.extend(piece)
            learnt.extend([wanted] * len(piece))
        yield tokens, learnt


def windows(dialogues: Iterator[Dialogue], encoder: Encoder, length: int) -> Iterator[Window]:
    """Yield windows of exactly `length` tokens, without end as long as there are dialogues.

    Each dialogue goes into the fullest of a few open windows that has room; one longer than a window is left out.
    """
    filler = encoder.encode([END_OF_TEXT])[0][0]
    waiting: list[_Open] = []
    while batch := list(islice(dialogues, _AT_ONCE)):
        for tokens, learnt in _encoded(batch, encoder):
            room = length - len(tokens) - 1
            if room < 0:
                continue
            window = max((w for w in waiting if len(w.tokens) <= room), key=lambda w: len(w.tokens), default=None)
            if window is None:
                window = _Open()
                waiting.append(window)
            window.add(tokens, learnt, filler)
            if len(waiting) > _OPEN:
                fullest = max(waiting, key=lambda w: len(w.tokens))
                waiting.remove(fullest)
                yield fullest.closed(length, filler)
