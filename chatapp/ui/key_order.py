"""Keys are obeyed one after the other, each with all that it opens, so that what is typed behind a key goes there.

Textual hands every key at once to the widget that has the focus. One that is no letter travels up from there through
every parent before it is looked up, and letters behind it overtake it: they would be typed where the key leads away
from. Here keys wait while one is under way: until it has gone the whole way, the screen that it opened has a focus, and
whatever else `hold` was asked for is there. Letters that go into a field wait for no other; a key behind them waits
until they stand there.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import Protocol, TypeAlias, TypeVar, runtime_checkable

from textual import events
from textual.app import App
from textual.message_pump import MessagePump
from textual.widget import Widget
from textual.widgets import Input, TextArea

T = TypeVar("T")
Typed: TypeAlias = events.Key | events.Paste
_GLANCES, _GLANCE_S = 20, 0.25
"""After so many looks at a key that does not come to its end, the others are obeyed nevertheless."""
_log = logging.getLogger(__name__)


class Hold:
    """Keeps keys waiting until it is released; one that is forgotten ends by itself."""

    def __init__(self, release: Callable[[], None]) -> None:
        self._release = release
        self._glances = 0
        self._watch: asyncio.TimerHandle | None = None
        self._look()

    def release(self) -> None:
        """Let the keys go on."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
            self._release()

    def _look(self) -> None:
        # Counted in glances, for on a busy machine a long time may pass in which nothing could come to its end.
        self._glances += 1
        if self._glances > _GLANCES:
            _log.warning("keys waited for something that did not come")
            self.release()
        else:
            self._watch = asyncio.get_running_loop().call_later(_GLANCE_S, self._look)


class KeyOrder:
    """The keys of one app. Everything waits until `begin`, so that keys typed ahead are heard."""

    def __init__(self, app: App[T]) -> None:
        self._app = app
        self._waiting: deque[Typed] = deque()
        self._turn: Typed | None = None
        self._holds = 1
        self._field: Widget | None = None

    def begin(self) -> None:
        """Obey keys from now on, and those that came before."""
        self._release()

    def takes(self, event: Typed) -> bool:
        """Whether a key may be obeyed now; one that may not comes again when it is its turn."""
        if event is not self._turn and (self._holds or self._waiting or self._turn is not None):
            self._waiting.append(event)
            return False
        self._turn = None
        if self._field is not None and not _is_text(event):
            self._waiting.appendleft(event)
            self._walk(iter((self._field,)), self.hold())
            self._field = None
            return False
        return True

    def follow(self, event: Typed) -> None:
        """Let the others wait until a key that was handed on has come to its end."""
        target = self._app.focused or self._app.screen
        if event.is_forwarded and _is_text(event) and isinstance(target, Input | TextArea):
            self._field = target
            self._next()
        else:
            self._walk(self._way(target if event.is_forwarded else self._app), self.hold())

    def hold(self) -> Hold:
        """Let keys wait until what this returns is released."""
        self._holds += 1
        return Hold(self._release)

    def hold_behind(self, node: Widget) -> Callable[[], None]:
        """Let keys wait until what this returns is called, and all has been read that `node` has posted by then."""
        hold = self.hold()
        return lambda: self._walk(self._way(node), hold)

    def _release(self) -> None:
        self._holds -= 1
        self._next()

    def _next(self) -> None:
        if self._waiting and not self._holds and self._turn is None:
            self._turn = self._waiting.popleft()
            self._app.post_message(self._turn)

    def _walk(self, way: Iterator[MessagePump], hold: Hold) -> None:
        """Go on behind all that waits at the next place of the way; at its end, let the others go on."""
        for place in way:
            if place.call_later(self._walk, way, hold):
                return
        hold.release()

    def _way(self, first: MessagePump) -> Iterator[MessagePump]:
        """Where a key comes by: up to the app, the same for what it made them post, and whatever has the focus then."""
        yield from self._up_from(first)
        yield from self._up_from(first)
        yield self._app  # A dialog's answer is taken behind what brought us here.
        focused: MessagePump | None = None
        while (stack := self._app.screen_stack) and focused is not (now := stack[-1].focused or stack[-1]):
            focused = now
            yield from self._up_from(now)

    def _up_from(self, place: MessagePump) -> Iterator[MessagePump]:
        yield place
        parent: MessagePump | None = place
        while parent is not None and parent is not self._app:
            yield parent
            parent = parent._parent
        yield self._app


@runtime_checkable
class HasKeyOrder(Protocol):
    """An app whose keys wait for each other."""

    key_order: KeyOrder


def hold_keys(node: Widget) -> Callable[[], None]:
    """Let keys wait until what this returns is called, and what `node` has posted by then is read.

    It is to be called when what the keys are for has the focus.
    """
    app = node.app
    return app.key_order.hold_behind(node) if isinstance(app, HasKeyOrder) else lambda: None


def keys_wait_for(node: Widget, work: Coroutine[object, object, None]) -> Coroutine[object, object, None]:
    """The same work, until whose end keys wait: it opens below `node` what they are for."""
    return _released(work, hold_keys(node))


async def _released(work: Coroutine[object, object, None], release: Callable[[], None]) -> None:
    try:
        await work
    finally:
        release()


def _is_text(event: Typed) -> bool:
    return isinstance(event, events.Paste) or (event.is_printable and "+" not in event.key)
