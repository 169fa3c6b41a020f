"""Who holds what was computed: slots, the shelf beside them, and who makes way for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.engine.worker import llama
from chatapp.engine.worker.job import Job
from chatapp.engine.worker.kept import GAIN, LEAST_TOKENS, InMemory, Shelf, covers, pays
from chatapp.engine.worker.llama import Context, Entry, Model
from chatapp.engine.worker.memory import REST_S, Memory
from chatapp.engine.worker.scheduler import Pace
from chatapp.engine.worker.slot import Slot

FIRST = [5 + index * 37 % 256 for index in range(100)]
SECOND = [5 + (index * 91 + 17) % 256 for index in range(100)]
SLOW = 1000.0
"""Tokens a second at which keeping pays for a tiny model."""


class Bench:
    """A memory with a real context, filled by hand."""

    def __init__(self, model: Path, *, pool: int = 512, sequences: int = 3) -> None:
        llama.start(lambda _level, _text: None)
        self._model = Model(model)
        self.context = Context(self._model, pool_size=pool, sequences=sequences, batch_size=512, threads=1)
        self.shelf = Shelf()
        self.memory = Memory(self.context, self._model, sequences, Pace(SLOW), self.shelf)

    def serve(self, tokens: Sequence[int], *, now: float, busy: bool = False) -> tuple[Slot, int]:
        """Compute `tokens` in a slot as the loop does, and how many of them were there."""
        slot, _ = self.memory.place(self.memory.find(tokens))
        kept = len(slot.tokens)
        fresh = list(enumerate(tokens))[kept:]
        entries = [Entry(token, place, slot.sequence, place == len(tokens) - 1) for place, token in fresh]
        assert self.context.decode(entries) == Context.DECODED
        slot.tokens = list(tokens)
        slot.last_used = now
        slot.work = cast(Job, object()) if busy else None
        return slot, kept

    def logits(self, slot: Slot, token: int) -> list[float]:
        """What follows the slot's tokens and `token`."""
        self.context.decode([Entry(token, len(slot.tokens), slot.sequence, True)])
        found = np.array(self.context.logits(0))
        self.context.cut(slot.sequence, len(slot.tokens))
        return cast("list[float]", found.tolist())

    def close(self) -> None:
        self.context.close()
        self._model.close()


@pytest.fixture
def bench(tiny_model: Path) -> Iterator[Bench]:
    made = Bench(tiny_model)
    yield made
    made.close()


def test_what_was_put_away_comes_back_as_it_was(bench: Bench) -> None:
    slot, _ = bench.serve(FIRST, now=0.0)
    wanted = bench.logits(slot, 9)
    bench.memory.put_away(slot)
    assert (slot.tokens, [kept.tokens for kept in bench.shelf.entries]) == ([], [FIRST])
    back, kept = bench.serve([*FIRST, 7], now=1.0)
    assert kept == 100
    bench.memory.cut(back, 100)
    assert bench.logits(back, 9) == wanted


def test_what_another_holds_too_is_not_kept_twice(bench: Bench) -> None:
    short, _ = bench.serve(FIRST[:60], now=0.0)
    bench.serve(FIRST, now=1.0)
    assert short.tokens == FIRST
    branch, _ = bench.serve(FIRST[:80] + SECOND[:10], now=2.0)
    bench.memory.cut(branch, 80)
    bench.memory.put_away(branch)
    assert bench.shelf.entries == []


def test_who_rests_makes_way_only_while_others_go_on(bench: Bench) -> None:
    resting, _ = bench.serve(FIRST, now=0.0)
    bench.memory.make_way(2 * REST_S)
    assert resting.tokens == FIRST
    bench.serve(SECOND, now=1.0, busy=True)
    bench.memory.make_way(REST_S / 2)
    assert resting.tokens == FIRST
    bench.memory.make_way(REST_S)
    assert (resting.tokens, [kept.tokens for kept in bench.shelf.entries]) == ([], [FIRST])
    assert bench.serve([*FIRST, 7], now=9.0)[1] == 100


def test_a_damaged_state_is_not_used(bench: Bench) -> None:
    bench.shelf.put(InMemory(FIRST, 0, b"no state at all"), covers=lambda _: False)
    match = bench.memory.find([*FIRST, 7])
    assert match.length == 100
    slot, reason = bench.memory.place(match)
    assert (slot.tokens, reason) == ([], "what was put away can't be used: llama.cpp does not take it")


def test_without_room_it_is_computed_again(tiny_model: Path) -> None:
    bench = Bench(tiny_model, pool=256)
    slot, _ = bench.serve(FIRST * 2, now=0.0)
    bench.memory.put_away(slot)
    bench.serve(SECOND, now=1.0, busy=True)
    again, reason = bench.memory.place(bench.memory.find([*FIRST, *FIRST, 7]))
    assert (again.tokens, reason) == ([], "there was no room to bring back what was put away")
    bench.close()


def test_a_window_is_brought_back_where_it_still_covers_what_follows(make_model: Callable[..., Path]) -> None:
    model = make_model("window.gguf", architecture="gemma3", sliding_window=16)
    bench, fresh = Bench(model), Bench(model)
    slot, _ = bench.serve(FIRST * 2, now=0.0)
    wanted = bench.logits(slot, 9)
    bench.memory.put_away(slot)
    branch, _ = bench.serve([*FIRST, *SECOND], now=0.5)
    other, _ = fresh.serve([*FIRST, *SECOND], now=0.5)
    np.testing.assert_allclose(bench.logits(branch, 9), fresh.logits(other, 9), atol=1e-4)
    back, kept = bench.serve([*FIRST, *FIRST, 7], now=1.0)
    assert kept == 200
    bench.memory.cut(back, 200)
    assert bench.logits(back, 9) == wanted
    bench.close()
    fresh.close()


def test_the_shelf_lets_go_of_what_was_used_longest_ago() -> None:
    shelf = Shelf(250)
    states = [InMemory([number], 0, bytes(100)) for number in range(3)]
    for state in states[:2]:
        shelf.put(state, covers=lambda _: False)
    shelf.use(states[0])
    shelf.put(states[2], covers=lambda _: False)
    assert [kept.tokens for kept in shelf.entries] == [[0], [2]]
    shelf.put(InMemory([9], 0, bytes(300)), covers=lambda _: True)
    assert [kept.tokens for kept in shelf.entries] == [[0], [2]]


@given(st.integers(0, 10_000), st.integers(0, 10**9), st.floats(1.0, 1e5), st.sampled_from([1e8, 1e9]))
def test_keeping_pays_where_computing_takes_ten_times_as_long(
    tokens: int, size: int, speed: float, rate: float
) -> None:
    wanted = tokens >= LEAST_TOKENS and tokens / speed >= GAIN * size / rate
    assert pays(tokens, size, speed, rate) == wanted


def test_whole_and_part() -> None:
    assert covers([1, 2, 3], [1, 2])
    assert covers([1], [])
    assert not covers([1, 2], [1, 2, 3])
    assert not covers([1, 2, 3], [1, 3])
