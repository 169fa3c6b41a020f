"""What of a branch goes into a request when it no longer fits the context: from which turn on it is seen.

Every change of where the view begins makes the engine compute the whole prompt anew. So the view begins where it began
before as long as that fits; when it must move, it moves further than it needs to, and then stays for a while.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

import msgspec

from chatapp.chat.context import Context
from chatapp.core.backend import Backend, Prepared
from chatapp.core.conversations import View
from chatapp.core.errors import ContextFull
from chatapp.core.overflow import OVERFLOWS

SMALLEST_REPLY = 64
"""Tokens that a reply of no set length is left at least."""

Fit: TypeAlias = Literal["over", "tight", "ample"]
"""How a prompt fits: it leaves no room for the reply, it leaves room, or it leaves room for further turns, too."""


def fit_of(prompt_size: int, context_size: int, max_new_tokens: int | None) -> Fit:
    """How a prompt of so many tokens fits a context.

    A reply gets `max_new_tokens`, a quarter of the context where that is unset, and never more than half of it. Ample
    is what takes at most half of the context, and two thirds of what the reply leaves.
    """
    wished = max_new_tokens if max_new_tokens is not None else max(SMALLEST_REPLY, context_size // 4)
    room = context_size - min(wished, context_size // 2)
    if prompt_size > room:
        return "over"
    return "ample" if prompt_size <= min(context_size // 2, room * 2 // 3) else "tight"


async def beginning(turns: int, before: int, measure: Callable[[int], Awaitable[Fit]]) -> int:
    """Choose the turn, of so many, at which the view begins; `before` is where it began last.

    It stays there if that fits. Else it is the earliest from which on the rest is ample, or the last turn alone.
    `measure` tells how the branch fits from a turn on; it is asked rarely, and never for much more than is ample.
    """
    last = turns - 1
    if before >= last or await measure(before) != "over":
        return min(before, last)
    if await measure(last) != "ample":
        return last
    too_early, ample, step = before, last, 1
    while ample - step > too_early:
        place = ample - step
        if await measure(place) != "ample":
            too_early = place
            break
        ample, step = place, step * 2
    while ample - too_early > 1:
        middle = (too_early + ample) // 2
        if await measure(middle) == "ample":
            ample = middle
        else:
            too_early = middle
    return ample


async def prepare(backend: Backend, context: Context) -> tuple[Prepared, View | None]:
    """Prepare what the model gets to see of `context`, and tell what that is; raise ContextFull where it can't be.

    A raw prompt is no view of a branch, so there is None then.
    """
    window = _Window(backend, context)
    turns, place = len(context.turns), 0
    if context.overflow != "stop" and turns > 1:
        size = backend.model.context_size if backend.model is not None else None
        place = await beginning(turns, context.turn_seen_before(size), window.measure)
    return await window.take(place)


class _Window:
    """The requests of one context by the turn that they begin at; each is prepared once."""

    def __init__(self, backend: Backend, context: Context) -> None:
        self._backend = backend
        self._context = context
        self._prepared: dict[int, Prepared | ContextFull] = {}

    async def measure(self, turn: int) -> Fit:
        prepared = await self._prepare(turn)
        if isinstance(prepared, ContextFull):
            return "over"
        if prepared.token_ids is None or prepared.context_size is None:
            return "ample"
        limit = prepared.parameters["max_new_tokens"]
        return fit_of(len(prepared.token_ids), prepared.context_size, limit if isinstance(limit, int) else None)

    async def take(self, turn: int) -> tuple[Prepared, View | None]:
        prepared = await self._prepare(turn)
        if isinstance(prepared, ContextFull):
            raise self._explained(prepared)
        if self._context.prompt is not None:
            return prepared, None
        began_at, left_out = self._context.seen_from(turn)
        if left_out:
            notices = (left_out_in_words(left_out), *prepared.notices)
            prepared = msgspec.structs.replace(prepared, notices=notices, left_out=left_out)
        return prepared, View(began_at=began_at, left_out=left_out, context_size=prepared.context_size)

    async def _prepare(self, turn: int) -> Prepared | ContextFull:
        if turn not in self._prepared:
            card = self._backend.model
            request = self._context.request(card.fingerprint if card is not None else "", turn=turn)
            try:
                self._prepared[turn] = await self._backend.prepare(request)
            except ContextFull as error:
                self._prepared[turn] = error
        return self._prepared[turn]

    def _explained(self, error: ContextFull) -> ContextFull:
        """The error with what can be done about it here."""
        if len(self._context.turns) < 2:
            return error
        if self._context.overflow == "stop":
            others = " or ".join(name for name in OVERFLOWS if name != "stop")
            return ContextFull(
                error.message, hint=f"Set overflow to {others} to go on without the oldest turns. {error.hint}"
            )
        if any(message.pinned for message in self._context.thread):
            return ContextFull(
                f"{error.message} All older turns but the pinned ones are left out already.",
                hint=f"Take a pin away. {error.hint}",
            )
        return ContextFull(f"{error.message} All older turns are left out already.", hint=error.hint)


def left_out_in_words(count: int) -> str:
    """How many messages no longer fit, as a notice."""
    subject, verb = ("One older message", "is") if count == 1 else (f"{count:,} older messages", "are")
    return f"{subject} {verb} left out of what the model sees, for the conversation no longer fits the context."
