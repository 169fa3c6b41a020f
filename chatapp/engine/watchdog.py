"""Tells a hung worker from a busy one.

Time counts only while this process ran itself: after a suspended laptop or a stopped terminal nobody is blamed.
"""

from __future__ import annotations

from chatapp.engine.protocol import PHASE_LIMITS_S, Pulse

TICK_S = 1.0
SILENCE_LIMIT_S = 6.0


class Watchdog:
    """Judges a worker by its pulses; `tick` is called once every `TICK_S` while work is owed."""

    def __init__(self) -> None:
        self._silent_s = 0.0
        self._pulse: Pulse | None = None

    def hear(self, pulse: Pulse | None = None) -> None:
        """A frame came; a pulse also says where the loop stands."""
        self._silent_s = 0.0
        if pulse is not None:
            self._pulse = pulse

    def rest(self) -> None:
        """Nothing is owed, so nothing is counted."""
        self._silent_s = 0.0
        self._pulse = None

    def tick(self, elapsed_s: float) -> str | None:
        """Why the worker hangs, in words; None while it does not."""
        self._silent_s += min(elapsed_s, 1.5 * TICK_S)
        if self._silent_s >= SILENCE_LIMIT_S:
            return f"It gave no sign of life for {self._silent_s:.0f} s"
        pulse = self._pulse
        if pulse is not None and pulse.still_s > PHASE_LIMITS_S.get(pulse.phase, float("inf")):
            return f"It stood still for {pulse.still_s:.0f} s while it was busy with “{pulse.phase}”"
        return None
