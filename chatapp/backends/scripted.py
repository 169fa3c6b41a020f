"""A backend that plays scripts: for demonstrations, and for tests of everything that stands on the port.

It does all that the port asks, without a model: tokens are words, their ids come from a checksum, and the same
script played twice gives the same events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Literal

from chatapp.backends.script import Script, Scripts
from chatapp.backends.scripted_generation import PlayedSequences, ScriptedGeneration
from chatapp.backends.word_model import (
    VOCABULARY_SIZE,
    checksum,
    embedding,
    next_words,
    rendered,
    token_details,
    tokenise,
    word_texts,
)
from chatapp.core.backend import Candidate, Capabilities, GenerationRequest, ModelCard, Prepared, Score
from chatapp.core.errors import ChatappError, ContextFull, LoadCancelled
from chatapp.core.parameters import Values, check, resolve

_HONOURED = ("seed", "max_new_tokens", "max_length", "max_time")

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

    A load reports `load_steps`, takes `load_seconds`, and ends with `load_failure` where there is one; `load_notices`
    are told of it. `requests` are all that were prepared, `generations` all replies that were started.
    """

    def __init__(
        self,
        scripts: Scripts,
        *,
        card: ModelCard = CARD,
        load_steps: Sequence[float] = (0.0, 0.5, 1.0),
        load_seconds: float = 0.0,
        load_failure: ChatappError | None = None,
        load_notices: tuple[str, ...] = (),
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
        self._load_notices = load_notices
        self._unloading = asyncio.Condition()
        self.unloaded = ""
        """Why the model is not loaded any more, empty where it is or was never."""
        self._memory = PlayedSequences()
        self.requests: list[GenerationRequest] = []
        self.generations: list[ScriptedGeneration] = []

    @property
    def capabilities(self) -> Capabilities:
        """Everything."""
        return Capabilities(**dict.fromkeys(Capabilities.__struct_fields__, True))

    @property
    def model(self) -> ModelCard | None:
        """The card that it was given, None before `load`."""
        return self._card if self.unloaded or self._is_loaded else None

    @property
    def notices(self) -> tuple[str, ...]:
        """What it was given, once it is loaded."""
        return self._load_notices if self._is_loaded else ()

    async def unload(self, reason: str) -> None:
        """Unload the model until the next request, which plays the load again."""
        self._load, self.unloaded = None, reason
        async with self._unloading:
            self._unloading.notify_all()

    async def unloading(self) -> None:
        """Wait until the model is unloaded the next time."""
        async with self._unloading:
            await self._unloading.wait()

    @property
    def _is_loaded(self) -> bool:
        return self._load is not None and self._load.succeeded

    async def load(self) -> AsyncIterator[float]:
        """Play the load; several callers share one, and nothing is yielded where it is done."""
        if self._is_loaded:
            return
        if self._load is None or self._load.ended:
            self._load = _Load(self._load_steps, self._load_seconds, self.load_failure)
        async for fraction in self._load.progress():
            yield fraction
        self.unloaded = ""

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
        text = f"{rendered(request.messages)}assistant:" if request.prompt is None else request.prompt
        spelled = "".join(await self.token_texts(request.prefill_ids))
        begun = spelled or (request.prefill_reasoning or "") + request.prefill
        prompt = text + begun
        token_ids = (*tokenise(text), *request.prefill_ids) if request.prefill_ids else tokenise(prompt)
        if len(token_ids) >= self._card.context_size:
            raise ContextFull(
                f"The prompt has {len(token_ids):,} tokens, the context {self._card.context_size:,}.",
                hint="Shorten the message or begin a new conversation.",
            )
        parameters = resolve(edits=request.edits, prompt=request.prompt_values, preset=request.preset)
        seed = parameters["seed"]
        return Prepared(
            request=request,
            prompt=prompt,
            token_ids=token_ids,
            parameters=parameters,
            seed=seed if isinstance(seed, int) else checksum(f"seed {len(self.requests)}"),
            context_size=self._card.context_size,
            notices=script.notices,
            unsupported={
                name: "a script plays the same words whatever the value"
                for name in check({**request.preset, **request.thinking, **request.edits})
                if name not in _HONOURED
            },
            model_fingerprint=self._card.fingerprint,
            template_sha256="scripted" if request.prompt is None else "",
        )

    async def start(self, prepared: Prepared) -> ScriptedGeneration:
        """Begin to play the script whose turn it is."""
        script = self._script(prepared.request, "start")
        self._position += 1
        request = prepared.request
        told = len(request.prefill_reasoning or "") + len(request.prefill)
        untold = "".join(await self.token_texts(request.prefill_ids))[told:]
        generation = ScriptedGeneration(len(self.generations) + 1, script, prepared, self._memory, untold)
        self.generations.append(generation)
        return generation

    async def count(self, text: str) -> int:
        """How many words `text` has."""
        return len(tokenise(text))

    async def token_texts(self, token_ids: Sequence[int]) -> Sequence[str]:
        """The words behind the ids, of all that was asked and played."""
        said = "".join(each.prepared.prompt + each.text for each in self.generations)
        return word_texts(token_ids, said)

    async def score(self, prompt: str, text: str) -> Score:
        """Give every word of `text` a log-probability that depends on it and on all that stands before."""
        return Score(token_details(tokenise(prompt), tokenise(text)))

    async def candidates(self, token_ids: Sequence[int], values: Values, *, limit: int = 50) -> Sequence[Candidate]:
        """Give two dozen words whose order depends on `token_ids`, each with its chance under `values`."""
        return next_words(token_ids, values, limit)

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
