"""Asks a backend for row after row, several at once, and gives the replies in the order of the rows.

At most a window of rows is in memory, so a slow row holds back those behind it only so far.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress

from chatapp.chat.batch.plan import Plan
from chatapp.chat.batch.row import Problem, Reply, Row, written
from chatapp.core.backend import Backend, Generation, Prepared
from chatapp.core.errors import ChatappError, EngineError, LoadCancelled, ModelError, StorageError, TemplateFailed
from chatapp.core.events import Event, Finished, ReasoningAdded, TextAdded, Withdrawn

WINDOW = 4
"""Rows in memory for each that is asked at once."""
MOST_CRASHES = 3
"""Rows in a row on each of which alone the engine failed, after which it is not the rows' fault."""


class Asker:
    """Asks for rows; `kept` gives the line of a row that is ready already.

    A row that can't be asked, or that the backend refuses, gets its error. Where the engine fails, the rows that it was
    writing are asked again, each alone, so that only the one at fault gets the error; the replies are the same, for
    each row has its own seed. `prepared` is told of each request, `told` of the tokens that came.
    """

    def __init__(
        self,
        backend: Backend,
        plan: Plan,
        *,
        parallel: int,
        kept: Callable[[Row], bytes | None],
        prepared: Callable[[Row, Prepared], None],
        told: Callable[[int], None],
    ) -> None:
        self._backend = backend
        self._plan = plan
        self._parallel = parallel
        self._kept = kept
        self._prepared = prepared
        self._told = told
        self._places = asyncio.Semaphore(parallel)
        self._alone = asyncio.Lock()
        self._crashes = 0
        self._running: set[Generation] = set()
        self._pending: deque[asyncio.Task[bytes]] = deque()

    async def lines(self, rows: Iterator[Row]) -> AsyncGenerator[bytes, None]:
        """Ask for all rows and yield their lines in order; raise what ends the batch."""
        while True:
            while len(self._pending) < WINDOW * self._parallel and (row := next(rows, None)) is not None:
                ready = self._kept(row)
                line = _as_it_is(ready) if ready is not None else self._line(row)
                self._pending.append(asyncio.create_task(line))
            if not self._pending:
                return
            whole = await asyncio.shield(self._pending[0])
            # It is written before anything else can be awaited, so that it is in one place only.
            self._pending.popleft()
            yield whole

    async def stop(self) -> list[bytes]:
        """End what runs, and give the rows that are ready and were not yielded, in order."""
        tasks = tuple(self._pending)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for generation in tuple(self._running):
            with suppress(ChatappError):
                await generation.stop()
        return [task.result() for task in tasks if not task.cancelled() and task.exception() is None]

    async def _line(self, row: Row) -> bytes:
        outcome = row.problem if row.problem is not None else await self._outcome(row)
        return written(row, outcome, echo=self._plan.echo)

    async def _outcome(self, row: Row) -> Reply | Problem:
        try:
            try:
                async with self._places:
                    return await self._reply(row)
            except EngineError as error:
                if isinstance(error, LoadCancelled):
                    raise
                return await self._again(row)
        except TemplateFailed as error:
            return Problem.of(error)
        except (ModelError, EngineError, StorageError):
            raise
        except ChatappError as error:
            return Problem.of(error)

    async def _again(self, row: Row) -> Reply | Problem:
        """Ask for a row with nobody beside it; raise where the engine fails whatever it is asked."""
        async with self._with_nobody_else():
            try:
                reply = await self._reply(row)
            except EngineError as error:
                self._crashes += 1
                if self._crashes >= MOST_CRASHES or isinstance(error, LoadCancelled):
                    raise
                return Problem.of(error)
            self._crashes = 0
            return reply

    @asynccontextmanager
    async def _with_nobody_else(self) -> AsyncIterator[None]:
        async with self._alone:
            taken = 0
            try:
                for _ in range(self._parallel):
                    await self._places.acquire()
                    taken += 1
                yield
            finally:
                for _ in range(taken):
                    self._places.release()

    async def _reply(self, row: Row) -> Reply:
        prepared = await self._backend.prepare(self._plan.request(row))
        self._prepared(row, prepared)
        # Shielded: where we are cancelled meanwhile, what was started is still stopped.
        starting = asyncio.ensure_future(self._backend.start(prepared))
        try:
            generation = await asyncio.shield(starting)
        except asyncio.CancelledError:
            with suppress(ChatappError):
                self._running.add(await starting)
            raise
        self._running.add(generation)
        draft = _Draft(self._plan.prefill)
        try:
            async for event in generation:
                self._told(draft.take(event))
        except ChatappError:
            self._running.discard(generation)
            raise
        self._running.discard(generation)
        if draft.finished is None:
            raise EngineError("The reply broke off and nothing said why.", hint="Ask for it again.")
        return Reply(prepared, draft.text, draft.reasoning, draft.finished)


class _Draft:
    """The texts of a reply while it comes."""

    def __init__(self, prefill: str) -> None:
        self._text = [prefill]
        self._reasoning: list[str] = []
        self.finished: Finished | None = None

    def take(self, event: Event) -> int:
        """Take an event in, and tell how many tokens came with it."""
        match event:
            case TextAdded(text=text, tokens=tokens):
                self._text.append(text)
                return tokens
            case ReasoningAdded(text=text, tokens=tokens):
                self._reasoning.append(text)
                return tokens
            case Withdrawn(characters=characters):
                whole = self.text
                self._text = [whole[: len(whole) - characters]]
            case Finished():
                self.finished = event
        return 0

    @property
    def text(self) -> str:
        return "".join(self._text)

    @property
    def reasoning(self) -> str:
        return "".join(self._reasoning)


async def _as_it_is(line: bytes) -> bytes:
    return line
