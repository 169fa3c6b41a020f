"""What the loop is doing and since when, told to the parent by a thread of its own.

A pulse alone proves nothing: it beats on through a native call that never returns. So it carries the phase and how
long the loop has stood still, and the parent judges.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from chatapp.engine.protocol import PULSE_S, Answer, Phase, Pulse


class Heart:
    """The loop's phase and the last time that it moved."""

    def __init__(self, send: Callable[[Answer], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._send = send
        self._clock = clock
        self._phase: Phase = "idle"
        self._moved = clock()
        self._decoded = False
        self._busy = threading.Event()
        self._helpers = 0

    @contextlib.contextmanager
    def helping(self) -> Iterator[None]:
        """Another thread works for the parent, so the pulse goes on even while the loop is idle."""
        self._helpers += 1
        self._busy.set()
        try:
            yield
        finally:
            self._helpers -= 1

    def beat(self, phase: Phase) -> None:
        """The loop moved, and is in `phase` from now on."""
        if phase == "sample" and self._phase == "first-decode":
            self._decoded = True
        if phase == "decode" and not self._decoded:
            phase = "first-decode"
        self._phase = phase
        self._moved = self._clock()
        if phase != "idle":
            self._busy.set()

    def start(self) -> None:
        """Send a pulse every `PULSE_S` seconds while the loop is busy."""
        threading.Thread(target=self._run, name="heart", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._busy.wait()
            # Cleared before looking: work that begins after the look sets it again.
            self._busy.clear()
            phase, still_s = self._phase, self._clock() - self._moved
            if phase != "idle" or self._helpers:
                self._send(Pulse(phase, still_s))
                self._busy.set()
            time.sleep(PULSE_S)
