"""A backend that plays scripts: for demonstrations, and for tests of everything that stands on the port.

It does all that the port asks, without a model: tokens are words, their ids come from a checksum, and the same
script played twice gives the same events.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from typing import Literal

from chatapp.backends.script import Chunk, Script, Scripts, Step, Withdrawal
from chatapp.backends.word_model import (
    VOCABULARY_SIZE,
    checksum,
    embedding,
    figure,
    next_words,
    token_details,
    tokenise,
)
from chatapp.core.backend import Candidate, Capabilities, GenerationRequest, ModelCard, Prepared, Score
from chatapp.core.errors import ChatappError, ContextFull, LoadCancelled, Unsupported
from chatapp.core.events import (
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
from chatapp.core.parameters import Values, check, parameter, resolve

REMEMBERED_SEQUENCES = 16
_HONOURED = ("seed", "max_new_tokens", "max_length")

CARD = ModelCard(
    name="scripted",
    description="Plays prepared replies; there is no model.",
    architecture="script",
    fingerprint="scripted",
    trained_context_size=4096,
    context_size=4096,
    vocabulary_size=VOCABULARY_SIZE,
    device="none",
    build="scripted",
    template="{role}: {text}",
)


class ScriptedBackend:
    """Plays a script for each reply: the given ones in turn, the last again and again, or what a callable chooses.

    A load reports `load_steps`, takes `load_seconds`, and ends with `load_failure` where there is one. `requests`
    are all that were prepared, `generations` all replies that were started.
    """

    def __init__(
        self,
        scripts: Scripts,
        *,
        card: ModelCard = CARD,
        load_steps: Sequence[float] = (0.0, 0.5, 1.0),
        load_seconds: float = 0.0,
        load_failure: ChatappError | None = None,
    ) -> None:
        if not callable(scripts) and not scripts:
            raise ValueError("a scripted backend needs at least one script")
        self._scripts = scripts
        self._position = 0
        self._card = card
        self._load_steps = tuple(load_steps)
        self._load_seconds = load_seconds
        self.load_failure = load_failure
        self._load: _Load | None = None
        self._memory = _Memory()
        self.requests: list[GenerationRequest] = []
        self.generations: list[ScriptedGeneration] = []

    @property
    def capabilities(self) -> Capabilities:
        """Everything."""
        return Capabilities(**dict.fromkeys(Capabilities.__struct_fields__, True))

    @property
    def model(self) -> ModelCard | None:
        """The card that it was given, None before `load`."""
        return self._card if self._load is not None and self._load.succeeded else None

    async def load(self) -> AsyncIterator[float]:
        """Play the load; several callers share one, and nothing is yielded where it is done."""
        if self.model is not None:
            return
        if self._load is None or self._load.ended:
            self._load = _Load(self._load_steps, self._load_seconds, self.load_failure)
        async for fraction in self._load.progress():
            yield fraction

    async def cancel_load(self) -> None:
        """End a load under way; those who wait get LoadCancelled."""
        if self._load is not None:
            self._load.cancel()

    async def prepare(self, request: GenerationRequest) -> Prepared:
        """Resolve `request`; raise what its script says, ContextFull where the prompt has no room."""
        async for _ in self.load():
            pass
        self.requests.append(request)
        script = self._script(request, "prepare")
        prompt = (_render(request) if request.prompt is None else request.prompt) + request.prefill
        token_ids = tokenise(prompt)
        if len(token_ids) >= self._card.context_size:
            raise ContextFull(
                f"The prompt has {len(token_ids):,} tokens, the context {self._card.context_size:,}.",
                hint="Shorten the message or begin a new conversation.",
            )
        parameters = resolve(edits=request.edits, preset=request.preset)
        seed = parameters["seed"]
        return Prepared(
            request=request,
            prompt=prompt,
            token_ids=token_ids,
            parameters=parameters,
            seed=seed if isinstance(seed, int) else checksum(f"seed {len(self.requests)}"),
            context_size=self._card.context_size,
            notices=script.notices,
            left_out=script.left_out,
            unsupported={
                name: "a script plays the same words whatever the value"
                for name in check({**request.preset, **request.edits})
                if name not in _HONOURED
            },
            model_fingerprint=self._card.fingerprint,
            template_sha256="scripted" if request.prompt is None else "",
        )

    async def start(self, prepared: Prepared) -> ScriptedGeneration:
        """Begin to play the script whose turn it is."""
        script = self._script(prepared.request, "start")
        self._position += 1
        generation = ScriptedGeneration(len(self.generations) + 1, script, prepared, self._memory)
        self.generations.append(generation)
        return generation

    async def count(self, text: str) -> int:
        """How many words `text` has."""
        return len(tokenise(text))

    async def score(self, prompt: str, text: str) -> Score:
        """Give every word of `text` a log-probability that depends on it and on all that stands before."""
        return Score(token_details(prompt, text))

    async def candidates(self, token_ids: Sequence[int], values: Values) -> Sequence[Candidate]:
        """Give a dozen words whose order depends on `token_ids`, under temperature and top_k of `values`."""
        return next_words(token_ids, values)

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Give each text 16 figures of length 1 together, nearer each other the more words two texts share."""
        return [embedding(text) for text in texts]

    async def close(self) -> None:
        """Stop all that plays and forget the model."""
        await self.cancel_load()
        for generation in self.generations:
            await generation.stop()
        self._load = None

    def _script(self, request: GenerationRequest, point: Literal["prepare", "start"]) -> Script:
        """Choose the script whose turn it is; one that fails here has had its turn."""
        chosen = (
            self._scripts(request)
            if callable(self._scripts)
            else self._scripts[min(self._position, len(self._scripts) - 1)]
        )
        try:
            chosen.fail(point)
        except ChatappError:
            self._position += 1
            raise
        return chosen


