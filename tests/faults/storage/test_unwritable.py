"""Nothing can be written: the conversation goes on in memory, and is saved as soon as that is possible."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import chatapp
from chatapp.core.errors import StoreBusy, StoreNewer, StoreUnwritable
from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.storage import backup
from chatapp.storage.connection import connect, connect_read_only
from chatapp.storage.migrations import VERSION
from chatapp.storage.store import Store

FILLING = Path(__file__).with_name("filling_store.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(chatapp.__file__).parents[1])}


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.of({"CHATAPP_HOME": str(tmp_path / "home")})


async def say(store: Store, conversation_id: int, *texts: str) -> list[int]:
    leaf = store.conversations.get(conversation_id).leaf_id
    added: list[int] = []
    for text in texts:
        leaf = (await store.conversations.add_message(conversation_id, leaf, "user", [TextPart(text)])).id
        added.append(leaf)
    return added


def said(store: Store, conversation_id: int) -> list[str]:
    return [message.text for message in store.conversations.thread(conversation_id)]


def check(paths: Paths) -> None:
    with contextlib.closing(connect_read_only(paths.database)) as connection:
        assert backup.unsound(connection) == ""


async def test_a_place_that_cannot_be_written_from_the_start(paths: Paths) -> None:
    paths.data.parent.mkdir(parents=True)
    paths.data.write_text("in the way")
    store = Store.open(paths)
    (problem,) = store.problems
    assert isinstance(problem, StoreUnwritable) and str(paths.data) in problem.message and problem.hint
    assert not store.persistent
    made = await store.conversations.create()
    await say(store, made.id, "hello fox")
    assert said(store, made.id) == ["hello fox"] and len(store.search.search("fox")) == 1
    assert not await store.retry()
    assert paths.data.read_text() == "in the way"

    paths.data.unlink()
    assert await store.retry()
    assert store.problems == () and store.persistent and store.changed_elsewhere()
    await say(store, made.id, "and on")
    await store.close()
    again = Store.open(paths)
    assert said(again, made.id) == ["hello fox", "and on"]
    assert again.conversations.get(made.id).title == "hello fox"
    assert [hit.excerpt for hit in again.search.search("fox")] == ["hello fox"]
    await again.close()
    check(paths)


async def test_what_is_unsaved_at_the_end_is_kept_beside_the_backups(paths: Paths) -> None:
    paths.data.parent.mkdir(parents=True)
    paths.data.write_text("in the way")
    store = Store.open(paths)
    made = await store.conversations.create(title="kept")
    await say(store, made.id, "hello")
    await store.close()
    assert len(list(paths.backups.glob("unsaved-*.db"))) == 1
    paths.data.unlink()
    again = Store.open(paths)
    assert said(again, made.id) == ["hello"] and again.problems == ()
    assert list(paths.backups.glob("unsaved-*.db")) == []
    await again.close()


async def test_losing_what_was_said_is_never_silent(paths: Paths) -> None:
    paths.data.parent.mkdir(parents=True)
    paths.data.write_text("in the way")
    paths.state.write_text("in the way too")
    store = Store.open(paths)
    await store.close()
    store = Store.open(paths)
    await store.conversations.create(title="lost")
    with pytest.raises(StoreUnwritable):
        await store.close()


@pytest.mark.parametrize("pages", [0, 1, 2, 3, 5, 8, 13, 21, 34])
async def test_the_disk_fills_up_and_is_emptied_again(paths: Paths, pages: int) -> None:
    store = Store.open(paths)
    made = await store.conversations.create()
    await say(store, made.id, "before")
    limited = store._database.connections.writer
    limited.execute(f"PRAGMA max_page_count={limited.execute('PRAGMA page_count').fetchone()[0] + pages}")
    reply = await store.conversations.add_message(made.id, None, "assistant", (), status="streaming")
    for length in range(1, 60):
        await store.conversations.update_message(reply.id, parts=[TextPart("word " * 800 * length)])
    await store.conversations.update_message(reply.id, status="complete")
    assert isinstance(store.problems[0], StoreUnwritable) and not store.persistent
    await say(store, made.id, "more")
    other = await store.conversations.create(title="made in memory")
    await say(store, other.id, "new")
    assert await store.retry()
    await say(store, made.id, "after")
    await store.close()
    check(paths)
    again = Store.open(paths)
    assert said(again, made.id) == ["word " * 800 * 59, "more", "after"]
    assert again.conversations.message(reply.id).status == "complete"
    assert said(again, other.id) == ["new"]
    assert again.conversations.get(made.id).message_count == 4
    assert [hit.message_id for hit in again.search.search("word")] == [reply.id]
    await again.close()


@pytest.mark.skipif(os.name == "nt", reason="limits are of POSIX")
async def test_writes_that_the_system_refuses(tmp_path: Path) -> None:
    for step in range(12):
        home = tmp_path / str(step)
        command = [sys.executable, str(FILLING), str(home), str(step * 4096)]
        process = subprocess.run(command, stdout=subprocess.PIPE, env=ENVIRONMENT, check=True)  # noqa: ASYNC221
        told = json.loads(process.stdout)
        assert told["failed"] == "StoreUnwritable" and told["recovered"]
        paths = Paths.of({"CHATAPP_HOME": str(home)})
        check(paths)
        store = Store.open(paths)
        assert store.problems == ()
        for message_id, length in told["lengths"].items():
            assert len(store.conversations.message(int(message_id)).text) == length
        await store.close()


async def test_a_database_that_another_process_holds(paths: Paths) -> None:
    store = Store.open(paths)
    made = await store.conversations.create()
    await say(store, made.id, "before")
    holder = connect(paths.database)
    holder.execute("BEGIN EXCLUSIVE")
    assert said(store, made.id) == ["before"]
    assert isinstance(store.problems[0], StoreBusy) and not store.persistent
    await say(store, made.id, "meanwhile")
    late = Store.open(paths)
    assert isinstance(late.problems[0], StoreBusy)
    assert said(late, made.id) == ["before"]
    elsewhere = await late.conversations.create(title="late")
    holder.execute("ROLLBACK")
    holder.close()
    assert await store.retry() and await late.retry()
    assert said(store, made.id) == ["before", "meanwhile"]
    assert {entry.id for entry in store.conversations.list()} == {made.id, elsewhere.id}
    await late.close()
    await store.close()


async def test_two_refuges_and_a_file_that_went_on(paths: Paths) -> None:
    first = Store.open(paths)
    made = await first.conversations.create(title="shared")
    await say(first, made.id, "before")
    holder = connect(paths.database)
    holder.execute("BEGIN EXCLUSIVE")
    second = Store.open(paths)
    assert said(first, made.id) == said(second, made.id) == ["before"]
    ids = await say(first, made.id, "from the first") + await say(second, made.id, "from the second")
    holder.execute("ROLLBACK")
    holder.close()
    third = Store.open(paths)
    ids += await say(third, made.id, "from the third")
    assert await first.retry() and await second.retry()
    assert {third.conversations.message(message).text for message in ids} == {
        "from the first", "from the second", "from the third",
    }  # fmt: skip
    assert third.conversations.get(made.id).message_count == 4
    assert third.conversations.message(ids[0]).siblings == 3
    for store in (first, second, third):
        await store.close()


async def test_a_newer_database_is_read_and_left_alone(paths: Paths) -> None:
    store = Store.open(paths)
    made = await store.conversations.create(title="from before")
    await say(store, made.id, "hello")
    await store.close()
    set_version(paths, VERSION + 1)
    content = paths.database.read_bytes()

    old = Store.open(paths)
    assert isinstance(old.problems[0], StoreNewer) and not old.persistent
    assert said(old, made.id) == ["hello"]
    new = await old.conversations.create(title="by the old one")
    await say(old, new.id, "kept aside")
    assert not await old.retry()
    await old.close()
    assert paths.database.read_bytes() == content

    set_version(paths, VERSION)
    again = Store.open(paths)
    assert said(again, new.id) == ["kept aside"] and said(again, made.id) == ["hello"]
    await again.close()


def set_version(paths: Paths, version: int) -> None:
    with contextlib.closing(sqlite3.connect(paths.database)) as connection:
        connection.execute(f"PRAGMA user_version={version}")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
async def test_a_read_only_directory(paths: Paths) -> None:
    store = Store.open(paths)
    made = await store.conversations.create()
    await say(store, made.id, "before")
    await store.close()
    paths.database.chmod(0o400)
    paths.data.chmod(0o500)
    store = Store.open(paths)
    assert isinstance(store.problems[0], StoreUnwritable)
    assert said(store, made.id) == ["before"]
    await say(store, made.id, "meanwhile")
    paths.data.chmod(0o700)
    paths.database.chmod(0o600)
    assert await store.retry()
    assert said(store, made.id) == ["before", "meanwhile"]
    await store.close()


async def test_incognito_writes_nothing(paths: Paths) -> None:
    store = Store.open(paths, incognito=True)
    made = await store.conversations.create()
    await say(store, made.id, "secret")
    assert said(store, made.id) == ["secret"] and store.problems == () and not store.persistent
    assert len(store.search.search("secret")) == 1
    assert not await store.retry()
    await store.close()
    assert not paths.data.parent.exists()
