"""A batch on the scripted backend: order, failures, going on after any end, and what is refused then."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from chatapp.backends.script import Failure, Script
from chatapp.backends.scripted import CARD, ScriptedBackend
from chatapp.chat.batch.batch import Batch, check_input, known_seed
from chatapp.chat.batch.output import Output, Standing
from chatapp.chat.batch.plan import Plan, seed_of
from chatapp.chat.batch.record import read_record, record_path
from chatapp.chat.batch.source import Source, form_of
from chatapp.core.backend import GenerationRequest
from chatapp.core.errors import (
    ChatappError,
    ContextFull,
    EngineCrashed,
    FileProblem,
    ModelLoadFailed,
    StoreUnwritable,
    TemplateFailed,
    UsageError,
)
from chatapp.core.loading import LoadSettings

PLAN = Plan(seed=9)
Rows = list[dict[str, object]]


def asked(request: GenerationRequest) -> str:
    return request.messages[-1].text if request.prompt is None else request.prompt


def answer(request: GenerationRequest) -> Script:
    return Script(text=f"{asked(request)} with {request.edits['seed']}")


class Bench:
    """A folder with prompts, and batches of them."""

    def __init__(self, folder: Path, count: int = 30) -> None:
        self.prompts, self.output = folder / "prompts.jsonl", folder / "out.jsonl"
        self.ask([{"prompt": f"row {index}"} for index in range(count)])

    def ask(self, rows: Rows) -> None:
        self.prompts.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def batch(self, output: Output, plan: Plan = PLAN, load: LoadSettings | None = None) -> Batch:
        source = Source(path=self.prompts, form=form_of(self.prompts), raw=plan.raw, edits=plan.edits)
        rows = check_input(source, takes_bad_rows=True).rows
        return Batch(source, plan, output, rows=rows, load=load or LoadSettings(), model=CARD.path)

    async def run(
        self,
        backend: ScriptedBackend | None = None,
        *,
        plan: Plan = PLAN,
        parallel: int = 4,
        force: bool = False,
        retry: bool = False,
    ) -> Standing:
        with Output(self.output) as output:
            batch = self.batch(output, plan)
            standing = batch.resume(force=force, retry=retry)
            if batch.is_whole:
                batch.finish()
            else:
                await batch.run(backend or ScriptedBackend(answer), parallel=parallel, force=force)
            return standing

    @property
    def rows(self) -> Rows:
        return [json.loads(line) for line in self.output.read_text(encoding="utf-8").splitlines()]

    @property
    def texts(self) -> list[object]:
        return [row["text"] for row in self.rows]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def expected(count: int = 30, seed: int = 9) -> list[object]:
    return [f"row {index} with {seed_of(seed, index)}" for index in range(count)]


async def test_rows_are_written_in_order_whatever_ends_first(bench: Bench) -> None:
    def script(request: GenerationRequest) -> Script:
        slow = int(asked(request).split()[1]) % 4 == 0
        return msgspec.structs.replace(answer(request), tokens_per_second=50.0 if slow else None)

    backend = ScriptedBackend(script)
    assert await bench.run(backend) == Standing()
    assert [row["index"] for row in bench.rows] == list(range(30))
    assert bench.texts == expected()
    first = bench.rows[0]
    assert (first["line"], first["prompt"], first["stop_reason"], first["error"]) == (1, "row 0", "end", None)
    assert first["counts"] == {"prompt": 6, "cached": 0, "processed": 6, "reply": 4}
    assert first["seed"] == seed_of(9, 0)
    record = read_record(bench.output)
    assert record is not None
    assert (record.rows, record.failed, record.seed) == (30, 0, 9)
    assert "temperature" in record.settings


@pytest.mark.parametrize("parallel", [1, 3, 8])
async def test_no_more_are_asked_at_once_than_wished(bench: Bench, parallel: int) -> None:
    running, most = 0, 0

    class Counting(ScriptedBackend):
        async def start(self, prepared):  # type: ignore[no-untyped-def]
            nonlocal running, most
            running += 1
            most = max(most, running)
            generation = await super().start(prepared)
            events = type(generation).__aiter__

            async def counted():  # type: ignore[no-untyped-def]
                nonlocal running
                async for event in events(generation):
                    yield event
                running -= 1

            class Counted:
                stop = generation.stop

                def __aiter__(self):  # type: ignore[no-untyped-def]
                    return counted()

            return Counted()

    await bench.run(
        Counting(lambda request: msgspec.structs.replace(answer(request), tokens_per_second=1000.0)), parallel=parallel
    )
    assert most == parallel
    assert bench.texts == expected()


async def test_rows_that_are_ready_behind_a_gap_are_kept(bench: Bench) -> None:
    def held(request: GenerationRequest) -> Script:
        return msgspec.structs.replace(answer(request), tokens_per_second=0.5 if asked(request) == "row 12" else None)

    ahead = bench.output.with_name("out.jsonl.ahead")
    with Output(bench.output) as output:
        batch = bench.batch(output)
        backend = ScriptedBackend(held)
        task = asyncio.create_task(batch.run(backend, parallel=4))
        # Row 12 takes for ever; those behind it are ready, as far as the window goes.
        while batch.progress.written < 12 or len(backend.requests) < 12 + 16:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert len(bench.rows) == 12
    kept = [json.loads(line)["index"] for line in ahead.read_text(encoding="utf-8").splitlines()]
    assert kept == list(range(13, 28))
    backend = ScriptedBackend(answer)
    assert (await bench.run(backend)).rows == 12
    assert [asked(request) for request in backend.requests] == ["row 12", "row 28", "row 29"]
    assert bench.texts == expected()
    assert not ahead.exists()


async def test_rows_that_are_kept_before_the_first_is_written_are_of_the_same_settings(bench: Bench) -> None:
    await bench.run()
    ahead = bench.output.with_name("out.jsonl.ahead")
    ahead.write_bytes(b"".join(bench.output.read_bytes().splitlines(keepends=True)[2:9]))
    bench.output.write_bytes(b"")
    assert "the seed was 9 and is 8" in await refused(bench, Plan(seed=8))
    backend = ScriptedBackend(answer)
    await bench.run(backend)
    assert len(backend.requests) == 30 - 7
    assert bench.texts == expected()


@pytest.mark.parametrize("end", [b"", b'{"index":1', b'{"index":18,"line":1', b"\0\0\0", b"\0\0\n", b'{"a":1}\n'])
async def test_half_a_line_is_mended(bench: Bench, end: bytes) -> None:
    await bench.run()
    whole = bench.output.read_bytes()
    lines = whole.splitlines(keepends=True)
    bench.output.write_bytes(b"".join(lines[:18]) + end)
    assert await bench.run() == Standing(18, 0, bool(end))
    assert without_timings(bench.output.read_bytes()) == without_timings(whole)


def without_timings(content: bytes) -> Rows:
    rows = [json.loads(line) for line in content.splitlines()]
    for row in rows:
        for name in ("timings", "tokens_per_second", "counts"):
            del row[name]
    return rows


@pytest.mark.parametrize("cut", range(0, 400, 37))
async def test_any_cut_goes_on_to_the_same_end(tmp_path: Path, cut: int) -> None:
    bench = Bench(tmp_path, 6)
    await bench.run()
    whole = bench.output.read_bytes()
    bench.output.write_bytes(whole[: len(whole) - cut])
    await bench.run()
    assert without_timings(bench.output.read_bytes()) == without_timings(whole)


async def test_a_whole_batch_asks_nothing(bench: Bench) -> None:
    await bench.run()
    before = bench.output.read_bytes()
    backend = ScriptedBackend(answer)
    assert (await bench.run(backend)).rows == 30
    assert backend.requests == []
    assert bench.output.read_bytes() == before


async def test_rows_that_were_added_are_asked(bench: Bench) -> None:
    await bench.run()
    bench.ask([{"prompt": f"row {index}"} for index in range(33)])
    await bench.run()
    assert bench.texts == expected(33)


async def refused(bench: Bench, plan: Plan = PLAN) -> str:
    before = bench.output.read_bytes()
    with pytest.raises(UsageError) as error:
        await bench.run(plan=plan)
    assert bench.output.read_bytes() == before
    assert "--restart" in error.value.hint and "--force" in error.value.hint
    return error.value.message


async def test_a_changed_row_is_refused_and_force_goes_on(bench: Bench) -> None:
    await bench.run()
    bench.output.write_bytes(b"".join(bench.output.read_bytes().splitlines(keepends=True)[:10]))
    bench.ask([{"prompt": f"row {index}" if index != 3 else "other"} for index in range(30)])
    assert "input line 4" in await refused(bench)
    await bench.run(force=True)
    assert bench.texts == expected()
    bench.ask([{"prompt": "row 0"}])
    assert "no longer has" in await refused(bench)


async def test_changed_settings_are_named(bench: Bench) -> None:
    await bench.run()
    bench.output.write_bytes(b"".join(bench.output.read_bytes().splitlines(keepends=True)[:10]))
    changed = msgspec.structs.replace(PLAN, edits={"temperature": 0.5}, system="Be brief.")
    said = await refused(bench, changed)
    assert "temperature was unset and is 0.5" in said
    assert 'the system prompt was "" and is "Be brief."' in said
    assert "the seed was 9 and is 8" in await refused(bench, Plan(seed=8))
    await bench.run(plan=changed, force=True)
    assert len(bench.rows) == 30


async def test_another_model_is_refused(bench: Bench) -> None:
    await bench.run()
    bench.output.write_bytes(b"".join(bench.output.read_bytes().splitlines(keepends=True)[:10]))
    other = ScriptedBackend(answer, card=msgspec.structs.replace(CARD, fingerprint="other"))
    with pytest.raises(UsageError, match="another model"):
        await bench.run(other)
    await bench.run(other, force=True)
    assert len(bench.rows) == 30


async def test_a_file_that_no_batch_wrote_is_left_alone(bench: Bench) -> None:
    bench.output.write_text("my notes\nof today\n", encoding="utf-8")
    assert "no record" in await refused(bench)
    with pytest.raises(FileProblem, match="line 1: this is not row 0"):
        await bench.run(force=True)
    assert bench.output.read_text(encoding="utf-8") == "my notes\nof today\n"


async def test_a_broken_line_in_the_middle_is_named(bench: Bench) -> None:
    await bench.run()
    lines = bench.output.read_bytes().splitlines(keepends=True)
    bench.output.write_bytes(b"".join([*lines[:4], b"{}\n", *lines[5:]]))
    with pytest.raises(FileProblem, match="line 5"):
        await bench.run()
    bench.output.write_bytes(b"".join([*lines[:4], *lines[5:]]))
    with pytest.raises(FileProblem, match="line 5"):
        await bench.run()


def failing(*rows: int, error: ChatappError, times: int = 1000) -> Callable[[GenerationRequest], Script]:
    left = dict.fromkeys(rows, times)

    def script(request: GenerationRequest) -> Script:
        number = int(asked(request).split()[1])
        return msgspec.structs.replace(answer(request), failure=Failure(error, 1) if number in left else None)

    return script


async def test_a_row_that_fails_is_a_row_and_the_batch_goes_on(bench: Bench) -> None:
    await bench.run(ScriptedBackend(failing(5, 17, error=ContextFull("Too long.", hint="Shorten it."))))
    assert [row["index"] for row in bench.rows if row["error"]] == [5, 17]
    error = bench.rows[5]["error"]
    assert error == {
        "kind": "ContextFull", "title": "The context is full", "message": "Too long.", "hint": "Shorten it.",
    }  # fmt: skip
    assert (bench.rows[5]["text"], bench.rows[5]["prompt"]) == ("", "row 5")
    assert (await bench.run()).failed == 2
    backend = ScriptedBackend(answer)
    await bench.run(backend, retry=True)
    assert sorted(asked(request) for request in backend.requests) == ["row 17", "row 5"]
    assert bench.texts == expected()
    assert [path.name for path in bench.output.parent.glob("*.ahead*")] == []


async def test_bad_rows_are_kept_with_their_error(bench: Bench) -> None:
    bench.ask([{"prompt": "row 0"}, {"prompt": ""}, {"prompt": "row 2"}])
    await bench.run()
    assert bench.texts == [expected()[0], "", expected()[2]]
    assert "line 2" in str(bench.rows[1]["error"])


async def test_a_bad_row_that_was_mended_is_asked_again(bench: Bench) -> None:
    bench.ask([{"prompt": "row 0"}, {"prompt": ""}, {"prompt": "row 2"}])
    await bench.run()
    bench.ask([{"prompt": f"row {index}"} for index in range(3)])
    with pytest.raises(UsageError) as error:
        await bench.run()
    assert "--retry" in error.value.hint
    await bench.run(retry=True)
    assert bench.texts == expected(3)


async def test_where_the_engine_dies_only_the_row_at_fault_fails(bench: Bench) -> None:
    backend = ScriptedBackend(failing(6, error=EngineCrashed("It died.")))
    await bench.run(backend)
    assert [row["index"] for row in bench.rows if row["error"]] == [6]
    assert bench.texts == [text if index != 6 else "" for index, text in enumerate(expected())]


async def test_an_engine_that_always_dies_ends_the_batch_and_it_goes_on(bench: Bench) -> None:
    with pytest.raises(EngineCrashed):
        await bench.run(ScriptedBackend(failing(*range(11, 30), error=EngineCrashed("It died."))))
    assert bench.texts[:11] == expected()[:11]
    assert len(bench.rows) <= 13
    await bench.run(retry=True)
    assert bench.texts == expected()


async def test_a_model_that_does_not_load_ends_it(bench: Bench) -> None:
    with pytest.raises(ModelLoadFailed):
        await bench.run(ScriptedBackend(answer, load_failure=ModelLoadFailed("No.")))
    assert bench.output.read_bytes() == b""
    with pytest.raises(TemplateFailed, match="no chat template"):
        await bench.run(ScriptedBackend(answer, card=msgspec.structs.replace(CARD, template=None)))
    await bench.run()
    assert bench.texts == expected()


async def test_one_output_is_written_by_one_batch(bench: Bench) -> None:
    with Output(bench.output), pytest.raises(UsageError, match="right now"):
        await bench.run()


async def test_what_is_asked_of_a_row(bench: Bench) -> None:
    bench.ask(
        [
            {"prompt": "row 0", "parameters": {"temperature": 0.1, "seed": 4}, "id": "x", "topic": "t"},
            {"prompt": "row 1", "system": "Mine."},
            {"messages": [{"role": "system", "content": "Its."}, {"role": "user", "content": "row 2"}]},
        ]
    )
    plan = Plan(
        seed=9, system="All.", edits={"temperature": 0.7}, thinking={"temperature": 0.2, "top_k": 3}, prefill="So"
    )
    backend = ScriptedBackend(answer)
    await bench.run(backend, plan=plan)
    first, second, third = sorted(backend.requests, key=asked)
    assert (first.edits["temperature"], first.edits["seed"], first.thinking) == (0.1, 4, {"top_k": 3})
    assert [[each.text for each in request.messages] for request in (first, second, third)] == [
        ["All.", "row 0"],
        ["Mine.", "row 1"],
        ["Its.", "row 2"],
    ]
    assert second.edits == {"temperature": 0.7, "seed": seed_of(9, 1)}
    row = bench.rows[0]
    assert (row["id"], row["values"], row["seed"]) == ("x", {"topic": "t"}, 4)
    assert row["parameters"] == {"temperature": 0.1, "seed": 4}
    assert str(row["text"]).startswith("Sorow 0")
    assert bench.rows[2]["messages"] == [{"role": "system", "content": "Its."}, {"role": "user", "content": "row 2"}]


async def test_without_echo_the_digest_stays(bench: Bench) -> None:
    plan = msgspec.structs.replace(PLAN, echo=False)
    await bench.run(plan=plan)
    assert all("prompt" not in row and len(str(row["sha256"])) == 64 for row in bench.rows)
    assert (await bench.run(plan=plan)).rows == 30


async def test_the_seed_is_known_to_the_next_run(bench: Bench) -> None:
    assert known_seed(bench.output) is None
    await bench.run()
    assert known_seed(bench.output) == 9
    record_path(bench.output).write_text("{", encoding="utf-8")
    with pytest.raises(FileProblem, match="can't be read"):
        known_seed(bench.output)


async def test_an_output_that_can_not_be_written_is_said(bench: Bench) -> None:
    bench.output = bench.output.parent / "none" / "out.jsonl"
    with pytest.raises(StoreUnwritable, match="can't be written"):
        await bench.run()


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX does")
async def test_a_full_disk_ends_it_with_whole_rows_and_it_goes_on(bench: Bench) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (7000, before[1]))
    try:
        with pytest.raises(StoreUnwritable, match="can't be written"):
            await bench.run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    content = bench.output.read_bytes()
    assert 5000 < len(content) <= 7000
    assert content.endswith(b"}\n")
    written = len(bench.rows)
    assert await bench.run() == Standing(written)
    assert bench.texts == expected()


@pytest.mark.skipif(sys.platform != "linux", reason="reads its memory from /proc")
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    sizes = [
        int(
            subprocess.run(
                (sys.executable, "-m", "tests.fakes.batch_memory", str(tmp_path / str(rows)), str(rows)),
                check=True, capture_output=True, timeout=300, cwd=root,
            ).stdout
        )
        for rows in (500, 5000)
    ]  # fmt: skip
    assert sizes[1] - sizes[0] < 2048, f"{sizes} KB"
