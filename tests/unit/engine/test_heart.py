"""The pulse tells the phase and how long the loop has not moved, and is silent when nobody works."""

from __future__ import annotations

import queue

from chatapp.engine.protocol import PULSE_S, Answer, Phase, Pulse
from chatapp.engine.worker.heart import Heart

PATIENCE_S = 20.0


def started() -> tuple[Heart, queue.SimpleQueue[Answer], list[float]]:
    sent: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    now = [100.0]
    heart = Heart(sent.put, clock=lambda: now[0])
    heart.start()
    return heart, sent, now


def next_phase(sent: queue.SimpleQueue[Answer], wanted: Phase) -> Pulse:
    """The next pulse of this phase, which may come after one or two of the phase before."""
    for _ in range(3):
        pulse = sent.get(timeout=PATIENCE_S)
        assert isinstance(pulse, Pulse)
        if pulse.phase == wanted:
            return pulse
    raise AssertionError(f"no pulse tells of {wanted}")


def test_a_busy_loop_is_reported_with_the_time_that_it_stands_still() -> None:
    heart, sent, now = started()
    heart.beat("load")
    assert next_phase(sent, "load").still_s == 0.0
    now[0] += 7.0
    assert 7.0 in [next_phase(sent, "load").still_s for _ in range(3)]
    heart.beat("load")
    assert 0.0 in [next_phase(sent, "load").still_s for _ in range(3)]


def test_an_idle_loop_is_silent_unless_another_thread_works() -> None:
    heart, sent, _ = started()
    heart.beat("idle")
    try:
        sent.get(timeout=2 * PULSE_S)
        raise AssertionError("an idle worker has nothing to say")
    except queue.Empty:
        pass
    with heart.helping():
        assert next_phase(sent, "idle")


def test_only_the_first_decode_reads_the_weights() -> None:
    heart, sent, _ = started()
    heart.beat("sample")  # a request was taken in
    heart.beat("decode")
    assert next_phase(sent, "first-decode")
    heart.beat("sample")
    heart.beat("decode")
    assert next_phase(sent, "decode")
