"""Several processes write to one store while somebody reads slowly."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import chatapp
from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.storage.store import Store

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(chatapp.__file__).parents[1])}
ROUNDS = 60
WORKER = """
import asyncio, json, sys, time
from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.storage.store import Store

async def main(home, rounds, shared):
    store = Store.open(Paths.of({"CHATAPP_HOME": home}))
    worst, own, added = 0.0, await store.conversations.create(), []
    for place in range(rounds):
        for conversation in (own.id, shared):
            start = time.perf_counter()
            leaf = store.conversations.get(conversation).leaf_id
            made = await store.conversations.add_message(conversation, leaf, "user", [TextPart(f"{place} of many")])
            await store.conversations.update_message(made.id, parts=[TextPart(f"{place} of a great many")])
            worst = max(worst, time.perf_counter() - start)
            added.append(made.id)
        store.search.search("great many"), store.conversations.list()
    print(json.dumps({"added": added, "worst": worst, "problems": [str(p) for p in store.problems]}))
    await store.close()

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""


async def test_two_processes_and_a_slow_reader(tmp_path: Path) -> None:
    home = tmp_path / "home"
    store = Store.open(Paths.of({"CHATAPP_HOME": str(home)}))
    shared = await store.conversations.create(title="shared")
    command = [sys.executable, "-c", WORKER, str(home), str(ROUNDS), str(shared.id)]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT) for _ in range(2)]  # noqa: ASYNC220
    own = 0
    while any(writer.poll() is None for writer in writers):
        store.conversations.list()
        store.conversations.thread(shared.id)
        await store.conversations.add_message(shared.id, None, "user", [TextPart("mine")])
        own += 1
        await asyncio.sleep(0.02)
    added: list[int] = []
    for writer in writers:
        assert writer.stdout is not None
        with writer.stdout:
            said = json.loads(writer.stdout.read())
        assert writer.wait() == 0 and said["problems"] == []
        added += said["added"]
    assert len(set(added)) == len(added) == 2 * 2 * ROUNDS
    assert {store.conversations.message(message).text.split(" ", 1)[1] for message in added} == {"of a great many"}
    assert store.conversations.get(shared.id).message_count == 2 * ROUNDS + own
    assert store.problems == () and store.persistent
    await store.close()


async def test_another_process_that_only_reads_sees_changes(tmp_path: Path) -> None:
    paths = Paths.of({"CHATAPP_HOME": str(tmp_path / "home")})
    here, there = Store.open(paths), Store.open(paths)
    made = await here.conversations.create(title="new")
    assert not here.changed_elsewhere()
    assert there.changed_elsewhere() and not there.changed_elsewhere()
    assert there.conversations.get(made.id).title == "new"
    await there.conversations.rename(made.id, "renamed")
    assert here.changed_elsewhere() and not there.changed_elsewhere()
    await here.close()
    await there.close()
