"""The text of one reply as it grows: bytes to text, thoughts split from the answer, what is undecided held back."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal, TypeAlias

from chatapp.core.reasoning import ReasoningFormat, ReasoningSplitter
from chatapp.engine.worker.detokenizer import Detokenizer
from chatapp.engine.worker.llama import Vocabulary
from chatapp.engine.worker.stops import StopStrings
from chatapp.engine.worker.words import ForbiddenWords

Kind: TypeAlias = Literal["text", "reasoning"]
_NO_WORDS = ForbiddenWords((), variants=False)


class Reply:
    """Takes tokens, gives runs of answer and thoughts that are safe to show.

    What may become a stop string or a forbidden word is held back until that is decided. `rewind` takes tokens back;
    nothing of them was given before. `given` are the characters of the answer and of the thoughts that the reader has
    from elsewhere.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        stops: Sequence[str],
        reasoning: ReasoningFormat | None,
        reasoning_open: bool,
        forbidden: ForbiddenWords = _NO_WORDS,
        given: tuple[int, int] = (0, 0),
    ) -> None:
        self._vocabulary = vocabulary
        self._stop_changes = [(0, tuple(stops))]
        self._reasoning = reasoning
        self._reasoning_open = reasoning_open
        self._forbidden = forbidden
        self._markers = frozenset(reasoning.markers) if reasoning is not None else frozenset[str]()
        self._given: dict[Kind, int] = {"text": given[0], "reasoning": given[1]}
        self._told = 0
        self._retried: set[int] = set()
        self._begin()

    def _begin(self) -> None:
        self._detokenizer = Detokenizer()
        self._stops = StopStrings(self._stop_changes[0][1])
        self._splitter = (
            ReasoningSplitter(self._reasoning, opened=self._reasoning_open) if self._reasoning is not None else None
        )
        self._runs: list[tuple[Kind, str]] = []
        self._known = dict(self._given)
        self._tokens: list[int] = []
        self._ends: list[int] = []
        self._decided = ""

    @property
    def answer(self) -> str:
        """The answer so far, with what is held back."""
        return self._decided + self._stops.held

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
        self._stop_changes.append((len(self._tokens), tuple(stops)))
        self._stops.replace(stops)

    def forbid(self, words: ForbiddenWords) -> None:
        """Look for these words from now on."""
        self._forbidden = words

    def push(self, token: int) -> None:
        """Take the next token; control tokens have no text, but for those that mark thoughts."""
        self._read(token)

    def begin(self, stops: Sequence[str]) -> None:
        """The tokens so far were there before; the answer ends at one of `stops` from now on."""
        self._told = len(self._tokens)
        self.stop_at(stops)

    def offence(self, *, is_whole: bool = False) -> int | None:
        """The number of the token with which a forbidden word begins that the answer now holds.

        `is_whole` tells that no more text comes, so that a word at the end counts too.
        """
        if not self._forbidden:
            return None
        answer, given = self.answer, self._given["text"]
        place = self._forbidden.find(answer, given, is_whole=is_whole)
        if place is None:
            # Without its space a word stands no longer alone, and models are quick to leave the space out.
            glued = (start for start in self._retried if given <= start < len(answer))
            place = next((at for at in glued if self._forbidden.begins_at(answer, at, is_whole=is_whole)), None)
        if place is None:
            return None
        # A token of which a part was given can't be taken back; the next one of the word can.
        tokens = enumerate(itertools.pairwise([0, *self._ends]))
        return next((number for number, (begin, end) in tokens if end > place and begin >= given), None)

    def rewind(self, length: int) -> None:
        """Go back to the first `length` tokens, because of what came behind them."""
        kept = self._tokens[:length]
        self._retried = {place for place in self._retried if place >= self._given["text"]}
        self._retried.add(self._ends[length - 1] if length else 0)
        self._stop_changes = [(min(place, length), stops) for place, stops in self._stop_changes]
        self._begin()
        # Each part is read under the stop strings of its time, so that a new one is not found in what was shown.
        for (begin, stops), (end, _) in itertools.pairwise([*self._stop_changes, (length, ())]):
            self._stops.replace(stops)
            for token in kept[begin:end]:
                self._read(token)

    def finish(self) -> None:
        """No more tokens come; what was held back is let go."""
        self._split(self._detokenizer.finish())
        if self._splitter is not None:
            self._add(self._splitter.finish())
        if self._stops.met is None and (rest := self._stops.finish()):
            self._append("text", rest)
        self._forbidden = _NO_WORDS

    def take(self) -> list[tuple[Kind, str, int]]:
        """What came since the last call, as (kind, text, tokens); the tokens are counted on the last run."""
        merged: list[tuple[Kind, str]] = []
        for kind, text in self._safe_runs():
            self._given[kind] += len(text)
            if merged and merged[-1][0] == kind:
                merged[-1] = (kind, merged[-1][1] + text)
            else:
                merged.append((kind, text))
        if not merged:
            return []
        tokens = max(0, len(self._tokens) - self._told)
        self._told += tokens
        last = len(merged) - 1
        return [(kind, text, tokens if index == last else 0) for index, (kind, text) in enumerate(merged)]

    def _safe_runs(self) -> list[tuple[Kind, str]]:
        """The runs that were not given yet, without the end that is held back."""
        safe, held = self._runs, self._held_characters()
        held_runs: list[tuple[Kind, str]] = []
        while held and safe and safe[-1][0] == "text":
            kind, text = safe.pop()
            cut = max(0, len(text) - held)
            held_runs.insert(0, (kind, text[cut:]))
            held -= len(text) - cut
            if cut:
                safe.append((kind, text[:cut]))
        self._runs = held_runs
        return safe

    def _held_characters(self) -> int:
        """How much of the decided answer might become a forbidden word, from the token on in which that begins."""
        if not self._forbidden:
            return 0
        answer, given = self.answer, self._given["text"]
        offence = self._forbidden.find(answer, given, is_whole=True)
        glued = (place for place in self._retried if given <= place < len(answer))
        place = min(
            self._forbidden.held_from(answer),
            len(answer) if offence is None else offence,
            *(place for place in glued if self._forbidden.might_be_glued(answer, place)),
        )
        if place == len(answer):
            return 0
        begins = max((end for end in self._ends if end <= place), default=0)
        return max(0, len(self._decided) - begins)

    def _read(self, token: int) -> None:
        self._tokens.append(token)
        piece = self._vocabulary.piece(token)
        if not self._vocabulary.is_control(token) or piece.decode("utf-8", "replace") in self._markers:
            self._split(self._detokenizer.feed(piece))
        self._ends.append(len(self._decided) + len(self._stops.held))

    def _split(self, text: str) -> None:
        if text:
            self._add(self._splitter.feed(text) if self._splitter is not None else [("text", text)])

    def _add(self, runs: Sequence[tuple[Kind, str]]) -> None:
        for kind, text in runs:
            safe = self._stops.feed(text) if kind == "text" else text
            if safe:
                self._append(kind, safe)

    def _append(self, kind: Kind, text: str) -> None:
        if kind == "text":
            self._decided += text
        known = min(self._known[kind], len(text))
        self._known[kind] -= known
        if known < len(text):
            self._runs.append((kind, text[known:]))
