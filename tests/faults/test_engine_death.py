"""The engine dies in every way that it can: the reply fails with its reason, and the next one is answered.

`CHATAPP_ENGINE_CRASH_POINTS` sets the number of random moments.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

from engine_run import GREEDY, PATIENCE_S, Run, begin, opened, raw, reply, wait_until
from process_state import is_alive

import chatapp
from chatapp.backends.local import LocalBackend
from chatapp.core.errors import ChatappError, EngineCrashed, EngineHung, ModelInvalid
from chatapp.core.events import TextAdded
from chatapp.core.parameters import Value

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(sys.platform == "win32", reason="needs signals"),
]

POINTS = int(os.environ.get("CHATAPP_ENGINE_CRASH_POINTS", "12"))
SIGNALS = ["SIGKILL", "SIGSEGV", "SIGABRT", "SIGBUS"]
ENDLESS: dict[str, Value] = {"temperature": 1.0, "ignore_eos": True}
ROOMY = 16384


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalBackend]:
    async with opened(tiny_model, tmp_path_factory.mktemp("logs"), context_size=ROOMY) as backend:
        yield backend


def pid_of(engine: LocalBackend) -> int:
    assert engine.worker_pid is not None
    return engine.worker_pid


async def interrupted(engine: LocalBackend, act: Callable[[int], None], after: int) -> tuple[Run, ChatappError]:
    """A reply whose engine suffers `act` after so many texts; what came of it, and the error that ended it."""
    generation = await begin(engine, raw("Once upon a time", **ENDLESS))
    run = Run()
    if after == 0:
        act(pid_of(engine))
    with pytest.raises(ChatappError) as caught:
        async with asyncio.timeout(PATIENCE_S):
            async for event in generation:
                run.take(event)
                if isinstance(event, TextAdded):
                    after -= 1
                    if after == 0:
                        act(pid_of(engine))
    return run, caught.value


async def assert_answers(engine: LocalBackend) -> None:
    run = await reply(engine, raw("And again", max_new_tokens=5, **GREEDY))
    assert run.end.reply_tokens == 5


@pytest.mark.parametrize("point", range(POINTS))
async def test_an_engine_that_dies_at_a_random_moment_is_replaced(engine: LocalBackend, point: int) -> None:
    name = SIGNALS[point % len(SIGNALS)]
    after = random.Random(point).randrange(25)
    await assert_answers(engine)
    before = pid_of(engine)
    run, error = await interrupted(engine, lambda pid: os.kill(pid, signal.Signals[name]), after)
    assert isinstance(error, EngineCrashed)
    assert name in error.message and error.hint
    assert after == 0 or run.text
    await assert_answers(engine)
    assert pid_of(engine) != before
    assert not is_alive(before)


async def test_everybody_who_waits_is_told(engine: LocalBackend) -> None:
    generations = [await begin(engine, raw(f"Number {number}", **ENDLESS)) for number in range(20)]

    async def read(index: int) -> ChatappError:
        is_killed = False
        with pytest.raises(EngineCrashed) as caught:
            async for event in generations[index]:
                # Text that was on its way comes after the kill; the process is gone by then.
                if index == 0 and isinstance(event, TextAdded) and not is_killed:
                    is_killed = True
                    os.kill(pid_of(engine), signal.SIGKILL)
        return caught.value

    async with asyncio.timeout(PATIENCE_S):
        errors = await asyncio.gather(*map(read, range(20)))
    assert len({error.message for error in errors}) == 1
    await assert_answers(engine)


async def test_the_second_crash_in_a_row_gets_another_hint(engine: LocalBackend) -> None:
    await assert_answers(engine)
    errors = [(await interrupted(engine, lambda pid: os.kill(pid, signal.SIGKILL), 3))[1] for _ in range(2)]
    assert errors[0].hint != errors[1].hint
    assert "before" in errors[1].hint
    await assert_answers(engine)
    _, third = await interrupted(engine, lambda pid: os.kill(pid, signal.SIGKILL), 3)
    assert third.hint == errors[0].hint


async def test_an_engine_that_dies_while_nobody_waits_is_started_again(engine: LocalBackend) -> None:
    await assert_answers(engine)
    os.kill(pid_of(engine), signal.SIGKILL)
    await wait_until(lambda: engine.worker_pid is None)
    await assert_answers(engine)


async def test_an_engine_that_dies_while_it_loads(make_model: Callable[..., Path], tmp_path: Path) -> None:
    model = make_model(layers=6, width=512, feed_forward=2048)
    async with opened(model, tmp_path) as engine:
        waiting = asyncio.create_task(engine.prepare(raw("x")))
        await wait_until(lambda: engine.worker_pid is not None)
        os.kill(pid_of(engine), signal.SIGKILL)
        with pytest.raises(EngineCrashed, match="SIGKILL"):
            await waiting
        await assert_answers(engine)


async def test_a_file_cut_short_under_the_engine(tiny_model: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    shutil.copy(tiny_model, model)
    async with opened(model, tmp_path / "logs") as engine:
        await assert_answers(engine)
        os.truncate(model, 4096)
        with pytest.raises(EngineCrashed, match="SIGBUS"):
            await reply(engine, raw("Something that was not computed", max_new_tokens=5, **GREEDY))
        with pytest.raises(ModelInvalid):
            await engine.prepare(raw("x"))


@pytest.mark.slow
async def test_an_engine_that_stands_still_is_ended(engine: LocalBackend) -> None:
    before = 0

    def stop(pid: int) -> None:
        nonlocal before
        before = pid
        os.kill(pid, signal.SIGSTOP)

    run, error = await interrupted(engine, stop, 5)
    assert isinstance(error, EngineHung)
    assert "no sign of life" in error.message
    assert run.text
    await assert_answers(engine)
    assert not is_alive(before)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
async def test_an_engine_that_talks_nonsense_is_ended(engine: LocalBackend) -> None:
    _, error = await interrupted(engine, lambda pid: answers_of(pid).write_bytes(b"\x05\0\0\0what?"), 5)
    assert isinstance(error, EngineCrashed)
    assert "damaged" in error.message
    await assert_answers(engine)
    _, error = await interrupted(engine, lambda pid: answers_of(pid).write_bytes(b"\xff\xff\xff\xffwhat?"), 5)
    assert isinstance(error, EngineCrashed)
    await assert_answers(engine)


def answers_of(pid: int) -> Path:
    """The pipe through which the worker `pid` answers."""
    for path in Path(f"/proc/{pid}/fd").iterdir():
        flags = Path(f"/proc/{pid}/fdinfo/{path.name}").read_text(encoding="utf-8").split()
        if str(path.readlink()).startswith("pipe:") and int(flags[flags.index("flags:") + 1], 8) & os.O_WRONLY:
            return path
    raise AssertionError("the worker has no pipe to write to")


async def test_a_worker_does_not_outlive_its_parent(tiny_model: Path, tmp_path: Path) -> None:
    script = Path(__file__).with_name("engine_parent.py")
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        str(tiny_model),
        str(tmp_path),
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(chatapp.__file__).parents[1])},
    )
    assert parent.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        pid = int(await parent.stdout.readline())
        assert is_alive(pid)
        parent.kill()
        await wait_until(lambda: not is_alive(pid))
        await parent.wait()


@pytest.mark.parametrize("state", ["idle", "streaming", "stopped"])
async def test_closing_leaves_no_process(tiny_model: Path, tmp_path: Path, state: str) -> None:
    async with opened(tiny_model, tmp_path, context_size=ROOMY) as engine:
        await assert_answers(engine)
        pid = pid_of(engine)
        if state == "streaming":
            generation = await begin(engine, raw("x", **ENDLESS))
        if state == "stopped":
            os.kill(pid, signal.SIGSTOP)
    assert not is_alive(pid)
    assert list(tmp_path.glob("*.log")) == []
    if state == "streaming":
        with pytest.raises(ChatappError, match="closed"):
            async for _ in generation:
                pass
