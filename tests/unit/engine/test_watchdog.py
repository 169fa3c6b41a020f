"""A worker hangs when it is silent, or stands still longer than its phase allows, and not because we slept."""

from __future__ import annotations

import pytest

from chatapp.engine.protocol import PHASE_LIMITS_S, Phase, Pulse
from chatapp.engine.watchdog import SILENCE_LIMIT_S, TICK_S, Watchdog


def ticks_to_verdict(watchdog: Watchdog, elapsed_s: float = TICK_S) -> int:
    for count in range(1, 100):
        if watchdog.tick(elapsed_s):
            return count
    return 0


def test_silence_is_a_hang() -> None:
    watchdog = Watchdog()
    assert ticks_to_verdict(watchdog) == SILENCE_LIMIT_S / TICK_S
    assert "no sign of life for 6 s" in (watchdog.tick(0.0) or "")


def test_any_frame_is_a_sign_of_life() -> None:
    watchdog = Watchdog()
    for _ in range(100):
        assert watchdog.tick(SILENCE_LIMIT_S - 1) is None
        watchdog.hear()


def test_time_counts_only_while_we_ran_ourselves() -> None:
    # A laptop that slept for an hour: one late tick says little about the worker.
    watchdog = Watchdog()
    assert watchdog.tick(3600.0) is None
    watchdog.hear()
    assert ticks_to_verdict(watchdog, 3600.0) > 2


def test_rest_forgets() -> None:
    watchdog = Watchdog()
    watchdog.hear(Pulse("decode", 1000.0))
    watchdog.tick(TICK_S)
    watchdog.rest()
    assert ticks_to_verdict(watchdog) == SILENCE_LIMIT_S / TICK_S


@pytest.mark.parametrize(("phase", "limit"), PHASE_LIMITS_S.items())
def test_each_phase_has_its_limit(phase: Phase, limit: float) -> None:
    watchdog = Watchdog()
    watchdog.hear(Pulse(phase, limit))
    assert watchdog.tick(TICK_S) is None
    watchdog.hear(Pulse(phase, limit + 0.1))
    reason = watchdog.tick(TICK_S)
    assert reason is not None and phase in reason


def test_an_idle_loop_may_stand_still_for_ever() -> None:
    watchdog = Watchdog()
    watchdog.hear(Pulse("idle", 1e9))
    assert watchdog.tick(TICK_S) is None


def test_a_pulse_that_moved_on_clears_the_one_before() -> None:
    watchdog = Watchdog()
    watchdog.hear(Pulse("sample", 1000.0))
    watchdog.hear(Pulse("sample", 0.0))
    assert watchdog.tick(TICK_S) is None
