"""The process dies while a reply streams: what was sent is there, and of the reply at most half a second is missing.

`CHATAPP_CRASH_POINTS` sets the number of random moments.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import pytest

import chatapp
from chatapp.core.conversations import StoredMessage
from chatapp.core.paths import Paths
from chatapp.storage.store import Store

POINTS = int(os.environ.get("CHATAPP_CRASH_POINTS", "10"))
LONGEST_S = 3.0
MISSING_S = 0.5
MARGIN = 2.0  # a busy machine may hold a write back; a reply lasts two seconds

Said = list[tuple[float, str]]


class Witness:
    """What the process had shown when it died."""

    def __init__(self, output: str) -> None:
        self.sent: dict[int, str] = {}
        self.said: dict[int, Said] = defaultdict(list)
        self.done: set[int] = set()
        for line in output.splitlines():
            if not line.endswith("]"):
                continue  # cut by the kill
            match json.loads(line):
                case ["sent", message_id, text]:
                    self.sent[message_id] = text
                case ["text", message_id, seconds, text]:
                    self.said[message_id].append((seconds, text))
                case ["done", message_id]:
                    self.done.add(message_id)


def run_and_kill(home: Path, after_s: float) -> Witness:
    script = Path(__file__).with_name("streaming_session.py")
    package = str(Path(chatapp.__file__).parents[1])
    environment = os.environ | {"CHATAPP_HOME": str(home), "PYTHONPATH": package}
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, env=environment, text=True, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == ["ready"]
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            process.kill()
        return Witness(process.stdout.read())


def missing_seconds(said: Said, stored: str) -> float:
    """How old the oldest text was that is not stored, when the newest was shown."""
    length = 0
    for seconds, text in said:
        length += len(text)
        if length > len(stored):
            return said[-1][0] - seconds
    return 0.0


def check_reply(row: StoredMessage, witness: Witness) -> None:
    said = witness.said[row.id]
    shown = "".join(text for _, text in said)
    assert row.text.startswith(shown) or shown.startswith(row.text)
    if row.id in witness.done:
        assert (row.status, row.text) == ("complete", shown)
    else:
        assert row.status in ("interrupted", "complete")
        assert row.status == "interrupted" or row.text.startswith(shown)
        assert missing_seconds(said, row.text) <= MISSING_S * MARGIN


@pytest.mark.parametrize("seed", range(POINTS))
async def test_a_kill_loses_no_message_and_little_text(seed: int, home: Path) -> None:
    witness = run_and_kill(home, random.Random(seed).uniform(0.0, LONGEST_S))
    paths = Paths.of()
    store = Store.open(paths)
    try:
        (conversation,) = store.conversations.list()
        thread = store.conversations.thread(conversation.id)
    finally:
        await store.close()
    questions = {row.id: row.text for row in thread if row.role == "user"}
    assert questions.items() >= witness.sent.items()
    assert len(questions) <= len(witness.sent) + 1
    replies = [row for row in thread if row.role == "assistant"]
    assert {row.id for row in replies} >= set(witness.said) | witness.done
    for row in replies:
        check_reply(row, witness)
    assert [row.status for row in replies[:-1]] == ["complete"] * (len(replies) - 1)
    with closing(sqlite3.connect(paths.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
