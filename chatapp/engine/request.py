"""Something that was asked of a worker, and what came for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TypeAlias

from chatapp.core.errors import ChatappError
from chatapp.core.events import Event, Finished
from chatapp.engine.protocol import CandidatesListed, Scored, Spelled, Tokenized

Told: TypeAlias = Tokenized | Spelled | Scored | CandidatesListed
"""An answer that is the only one."""
Arrival: TypeAlias = Event | Told | ChatappError


class Request:
    """Something that the worker owes an answer to."""

    def __init__(self, request_id: int, samples: int = 1) -> None:
        self.id = request_id
        self._arrivals: asyncio.Queue[Arrival] = asyncio.Queue()
        self._owed = self._unread = samples

    def deliver(self, arrival: Arrival) -> bool:
        """Hand over what came for it, without waiting; whether the worker owes it nothing more."""
        self._arrivals.put_nowait(arrival)
        self._owed -= isinstance(arrival, Finished)
        return self._owed == 0 or not isinstance(arrival, Event)

    async def next(self) -> Event | Told:
        """What came next; raise what failed."""
        arrival = await self._arrivals.get()
        if isinstance(arrival, ChatappError):
            raise arrival
        return arrival

    async def events(self) -> AsyncIterator[Event]:
        """Every event until each sample has finished."""
        while self._unread:
            event = await self.next()
            if isinstance(event, Told):
                continue
            self._unread -= isinstance(event, Finished)
            yield event
