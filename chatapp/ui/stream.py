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
_AT_ONCE, _IN_TURN = 2, 2
"""So many replies are drawn in every frame; of more, each in every second one."""


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
    """All replies that are being written, at most one a conversation."""

    def __init__(self, host: Widget, frames_per_second: int) -> None:
        self._host = host
        self._replies: dict[int, Reply] = {}
        self._views: dict[int, View] = {}
        self._frame_s = 1 / frames_per_second
        self._timer: Timer | None = None
        self._awake = False
        self._frame = 0

    def start(self, turn: Turn, prompt: str) -> Reply:
        """Follow `turn` to its end; `ReplyEnded` is posted then. `prompt` comes back with a failure."""
        reply = Reply(turn, prompt)
        self._replies[turn.conversation_id] = reply
        reply.task = asyncio.create_task(self._follow(reply))
        return reply

    def reply(self, conversation_id: int | None) -> Reply | None:
        """The reply that is being written in a conversation."""
        return self._replies.get(conversation_id) if conversation_id is not None else None

    @property
    def writing(self) -> frozenset[int]:
        """The conversations in which a reply is being written."""
        return frozenset(self._replies)

    def show(self, conversation_id: int, view: View) -> None:
        """Draw this conversation's reply on `view`, which already shows all that has come."""
        self._views[conversation_id] = view
        reply = self._replies.get(conversation_id)
        if reply is not None:
            reply.pending.clear()

    def hide(self, conversation_id: int) -> None:
        """Draw this conversation no longer; its reply goes on."""
        self._views.pop(conversation_id, None)

    async def stop(self, conversation_id: int) -> None:
        """Stop a conversation's reply if there is one."""
        reply = self._replies.get(conversation_id)
        if reply is not None:
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
        self._draw(range(len(self._replies)))

    def _tick(self) -> None:
        """Draw what has come: all of one or two replies, of more every second one in turn, so that keys are heard."""
        count = len(self._replies)
        self._frame += 1
        self._draw(range(count) if count <= _AT_ONCE else range(self._frame % _IN_TURN, count, _IN_TURN))

    def _draw(self, places: range) -> None:
        idle = not any(reply.pending for reply in self._replies.values())
        for place, (conversation_id, reply) in enumerate(list(self._replies.items())):
            if place not in places:
                continue
            view = self._views.get(conversation_id)
            pending, reply.pending = reply.pending, []
            if view is not None and view.holds(reply.message.id):
                for event in pending:
                    _draw_event(event, reply.message.id, view)
                growing = reply.figures.phase in ("writing", "thinking", "idle")
                view.set_progress(reply.message.id, "" if growing else reply.figures.words)
                view.flush()
                self._tell(reply)
        if idle and self._timer is not None:
            self._timer.pause()
            self._awake = False

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
            self._replies.pop(reply.turn.conversation_id, None)
            reply.figures.phase, reply.figures.fraction = "idle", None
            self._host.post_message(ReplyEnded(reply.turn.conversation_id, reply.message, error, reply.prompt))

    def _tell(self, reply: Reply) -> None:
        """Tell of the figures at once where the phase changed, else a few times a second."""
        now = monotonic()
        if reply.figures.phase != reply.told_phase or now - reply.told_at >= _FIGURES_PAUSE_S:
            reply.told_phase, reply.told_at = reply.figures.phase, now
            self._host.post_message(FiguresChanged(reply.turn.conversation_id))

    def _wake(self) -> None:
        if not self._awake:
            self._awake = True
            if self._timer is None:
                self._timer = self._host.set_interval(self._frame_s, self._tick, pause=True)
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
