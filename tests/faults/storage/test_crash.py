"""The process is killed at random moments while it saves a growing reply."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import chatapp
from chatapp.core.paths import Paths
from chatapp.storage import backup
from chatapp.storage.connection import connect_read_only
from chatapp.storage.store import Store

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(chatapp.__file__).parents[1])}
POINTS = int(os.environ.get("CHATAPP_KILL_POINTS", "30"))
WRITING = Path(__file__).with_name("writing_store.py")


def run_and_kill(home: Path, after_s: float) -> dict[int, int]:
    """Kill the writer `after_s` after its first acknowledgement; return the length acknowledged of each message."""
    lengths: dict[int, int] = {}
    process = subprocess.Popen([sys.executable, str(WRITING), str(home)], stdout=subprocess.PIPE, env=ENVIRONMENT)
    assert process.stdout is not None
    with process.stdout as lines:
        line = lines.readline()
        time.sleep(after_s)
        process.kill()
        process.wait()
        for said in (line, *lines):
            with contextlib.suppress(ValueError):
                entry = json.loads(said)
                lengths[entry["message"]] = entry["length"]
    return lengths


async def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    rng = random.Random(5)
    paths = Paths.of({"CHATAPP_HOME": str(tmp_path / "home")})
    acknowledged: dict[int, int] = {}
    for _ in range(POINTS):
        new = run_and_kill(tmp_path / "home", rng.uniform(0.0, 0.15))
        acknowledged |= new
        store = Store.open(paths)
        assert store.problems == () and store.persistent
        for message_id, length in new.items():
            message = store.conversations.message(message_id)
            assert len(message.text) >= length
            assert message.status in ("complete", "interrupted")
        await store.close()
        with contextlib.closing(connect_read_only(paths.database)) as connection:
            assert backup.unsound(connection) == ""
    store = Store.open(paths)
    assert all(len(store.conversations.message(key).text) >= length for key, length in acknowledged.items())
    assert len(acknowledged) >= POINTS
    await store.close()
    assert list((paths.data / "writers").iterdir()) == []


async def test_a_reply_that_another_process_writes_is_left_alone(tmp_path: Path) -> None:
    paths = Paths.of({"CHATAPP_HOME": str(tmp_path / "home")})
    command = [sys.executable, str(WRITING), str(tmp_path / "home"), "hold"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT) as process:  # noqa: ASYNC220
        assert process.stdin is not None and process.stdout is not None
        question, reply, _ = (json.loads(process.stdout.readline())["message"] for _ in range(3))
        store = Store.open(paths)
        assert store.conversations.message(question).status == "complete"
        assert store.conversations.message(reply).status == "streaming"
        assert await store.mark_interrupted() == 0
        before = store.conversations.message(reply).text
        store.changed_elsewhere()
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        assert store.changed_elsewhere() and len(store.conversations.message(reply).text) > len(before)
        process.kill()
    assert store.conversations.message(reply).status == "streaming"
    assert await store.mark_interrupted() == 1
    assert store.conversations.message(reply).status == "interrupted"
    assert [hit.message_id for hit in store.search.search("because")] == [reply]
    await store.close()
