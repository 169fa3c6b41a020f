"""An event loop in a thread of its own, for a command that reads lines.

The main thread can then wait in `input`, with the terminal's line editing and ctrl+c as everywhere else, while
the loop keeps serving the engine.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")

_WAIT_S = 0.2
"""How long one wait lasts, since on Windows ctrl+c is seen between waits only."""


class EventLoop:
    """Runs coroutines of the main thread; a context manager that ends the loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="event-loop", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def run(self, work: Coroutine[None, None, T], *, on_interrupt: Callable[[], Awaitable[None]] | None = None) -> T:
        """Wait for `work`. Ctrl+c calls `on_interrupt` and goes on waiting; without one it cancels and is raised."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        while True:
            try:
                return self._wait(future)
            except KeyboardInterrupt:
                if on_interrupt is None:
                    future.cancel()
                    raise
                asyncio.run_coroutine_threadsafe(_call(on_interrupt), self._loop)
                on_interrupt = None

    def _wait(self, future: concurrent.futures.Future[T]) -> T:
        while True:
            done, _ = concurrent.futures.wait((future,), _WAIT_S)
            if done:
                return future.result()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            pending = asyncio.all_tasks(self._loop)
            for task in pending:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()


async def _call(function: Callable[[], Awaitable[None]]) -> None:
    await function()
