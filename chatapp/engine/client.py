"""The parent's side of one model's worker: it starts, watches, restarts and talks to it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path

from chatapp.core.errors import ChatappError, EngineCrashed, EngineError, EngineHung
from chatapp.core.events import Event, Finished
from chatapp.core.loading import LoadSettings
from chatapp.core.pieces import Piece
from chatapp.engine.process import WorkerProcess
from chatapp.engine.protocol import (
    TOKENIZE_LIMIT_S,
    AnswerNow,
    CancelLoad,
    Command,
    Failed,
    Generate,
    Load,
    Loaded,
    Loading,
    Pulse,
    Reported,
    Stop,
    Tokenize,
    Tokenized,
    Update,
)
from chatapp.engine.watchdog import TICK_S, Watchdog

_Arrival = Event | Tokenized | ChatappError


class Request:
    """Something that the worker owes an answer to."""

    def __init__(self, client: EngineClient, request_id: int, samples: int = 1) -> None:
        self._client = client
        self.id = request_id
        self._arrivals: asyncio.Queue[_Arrival] = asyncio.Queue()
        self._unfinished = samples

    def deliver(self, arrival: _Arrival) -> None:
        """Hand over what came for it; never waits."""
        self._arrivals.put_nowait(arrival)

    async def next(self) -> Event | Tokenized:
        """What came next; raise what failed."""
        arrival = await self._arrivals.get()
        if isinstance(arrival, ChatappError):
            raise arrival
        return arrival

    async def events(self) -> AsyncIterator[Event]:
        """Every event until each sample has finished."""
        try:
            while self._unfinished:
                event = await self.next()
                if isinstance(event, Tokenized):
                    continue
                self._unfinished -= isinstance(event, Finished)
                yield event
        finally:
            self._client.forget(self.id)


class EngineClient:
    """One model, served by one worker process that is started when needed and again after a crash."""

    def __init__(self, model: Path, settings: LoadSettings, *, logs: Path) -> None:
        """`model` is an absolute path; `logs` a directory for the worker's log."""
        self._model = model
        self._settings = settings
        self._logs = logs
        self._process: WorkerProcess | None = None
        self._loading: asyncio.Task[Loaded] | None = None
        self._progress = asyncio.Condition()
        self._fraction = 0.0
        self._answer: asyncio.Future[Loaded] | None = None
        self._requests: dict[int, Request] = {}
        self._numbers = itertools.count(1)
        self._watchdog = Watchdog()
        self._tasks: set[asyncio.Task[None]] = set()
        self._crashes = 0

    @property
    def loaded(self) -> Loaded | None:
        """The model that is ready, None while it is not."""
        task = self._loading
        if task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return None
        return task.result()

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id while it runs."""
        return self._process.pid if self._process is not None else None

    async def load(self) -> AsyncIterator[float]:
        """Load the model, yielding progress from 0 to 1; several callers share one load."""
        task = self._ensure_loading()
        shown = -1.0
        while not task.done():
            if self._fraction > shown:
                shown = self._fraction
                yield shown
            async with self._progress:
                if not task.done() and self._fraction <= shown:
                    await self._progress.wait()
        await task
        yield 1.0

    async def ready(self) -> Loaded:
        """Wait until the model is loaded; raise why it can't be."""
        return await asyncio.shield(self._ensure_loading())

    async def cancel_load(self) -> None:
        """Stop a load under way."""
        if self._process is not None and self._answer is not None and not self._answer.done():
            await self._process.send(CancelLoad())

    async def tokenize(self, pieces: tuple[Piece, ...], *, add_bos: bool | None = None) -> tuple[int, ...]:
        """The tokens of a prompt."""
        await self.ready()
        request = self._new_request()
        await self._send(Tokenize(request_id=request.id, pieces=pieces, add_bos=add_bos))
        try:
            async with asyncio.timeout(TOKENIZE_LIMIT_S):
                answer = await request.next()
        except TimeoutError:
            await self._condemn(f"Tokenising took longer than {TOKENIZE_LIMIT_S:.0f} s")
            raise EngineHung(
                "The prompt could not be tokenised in time.", hint="Send less text at once; the engine starts again."
            ) from None
        finally:
            self.forget(request.id)
        if not isinstance(answer, Tokenized):
            raise EngineError("The engine answered something else than tokens.")
        return answer.token_ids

    async def generate(self, command: Generate) -> Request:
        """Begin to generate; `command.request_id` is set here."""
        await self.ready()
        request = self._new_request(command.samples)
        await self._send(
            Generate(
                request_id=request.id,
                token_ids=command.token_ids,
                values=command.values,
                seed=command.seed,
                samples=command.samples,
                reasoning=command.reasoning,
                reasoning_open=command.reasoning_open,
            )
        )
        return request

    async def control(self, command: Update | AnswerNow | Stop) -> None:
        """Steer a running request; without effect when it has ended."""
        if command.request_id in self._requests:
            await self._send(command)

    def forget(self, request_id: int) -> None:
        """Nobody waits for this request any more."""
        self._requests.pop(request_id, None)

    async def close(self) -> None:
        """End the worker; whoever still waits gets an error."""
        process, self._process = self._process, None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._wake(EngineError("The engine was closed."))
        if process is not None:
            await process.close()

    # Loading

    def _ensure_loading(self) -> asyncio.Task[Loaded]:
        if self._loading is None or (self._loading.done() and self.loaded is None):
            self._fraction = 0.0
            self._loading = asyncio.create_task(self._start())
            self._loading.add_done_callback(lambda _: self._spawn(self._announce()))
        return self._loading

    async def _start(self) -> Loaded:
        if self._process is None:
            self._process = await WorkerProcess.start(self._logs)
            self._watchdog = Watchdog()
            self._spawn(self._listen(self._process))
            self._spawn(self._watch(self._process))
        self._answer = asyncio.get_running_loop().create_future()
        await self._send(Load(str(self._model), self._settings))
        return await self._answer

    async def _announce(self) -> None:
        async with self._progress:
            self._progress.notify_all()

    # The worker's answers

    async def _listen(self, process: WorkerProcess) -> None:
        while (answer := await process.read()) is not None:
            self._watchdog.hear(answer if isinstance(answer, Pulse) else None)
            match answer:
                case Loading():
                    self._fraction = answer.fraction
                    await self._announce()
                case Loaded():
                    if self._answer is not None and not self._answer.done():
                        self._answer.set_result(answer)
                case Failed(request_id=None):
                    if self._answer is not None and not self._answer.done():
                        self._answer.set_exception(answer.error())
                case Failed(request_id=int(number)):
                    self._deliver(number, answer.error())
                case Tokenized():
                    self._deliver(answer.request_id, answer)
                case Reported():
                    self._deliver(answer.event.request_id, answer.event)
                    self._crashes = 0
                case _:
                    pass
        if process is self._process:
            await self._mourn(process)

    async def _mourn(self, process: WorkerProcess) -> None:
        """The worker is gone although nobody asked it to go."""
        self._process = None
        self._crashes += 1
        hint = "Send the message again; the engine starts anew."
        if self._crashes > 1:
            hint = "It failed so before: try a smaller context size, another model, or “chatapp doctor”."
        self._wake(EngineCrashed(await process.epitaph(), hint=hint))

    async def _condemn(self, reason: str) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            self._wake(
                EngineHung(f"{reason}, so it was ended.", hint="Send the message again; the engine starts anew.")
            )
            await process.close()

    async def _watch(self, process: WorkerProcess) -> None:
        before = time.monotonic()
        while process is self._process:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            elapsed, before = now - before, now
            owed = bool(self._requests) or (self._answer is not None and not self._answer.done())
            if not owed:
                self._watchdog.rest()
            elif reason := self._watchdog.tick(elapsed):
                await self._condemn(reason)

    # Requests

    def _new_request(self, samples: int = 1) -> Request:
        request = Request(self, next(self._numbers), samples)
        self._requests[request.id] = request
        return request

    def _deliver(self, request_id: int, arrival: _Arrival) -> None:
        request = self._requests.get(request_id)
        if request is not None:
            request.deliver(arrival)

    def _wake(self, error: EngineError) -> None:
        """Tell everyone who waits, and begin anew with the next request."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        self._loading = None
        requests, self._requests = self._requests, {}
        for request in requests.values():
            request.deliver(error)

    async def _send(self, command: Command) -> None:
        if self._process is None:
            raise EngineCrashed("The engine is not running.", hint="Send the message again.")
        await self._process.send(command)

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
