"""Models in memory: unloaded when idle, several within a budget, and seen by other processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from engine_run import GREEDY, begin, collect, opened, raw, reply, wait_until

from chatapp.backends.local import LocalBackend
from chatapp.backends.pool import MakeRoom, Pool
from chatapp.core.events import TextAdded
from chatapp.core.loading import LoadSettings
from chatapp.engine.client import Upkeep
from chatapp.engine.holdings import Holdings
from chatapp.rendering.renderer import Renderer

MakeModel = Callable[..., Path]
LONG = {"max_new_tokens": 100_000, "ignore_eos": True, "temperature": 1.0}
SETTINGS = LoadSettings(context_size=512, threads=1)

OTHER = """
import asyncio, sys
from pathlib import Path
from chatapp.backends.local import LocalBackend
from chatapp.core.loading import LoadSettings
from chatapp.engine.client import Upkeep
from chatapp.engine.holdings import Holdings
from chatapp.rendering.renderer import Renderer

async def main(model, directory, logs):
    holdings = Holdings(Path(directory), program="other")
    load = LoadSettings(context_size=512, threads=1)
    upkeep = Upkeep(holdings=holdings)
    backend = LocalBackend(Path(model), renderer=Renderer(), load=load, logs=Path(logs), upkeep=upkeep)
    async for _ in backend.load():
        pass
    print(backend.worker_pid, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await backend.close()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def holdings(tmp_path: Path) -> Holdings:
    return Holdings(tmp_path / "loaded", program="test")


@asynccontextmanager
async def pooled(
    tmp_path: Path, *, budget_bytes: int = 0, unload_after_s: float = 0.0, holdings: Holdings | None = None
) -> AsyncIterator[Pool]:
    renderer = Renderer()

    def make(model: Path, load: LoadSettings, make_room: MakeRoom) -> LocalBackend:
        return LocalBackend(
            model, renderer=renderer, load=load, logs=tmp_path / "logs",
            upkeep=Upkeep(holdings=holdings, unload_after_s=unload_after_s, make_room=make_room),
        )  # fmt: skip

    pool = Pool(make, budget_bytes=budget_bytes)
    try:
        yield pool
    finally:
        await pool.close()
        await renderer.close()


@asynccontextmanager
async def other_process(model: Path, holdings: Holdings, tmp_path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that has loaded `model`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OTHER, str(model), str(holdings._directory), str(tmp_path / "other-logs")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        assert (await process.stdout.readline()).strip().isdigit()
        yield process
    finally:
        process.stdin.close()
        await process.wait()


# Idle


async def test_an_idle_model_is_unloaded_and_comes_back_as_it_was(tiny_model: Path, tmp_path: Path) -> None:
    async with pooled(tmp_path, unload_after_s=0.1) as pool:
        backend = pool.backend(tiny_model, SETTINGS)
        before = await reply(backend, raw("Once", max_new_tokens=8, **GREEDY))
        card, worker = backend.model, backend.worker_pid
        await asyncio.wait_for(backend.unloading(), 60)
        assert backend.unloaded == "unloaded after 0 s without a message"
        assert backend.worker_pid is None and backend.held_bytes == 0
        assert backend.model == card is not None
        fractions = [fraction async for fraction in backend.load()]
        assert (fractions[0], fractions[-1]) == (0.0, 1.0)
        assert backend.unloaded == "" and backend.worker_pid not in (None, worker)
        after = await reply(backend, raw("Once", max_new_tokens=8, **GREEDY))
        assert after.tokens == before.tokens


async def test_a_model_is_not_unloaded_while_it_writes_or_without_being_told(slow_model: Path, tmp_path: Path) -> None:
    async with pooled(tmp_path, unload_after_s=0.1) as pool:
        backend = pool.backend(slow_model, LoadSettings(context_size=16_384, threads=1))
        running = await begin(backend, raw("Once", **LONG))
        leaving = asyncio.create_task(backend.unloading())

        async def refuse() -> None:
            assert backend.is_busy
            assert not await backend.unload("now")
            await asyncio.sleep(1.5)  # a look of the client's, which would unload it
            assert backend.worker_pid is not None and not leaving.done()
            await running.stop()

        run = await collect(running, TextAdded, refuse)
        assert run.end.stop_reason == "stopped"
        await asyncio.wait_for(leaving, 60)
    async with opened(slow_model, tmp_path / "logs") as backend:
        assert not await backend.unload("before it was there")
        assert backend.model is None and backend.unloaded == ""


async def test_a_prepared_prompt_outlives_an_unloading(tiny_model: Path, tmp_path: Path) -> None:
    async with opened(tiny_model, tmp_path) as backend:
        prepared = await backend.prepare(raw("Once", max_new_tokens=4, **GREEDY))
        first = await collect(await backend.start(prepared))
        assert await backend.unload("unloaded by a test")
        again = await collect(await backend.start(prepared))
        assert again.tokens == first.tokens


async def test_an_unloaded_model_that_is_gone_is_said_to_be(make_model: MakeModel, tmp_path: Path) -> None:
    model = make_model()
    async with opened(model, tmp_path / "logs") as backend:
        await backend.prepare(raw("x"))
        assert await backend.unload("unloaded by a test")
        model.unlink()
        with pytest.raises(Exception, match="no file"):
            await backend.prepare(raw("x"))


async def test_closing_while_it_unloads(tiny_model: Path, tmp_path: Path) -> None:
    async with opened(tiny_model, tmp_path) as backend:
        await backend.prepare(raw("x"))
        unloading = asyncio.create_task(backend.unload("unloaded by a test"))
        await wait_until(lambda: backend.unloaded != "")
        await backend.close()
        assert await unloading


# Records


async def test_a_model_is_recorded_from_its_load_to_its_end(
    slow_model: Path, tmp_path: Path, holdings: Holdings
) -> None:
    async with pooled(tmp_path, holdings=holdings) as pool:
        backend = pool.backend(slow_model, LoadSettings(context_size=16_384, threads=1))
        assert holdings.list() == []
        running = await begin(backend, raw("Once", **LONG))
        (record,) = holdings.list()
        assert (record.model, record.path, record.program) == ("slow", str(slow_model), "test")
        assert (record.owner_pid, record.worker_pid) == (os.getpid(), backend.worker_pid)
        assert record.device == "cpu×1" and record.context_size == 16_384
        assert record.footprint.mapped_bytes + record.footprint.weights_bytes > 14_000_000
        assert record.footprint.context_bytes == 16_384 * 8 * 2 * 384 * 2
        assert record.footprint.compute_bytes > 0

        async def seen() -> None:
            await wait_until(lambda: [each.state for each in holdings.list()] == ["busy"])
            await running.stop()

        await collect(running, TextAdded, seen)
        await wait_until(lambda: [each.state for each in holdings.list()] == ["idle"])
        (later,) = holdings.list()
        assert later.last_used > record.last_used and later.since == record.since
        assert await backend.unload("unloaded by a test")
        assert holdings.list() == []
        await backend.prepare(raw("x"))
        assert [each.state for each in holdings.list()] == ["idle"]
    assert holdings.list() == []


async def test_a_load_is_recorded_and_one_that_fails_is_not(tmp_path: Path, holdings: Holdings) -> None:
    from test_engine_load import foreign_architecture

    model = tmp_path / "broken.gguf"
    foreign_architecture(model)
    async with pooled(tmp_path, holdings=holdings) as pool:
        with pytest.raises(Exception, match="lhama"):
            await pool.backend(model, SETTINGS).prepare(raw("x"))
        assert holdings.list() == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
async def test_a_worker_that_crashed_is_not_listed(tiny_model: Path, tmp_path: Path, holdings: Holdings) -> None:
    async with pooled(tmp_path, holdings=holdings) as pool:
        backend = pool.backend(tiny_model, SETTINGS)
        await backend.prepare(raw("x"))
        assert backend.worker_pid is not None
        os.kill(backend.worker_pid, signal.SIGKILL)
        await wait_until(lambda: backend.worker_pid is None)
        assert holdings.list() == []
        await backend.prepare(raw("x"))
        assert [each.worker_pid for each in holdings.list()] == [backend.worker_pid]


async def test_a_wish_from_elsewhere_unloads_what_is_idle(tiny_model: Path, tmp_path: Path, holdings: Holdings) -> None:
    async with pooled(tmp_path, holdings=holdings) as pool:
        backend = pool.backend(tiny_model, SETTINGS)
        await backend.prepare(raw("x"))
        leaving = asyncio.create_task(backend.unloading())
        holdings.ask_to_unload(holdings.list()[0])
        await asyncio.wait_for(leaving, 60)
        assert backend.unloaded == "unloaded by “chatapp models unload”"
        assert holdings.list() == []


# Two processes


async def test_the_second_is_told_of_the_first_and_not_after_it_was_killed(
    tiny_model: Path, tmp_path: Path, holdings: Holdings
) -> None:
    async with other_process(tiny_model, holdings, tmp_path) as process:
        assert [each.program for each in holdings.list()] == ["other"]
        async with pooled(tmp_path, holdings=holdings) as pool:
            backend = pool.backend(tiny_model, SETTINGS)
            await backend.prepare(raw("x"))
            (notice,) = backend.notices
            assert f"chatapp other (process {process.pid}, since " in notice and "more memory" in notice
            assert {each.owner_pid for each in holdings.list()} == {process.pid, os.getpid()}
            process.kill()
            await process.wait()
            assert [each.owner_pid for each in holdings.list()] == [os.getpid()]
            assert await backend.unload("unloaded by a test")
            await backend.prepare(raw("x"))
            assert backend.notices == ()


async def test_one_that_keeps_nothing_is_told_and_tells_nobody(
    tiny_model: Path, tmp_path: Path, holdings: Holdings
) -> None:
    incognito = Holdings(holdings._directory, program="test", keeps=False)
    async with pooled(tmp_path, holdings=holdings) as pool, pooled(tmp_path, holdings=incognito) as hidden:
        await pool.backend(tiny_model, SETTINGS).prepare(raw("x"))
        await hidden.backend(tiny_model, SETTINGS).prepare(raw("x"))
        assert len(hidden.backend(tiny_model, SETTINGS).notices) == 1
        assert len(holdings.list()) == 1


# A budget


async def test_the_model_idle_the_longest_makes_room(make_model: MakeModel, tmp_path: Path) -> None:
    models = [make_model(f"model-{number}.gguf") for number in range(3)]
    async with pooled(tmp_path) as unlimited:
        measured = unlimited.backend(models[0], SETTINGS)
        await measured.prepare(raw("x"))
        held, estimate = measured.held_bytes, measured.needed_bytes()
    assert 0 < held < 2 * estimate
    async with pooled(tmp_path, budget_bytes=2 * max(held, estimate) + min(held, estimate) // 2) as pool:
        first, second, third = (pool.backend(model, SETTINGS) for model in models)
        assert pool.backend(models[0], SETTINGS) is first
        for backend in (first, second, first):
            await reply(backend, raw("x", max_new_tokens=1, **GREEDY))
        assert first.held_bytes and second.held_bytes
        await reply(third, raw("x", max_new_tokens=1, **GREEDY))
        assert [bool(backend.held_bytes) for backend in pool.backends] == [True, False, True]
        assert second.unloaded == "unloaded to make room for model-2"
        await reply(second, raw("x", max_new_tokens=1, **GREEDY))
        assert [bool(backend.held_bytes) for backend in pool.backends] == [False, True, True]
        assert [backend.notices for backend in pool.backends] == [(), (), ()]


async def test_a_busy_model_stays_and_the_other_says_that_both_are_too_much(
    make_model: MakeModel, slow_model: Path, tmp_path: Path
) -> None:
    async with pooled(tmp_path, budget_bytes=1) as pool:
        busy = pool.backend(slow_model, LoadSettings(context_size=16_384, threads=1))
        other = pool.backend(make_model("other.gguf"), SETTINGS)
        running = await begin(busy, raw("Once", **LONG))
        assert "slow takes about" in busy.notices[0] and "memory_budget" in busy.notices[0]

        async def load_another() -> None:
            await other.prepare(raw("x"))
            assert busy.worker_pid is not None and other.worker_pid is not None
            await running.stop()

        await collect(running, TextAdded, load_another)
        assert "beside" in other.notices[0] and "busy" in other.notices[0]
