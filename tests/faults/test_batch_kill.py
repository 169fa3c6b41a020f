"""A batch of the built-in model is killed again and again: every row is there once, with the text of an unbroken run.

`CHATAPP_BATCH_ROWS` and `CHATAPP_BATCH_KILLS` set how many rows it has, and how often it is killed.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import chatapp

ROWS = int(os.environ.get("CHATAPP_BATCH_ROWS", "200"))
KILLS = int(os.environ.get("CHATAPP_BATCH_KILLS", "5"))
LIMIT_S = 900
# Neighbours in a batch may tip a near tie over; only exact mode promises the same texts.
OPTIONS = ("--exact", "--seed", "7", "--temperature", "1", "--max-new-tokens", "8", "--threads", "1")
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(chatapp.__file__).parents[1])}


def start(prompts: Path, output: Path) -> subprocess.Popen[bytes]:
    command = (sys.executable, "-m", "chatapp", "batch", str(prompts), "-o", str(output), *OPTIONS)
    home = {"CHATAPP_HOME": str(prompts.parent / "home")}
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=ENVIRONMENT | home
    )


def finish(prompts: Path, output: Path) -> list[dict[str, object]]:
    process = start(prompts, output)
    _, told = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, told.decode()
    return [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]


def rows_in(output: Path) -> int:
    return output.read_bytes().count(b"\n") if output.exists() else 0


def kill_at(prompts: Path, output: Path, rows: int, chance: random.Random) -> None:
    """Kill it a moment after it has written so many rows."""
    process = start(prompts, output)
    until = time.monotonic() + LIMIT_S
    while rows_in(output) < rows:
        assert process.poll() is None, process.communicate()[1].decode()
        assert time.monotonic() < until
        time.sleep(0.002)
    time.sleep(chance.uniform(0.0, 0.05))
    process.kill()
    process.communicate()


@pytest.mark.slow
def test_a_killed_batch_loses_and_doubles_no_row(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.txt"
    asked = [f"Tell me a story about {index} foxes." for index in range(ROWS)]
    prompts.write_text("\n".join(asked), encoding="utf-8")
    unbroken = finish(prompts, tmp_path / "unbroken.jsonl")
    chance = random.Random(3)
    output = tmp_path / "killed.jsonl"
    for rows in sorted(chance.sample(range(1, ROWS - 2), KILLS)):
        kill_at(prompts, output, rows, chance)
    killed = finish(prompts, output)
    assert [row["index"] for row in killed] == list(range(ROWS))
    assert [row["prompt"] for row in killed] == asked
    assert [(row["text"], row["seed"]) for row in killed] == [(row["text"], row["seed"]) for row in unbroken]
    assert len({row["seed"] for row in killed}) == ROWS
