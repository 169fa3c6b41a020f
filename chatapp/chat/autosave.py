"""Keeps something that grows on disk, without ever standing in its way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from chatapp.core.errors import ChatappError, StorageError

Sleep = Callable[[float], Awaitable[None]]

INTERVAL_S = 0.25
RETRY_INTERVAL_S = 2.0


class Autosave:
    """Calls `write` at most once every `interval_s` while there are changes, and once at the end.

    A write that fails is kept in `failure` and tried again at the next tick, also after the end.
    """

    def __init__(
        self, write: Callable[[], Awaitable[None]], *, sleep: Sleep = asyncio.sleep, interval_s: float = INTERVAL_S
    ) -> None:
        self._write = write
        self._sleep = sleep
        self._interval_s = interval_s
        self._is_due = False
        self._is_pausing = False
        self._is_halted = False
        self._task: asyncio.Task[None] | None = None
        self.failure: ChatappError | None = None

    def changed(self) -> None:
        """Have the change written at the next tick."""
        self._is_due = True
        if self._task is None or self._task.done():
            self._is_halted = False
            self._task = asyncio.create_task(self._tick())

    async def finish(self) -> None:
        """Write now, for the last time; where that fails, go on trying in the background."""
        await self._halt()
        await self._save()
        if self._is_due:
            self._interval_s = RETRY_INTERVAL_S
            self.changed()

    async def close(self) -> None:
        """Try once more what could not be written, and give up."""
        await self._halt()
        if self._is_due:
            await self._save()

    async def _tick(self) -> None:
        while self._is_due and not self._is_halted:
            self._is_pausing = True
            try:
                await self._sleep(self._interval_s)
            finally:
                self._is_pausing = False
            await self._save()

    async def _halt(self) -> None:
        """End the ticking; a write under way comes to its end, so that writes keep their order."""
        if self._task is None or self._task.done():
            return
        self._is_halted = True
        if self._is_pausing:
            self._task.cancel()
        await asyncio.wait({self._task})

    async def _save(self) -> None:
        self._is_due = False
        try:
            await self._write()
        except StorageError as failure:
            self.failure = failure
            self._is_due = True
        except ChatappError as failure:
            self.failure = failure
        else:
            self.failure = None
