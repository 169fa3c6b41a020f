"""Commands on their way from the reading thread to the loop."""

from __future__ import annotations

import queue
import threading
import time

from chatapp.engine.protocol import CancelLoad, Command, Generate, Load, Stop


class Inbox:
    """Holds commands with the time of their arrival, and says at once when a computation should be broken off."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[Command, float] | None] = queue.SimpleQueue()
        self._urgent = threading.Event()
        self._cancelled = threading.Event()

    def put(self, command: Command) -> None:
        """Take in a command; one that can't wait for the batch under way breaks it off."""
        if isinstance(command, CancelLoad):
            self._cancelled.set()
            return
        if isinstance(command, Load):
            self._cancelled.clear()
        self._queue.put((command, time.monotonic()))
        if isinstance(command, Stop | Generate):
            self._urgent.set()

    def close(self) -> None:
        """No more commands come."""
        self._queue.put(None)
        self._urgent.set()

    def is_urgent(self) -> bool:
        """Whether a command waits that should not wait for a long batch."""
        return self._urgent.is_set()

    def is_cancelled(self) -> bool:
        """Whether the load that was asked for last is unwanted."""
        return self._cancelled.is_set()

    def take(self, *, wait: bool, timeout: float | None = None) -> list[tuple[Command, float]] | None:
        """All commands that are there, None once closed; if `wait`, waits `timeout` seconds at most for the first."""
        # Cleared before looking: what arrives after the look sets it again.
        self._urgent.clear()
        taken: list[tuple[Command, float]] = []
        while True:
            try:
                item = self._queue.get(block=wait and not taken, timeout=timeout)
            except queue.Empty:
                return taken
            if item is None:
                return None
            taken.append(item)