class ScriptedGeneration:
    """A script being played."""

    def __init__(self, request_id: int, script: Script, prepared: Prepared, memory: _Memory) -> None:
        self.request_id = request_id
        self.prepared = prepared
        self._script = script
        self._memory = memory
        self._stopped = asyncio.Event()
        self._answer_now = False
        self._changes: list[ParameterChanged] = []
        self._reply = _Reply()
        self._settings = prepared.parameters.values
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
        stop_reason = self._script.stop_reason
        steps = self._script.steps
        for index, step in enumerate(steps):
            if cut := self._cut():
                stop_reason = cut
                break
            self._script.fail(index)
            if isinstance(step, Chunk) and step.is_reasoning and self._answer_now:
                continue
            for event in self._play(step):
                yield event
            await self._pace()
        else:
            self._script.fail(len(steps))
        if self._stopped.is_set():
            stop_reason = "stopped"
        self._memory.remember((*prompt, *self._reply.token_ids))
        yield self._finished(stop_reason, len(prompt), cached, reason)

    async def update(self, values: Values) -> None:
        """Report the changed values with the next step; raise Unsupported for one that can't change mid-reply."""
        checked = check(values)
        for name in checked:
            if not parameter(name).live:
                raise Unsupported(
                    f"{name} can't change while a reply runs.", hint="Set it before the next message is sent."
                )
        for name, value in checked.items():
            self._settings[name] = value
            self._changes.append(
                ParameterChanged(
                    request_id=self.request_id,
                    offset=len(self._reply.token_ids),
                    name=name,
                    value=list(value) if isinstance(value, tuple) else value,
                )
            )

    async def answer_now(self) -> None:
        """Leave out the thoughts that are not yet played."""
        self._answer_now = True

    async def stop(self) -> None:
        """End after what was played last."""
        self._stopped.set()

    @property
    def is_stopped(self) -> bool:
        """Whether somebody asked it to end."""
        return self._stopped.is_set()

    def _cut(self) -> StopReason | None:
        """Say why no further chunk may come, None where one may."""
        if self._stopped.is_set():
            return "stopped"
        length, prompt_length = len(self._reply.token_ids), len(self.prepared.token_ids or ())
        limits: tuple[tuple[StopReason, float], ...] = (
            ("max_new_tokens", figure(self._settings["max_new_tokens"], math.inf)),
            ("max_length", figure(self._settings["max_length"], math.inf) - prompt_length),
            ("context_full", (self.prepared.context_size or math.inf) - prompt_length),
        )
        return next((reason for reason, limit in limits if length >= limit), None)

    def _play(self, step: Step) -> list[Event]:
        events: list[Event] = [*self._changes]
        self._changes.clear()
        self._last = self._clock()
        if not self._reply.token_ids:
            self._first = self._last
        if isinstance(step, Withdrawal):
            self._reply.take_back(step.characters)
            return [*events, Withdrawn(request_id=self.request_id, characters=step.characters)]
        offset, before = len(self._reply.token_ids), self.prepared.prompt + self._reply.text
        self._reply.add(step)
        kind = ReasoningAdded if step.is_reasoning else TextAdded
        tokens = len(self._reply.token_ids) - offset
        events.append(kind(request_id=self.request_id, text=step.text, tokens=tokens))
        if self._script.details:
            details = token_details(before, step.text)
            events.append(TokenDetails(request_id=self.request_id, offset=offset, tokens=details))
        return events

    async def _pace(self) -> None:
        """Wait until the next step is due, or until `stop`."""
        speed = self._script.tokens_per_second
        if speed is None:
            await asyncio.sleep(0)
            return
        due = self._prompt_end + len(self._reply.token_ids) / speed
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
            reply_tokens=len(self._reply.token_ids),
            timings=Timings(
                prompt_s=self._prompt_end - self._started,
                first_token_s=self._first - self._started,
                generation_s=self._last - self._first,
            ),
            seed=self.prepared.seed,
            token_ids=tuple(self._reply.token_ids),
        )


