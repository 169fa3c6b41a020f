"""Several models, each with a worker of its own, within one budget of memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from chatapp.backends.local import LocalBackend
from chatapp.core.loading import LoadSettings
from chatapp.core.readable import short_size

MakeRoom: TypeAlias = Callable[[], Awaitable[tuple[str, ...]]]
"""Waited for before a model is loaded; gives what is worth knowing of it, in words."""
Make: TypeAlias = Callable[[Path, LoadSettings, MakeRoom], LocalBackend]


class Pool:
    """Makes backends and shares `budget_bytes` out among those that are loaded, 0 for no limit.

    Before a model is loaded, the one that was idle the longest is unloaded until both fit; its next request loads it
    again. A busy model is never unloaded: where nothing more can be, the load goes on and a notice says so.
    """

    def __init__(self, make: Make, *, budget_bytes: int) -> None:
        self._make = make
        self._budget_bytes = budget_bytes
        self._backends: dict[tuple[Path, LoadSettings], LocalBackend] = {}
        self._planning = asyncio.Lock()

    @property
    def backends(self) -> tuple[LocalBackend, ...]:
        """All that were made, in that order."""
        return tuple(self._backends.values())

    def backend(self, model: Path, load: LoadSettings) -> LocalBackend:
        """The backend for a model with these settings, always the same one; it is loaded when it is used."""
        key = (model.absolute(), load)
        if key not in self._backends:
            self._backends[key] = self._make(model, load, lambda: self._make_room(key))
        return self._backends[key]

    async def close(self) -> None:
        """End every worker."""
        await asyncio.gather(*(backend.close() for backend in self.backends))

    async def _make_room(self, key: tuple[Path, LoadSettings]) -> tuple[str, ...]:
        wanted = self._backends[key]
        others = [backend for backend in self.backends if backend is not wanted]
        async with self._planning:
            needed = await asyncio.to_thread(wanted.needed_bytes)
            while 0 < self._budget_bytes < needed + sum(backend.held_bytes for backend in others):
                idle = [backend for backend in others if backend.held_bytes and not backend.is_busy]
                if not idle:
                    return (self._beyond(wanted.name, needed, sum(backend.held_bytes for backend in others)),)
                await max(idle, key=lambda backend: backend.idle_s).unload(f"unloaded to make room for {wanted.name}")
        return ()

    def _beyond(self, name: str, needed: int, held: int) -> str:
        beside = f" beside {short_size(held)} of models that are busy" if held else ""
        return (
            f"{name} takes about {short_size(needed)}{beside}, more than the {short_size(self._budget_bytes)} that "
            "models may take together (setting memory_budget)."
        )
