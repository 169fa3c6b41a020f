from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import threading
from pathlib import Path

import pytest

from chatapp.core.errors import StorageError
from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.storage.connection import connect, connect_memory, number
from chatapp.storage.migrations import APPLICATION_ID, MIGRATIONS, VERSION, migrate, version
from chatapp.storage.store import Store


async def test_a_write_once_asked_for_is_carried_out(store: Store) -> None:
    begin, blocked = threading.Event(), threading.Event()

    def wait() -> None:
        blocked.set()
        begin.wait()

    holding = asyncio.create_task(store._database.run(wait))
    await asyncio.to_thread(blocked.wait)
    cancelled = asyncio.create_task(store.conversations.create(title="asked for"))
    await asyncio.sleep(0)
    cancelled.cancel()
    begin.set()
    await holding
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    await store._database.run(lambda: None)
    assert [entry.title for entry in store.conversations.list()] == ["asked for"]


def test_any_event_loop_may_write(paths: Paths) -> None:
    store = Store.open(paths)

    async def create(title: str) -> str:
        return (await store.conversations.create(title=title)).title

    assert asyncio.run(create("one")) == "one"
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(asyncio.run(create("other")))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["other"] * 4 and len(store.conversations.list()) == 5
    asyncio.run(store.close())


async def test_writes_happen_in_the_order_in_which_they_were_asked_for(store: Store) -> None:
    made = await asyncio.gather(*(store.conversations.create(title=str(place)) for place in range(50)))
    assert [entry.title for entry in store.conversations.list()] == [str(place) for place in reversed(range(50))]
    assert [entry.id for entry in made] == sorted(entry.id for entry in made)


async def test_a_closed_store_says_so(paths: Paths) -> None:
    store = Store.open(paths)
    await store.close()
    await store.close()
    with pytest.raises(StorageError):
        await store.conversations.create()


async def test_a_change_that_fails_leaves_nothing(store: Store) -> None:
    def fail(connection: object) -> None:
        raise KeyError("half way")

    made = await store.conversations.create()
    with pytest.raises(KeyError):
        await store._database.write(lambda c: [c.execute("UPDATE conversations SET title = 'half'"), fail(c)])
    assert store.conversations.get(made.id).title == ""


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
async def test_files_are_private_whatever_the_umask(paths: Paths) -> None:
    previous = os.umask(0)
    try:
        store = Store.open(paths)
        made = await store.conversations.create()
        await store.conversations.add_message(made.id, None, "user", [TextPart("x" * 100_000)])
        await store.back_up()
        home = paths.data.parent
        for path in home.rglob("*"):
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o700 if path.is_dir() else 0o600), path
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert {path.name for path in home.rglob("*") if path.is_file()} >= {"chatapp.db", "chatapp.db-journal"}
        await store.close()
    finally:
        os.umask(previous)


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
async def test_a_file_that_others_could_read_is_made_private(paths: Paths) -> None:
    await Store.open(paths).close()
    paths.database.chmod(0o644)
    paths.data.chmod(0o755)
    await Store.open(paths).close()
    assert stat.S_IMODE(paths.database.stat().st_mode) == 0o600
    assert stat.S_IMODE(paths.data.stat().st_mode) == 0o700


async def test_the_file_says_what_it_is_and_keeps_no_second_log(paths: Paths) -> None:
    await Store.open(paths).close()
    with contextlib.closing(connect(paths.database)) as connection:
        assert number(connection, "PRAGMA application_id") == APPLICATION_ID
        assert version(connection) == VERSION == len(MIGRATIONS)
        assert connection.execute("PRAGMA journal_mode").fetchone() == (b"truncate",)
        assert number(connection, "PRAGMA synchronous") == 2
    assert not list(paths.data.glob("*-wal"))


def test_steps_are_taken_once_and_all_or_none() -> None:
    with contextlib.closing(connect_memory()) as connection:
        migrate(connection)
        migrate(connection)
        connection.execute("INSERT INTO unindexed VALUES (5)")
        steps = (*MIGRATIONS, "CREATE TABLE more (a);\nCREATE TABLE unindexed (b);\n")
        with pytest.raises(Exception, match="already exists"):
            migrate(connection, steps)
        assert version(connection) == VERSION
        migrate(connection, (*MIGRATIONS, "CREATE TABLE more (a);\n"))
        assert version(connection) == VERSION + 1
        assert number(connection, "SELECT count(*) FROM more") == 0
        assert number(connection, "SELECT message_id FROM unindexed") == 5


async def test_opening_finds_what_a_crash_left_of_a_recovery(paths: Paths) -> None:
    store = Store.open(paths)
    made = await store.conversations.create(title="kept")
    await store.close()
    paths.database.rename(paths.database.with_name("chatapp.db.recovered"))
    again = Store.open(paths)
    assert again.conversations.get(made.id).title == "kept"
    await again.close()


def test_importing_the_store_needs_nothing_heavy() -> None:
    import subprocess
    import sys

    code = (
        "import sys, chatapp.storage.store, chatapp.storage.config; print(sorted(set(sys.modules) & set(sys.argv[1:])))"
    )
    heavy = ["textual", "numpy", "llama_cpp", "jinja2", "huggingface_hub", "httpx"]
    output = subprocess.run(
        [sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert output.stdout.strip() == "[]"


async def test_a_file_that_another_process_replaced_is_opened_anew(paths: Paths) -> None:
    here = Store.open(paths)
    made = await here.conversations.create(title="before")
    copy = paths.database.read_bytes()
    paths.database.rename(paths.database.with_name("elsewhere"))
    paths.database.write_bytes(copy)
    await here.conversations.add_message(made.id, None, "user", [TextPart("into the new file")])
    assert here.persistent
    there = Store.open(paths)
    assert [message.text for message in there.conversations.thread(made.id)] == ["into the new file"]
    await there.close()
    await here.close()


@pytest.mark.skipif(os.name == "nt", reason="an open file can't be removed there")
async def test_a_conversation_goes_on_when_its_file_is_removed(paths: Paths) -> None:
    store = Store.open(paths)
    made = await store.conversations.create(title="going on")
    other = await store.conversations.create(title="left alone")
    await store.conversations.add_message(made.id, None, "user", [TextPart("before")])
    paths.database.unlink()
    leaf = store.conversations.get(made.id).leaf_id
    await store.conversations.add_message(made.id, leaf, "user", [TextPart("after")])
    assert not store.persistent and "removed" in store.problems[0].message
    assert store.conversations.get(other.id).title == "left alone"
    assert await store.retry()
    assert [message.text for message in store.conversations.thread(made.id)] == ["before", "after"]
    await store.close()


async def test_the_end_of_a_thread_can_be_read_alone(store: Store) -> None:
    made = await store.conversations.create()
    leaf = None
    for place in range(20):
        leaf = (await store.conversations.add_message(made.id, leaf, "user", [TextPart(str(place))])).id
    assert [message.text for message in store.conversations.thread(made.id, last=3)] == ["17", "18", "19"]
    assert len(store.conversations.thread(made.id, last=100)) == 20
