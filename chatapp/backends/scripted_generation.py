"""A script being played, as events of the port."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping, Sequence

from chatapp.backends.script import Chunk, Script, Step, Withdrawal
from chatapp.backends.word_model import figure, rendered, token_details, tokenise
from chatapp.core.backend import Prepared
from chatapp.core.errors import Unsupported
from chatapp.core.events import (
    ContextShifted,
    Event,
    Finished,
    ParameterChanged,
    PromptProgress,
    Queued,
    ReasoningAdded,
    StopReason,
    TextAdded,
    Timings,
    TokenDetails,
    Withdrawn,
)
from chatapp.core.parameters import Setting, Value, Values, as_stored, check, parameter, resolve

REMEMBERED_SEQUENCES = 16


class ScriptedGeneration:
    """A script being played; `untold` is the text of the tokens it begins with that nobody was told of."""

    def __init__(
        self, request_id: int, script: Script, prepared: Prepared, memory: PlayedSequences, untold: str = ""
    ) -> None:
        self.request_id = request_id
        self.prepared = prepared
        self._script = script
        self._memory = memory
        self._stopped = asyncio.Event()
        self._answer_now = False
        self._changes: list[ParameterChanged] = []
        self._reply = _Reply(prepared.request.prefill_ids)
        self._untold = untold
        self._begun = len(prepared.request.prefill_ids)
        self._forgotten = 0
        self._edits = check(prepared.request.edits)
        self._settings = prepared.parameters.values
        self._thinking = check(prepared.request.thinking)
        self._planned = list(prepared.request.changes)
        self._clock = asyncio.get_running_loop().time
        self._started = self._clock()
        self._prompt_end = self._first = self._last = 0.0

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Play: the wait, the prompt's progress, the steps, the end."""
        if self._script.queued:
            yield Queued(request_id=self.request_id, reason=self._script.queued)
        prompt = self.prepared.token_ids or ()
        cached, reason = self._memory.reuse(prompt)
        for part in range(1, self._script.prompt_steps + 1):
            done = cached + (len(prompt) - cached) * part // self._script.prompt_steps
            yield PromptProgress(request_id=self.request_id, done=done, total=len(prompt), cached=cached)
        self._prompt_end = self._first = self._last = self._clock()
        if self._untold:
            yield TextAdded(request_id=self.request_id, text=self._untold)
        stop_reason = self._script.stop_reason
        steps = self._script.steps
        for index, step in enumerate(steps):
            is_reasoning = isinstance(step, Chunk) and step.is_reasoning
            self._take_planned()
            for event in self._shift():
                yield event
            if cut := self._cut(is_reasoning):
                stop_reason = cut
                break
            self._script.fail(index)
            if is_reasoning and self._answer_now:
                continue
            for event in self._play(step):
                yield event
            await self._pace()
        else:
            self._script.fail(len(steps))
        if self._stopped.is_set():
            stop_reason = "stopped"
        self._memory.remember((*prompt, *self._reply.token_ids[self._begun :]))
        yield self._finished(stop_reason, len(prompt), cached, reason)

    async def update(self, values: Values) -> None:
        """Report the changed values with the next step; None unsets one; raise Unsupported for one that is not live."""
        checked = {parameter(name).name: parameter(name).check(value) for name, value in values.items()}
        for name in checked:
            if not parameter(name).live:
                raise Unsupported(
                    f"{name} can't change while a reply runs.", hint="Set it before the next message is sent."
                )
        self._change(checked)

    async def answer_now(self) -> None:
        """Leave out the thoughts that are not yet played."""
        self._answer_now = True

    async def stop(self) -> None:
        """End after what was played last."""
        self._stopped.set()

    @property
    def text(self) -> str:
        """What was played so far."""
        return self._reply.text

    @property
    def is_stopped(self) -> bool:
        """Whether somebody asked it to end."""
        return self._stopped.is_set()

    def _change(self, values: Values) -> None:
        """Put values in force, and report them with the next step; None takes an edit back."""
        self._edits = check({**self._edits, **values})
        in_force = self._resolved()
        for name in values:
            self._settings[name] = in_force[name]
            self._thinking.pop(name, None)
            offset, value = len(self._reply.token_ids), as_stored(in_force[name])
            self._changes.append(ParameterChanged(request_id=self.request_id, offset=offset, name=name, value=value))

    def _resolved(self) -> dict[str, Value]:
        request = self.prepared.request
        return resolve(edits=self._edits, prompt=request.prompt_values, preset=request.preset).values

    def _take_planned(self) -> None:
        """Make the changes of the request whose token has come."""
        due = [change for change in self._planned if change.offset <= len(self._reply.token_ids)]
        for change in due:
            self._planned.remove(change)
            self._change({change.name: Setting(change.name, change.value, "edit").plain})

    def _shift(self) -> list[Event]:
        """Forget the older half of what follows the system prompt, where the context is full and that is wished."""
        request, context_size = self.prepared.request, self.prepared.context_size or math.inf
        seen = len(self.prepared.token_ids or ()) + self._new_tokens - self._forgotten
        if request.overflow != "shift" or seen < context_size:
            return []
        kept = len(tokenise(rendered([message for message in request.messages if message.role == "system"])))
        dropped = (seen - kept) // 2
        self._forgotten += dropped
        return [ContextShifted(request_id=self.request_id, offset=len(self._reply.token_ids), dropped=dropped)]

    def _cut(self, is_reasoning: bool) -> StopReason | None:
        """Say why no further chunk may come, None where one may."""
        if self._stopped.is_set():
            return "stopped"
        settings: Mapping[str, Value] = {**self._settings, **(self._thinking if is_reasoning else {})}
        length, prompt_length = self._new_tokens, len(self.prepared.token_ids or ())
        if length and self._clock() - self._first >= figure(settings["max_time"], math.inf):
            return "max_time"
        limits: tuple[tuple[StopReason, float], ...] = (
            ("max_new_tokens", figure(settings["max_new_tokens"], math.inf)),
            ("max_length", figure(settings["max_length"], math.inf) - prompt_length),
            ("context_full", (self.prepared.context_size or math.inf) - prompt_length + self._forgotten),
        )
        return next((reason for reason, limit in limits if length >= limit), None)

    @property
    def _new_tokens(self) -> int:
        return len(self._reply.token_ids) - self._begun

    def _play(self, step: Step) -> list[Event]:
        events: list[Event] = [*self._changes]
        self._changes.clear()
        self._last = self._clock()
        if not self._new_tokens:
            self._first = self._last
        if isinstance(step, Withdrawal):
            kept = self._reply.take_back(step.characters)
            events.append(Withdrawn(request_id=self.request_id, characters=step.characters))
            return [*events, *self._details(kept)]
        offset = len(self._reply.token_ids)
        self._reply.add(step)
        kind = ReasoningAdded if step.is_reasoning else TextAdded
        tokens = len(self._reply.token_ids) - offset
        events.append(kind(request_id=self.request_id, text=step.text, tokens=tokens))
        return [*events, *self._details(offset)]

    def _details(self, offset: int) -> list[Event]:
        """Tell of the tokens from `offset` on, in place of what was told of those before."""
        alternatives = self.prepared.request.alternatives
        if not self._script.details and not alternatives:
            return []
        before = (*(self.prepared.token_ids or ()), *self._reply.token_ids[self._begun : offset])
        tokens = token_details(
            before, self._reply.token_ids[offset:], alternatives=alternatives, seconds=self._last - self._first
        )
        return [TokenDetails(request_id=self.request_id, offset=offset, tokens=tokens)]

    async def _pace(self) -> None:
        """Wait until the next step is due, or until `stop`."""
        speed = self._script.tokens_per_second
        if speed is None:
            await asyncio.sleep(0)
            return
        due = self._prompt_end + self._new_tokens / speed
        try:
            async with asyncio.timeout(max(due - self._clock(), 0)):
                await self._stopped.wait()
        except TimeoutError:
            return

    def _finished(self, stop_reason: StopReason, prompt_tokens: int, cached: int, reason: str) -> Finished:
        return Finished(
            request_id=self.request_id,
            stop_reason=stop_reason,
            prompt_tokens=prompt_tokens,
            cached_tokens=cached,
            cached_reason=reason,
            processed_tokens=prompt_tokens - cached,
            reply_tokens=self._new_tokens,
            timings=Timings(
                prompt_s=self._prompt_end - self._started,
                first_token_s=self._first - self._started,
                generation_s=self._last - self._first,
            ),
            seed=self.prepared.seed,
            token_ids=tuple(self._reply.token_ids),
            missing_words=self._script.missing_words,
            rewinds=self._reply.rewinds,
        )


