"""Windows of tokens from dialogues: whole dialogues side by side, with a weight for each token to predict."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt

from chatapp.pocket.corpus.turn import Dialogue
from chatapp.pocket.vocabulary import END_OF_TEXT, TURN_END, TURN_START, Vocabulary

_AT_ONCE = 256
_OPEN = 24


def segments(dialogue: Dialogue) -> list[tuple[str, float]]:
    """A dialogue as ChatML, in pieces with the weight that each has in training."""
    pieces: list[tuple[str, float]] = []
    if dialogue.system:
        pieces.append((f"{TURN_START}system\n{dialogue.system}{TURN_END}\n", 0.0))
    for turn in dialogue.turns:
        pieces.append((f"{TURN_START}user\n{turn.user}{TURN_END}\n{TURN_START}assistant\n", 0.0))
        pieces.append((f"{turn.assistant}{TURN_END}", 1.0 if turn.learnt else 0.0))
        pieces.append(("\n", 0.0))
    return pieces


def _encoded(dialogues: list[Dialogue], vocabulary: Vocabulary) -> Iterator[tuple[list[int], list[float]]]:
    """Token ids and weights of each dialogue."""
    cut = [segments(dialogue) for dialogue in dialogues]
    ids = iter(vocabulary.encode([text for pieces in cut for text, _ in pieces]))
    for pieces in cut:
        tokens: list[int] = []
        weights: list[float] = []
        for _, weight in pieces:
            piece = next(ids)
            tokens.extend(piece)
            weights.extend([weight] * len(piece))
        yield tokens, weights


def windows(
    dialogues: Iterator[Dialogue], vocabulary: Vocabulary, length: int
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
    """Yield windows of exactly `length` tokens and as many weights.

    Each dialogue goes into the fullest of a few open windows that has room; one longer than a window is left out.
    """
    filler = vocabulary.encode([END_OF_TEXT])[0][0]
    waiting: list[tuple[list[int], list[float]]] = []
    while True:
        for tokens, weights in _encoded(list(islice(dialogues, _AT_ONCE)), vocabulary):
            need = len(tokens) + 1
            if need > length:
                continue
            fitting = [window for window in waiting if len(window[0]) + need <= length]
            window = max(fitting, key=lambda candidate: len(candidate[0]), default=None)
            if window is None:
                window = ([], [])
                waiting.append(window)
            window[0].extend([*tokens, filler])
            window[1].extend([*weights, 0.0])
            if len(waiting) > _OPEN:
                fullest = max(waiting, key=lambda candidate: len(candidate[0]))
                waiting.remove(fullest)
                missing = length - len(fullest[0])
                yield (
                    np.array(fullest[0] + [filler] * missing, dtype=np.int64),
                    np.array(fullest[1] + [0.0] * missing, dtype=np.float32),
                )
