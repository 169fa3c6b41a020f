"""One reply, from the stored question to the stored answer: the one streaming path of the whole program."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing, suppress
from types import TracebackType
from typing import Self, TypeVar

from chatapp.chat.autosave import Autosave, Sleep
from chatapp.chat.context import Context
from chatapp.chat.draft import Draft
from chatapp.chat.window import prepare
from chatapp.core.backend import Backend, Generation, Prepared
from chatapp.core.conversations import StoredMessage, View
from chatapp.core.details import Details
from chatapp.core.errors import ChatappError, EngineError, Unsupported, UsageError
from chatapp.core.events import Event, Finished, LoadProgress, Timings
from chatapp.core.parameters import Value, Values, parameter

T = TypeVar("T")


class Turn:
    """A reply in the making. Iterate it once for events: that drives the generation and the saving.

    The end of the iteration means that the whole reply was given to the store. A failure is stored with the reply
    and raised. Leaving early stops the reply and keeps its text; `async with turn` (or `close`) does so at once,
    where a bare `break` leaves the moment to the interpreter.

    `user` is the message that is answered. `save` writes a snapshot of the reply, the last one with the details of
    its tokens; `stored` is told when that one is written.
    """

    def __init__(
        self,
        *,
        backend: Backend,
        context: Context,
        user: StoredMessage | None,
        draft: Draft,
        save: Callable[[StoredMessage, Details | None], Awaitable[object]],
        stored: Callable[[Turn], None],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.user = user
        self.prepared: Prepared | None = None
        self._backend = backend
        self._context = context
        self._draft = draft
        self._save = save
        self._stored = stored
        self._autosave = Autosave(self._write, sleep=sleep)
        self._is_iterated = False
        self._is_exhausted = False
        self._stop_wished = asyncio.Event()
        self._update_wished: dict[str, Value] = {}
        self._starting: asyncio.Task[Generation] | None = None
        self._generation: Generation | None = None
        self._ending: asyncio.Task[None] | None = None

    @property
    def conversation_id(self) -> int:
        """The conversation that it belongs to."""
        return self._draft.message.conversation_id

    @property
    def reply(self) -> StoredMessage:
        """The reply with all the text that the iteration has given so far."""
        return self._draft.message

    @property
    def system_prompt(self) -> str:
        """The system prompt that it was asked with."""
        return self._context.system_prompt

    @property
    def details(self) -> Details:
        """What was told of each of the reply's tokens so far."""
        return self._draft.details

    @property
    def view(self) -> View | None:
        """What the model sees of the branch, None before the request is prepared."""
        return self._draft.view

    @property
    def is_running(self) -> bool:
        """Whether the reply has not ended yet."""
        return not self._draft.has_ended

    @property
    def last_save_failed(self) -> ChatappError | None:
        """Why the newest text is not on disk; None where it is. It is tried again by itself."""
        return self._autosave.failure

    def over(self, stored: StoredMessage) -> StoredMessage:
        """Lay the reply as it is now over its row in the store, which may be a little older."""
        return self._draft.over(stored)

    def __aiter__(self) -> AsyncIterator[Event]:
        """Run the turn; LoadProgress carries request id 0, since a load is nobody's own."""
        if self._is_iterated:
            raise RuntimeError("a turn is iterated once")
        self._is_iterated = True
        return self._run()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def stop(self) -> None:
        """End the reply in whatever phase it is and keep its text; Finished follows. Harmless when it has ended."""
        self._stop_wished.set()
        if self._generation is not None and self.is_running:
            await self._generation.stop()

    async def update(self, values: Values) -> None:
        """Change parameters from the next token on, None unsets one; raise Unsupported for one that can't change."""
        checked = {parameter(name).name: parameter(name).check(value) for name, value in values.items()}
        for name in checked:
            if not parameter(name).live:
                raise Unsupported(f"{name} can't change while a reply runs.", hint="Set it for the next message.")
        if not self.is_running:
            raise UsageError("The reply has ended.", hint="Set the parameter for the next message.")
        if self._generation is None:
            self._update_wished |= checked
        else:
            await self._generation.update(checked)

    async def answer_now(self) -> None:
        """End the reasoning and begin the answer."""
        if self._generation is None or not self.is_running:
            raise UsageError("There is no reasoning under way that could be ended.")
        await self._generation.answer_now()

    async def close(self) -> None:
        """Leave the turn: stop what still runs, store the text, try once more what could not be saved."""
        self._draft.end_with(GeneratorExit())
        self._stop_wished.set()
        await self._end()
        await self._autosave.close()

    async def _run(self) -> AsyncGenerator[Event, None]:
        try:
            async with aclosing(self._events()) as events:
                async for event in events:
                    self._draft.apply(event)
                    self._autosave.changed()
                    yield event
            self._is_exhausted = True
            if self.is_running:
                raise EngineError("The reply broke off and nothing said why.", hint="Write it again.")
        except BaseException as error:
            self._draft.end_with(error)
            raise
        finally:
            await self._end()

    async def _events(self) -> AsyncGenerator[Event, None]:
        """Load, prepare, start and pass the generation's events on; a stop in any phase gives Finished."""
        try:
            progress = self._backend.load()
            while (fraction := await self._unless_stopped(_next(progress))) is not None:
                yield LoadProgress(request_id=0, fraction=fraction)
            prepared, view = await self._unless_stopped(prepare(self._backend, self._context))
        except _StopWishedError:
            yield self._stopped_early()
            return
        self.prepared = prepared
        self._draft.prepared(prepared, self._backend.model, view)
        self._autosave.changed()
        async for event in await self._start(prepared):
            yield event

    async def _start(self, prepared: Prepared) -> Generation:
        self._starting = asyncio.create_task(self._backend.start(prepared))
        # Shielded: where we are cancelled meanwhile, `_end` still gets hold of what was started, and stops it.
        self._generation = generation = await asyncio.shield(self._starting)
        if self._update_wished:
            await generation.update(self._update_wished)
        if self._stop_wished.is_set():
            await generation.stop()
        return generation

    async def _unless_stopped(self, step: Coroutine[None, None, T]) -> T:
        """Wait for a step; give it up and raise as soon as the turn is stopped."""
        task = asyncio.ensure_future(step)
        wish = asyncio.ensure_future(self._stop_wished.wait())
        try:
            await asyncio.wait({task, wish}, return_when=asyncio.FIRST_COMPLETED)
            if wish.done():
                raise _StopWishedError
            return task.result()
        finally:
            wish.cancel()
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.exception()  # seen, or of no interest any more

    def _stopped_early(self) -> Finished:
        return Finished(
            request_id=0,
            stop_reason="stopped",
            prompt_tokens=0,
            cached_tokens=0,
            processed_tokens=0,
            reply_tokens=0,
            timings=Timings(),
            seed=0,
        )

    async def _end(self) -> None:
        """Stop and store, once, whoever asks; a caller that is cancelled does not cancel it."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._finish())
        await asyncio.shield(self._ending)

    async def _finish(self) -> None:
        await asyncio.gather(self._stop_generation(), self._autosave.finish())

    async def _stop_generation(self) -> None:
        if self._starting is not None and not self._is_exhausted:
            with suppress(ChatappError):
                await (await self._starting).stop()

    async def _write(self) -> None:
        reply = self.reply
        has_ended = reply.status != "streaming"
        await self._save(reply, self.details if has_ended and self.details else None)
        if has_ended:
            self._stored(self)


class _StopWishedError(Exception):
    """The turn was stopped while it waited for the backend."""


async def _next(progress: AsyncIterator[float]) -> float | None:
    return await anext(progress, None)
