"""A reply while it grows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from chatapp.core.backend import ModelCard, Prepared
from chatapp.core.conversations import Generation, Status, StoredMessage, View
from chatapp.core.details import Details
from chatapp.core.errors import ChatappError
from chatapp.core.events import (
    ContextShifted,
    Event,
    Finished,
    ParameterChanged,
    ReasoningAdded,
    TextAdded,
    TokenDetails,
    Withdrawn,
)
from chatapp.core.messages import Part, ReasoningPart, TextPart


@dataclass
class _Run:
    """Text of one kind in a row; `began` and `ended` are seconds of the draft's clock."""

    is_reasoning: bool
    began: float
    ended: float
    chunks: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        if len(self.chunks) > 1:
            self.chunks[:] = ["".join(self.chunks)]
        return self.chunks[0] if self.chunks else ""

    @property
    def part(self) -> Part:
        return ReasoningPart(self.text, self.ended - self.began) if self.is_reasoning else TextPart(self.text)


class Draft:
    """Takes a generation's events in and gives the message that they have made so far.

    It starts from the stored reply; what stands in it already (a prefill, or a reply that goes on) stays at its
    beginning, and `details` tell of the tokens of that. `clock` gives monotonic seconds. Once the draft has ended,
    nothing changes it any more.
    """

    def __init__(
        self,
        message: StoredMessage,
        generation: Generation,
        clock: Callable[[], float],
        details: Details | None = None,
    ) -> None:
        self._message = message
        self._clock = clock
        self._status: Status = "streaming"
        self._generation = generation
        self._details = details if details is not None else Details()
        self._runs: list[_Run] = []
        self._prefill_length = len(message.text)
        self._knows_beginning = not message.parts
        for part in message.parts:
            if isinstance(part, TextPart | ReasoningPart):
                self._add(part.text, is_reasoning=isinstance(part, ReasoningPart))
            if isinstance(part, ReasoningPart) and self._runs:
                self._runs[-1].began -= part.seconds or 0.0

    @property
    def message(self) -> StoredMessage:
        """The reply as it is now."""
        return self.over(self._message)

    @property
    def details(self) -> Details:
        """What was told of each token so far; it grows with the reply."""
        return self._details

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self._status != "streaming"

    def over(self, stored: StoredMessage) -> StoredMessage:
        """Lay what is in the draft over the row that is stored."""
        parts = tuple(run.part for run in self._runs if run.text)
        return msgspec.structs.replace(stored, parts=parts, status=self._status, generation=self._generation)

    @property
    def view(self) -> View | None:
        """What the model sees of the branch, None before the request is prepared."""
        return self._generation.view

    def prepared(self, prepared: Prepared, card: ModelCard | None, view: View | None = None) -> None:
        """Record what was resolved, the model that answers, and what it sees of the branch."""
        self._record(
            model_name=card.name if card else "",
            model_fingerprint=prepared.model_fingerprint,
            template_sha256=prepared.template_sha256,
            settings=prepared.parameters.settings,
            seed=prepared.seed,
            device=card.device if card else "",
            build=card.build if card else "",
            notices=(*self._generation.notices, *prepared.notices),
            view=view,
            exact=prepared.request.exact,
            begun_tokens=len(prepared.request.prefill_ids),
        )
        if prepared.request.prefill_ids:
            self._knows_beginning = True
        else:
            # What was known of the tokens does not hold where the text is read anew.
            self._details.cut(0)

    def apply(self, event: Event) -> None:
        """Let the reply grow, shrink or end by one event."""
        if self.has_ended:
            return
        match event:
            case TextAdded(text=text):
                self._add(text, is_reasoning=False)
            case ReasoningAdded(text=text):
                self._add(text, is_reasoning=True)
            case Withdrawn(characters=characters):
                self._withdraw(characters)
            case TokenDetails(offset=offset, tokens=tokens):
                self._details.replace_from(offset, tokens)
            case ParameterChanged():
                self._record(changes=(*self._generation.changes, event))
            case ContextShifted():
                self._record(shifts=(*self._generation.shifts, event))
            case Finished():
                self._finish(event)
            case _:
                pass

    def end_with(self, error: BaseException) -> None:
        """End because of an error: left early it is stopped, otherwise it has failed. The text stays."""
        if self.has_ended:
            return
        if isinstance(error, asyncio.CancelledError | GeneratorExit | KeyboardInterrupt):
            self._status = "stopped"
            self._record(stop_reason="stopped")
            return
        self._status = "failed"
        words = f"{error.message} {error.hint}".strip() if isinstance(error, ChatappError) else repr(error)
        self._record(error=words)

    def _finish(self, finished: Finished) -> None:
        self._status = "stopped" if finished.stop_reason == "stopped" else "complete"
        # The token that ended the reply, and those taken back at its end, are not part of it.
        self._details.cut(len(finished.token_ids) or finished.reply_tokens)
        if self._runs and self._runs[-1].is_reasoning:
            self._runs[-1].ended = self._clock()
        self._record(
            stop_reason=finished.stop_reason,
            stop_text=finished.stop_text,
            prompt_tokens=finished.prompt_tokens,
            cached_tokens=finished.cached_tokens,
            cached_reason=finished.cached_reason,
            processed_tokens=finished.processed_tokens,
            reply_tokens=finished.reply_tokens,
            timings=finished.timings,
            seed=finished.seed,
            # With a prefill they are not the tokens of the whole text, so they can't stand in for it.
            token_ids=finished.token_ids if self._knows_beginning else (),
            missing_words=finished.missing_words,
            rewinds=finished.rewinds,
        )

    def _record(self, **facts: object) -> None:
        self._generation = msgspec.structs.replace(self._generation, **facts)

    def _add(self, text: str, *, is_reasoning: bool) -> None:
        if not text:
            return
        now = self._clock()
        if not self._runs or self._runs[-1].is_reasoning != is_reasoning:
            if self._runs:
                self._runs[-1].ended = now
            self._runs.append(_Run(is_reasoning, now, now))
        self._runs[-1].chunks.append(text)
        self._runs[-1].ended = now

    def _withdraw(self, characters: int) -> None:
        """Take characters of the answer back, from its end and never from the prefill."""
        answer = [run for run in self._runs if not run.is_reasoning]
        left = min(characters, sum(len(run.text) for run in answer) - self._prefill_length)
        for run in reversed(answer):
            taken = min(left, len(run.text))
            run.chunks[:] = [run.text[: len(run.text) - taken]]
            left -= taken
