"""The parent's side of one model's worker: it starts, watches, restarts and talks to it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

import msgspec

from chatapp.core.backend import Candidate
from chatapp.core.errors import EngineCrashed, EngineError, EngineHung, LoadCancelled
from chatapp.core.events import Event, Finished, TokenDetail
from chatapp.core.loading import LoadSettings
from chatapp.core.parameters import StoredValue
from chatapp.core.pieces import Piece
from chatapp.engine.holdings import Holdings
from chatapp.engine.presence import Presence
from chatapp.engine.process import WorkerProcess
from chatapp.engine.protocol import (
    TOKENIZE_LIMIT_S,
    AnswerNow,
    CancelLoad,
    CandidatesListed,
    Command,
    Failed,
    Generate,
    ListCandidates,
    Load,
    Loaded,
    Loading,
    Pulse,
    Reported,
    Score,
    Scored,
    Spell,
    Spelled,
    Stop,
    Tokenize,
    Tokenized,
    Update,
)
from chatapp.engine.request import Arrival, Request, Told
from chatapp.engine.watchdog import TICK_S, Watchdog

_AGAIN = "Send the message again; the engine starts anew."
_OFTEN = "It failed so before: try a smaller context size, another model, or “chatapp doctor”."


@dataclass(frozen=True)
class Upkeep:
    """How a model is kept beside answering.

    `snapshots` is a directory for what it computed; None keeps nothing on disk, nor is anything kept before the
    client's `fingerprint` says which model file it is of. `holdings` are told of the model while it is in memory. It
    is unloaded after `unload_after_s` seconds without a request, 0 for never. `make_room` is waited for before each
    load and gives notices of it.
    """

    snapshots: Path | None = None
    holdings: Holdings | None = None
    unload_after_s: float = 0.0
    make_room: Callable[[], Awaitable[tuple[str, ...]]] | None = None


NO_UPKEEP = Upkeep()
"""Nothing is kept, and nobody told."""


class EngineClient:
    """One model, served by one worker process that is started when needed and again after a crash."""

    def __init__(
        self,
        model: Path,
        settings: LoadSettings,
        *,
        logs: Path,
        upkeep: Upkeep = NO_UPKEEP,
    ) -> None:
        """`model` is an absolute path; `logs` a directory for the worker's log."""
        self._model = model
        self._settings = settings
        self._logs = logs
        self._upkeep = upkeep
        self.fingerprint = ""
        self._process: WorkerProcess | None = None
        self._loading: asyncio.Task[Loaded] | None = None
        self._progress = asyncio.Condition()
        self._fraction = 0.0
        self._answer: asyncio.Future[Loaded] | None = None
        self._refusal: EngineError | None = None
        self._requests: dict[int, Request] = {}
        self._numbers = itertools.count(1)
        self._watchdog = Watchdog()
        self._tasks: set[asyncio.Task[None]] = set()
        self._crashes = 0
        self._presence = Presence(model, upkeep.holdings)
        self._ending: asyncio.Task[None] | None = None
        self._unloads = 0
        self.unloaded = ""
        """Why the model was taken out of memory, empty while it is there or was never; a request loads it again."""
        self.resting: Loaded | None = None
        """The model that was unloaded and comes back with the next request."""
        self.notices: tuple[str, ...] = ()
        """What is worth knowing about the load: who else holds the model, and what `make_room` said."""

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

    @property
    def is_busy(self) -> bool:
        """Whether it answers a request, or loads."""
        return bool(self._requests) or (self._loading is not None and not self._loading.done())

    @property
    def idle_s(self) -> float:
        """Seconds since it was used last."""
        return self._presence.idle_s

    async def unload(self, reason: str) -> bool:
        """Free the model's memory until the next request; False where it is busy or not there."""
        loaded = self.loaded
        if loaded is None or self.is_busy:
            return False
        process, self._process = self._process, None
        self._let_go()
        self.resting, self.unloaded = loaded, reason
        if process is not None:
            self._ending = asyncio.create_task(process.close())
            await asyncio.shield(self._ending)
        self._unloads += 1
        await self._announce()
        return True

    async def unloading(self) -> None:
        """Wait until the model is unloaded the next time."""
        seen = self._unloads
        async with self._progress:
            await self._progress.wait_for(lambda: self._unloads > seen)

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
        """Stop a load under way, even one whose worker is still being started."""
        if self._process is not None and self._answer is not None and not self._answer.done():
            await self._process.send(CancelLoad())
        elif self._loading is not None and not self._loading.done():
            self._refusal = LoadCancelled(f"{self._model.name} was not loaded.")

    async def tokenize(self, pieces: tuple[Piece, ...], *, add_bos: bool | None = None) -> tuple[int, ...]:
        """The tokens of a prompt."""
        await self.ready()
        request = self._new_request()
        await self._send(Tokenize(request_id=request.id, pieces=pieces, add_bos=add_bos))
        try:
            async with asyncio.timeout(TOKENIZE_LIMIT_S):
                answer = await request.next()
        except TimeoutError:
            hung = EngineHung(
                f"The prompt could not be tokenised within {TOKENIZE_LIMIT_S:.0f} s, so the engine was ended.",
                hint="Send less text at once; the engine starts anew.",
            )
            await self._condemn(hung)
            raise hung from None
        finally:
            self._requests.pop(request.id, None)
        if not isinstance(answer, Tokenized):
            raise EngineError("The engine answered something else than tokens.")
        return answer.token_ids

    async def spell(self, token_ids: tuple[int, ...]) -> tuple[str, ...]:
        """The text of each token alone."""
        answer = await self._ask(Spell(request_id=0, token_ids=token_ids))
        if not isinstance(answer, Spelled):
            raise EngineError("The engine answered something else than texts.")
        return answer.texts

    async def score(self, token_ids: tuple[int, ...], start: int) -> tuple[TokenDetail, ...]:
        """Log-probabilities of `token_ids` from position `start` on."""
        answer = await self._ask(Score(request_id=0, token_ids=token_ids, start=start))
        if not isinstance(answer, Scored):
            raise EngineError("The engine answered something else than a score.")
        return answer.tokens

    async def candidates(
        self, token_ids: tuple[int, ...], values: dict[str, StoredValue], limit: int
    ) -> tuple[Candidate, ...]:
        """The likeliest tokens after `token_ids` and what `values` make of them."""
        answer = await self._ask(ListCandidates(request_id=0, token_ids=token_ids, values=values, limit=limit))
        if not isinstance(answer, CandidatesListed):
            raise EngineError("The engine answered something else than candidates.")
        return answer.candidates

    async def _ask(self, command: Spell | Score | ListCandidates) -> Event | Told:
        """Put a question that has one answer; one that nobody waits for any more is taken back."""
        await self.ready()
        request = self._new_request()
        await self._send(msgspec.structs.replace(command, request_id=request.id))
        try:
            return await request.next()
        except asyncio.CancelledError:
            await self.control(Stop(request.id))
            raise
        finally:
            self._requests.pop(request.id, None)

    async def generate(self, command: Generate) -> Request:
        """Begin to generate; `command.request_id` is set here."""
        await self.ready()
        request = self._new_request(command.samples)
        await self._send(msgspec.structs.replace(command, request_id=request.id))
        return request

    async def control(self, command: Update | AnswerNow | Stop) -> None:
        """Steer a running request; without effect when it has ended."""
        if command.request_id in self._requests and self._process is not None:
            await self._process.send(command)

    async def close(self) -> None:
        """End the worker; whoever still waits gets an error."""
        closed = self._refusal = EngineError("The engine was closed.")
        loading, process, self._process = self._loading, self._process, None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._let_go()(closed)
        if process is not None:
            await process.close()
        if self._ending is not None:
            await self._ending
        if loading is not None:
            await asyncio.wait([loading])

    # Loading

    def _ensure_loading(self) -> asyncio.Task[Loaded]:
        if self._loading is None or (self._loading.done() and self.loaded is None):
            self._fraction, self._refusal = 0.0, None
            self._loading = asyncio.create_task(self._start())
            self._loading.add_done_callback(self._settle)
        return self._loading

    def _settle(self, task: asyncio.Task[Loaded]) -> None:
        """The load has ended; whoever waits for progress wakes, and nobody need have waited for its failure."""
        self.resting, self.unloaded = None, ""
        if not task.cancelled() and task.exception() is not None:
            self._presence.leave()
        self._spawn(self._announce())

    async def _start(self) -> Loaded:
        if self._ending is not None:
            await self._ending
        self.notices = ()
        if self._upkeep.make_room is not None:
            self.notices = await self._upkeep.make_room()
            if self._refusal is not None:
                raise self._refusal
        if self._process is None:
            process = await WorkerProcess.start(self._logs)
            if self._refusal is not None:
                await process.close()
                raise self._refusal
            self._process = process
            self._watchdog = Watchdog()
            self._spawn(self._listen(self._process))
            self._spawn(self._watch(self._process))
        answer: asyncio.Future[Loaded] = asyncio.get_running_loop().create_future()
        self._answer = answer
        snapshots = str(self._upkeep.snapshots) if self._upkeep.snapshots is not None else ""
        await self._send(Load(str(self._model), self._settings, self.fingerprint, snapshots))
        if self._process is not None:
            await self._presence.tell(self._process.pid, "loading", None)
        loaded = await answer
        self._presence.touch()
        if self._process is not None:
            await self._presence.tell(self._process.pid, "idle", loaded)
            self.notices += await self._presence.company(loaded.footprint)
        return loaded

    async def _announce(self) -> None:
        async with self._progress:
            self._progress.notify_all()

    # The worker's answers

    async def _listen(self, process: WorkerProcess) -> None:
        try:
            await self._hear(process)
        except EngineError as damage:
            if process is self._process:
                await self._condemn(EngineCrashed(f"{damage.message} It was ended.", hint=_AGAIN))
        if process is self._process:
            await self._mourn(process)

    async def _hear(self, process: WorkerProcess) -> None:
        """Take what the worker says until its end; raise EngineError where it is no frame."""
        while (answer := await process.read()) is not None:
            if process is not self._process:
                continue
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
                case Tokenized() | Spelled() | Scored() | CandidatesListed():
                    self._deliver(answer.request_id, answer)
                case Reported():
                    self._deliver(answer.event.request_id, answer.event)
                    if isinstance(answer.event, Finished):
                        self._crashes = 0
                case _:
                    pass

    async def _mourn(self, process: WorkerProcess) -> None:
        """The worker is gone although nobody asked it to go."""
        self._process = None
        self._crashes += 1
        hint = _AGAIN if self._crashes == 1 else _OFTEN
        tell = self._let_go()
        error = EngineError("The engine was closed.")
        try:
            error = EngineCrashed(await process.epitaph(), hint=hint)
        finally:
            tell(error)

    async def _condemn(self, error: EngineError) -> None:
        """End a worker that is of no use any more; `error` says why."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            self._let_go()(error)
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
                await self._condemn(EngineHung(f"{reason}, so it was ended.", hint=_AGAIN))
            if process is self._process and self.loaded is not None:
                await self._look_after(process, self.loaded)

    async def _look_after(self, process: WorkerProcess, loaded: Loaded) -> None:
        """Unload a model that nobody has used for long or that somebody wants out; else tell how it is used."""
        if self._requests:
            self._presence.touch()
        elif self._upkeep.unload_after_s and self.idle_s >= self._upkeep.unload_after_s:
            await self.unload(f"unloaded after {_minutes(self._upkeep.unload_after_s)} without a message")
            return
        elif self._presence.is_unwanted:
            await self.unload("unloaded by “chatapp models unload”")
            return
        await self._presence.tell(process.pid, "busy" if self._requests else "idle", loaded)

    # Requests

    def _new_request(self, samples: int = 1) -> Request:
        self._presence.touch()
        request = Request(next(self._numbers), samples)
        self._requests[request.id] = request
        return request

    def _deliver(self, request_id: int, arrival: Arrival) -> None:
        request = self._requests.get(request_id)
        if request is not None and request.deliver(arrival):
            self._requests.pop(request_id, None)

    def _let_go(self) -> Callable[[EngineError], None]:
        """Begin anew with the next request; what is returned tells everyone who waited until now."""
        answer, self._answer = self._answer, None
        requests, self._requests = self._requests, {}
        self._loading = None
        self._presence.leave()

        def tell(error: EngineError) -> None:
            if answer is not None and not answer.done():
                answer.set_exception(error)
            for request in requests.values():
                request.deliver(error)

        return tell

    async def _send(self, command: Command) -> None:
        if self._process is None:
            raise EngineCrashed("The engine is not running.", hint=_AGAIN)
        await self._process.send(command)

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"
