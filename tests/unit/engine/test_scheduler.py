"""Who computes how much: no reply is left out, prompts share what is left, cells are counted once."""

from __future__ import annotations

from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from chatapp.engine.protocol import Generate
from chatapp.engine.worker.job import Job
from chatapp.engine.worker.llama import Vocabulary
from chatapp.engine.worker.reply import Reply
from chatapp.engine.worker.sampling.chain import Chain
from chatapp.engine.worker.scheduler import (
    ALONE_CHUNK_S,
    SHARED_CHUNK_S,
    SMALLEST_CHUNK,
    Pace,
    cells_in_use,
    reads_for,
    room_needed,
    share,
)
from chatapp.engine.worker.slot import Slot
from chatapp.engine.worker.words import RequiredWords


def slot(tokens: int, pending: int, *, arrived: float | None = 0.0, replying: bool = False, base: int = 0) -> Slot:
    """A slot that holds `tokens` and must compute `pending`; idle where it has no arrival."""
    made = Slot(base, list(range(base, base + tokens)), list(range(pending)))
    if arrived is not None:
        request = Generate(request_id=1, token_ids=(1,), values={}, seed=0)
        made.work = Job(
            request=request,
            sample=0,
            seed=0,
            values={},
            thinking={},
            chain=cast(Chain, None),
            reply=cast(Reply, None),
            grammar=None,
            required=RequiredWords(()),
            vocabulary=cast(Vocabulary, None),
            prompt=[],
            arrived=arrived,
            first_token=1.0 if replying else None,
        )
    return made


def test_every_reply_gets_its_token_and_prompts_the_rest() -> None:
    replying = [slot(10, 1, replying=True) for _ in range(3)]
    prompt = slot(0, 100)
    shares = share([prompt, *replying], batch_size=64, chunk=40)
    assert [(each.slot is prompt, each.count) for each in shares] == [(False, 1)] * 3 + [(True, 40)]


def test_what_is_soonest_done_comes_first_and_the_oldest_goes_on() -> None:
    old, young, younger = slot(0, 500, arrived=1.0), slot(0, 30, arrived=2.0), slot(0, 90, arrived=3.0)
    shares = share([old, younger, young], batch_size=512, chunk=80)
    assert [(each.slot, each.count) for each in shares] == [(young, 30), (younger, 30), (old, 20)]
    shares = share([old, younger, young], batch_size=512, chunk=40)
    assert [(each.slot, each.count) for each in shares] == [(young, 30), (old, 10)]


def test_of_two_alike_the_older_comes_first() -> None:
    young, old = slot(0, 30, arrived=2.0), slot(0, 30, arrived=1.0)
    shares = share([young, old], batch_size=512, chunk=40)
    assert [(each.slot is old, each.count, each.completes) for each in shares] == [(True, 30, True), (False, 10, False)]


def test_who_begins_alike_waits_while_the_beginning_is_read() -> None:
    reading = slot(0, 100)
    prompt = [*range(80), 7, 8, 9]
    assert reads_for(reading, prompt)
    reading.tokens, reading.pending = list(range(70)), list(range(70, 100))
    assert not reads_for(reading, prompt)
    assert not reads_for(slot(0, 100), [99, *prompt])
    assert not reads_for(slot(50, 1), list(range(51)))


def test_where_nothing_can_be_cut_only_what_is_kept_on_the_way_is_waited_for() -> None:
    reading = slot(0, 100)
    reading.marks = [67, 99]
    assert not reads_for(reading, [*range(60), 7, 8, 9], only_marks=True)
    assert reads_for(reading, [*range(70), 7, 8, 9], only_marks=True)
    assert reads_for(reading, list(range(100)), only_marks=True)
    reading.tokens, reading.pending, reading.marks = list(range(67)), list(range(67, 100)), [99]
    assert not reads_for(reading, [*range(70), 7, 8, 9], only_marks=True)


def test_nothing_is_computed_past_a_mark() -> None:
    marked = slot(10, 50)
    marked.marks = [25, 59]
    (only,) = share([marked], 512, 512)
    assert only.count == 15