class _Reply:
    """What was played so far."""

    def __init__(self) -> None:
        self.text = ""
        self.token_ids: list[int] = []
        self._chunks: list[Chunk] = []

    def add(self, chunk: Chunk) -> None:
        self.text += chunk.text
        self.token_ids += tokenise(chunk.text)
        self._chunks.append(chunk)

    def take_back(self, characters: int) -> None:
        """Take characters of the answer back, from its end; what is left of a chunk stays."""
        while characters > 0 and self._chunks and not self._chunks[-1].is_reasoning:
            text = self._chunks.pop().text
            self.text = self.text.removesuffix(text)
            del self.token_ids[len(self.token_ids) - len(tokenise(text)) :]
            if len(text) > characters:
                self.add(Chunk(text[:-characters]))
            characters -= len(text)


class _Load:
    """A load under way, shared by all who wait for it."""

    def __init__(self, steps: Sequence[float], seconds: float, failure: ChatappError | None) -> None:
        self._fractions: list[float] = []
        self._moved = asyncio.Event()
        self._failure = failure
        self._task = asyncio.create_task(self._run(steps, seconds))
        self._task.add_done_callback(lambda _: self._moved.set())

    @property
    def ended(self) -> bool:
        return self._task.done()

    @property
    def succeeded(self) -> bool:
        return self.ended and not self._task.cancelled() and self._failure is None

    def cancel(self) -> None:
        self._task.cancel()

    async def progress(self) -> AsyncIterator[float]:
        """Yield all fractions from the first on; raise what the load ended with."""
        shown = 0
        while not self.ended or shown < len(self._fractions):
            while shown < len(self._fractions):
                shown += 1
                yield self._fractions[shown - 1]
            if not self.ended:
                await self._moved.wait()
        if self._task.cancelled():
            raise LoadCancelled("Loading the model was cancelled.", hint="It loads again with the next message.")
        if self._failure is not None:
            raise self._failure

    async def _run(self, steps: Sequence[float], seconds: float) -> None:
        for fraction in steps:
            self._fractions.append(fraction)
            self._moved.set()
            self._moved = asyncio.Event()
            await asyncio.sleep(seconds / len(steps))


class _Memory:
    """The token sequences that were played, so that reuse is reported as an engine would."""

    def __init__(self) -> None:
        self._sequences: list[tuple[int, ...]] = []

    def remember(self, token_ids: tuple[int, ...]) -> None:
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


def _render(request: GenerationRequest) -> str:
    turns = (f"{message.role}: {message.text}\n" for message in request.messages)
    return "".join(turns) + "assistant:"
