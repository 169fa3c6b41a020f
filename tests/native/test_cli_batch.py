"""`chatapp batch` with the real engine: rows, going on, ctrl+c, a dead engine, and what a terminal shows."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from command_line import LIMIT_S, Terminal, run, start
from engine_run import opened

from chatapp.chat.batch.batch import Batch, check_input
from chatapp.chat.batch.output import Output
from chatapp.chat.batch.plan import Plan, seed_of
from chatapp.chat.batch.source import Source
from chatapp.core.loading import LoadSettings

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and pseudo-terminals are POSIX")
FIXED = ("--seed", "1", "--ignore-eos", "--max-new-tokens", "6", "--threads", "1")


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.csv"
    path.write_text("id,prompt,topic\n" + "".join(f"r{n},Question {n}?,t{n}\n" for n in range(24)), encoding="utf-8")
    return path


def rows_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_row_is_answered_in_order_and_the_history_stays_empty(prompts: Path, tiny_model: Path) -> None:
    output = prompts.with_name("out.jsonl")
    done = run("batch", prompts, "-o", output, "-m", tiny_model, *FIXED, "--json")
    assert done.code == 0, done.err
    result = json.loads(done.out)
    assert (result["rows"], result["written"], result["failed"], result["tokens"]) == (24, 24, 0, 24 * 6)
    rows = rows_of(output)
    assert [(row["index"], row["id"], row["values"]) for row in rows] == [
        (n, f"r{n}", {"topic": f"t{n}"}) for n in range(24)
    ]
    assert {row["stop_reason"] for row in rows} == {"max_new_tokens"}
    assert [row["seed"] for row in rows] == [seed_of(1, n) for n in range(24)]
    record = json.loads(output.with_name("out.jsonl.batch.json").read_text(encoding="utf-8"))
    assert record["model"]["path"] == str(tiny_model)
    assert record["settings"]["max_new_tokens"] == 6
    assert "█" not in done.err
    assert json.loads(run("history", "list", "--json").out) == []
    again = run("batch", prompts, "-o", output, "-m", tiny_model, *FIXED)
    assert (again.code, rows_of(output)) == (0, rows)
    assert "24 of 24 rows are written already" in again.err
    refused = run("batch", prompts, "-o", output, "-m", tiny_model, *FIXED, "--top-k", "3")
    assert refused.code == 2
    assert "top_k was unset and is 3" in refused.err
    anew = run("batch", prompts, "-o", output, "-m", tiny_model, *FIXED, "--top-k", "3", "--restart", "--no-echo")
    assert anew.code == 0
    assert len(rows_of(output)) == 24
    assert "prompt" not in rows_of(output)[0]


def test_a_row_without_room_fails_alone(tmp_path: Path, tiny_model: Path) -> None:
    prompts, output = tmp_path / "prompts.txt", tmp_path / "out.jsonl"
    prompts.write_text(f"one\n{'long ' * 400}\nthree\n", encoding="utf-8")
    done = run("batch", prompts, "-o", output, "-m", tiny_model, *FIXED, "--context-size", "512")
    assert done.code == 10
    assert "1 of them with an error" in done.err
    kinds = [row["error"] and row["error"]["kind"] for row in rows_of(output)]  # type: ignore[index]
    assert kinds == [None, "ContextFull", None]


@posix
@pytest.mark.parametrize("signals", [1, 2])
def test_ctrl_c_keeps_whole_rows_and_the_next_run_goes_on(prompts: Path, slow_model: Path, signals: int) -> None:
    output = prompts.with_name("out.jsonl")
    options = ("-m", slow_model, *FIXED, "-p", "2")
    process = start("batch", prompts, "-o", output, *options)
    while not output.exists() or output.read_bytes().count(b"\n") < 3:
        assert process.poll() is None, process.communicate()
    for _ in range(signals):
        process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130, told.decode()
    assert b"the same command goes on from here" in told
    before = len(rows_of(output))
    assert 3 <= before < 24
    done = run("batch", prompts, "-o", output, *options)
    assert done.code == 0, done.err
    assert [row["index"] for row in rows_of(output)] == list(range(24))
    assert not output.with_name("out.jsonl.ahead").exists()


@posix
async def test_where_the_engine_is_killed_every_row_is_answered(
    prompts: Path, slow_model: Path, tmp_path: Path
) -> None:
    source = Source(path=prompts, form="csv")
    plan = Plan(seed=1, edits={"max_new_tokens": 6, "ignore_eos": True})
    async with opened(slow_model, tmp_path, threads=1) as engine:
        with Output(tmp_path / "out.jsonl") as output:
            batch = Batch(
                source, plan, output, rows=check_input(source).rows, load=LoadSettings(), model=str(slow_model)
            )
            batch.resume()
            task = asyncio.create_task(batch.run(engine, parallel=4))
            for rows in (3, 9):
                while batch.progress.written < rows and not task.done():  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
                assert engine.worker_pid is not None
                os.kill(engine.worker_pid, signal.SIGKILL)
            await task
    rows = rows_of(tmp_path / "out.jsonl")
    assert [row["index"] for row in rows] == list(range(24))
    assert [row["error"] for row in rows] == [None] * 24
    assert all(row["text"] for row in rows)


@posix
def test_a_terminal_sees_the_progress(prompts: Path, slow_model: Path) -> None:
    with Terminal(
        "batch", prompts, "-o", prompts.with_name("out.jsonl"), "-m", slow_model, *FIXED, columns=100
    ) as seen:
        shown = seen.read_until(lambda came: b"24 rows in" in came).decode()
        assert seen.end() == 0
    assert "of 24 rows" in shown and "tokens/s" in shown and "left" in shown