class _Reply:
    """What was played so far."""

    def __init__(self, begun: Sequence[int]) -> None:
        self.text = ""
        self.token_ids = list(begun)
        self.rewinds = 0
        self._chunks: list[Chunk] = []

    def add(self, chunk: Chunk) -> None:
        self.text += chunk.text
        self.token_ids += tokenise(chunk.text)
        self._chunks.append(chunk)

    def take_back(self, characters: int) -> int:
        """Take characters of the answer back, from its end, and return how many tokens before them are untouched.

        What is left of a chunk stays.
        """
        self.rewinds += 1
        kept = len(self.token_ids)
        while characters > 0 and self._chunks and not self._chunks[-1].is_reasoning:
            text = self._chunks.pop().text
            self.text = self.text.removesuffix(text)
            kept = len(self.token_ids) - len(tokenise(text))
            del self.token_ids[kept:]
            if len(text) > characters:
                self.add(Chunk(text[:-characters]))
            characters -= len(text)
        return kept


class PlayedSequences:
    """The token sequences that were played, so that reuse is reported as an engine would."""

    def __init__(self) -> None:
        self._sequences: list[tuple[int, ...]] = []

    def remember(self, token_ids: tuple[int, ...]) -> None:
        """Keep what was played, and forget the oldest."""
        self._sequences = [*self._sequences[1 - REMEMBERED_SEQUENCES :], token_ids]

    def reuse(self, token_ids: Sequence[int]) -> tuple[int, str]:
        """Return how many of `token_ids` were seen before, and why not more; the last is always computed."""
        if not self._sequences:
            return 0, "nothing was computed before"
        common = max(_common_prefix(sequence, token_ids) for sequence in self._sequences)
        reused = max(min(common, len(token_ids) - 1), 0)
        return reused, f"differs at token {common}" if common < len(token_ids) else ""


def _common_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(one), len(other)))
