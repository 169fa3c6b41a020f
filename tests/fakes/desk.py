"""A session on a real store, with time and the store's health in the test's hand."""

from __future__ import annotations

import asyncio
from typing import Any

from chatapp.backends.scripted import ScriptedBackend
from chatapp.chat.session import Session
from chatapp.chat.turn import Turn
from chatapp.core.conversations import StoredMessage
from chatapp.core.events import Event
from chatapp.storage.store import Store


class Clock:
    """Monotonic seconds that pass when a test says so; `sleep` waits for `tick`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[float] = []
        self._sleepers: list[asyncio.Future[None]] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append(sleeper)
        await sleeper

    def tick(self) -> None:
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)
        self._sleepers.clear()


class WatchedStore:
    """A real store whose updates are counted, fail while `failure` is set, and wait while the gate is closed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.conversations = WatchedConversations(store.conversations)
        self.search = store.search
        self.problems = store.problems
        self.persistent = store.persistent


class WatchedConversations:
    def __init__(self, conversations: object) -> None:
        self._conversations = conversations
        self._arrived = asyncio.Event()
        self.failure: Exception | None = None
        self.attempts = 0
        self.gate = asyncio.Event()
        self.gate.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conversations, name)

    async def update_message(self, message_id: int, **changes: Any) -> StoredMessage:
        self.attempts += 1
        try:
            await self.gate.wait()
            if self.failure is not None:
                raise self.failure
            stored: StoredMessage = await self._conversations.update_message(message_id, **changes)  # type: ignore[attr-defined]
        finally:
            self._arrived.set()
        return stored

    async def attempt(self) -> None:
        """Wait for the next write, one that fails included."""
        self._arrived.clear()
        await asyncio.wait_for(self._arrived.wait(), 10)


class Desk:
    """A session with its parts in reach."""

    def __init__(self, store: Store, backend: ScriptedBackend) -> None:
        self.clock = Clock()
        self.store = WatchedStore(store)
        self.backend = backend
        self.session = Session(self.store, backend, clock=self.clock, sleep=self.clock.sleep)  # type: ignore[arg-type]

    @property
    def saved(self) -> WatchedConversations:
        return self.store.conversations

    def row(self, turn: Turn) -> StoredMessage:
        """The reply as it stands in the store."""
        message: StoredMessage = self.saved.message(turn.reply.id)
        return message


async def play(turn: Turn) -> list[Event]:
    """Iterate a turn to its end."""
    return [event async for event in turn]
