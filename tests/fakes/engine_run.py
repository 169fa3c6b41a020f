"""Replies of a real engine, collected to their end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from chatapp.backends.local import LocalBackend
from chatapp.backends.local_generation import LocalGeneration
from chatapp.core.backend import GenerationRequest
from chatapp.core.events import Event, Finished, ReasoningAdded, TextAdded
from chatapp.core.loading import LoadSettings
from chatapp.core.messages import Message
from chatapp.core.parameters import Value
from chatapp.engine.client import Upkeep
from chatapp.rendering.renderer import Renderer

PATIENCE_S = 60.0
"""How long a test waits for what takes a second at most; a busy machine takes longer."""
GREEDY: dict[str, Value] = {"temperature": 0.0, "ignore_eos": True}


@dataclass
class Sample:
    """One reply."""

    text: str = ""
    reasoning: str = ""
    finished: Finished | None = None

    @property
    def end(self) -> Finished:
        assert self.finished is not None
        return self.finished

    @property
    def tokens(self) -> tuple[int, ...]:
        return self.end.token_ids


@dataclass
class Run:
    """Everything that a generation reported; `sample` is the only or first reply."""

    events: list[Event] = field(default_factory=list)
    samples: dict[int, Sample] = field(default_factory=dict)

    @property
    def sample(self) -> Sample:
        return self.samples[0]

    @property
    def end(self) -> Finished:
        return self.sample.end

    @property
    def text(self) -> str:
        return self.sample.text

    @property
    def tokens(self) -> tuple[int, ...]:
        return self.sample.tokens

    def take(self, event: Event) -> None:
        self.events.append(event)
        sample = self.samples.setdefault(event.sample, Sample())
        match event:
            case TextAdded():
                sample.text += event.text
            case ReasoningAdded():
                sample.reasoning += event.text
            case Finished():
                assert sample.finished is None
                sample.finished = event

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


def raw(prompt: str, samples: int = 1, **edits: Value) -> GenerationRequest:
    """Ask for a completion of `prompt`."""
    return GenerationRequest(prompt=prompt, samples=samples, edits=edits)


def chat(*texts: str | Message, prefill: str = "", **edits: Value) -> GenerationRequest:
    """Ask for the next reply of a conversation; plain texts are the user's."""
    messages = tuple(Message.of("user", text) if isinstance(text, str) else text for text in texts)
    return GenerationRequest(messages=messages, prefill=prefill, edits=edits)


async def begin(backend: LocalBackend, request: GenerationRequest) -> LocalGeneration:
    return await backend.start(await backend.prepare(request))


async def collect(
    generation: LocalGeneration, at: type[Event] | None = None, act: Callable[[], Awaitable[object]] | None = None
) -> Run:
    """Read a generation to its end; the first event of kind `at` is answered with `act`."""
    run = Run()
    async with asyncio.timeout(PATIENCE_S):
        async for event in generation:
            run.take(event)
            if act is not None and at is not None and isinstance(event, at):
                pending, act = act, None
                await pending()
    return run


async def reply(backend: LocalBackend, request: GenerationRequest) -> Run:
    return await collect(await begin(backend, request))


async def wait_until(predicate: Callable[[], bool]) -> None:
    """Wait for something that nobody announces."""
    async with asyncio.timeout(PATIENCE_S):
        while not predicate():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.002)


async def follow(backend: LocalBackend, tokens: Sequence[int], **edits: Value) -> Run:
    """The reply to a prompt of exactly these tokens."""
    prepared = await backend.prepare(raw("any", **edits))
    return await collect(await backend.start(msgspec.structs.replace(prepared, token_ids=tuple(tokens))))


@asynccontextmanager
async def opened(
    model: Path,
    logs: Path,
    *,
    context_size: int = 0,
    threads: int = 1,
    snapshots: Path | None = None,
    load: LoadSettings | None = None,
) -> AsyncIterator[LocalBackend]:
    """An engine for `model`, closed at the end; `load` stands in place of the two settings."""
    renderer = Renderer()
    load = load or LoadSettings(context_size=context_size, threads=threads)
    backend = LocalBackend(model, renderer=renderer, load=load, logs=logs, upkeep=Upkeep(snapshots))
    try:
        yield backend
    finally:
        await backend.close()
        await renderer.close()
