"""The text of one reply as it grows: bytes to text, thoughts split from the answer, stop strings held back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from chatapp.core.reasoning import ReasoningFormat, ReasoningSplitter
from chatapp.engine.worker.detokenizer import Detokenizer
from chatapp.engine.worker.llama import Vocabulary
from chatapp.engine.worker.stops import StopStrings

Kind: TypeAlias = Literal["text", "reasoning"]


class Reply:
    """Takes tokens, gives runs of answer and thoughts that are safe to show."""

    def __init__(
        self, vocabulary: Vocabulary, stops: Sequence[str], reasoning: ReasoningFormat | None, reasoning_open: bool
    ) -> None:
        self._vocabulary = vocabulary
        self._detokenizer = Detokenizer()
        self._stops = StopStrings(stops)
        self._splitter = ReasoningSplitter(reasoning, opened=reasoning_open) if reasoning is not None else None
        self._markers = frozenset(reasoning.markers) if reasoning is not None else frozenset[str]()
        self._runs: list[tuple[Kind, str]] = []
        self._tokens = 0

    @property
    def stop_met(self) -> str | None:
        """The stop string that ended the answer."""
        return self._stops.met

    @property
    def is_reasoning(self) -> bool:
        """Whether the model is thinking now."""
        return self._splitter is not None and self._splitter.is_reasoning

    def stop_at(self, stops: Sequence[str]) -> None:
        """End the answer at one of these from now on."""
        self._stops.replace(stops)

    def push(self, token: int) -> None:
        """Take the next token; control tokens have no text, but for those that mark thoughts."""
        self._tokens += 1
        piece = self._vocabulary.piece(token)
        if self._vocabulary.is_control(token) and piece.decode("utf-8", "replace") not in self._markers:
            return
        self._split(self._detokenizer.feed(piece))

    def finish(self) -> None:
        """No more tokens come; what was held back is let go."""
        self._split(self._detokenizer.finish())
        if self._splitter is not None:
            self._add(self._splitter.finish())
        if self._stops.met is None and (rest := self._stops.finish()):
            self._runs.append(("text", rest))

    def take(self) -> list[tuple[Kind, str, int]]:
        """What came since the last call, as (kind, text, tokens); the tokens are counted on the last run."""
        merged: list[tuple[Kind, str]] = []
        for kind, text in self._runs:
            if merged and merged[-1][0] == kind:
                merged[-1] = (kind, merged[-1][1] + text)
            else:
                merged.append((kind, text))
        self._runs = []
        if not merged:
            return []
        tokens, self._tokens = self._tokens, 0
        last = len(merged) - 1
        return [(kind, text, tokens if index == last else 0) for index, (kind, text) in enumerate(merged)]

    def _split(self, text: str) -> None:
        if text:
            self._add(self._splitter.feed(text) if self._splitter is not None else [("text", text)])

    def _add(self, runs: Sequence[tuple[Kind, str]]) -> None:
        for kind, text in runs:
            safe = self._stops.feed(text) if kind == "text" else text
            if safe:
                self._runs.append((kind, safe))
