"""What one client holds, since when, and how it is used: kept for its own idle time, and told to other processes."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from chatapp.core.cleaning import clean_line
from chatapp.core.footprint import Footprint
from chatapp.core.readable import moment, short_size
from chatapp.engine.holdings import Claim, Holding, Holdings, State
from chatapp.engine.protocol import Loaded


class Presence:
    """A client's own record among the holdings, None of them where nobody is told."""

    def __init__(self, model: Path, holdings: Holdings | None) -> None:
        self._model = model
        self._holdings = holdings
        self._claim: Claim | None = None
        self._told: Holding | None = None
        self._since = 0.0
        self._used = time.monotonic()
        self._used_at = time.time()

    @property
    def idle_s(self) -> float:
        """Seconds since the model was used last."""
        return time.monotonic() - self._used

    @property
    def is_unwanted(self) -> bool:
        """Whether another process asked to unload the model; asked once."""
        return self._claim is not None and self._claim.is_unwanted

    def touch(self) -> None:
        """The model is being used."""
        self._used, self._used_at = time.monotonic(), time.time()

    async def tell(self, worker_pid: int, state: State, loaded: Loaded | None) -> None:
        """Write down how things stand, unless it is written already."""
        if self._holdings is None:
            return
        if self._claim is None:
            self._since = time.time()
            self._claim = self._holdings.claim()
        claim = self._claim
        if claim is None:
            return
        card = loaded.card if loaded is not None else None
        holding = Holding(
            model=self._model.stem,
            path=str(self._model),
            program=self._holdings.program,
            owner_pid=os.getpid(),
            worker_pid=worker_pid,
            state=state,
            since=self._since,
            last_used=self._used_at,
            device=card.device if card is not None else "",
            context_size=card.context_size if card is not None else 0,
            footprint=loaded.footprint if loaded is not None else Footprint(),
        )
        if holding != self._told:
            self._told = holding
            await asyncio.to_thread(claim.write, holding)

    def leave(self) -> None:
        """The model is out of memory."""
        claim, self._claim, self._told = self._claim, None, None
        if claim is not None:
            claim.release()

    async def company(self, footprint: Footprint) -> tuple[str, ...]:
        """Who else holds this model, and what this copy of it costs, in words; nothing where nobody does."""
        if self._holdings is None:
            return ()
        own = self._claim.id if self._claim is not None else ""
        holdings = await asyncio.to_thread(self._holdings.list)
        others = [each for each in holdings if each.id != own and each.is_of(self._model)]
        return (notice(others, footprint),) if others else ()


def notice(others: list[Holding], footprint: Footprint) -> str:
    """Say who holds a model of which one more copy with `footprint` is in memory."""
    oldest = others[0]
    who = f"chatapp {clean_line(oldest.program)} (process {oldest.owner_pid}, since {moment(oldest.since)})"
    if len(others) > 1:
        who += f" and {len(others) - 1} more"
    shared = min(footprint.mapped_bytes, max(each.footprint.mapped_bytes for each in others))
    text = f"This model is also loaded by {who}."
    if footprint.total_bytes:
        # Most of what is reserved for computing is never touched on a processor, so it is told apart.
        lasting = footprint.total_bytes - footprint.compute_bytes - shared
        text += f" This copy takes {short_size(lasting)} more memory"
        text += f", and up to {short_size(footprint.compute_bytes)} to compute"
        text += f"; {short_size(shared)} of weights are read from the file once for all." if shared else "."
    return text