def test_what_replies_take_is_no_slowness_of_prompts() -> None:
    pace = Pace()
    pace.learn(0, 0.1, replies=True)
    pace.learn(100, 0.2, replies=True)
    assert pace.chunk(512, reply_runs=True) == int(1000.0 * SHARED_CHUNK_S)
    hurried = Pace()
    hurried.learn(0, 0.5, replies=True)
    hurried.learn(100, 0.2, replies=True)
    assert hurried.chunk(512, reply_runs=True) < 2000.0 * SHARED_CHUNK_S


def test_small_chunks_have_a_speed_of_their_own() -> None:
    pace = Pace(1000.0)
    assert pace.chunk(512, reply_runs=True) == int(500 * SHARED_CHUNK_S)
    pace.learn(40, 0.1, replies=True)
    assert pace.chunk(512, reply_runs=True) == int(400 * SHARED_CHUNK_S)
    assert pace.tokens_per_second == 1000.0


def test_idle_slots_get_nothing() -> None:
    assert share([slot(50, 0, arrived=None)], 512, 512) == []


def test_a_share_knows_where_it_ends() -> None:
    (only,) = share([slot(7, 20)], 512, 12)
    assert (only.count, only.end, only.completes) == (12, 19, False)


def test_a_reply_that_is_computed_again_is_a_prompt() -> None:
    again = slot(0, 200, replying=True)
    assert not again.is_replying
    (only,) = share([again], 512, 64)
    assert only.count == 64


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 300), st.floats(0, 9), st.booleans()), max_size=16),
    st.integers(16, 512),
    st.integers(SMALLEST_CHUNK, 512),
)
def test_no_batch_is_too_large_and_no_reply_is_left_out(
    drawn: list[tuple[int, int, float, bool]], batch_size: int, chunk: int
) -> None:
    slots = [
        slot(held, 1 if replying else pending, arrived=at, replying=replying) for held, pending, at, replying in drawn
    ]
    shares = share(slots, batch_size, chunk)
    counts = {id(each.slot): each.count for each in shares}
    assert sum(counts.values()) <= batch_size
    assert all(0 < each.count <= len(each.slot.pending) for each in shares)
    assert all(counts[id(each)] == 1 for each in slots if each.is_replying)
    prompts = [each for each in shares if not each.slot.is_replying]
    assert sum(each.count for each in prompts) <= chunk
    assert prompts or not any(each.pending for each in slots if not each.is_replying) or batch_size == len(shares)


def test_chunks_are_sized_by_time() -> None:
    pace = Pace(1000.0)
    assert pace.chunk(10_000, reply_runs=False) == int(1000 * ALONE_CHUNK_S)
    assert pace.chunk(512, reply_runs=False) == 512


def test_a_slow_machine_still_moves_on() -> None:
    assert Pace(1.0).chunk(512, reply_runs=True) == SMALLEST_CHUNK


def test_an_unknown_pace_is_careful_beside_a_reply() -> None:
    assert Pace().chunk(512, reply_runs=True) < Pace().chunk(512, reply_runs=False) == 512


def test_the_pace_is_learnt_from_batches_that_tell() -> None:
    pace = Pace(100.0)
    pace.learn(1, 0.5)
    pace.learn(100, 0.0)
    assert pace.chunk(10_000, reply_runs=False) == int(100 * ALONE_CHUNK_S)
    for _ in range(50):
        pace.learn(100, 0.1)
    assert abs(pace.chunk(10_000, reply_runs=False) - 1000 * ALONE_CHUNK_S) <= 1
    fresh = Pace()
    fresh.learn(100, 0.1)
    assert fresh.chunk(10_000, reply_runs=False) == int(1000 * ALONE_CHUNK_S)


def test_room_is_a_prompt_and_a_page_of_the_reply() -> None:
    assert room_needed(100, None, 8192) == 356
    assert room_needed(100, 10, 8192) == 110
    assert room_needed(100, 100_000, 8192) == 356
    assert room_needed(8000, None, 8192) == 8192


def test_a_shared_prefix_counts_once() -> None:
    first, second = slot(100, 5), slot(60, 0, arrived=None)
    assert cells_in_use([first, second], busy_only=False) == 105
    assert cells_in_use([first, second], busy_only=True) == 105
    other = slot(60, 0, arrived=None, base=1000)
    assert cells_in_use([first, other], busy_only=False) == 165
    assert cells_in_use([first, other], busy_only=True) == 105
    assert cells_in_use([second, first], busy_only=False) == 105
