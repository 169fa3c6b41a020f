"""Several replies at once: one batch for all, a queue for more, and room made where the pool is full."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from bare_llama import ask
from engine_run import GREEDY, PATIENCE_S, Run, begin, collect, follow, opened, raw, reply
from tiny_model import EOS, EOT

from chatapp.backends.local import LocalBackend
from chatapp.backends.local_generation import LocalGeneration
from chatapp.core.backend import Prepared
from chatapp.core.errors import EngineError
from chatapp.core.events import PromptProgress, Queued, TextAdded
from chatapp.core.parameters import Value

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENDLESS: dict[str, Value] = {"temperature": 1.0, "ignore_eos": True}


async def collect_all(generations: Sequence[LocalGeneration]) -> list[Run]:
    return list(await asyncio.gather(*map(collect, generations)))


def assert_greedy(model: Path, prepared: Sequence[Prepared], runs: Sequence[Run]) -> None:
    """Each token is the likeliest after those before it, but for near ties, which rounding decides."""
    prompts = [each.token_ids or () for each in prepared]
    jobs = [
        {"tokens": [*prompt, *run.tokens], "judge": len(prompt), "banned": [EOS, EOT]}
        for prompt, run in zip(prompts, runs, strict=True)
    ]
    assert max(map(max, ask(model, jobs, context_size=512))) < 0.2


async def test_two_replies_grow_side_by_side(engine: LocalBackend) -> None:
    generations = [await begin(engine, raw(prompt, **ENDLESS)) for prompt in ("One", "Another")]
    owners: list[int] = []

    async def read(index: int) -> None:
        async for event in generations[index]:
            if isinstance(event, TextAdded):
                owners.append(index)
            if min(owners.count(0), owners.count(1)) == 10:
                for generation in generations:
                    await generation.stop()

    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(read(0), read(1))
    # Neither waits for the other: the texts change hands again and again.
    assert sum(first != second for first, second in pairwise(owners)) > 5


async def test_neighbours_do_not_change_a_reply(engine: LocalBackend, tiny_model: Path) -> None:
    prompts = ["The first of four", "A second", "Third comes another one, which is longer", "4"]
    prepared = [await engine.prepare(raw(prompt, max_new_tokens=60, **GREEDY)) for prompt in prompts]
    runs = await collect_all([await engine.start(each) for each in prepared])
    assert_greedy(tiny_model, prepared, runs)


async def test_a_long_prompt_does_not_hold_up_a_reply(engine: LocalBackend) -> None:
    short = await begin(engine, raw("One", **ENDLESS))
    async for event in short:
        if isinstance(event, TextAdded):
            break
    long = await begin(engine, raw("word " * 1500, max_new_tokens=1, **GREEDY))
    texts = 0

    async def read_short() -> None:
        nonlocal texts
        async for event in short:
            texts += isinstance(event, TextAdded)

    async def read_long() -> int:
        before = None
        async for event in long:
            if isinstance(event, PromptProgress) and before is None:
                before = texts
        await short.stop()
        return texts - (before or 0)

    async with asyncio.timeout(PATIENCE_S):
        _, meanwhile = await asyncio.gather(read_short(), read_long())
    assert meanwhile > 0


async def test_more_requests_than_sequences_wait_and_say_so(engine: LocalBackend) -> None:
    others = [await begin(engine, raw(f"Number {number}", **ENDLESS)) for number in range(16)]
    last = await begin(engine, raw("One too many", max_new_tokens=5, **GREEDY))

    async def stop_others() -> None:
        for other in others:
            await other.stop()

    run = await collect(last, Queued, stop_others)
    (waited,) = run.of(Queued)
    assert isinstance(waited, Queued) and "16 replies" in waited.reason
    assert run.end.reply_tokens == 5
    assert {(await collect(other)).end.stop_reason for other in others} == {"stopped"}


async def test_a_request_that_waits_can_be_stopped(tiny_model: Path, tmp_path: Path) -> None:
    async with opened(tiny_model, tmp_path, context_size=8192) as engine:
        running = await begin(engine, raw("x", **ENDLESS))
        waiting = await begin(engine, raw("y" * 8100, **ENDLESS))
        stopped = await collect(waiting, Queued, waiting.stop)
        assert (stopped.end.stop_reason, stopped.end.reply_tokens) == ("stopped", 0)
        await running.stop()
        assert (await collect(running)).end.reply_tokens > 0


async def test_what_has_no_room_waits_and_then_comes(tiny_model: Path, tmp_path: Path) -> None:
    async with opened(tiny_model, tmp_path, context_size=256) as engine:
        prepared = [await engine.prepare(raw(letter * 200, max_new_tokens=50, **GREEDY)) for letter in "abc"]
        runs = await collect_all([await engine.start(each) for each in prepared])
    assert [run.end.reply_tokens for run in runs] == [50, 50, 50]
    assert any("no room" in event.reason for run in runs for event in run.of(Queued) if isinstance(event, Queued))
    assert_greedy(tiny_model, prepared, runs)


async def test_replies_that_outgrow_the_pool_are_all_written_to_their_end(tiny_model: Path, tmp_path: Path) -> None:
    async with opened(tiny_model, tmp_path, context_size=512) as engine:
        prompts = ("One", "Two and", "Three of them", "4 is more")
        prepared = [await engine.prepare(raw(prompt, **GREEDY)) for prompt in prompts]
        runs = await collect_all([await engine.start(each) for each in prepared])
    assert [run.end.stop_reason for run in runs] == ["context_full"] * 4
    assert [run.end.prompt_tokens + run.end.reply_tokens for run in runs] == [512] * 4
    assert any(run.of(Queued) for run in runs)
    assert_greedy(tiny_model, prepared, runs)


async def test_samples_of_a_long_prompt_share_its_cells(tiny_model: Path, tmp_path: Path) -> None:
    async with opened(tiny_model, tmp_path, context_size=512) as engine:
        run = await reply(engine, raw("z" * 300, samples=3, max_new_tokens=30, **GREEDY))
        order = [(event.sample, type(event).__name__) for event in run.events]
        # Had each needed cells of its own, one would have waited for the end of another.
        ends = [place for place, (_, kind) in enumerate(order) if kind == "Finished"]
        starts = [order.index((sample, "TextAdded")) for sample in range(3)]
        assert max(starts) < min(ends)
        assert not any("no room" in event.reason for event in run.of(Queued) if isinstance(event, Queued))


async def test_a_token_that_the_model_lacks_fails_alone(engine: LocalBackend) -> None:
    other = await begin(engine, raw("Neighbour", max_new_tokens=200, **GREEDY))
    with pytest.raises(EngineError, match="does not have"):
        await follow(engine, (5, 6, 100_000), **GREEDY)
    assert (await collect(other)).end.reply_tokens == 200
