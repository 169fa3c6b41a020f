"""An import that is killed in the middle leaves the store as it was."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.storage.store import Store


async def fill(paths: Paths) -> None:
    store = Store.open(paths)
    made = await store.conversations.create(title="before")
    await store.conversations.add_message(made.id, None, "user", [TextPart("kept")])
    await store.close()


async def check(paths: Paths) -> None:
    store = Store.open(paths)
    assert [each.title for each in store.conversations.list()] == ["before"]
    assert [each.text for each in store.conversations.thread(store.conversations.list()[0].id)] == ["kept"]
    assert store.persistent and not store.problems
    await store.close()


def test_a_killed_import_leaves_nothing(home: Path, tmp_path: Path) -> None:
    paths = Paths.of({"CHATAPP_HOME": str(home)})
    asyncio.run(fill(paths))
    before = paths.database.stat().st_size
    file = tmp_path / "many.jsonl"
    turns = [{"role": "user", "content": f"fox {number} " * 100} for number in range(20)]
    file.write_text("\n".join(json.dumps({"messages": turns, "id": str(number)}) for number in range(1000)))
    command = [sys.executable, "-m", "chatapp", "history", "import", str(file)]
    importing = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    # What no longer fits SQLite's cache is in the file long before the transaction ends.
    while importing.poll() is None and paths.database.stat().st_size < before + 1_000_000:
        pass
    importing.kill()
    out, err = importing.communicate()
    assert (out, err) == (b"", b"")
    asyncio.run(check(paths))
