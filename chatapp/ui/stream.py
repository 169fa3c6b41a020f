"""Replies on their way from the session to the screen.

The one place where events become calls on a transcript. Events only fill buffers; one timer draws them all at the
set rate and sleeps while there is nothing to draw, for whatever the screen costs, the model loses.
"""

from __future__ import annotations

import asyncio
import logging
from time import monotonic
from typing import Protocol

from textual.timer import Timer
from textual.widget import Widget

from chatapp.chat.turn import Turn
from chatapp.core.conversations import StoredMessage
from chatapp.core.errors import ChatappError
from chatapp.core.events import Event, ReasoningAdded, TextAdded, Withdrawn
from chatapp.ui.figures import Figures, Phase
from chatapp.ui.messages import FiguresChanged, ReplyEnded

_log = logging.getLogger(__name__)
_CLOSE_TIMEOUT_S = 3.0
_FIGURES_PAUSE_S = 0.4
_TICKS = 2
"""So often a frame the timer looks, and draws one reply each time."""


class View(Protocol):
    """What a growing reply is drawn on: a transcript."""

    def holds(self, message_id: int) -> bool:
        """Whether this message is shown."""
        ...

    def append_text(self, message_id: int, text: str) -> None:
        """Add to the answer."""
        ...

    def append_reasoning(self, message_id: int, text: str) -> None:
        """Add to the thoughts."""
        ...

    def withdraw(self, message_id: int, characters: int) -> None:
        """Take back the end of the answer."""
        ...

    def set_progress(self, message_id: int, text: str) -> None:
        """Say what a reply without text waits for."""
        ...

    def flush(self) -> None:
        """Draw what was added."""
        ...


class Reply:
    """One reply while it is written."""

    def __init__(self, turn: Turn, prompt: str) -> None:
        self.turn = turn
        self.prompt = prompt
        self.figures = Figures.asked()
        self.pending: list[Event] = []
        self.told_phase: Phase = "idle"
        self.told_at = 0.0
        self.task: asyncio.Task[None] | None = None

    @property
    def message(self) -> StoredMessage:
        """The reply as it stands, with all events that have come."""
        return self.turn.reply


class Stream:
    """All replies that are being written, by their message, and the views on which they grow.

    A view that is given a message shows all of it that has come, so `drain` comes before: nothing is then drawn twice.
    """

    def __init__(self, host: Widget, frames_per_second: int) -> None:
        self._host = host
        self._replies: dict[int, Reply] = {}
        self._views: list[View] = []
        self._tick_s = 1 / (_TICKS * frames_per_second)
        self._timer: Timer | None = None
        self._awake = False
        self._turn = 0
        self._idle_ticks = 0

    def start(self, turn: Turn, prompt: str) -> Reply:
        """Follow `turn` to its end; `ReplyEnded` is posted then. `prompt` comes back with a failure."""
        reply = Reply(turn, prompt)
        self._replies[turn.reply.id] = reply
        reply.task = asyncio.create_task(self._follow(reply))
        return reply

    @property
    def replies(self) -> tuple[Reply, ...]:
        """Every reply that is being written."""
        return tuple(self._replies.values())

    @property
    def writing(self) -> frozenset[int]:
        """The conversations in which a reply is being written."""
        return frozenset(reply.turn.conversation_id for reply in self._replies.values())

    @property
    def unseen(self) -> int:
        """How many replies no view shows."""
        return sum(not self._seen_on(reply) for reply in self._replies.values())

    def on(self, view: View) -> Reply | None:
        """The reply that is being written on a view."""
        return next((reply for number, reply in self._replies.items() if view.holds(number)), None)

    def add_view(self, view: View) -> None:
        """Draw on `view` from now on the replies that it shows."""
        self.drain()
        self._views.append(view)

    def remove_view(self, view: View) -> None:
        """Draw on `view` no longer; the replies go on."""
        if view in self._views:
            self._views.remove(view)

    async def stop(self, reply: Reply) -> None:
        """Stop a reply; what was written is kept."""
        reply.figures.phase = "stopping"
        self._wake()
        await reply.turn.stop()

    async def close(self) -> None:
        """Stop every reply and wait until each is saved."""
        tasks = [reply.task for reply in self._replies.values() if reply.task is not None]
        stops = [asyncio.create_task(reply.turn.stop()) for reply in self._replies.values()]
        if not tasks:
            return
        _, late = await asyncio.wait([*tasks, *stops], timeout=_CLOSE_TIMEOUT_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def drain(self) -> None:
        """Draw everything that has come since the last time."""
        for reply in self._replies.values():
            self._draw(reply)

    def _tick(self) -> None:
        """Draw one of the replies that are seen, in turn: what two of them cost at once would keep keys waiting."""
        seen = []
        for reply in self.replies:
            if self._seen_on(reply):
                seen.append(reply)
            else:
                reply.pending.clear()
        self._idle_ticks = 0 if any(reply.pending for reply in seen) else self._idle_ticks + 1
        turns = max(_TICKS, len(seen))
        self._turn = (self._turn + 1) % turns
        if self._turn < len(seen):
            self._draw(seen[self._turn])
        if self._idle_ticks >= turns and self._timer is not None:
            self._timer.pause()
            self._awake = False

    def _draw(self, reply: Reply) -> None:
        pending, reply.pending = reply.pending, []
        views = self._seen_on(reply)
        for view in views:
            for event in pending:
                _draw_event(event, reply.message.id, view)
            growing = reply.figures.phase in ("writing", "thinking", "idle")
            view.set_progress(reply.message.id, "" if growing else reply.figures.words)
            view.flush()
        if views:
            self._tell(reply)

    async def _follow(self, reply: Reply) -> None:
        error: ChatappError | None = None
        try:
            async for event in reply.turn:
                reply.figures.note_event(event)
                reply.pending.append(event)
                self._wake()
        except ChatappError as raised:
            error = raised
        except Exception as raised:  # noqa: BLE001 - the border: one reply's fault must not end the workbench
            _log.exception("a reply ended by an unforeseen fault")
            error = ChatappError(f"{type(raised).__name__}: {raised}", hint="The text so far is kept; try again.")
        finally:
            self.drain()
            self._replies.pop(reply.message.id, None)
            reply.figures.phase, reply.figures.fraction = "idle", None
            self._host.post_message(ReplyEnded(reply.turn.conversation_id, reply.message, error, reply.prompt))

    def _seen_on(self, reply: Reply) -> list[View]:
        return [view for view in self._views if view.holds(reply.message.id)]

    def _tell(self, reply: Reply) -> None:
        """Tell of the figures at once where the phase changed, else a few times a second."""
        now = monotonic()
        if reply.figures.phase != reply.told_phase or now - reply.told_at >= _FIGURES_PAUSE_S:
            reply.told_phase, reply.told_at = reply.figures.phase, now
            self._host.post_message(FiguresChanged(reply.turn.conversation_id))

    def _wake(self) -> None:
        self._idle_ticks = 0
        if not self._awake:
            self._awake = True
            if self._timer is None:
                self._timer = self._host.set_interval(self._tick_s, self._tick, pause=True)
            self._timer.reset()
            self._timer.resume()


def _draw_event(event: Event, message_id: int, view: View) -> None:
    match event:
        case TextAdded():
            view.append_text(message_id, event.text)
        case ReasoningAdded():
            view.append_reasoning(message_id, event.text)
        case Withdrawn():
            view.withdraw(message_id, event.characters)
        case _:
            pass
