"""What a conversation keeps about its overflow, and how databases that know nothing of it are read."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from chatapp.core.conversations import Generation, View
from chatapp.core.events import ContextShifted
from chatapp.core.messages import TextPart
from chatapp.core.overflow import OVERFLOWS
from chatapp.core.paths import Paths
from chatapp.storage import refuge
from chatapp.storage.connection import connect, connect_memory, in_transaction
from chatapp.storage.migrations import MIGRATIONS, VERSION, migrate, version
from chatapp.storage.salvage import salvage
from chatapp.storage.store import Store


def make_old(path: Path) -> None:
    """A database of the second schema with one conversation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with contextlib.closing(connect(path)) as connection:
        migrate(connection, MIGRATIONS[:2])
        connection.execute(
            "INSERT INTO conversations (title, folded_title, model, touched, created_at, updated_at, edits, "
            "system_prompt, leaf_id, message_count) VALUES ('Old', 'old', '', 1, 1.0, 1.0, '{}', '', 1, 1)"
        )
        connection.execute(
            "INSERT INTO messages (conversation_id, role, status, writer, created_at, parts) VALUES "
            """(1, 'assistant', 'complete', '', 1.0, '[{"type":"text","text":"from before"}]')"""
        )
        assert version(connection) == 2


@pytest.mark.parametrize("overflow", OVERFLOWS)
async def test_the_choice_is_kept(paths: Paths, overflow: str) -> None:
    store = Store.open(paths)
    begun = await store.conversations.create(overflow=overflow)  # type: ignore[arg-type]
    other = await store.conversations.create()
    assert (begun.overflow, other.overflow) == (overflow, "stop")
    changed = await store.conversations.set_overflow(other.id, overflow)  # type: ignore[arg-type]
    assert changed.overflow == overflow
    await store.close()
    again = Store.open(paths)
    assert [each.overflow for each in again.conversations.list()] == [overflow, overflow]
    await again.close()


async def test_a_choice_that_is_none_counts_as_stop(paths: Paths) -> None:
    store = Store.open(paths)
    begun = await store.conversations.create(overflow="shift")
    for damaged in ("later", "", 7):
        await store._database.write(
            lambda connection, damaged=damaged: connection.execute("UPDATE conversations SET overflow = ?", (damaged,))
        )
        assert store.conversations.get(begun.id).overflow == "stop"
    await store.close()


async def test_an_older_database_migrates_and_goes_on_as_it_did(paths: Paths) -> None:
    make_old(paths.database)
    store = Store.open(paths)
    assert store.problems == () and store.persistent
    (old,) = store.conversations.list()
    assert (old.title, old.overflow) == ("Old", "stop")
    await store.conversations.set_overflow(old.id, "drop_oldest")
    assert store.conversations.get(old.id).overflow == "drop_oldest"
    await store.close()
    with contextlib.closing(connect(paths.database)) as connection:
        assert version(connection) == VERSION
    (before,) = paths.backups.glob(f"before-schema-{VERSION}-*.db")
    with contextlib.closing(connect(before)) as connection:
        assert version(connection) == 2


@pytest.mark.parametrize("old", [True, False])
async def test_salvage_reads_conversations_of_either_schema(paths: Paths, old: bool) -> None:
    damaged = paths.data / "damaged.db"
    if old:
        make_old(damaged)
    else:
        store = Store.open(paths)
        made = await store.conversations.create(title="Old", overflow="shift")
        await store.conversations.add_message(made.id, None, "user", [TextPart("from before")])
        await store.close()
        paths.database.rename(damaged)
    with contextlib.closing(connect_memory()) as target:
        migrate(target)
        assert in_transaction(target, lambda inside: salvage(damaged, inside, paths.data / "scratch")) == 1
        rows = target.execute("SELECT title, overflow FROM conversations").fetchall()
    assert rows == [(b"Old", b"stop" if old else b"shift")]


def test_a_large_older_file_that_can_not_be_written_is_read_in_part(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_old(paths.database)
    monkeypatch.setattr(refuge, "COPIED_BYTES", 0)
    with contextlib.closing(refuge.take_refuge(paths.database)) as memory:
        assert memory.execute("SELECT title, overflow FROM conversations").fetchall() == [(b"Old", b"stop")]


async def test_a_refuge_brings_its_choice_back(paths: Paths) -> None:
    store = Store.open(paths)
    first = await store.conversations.create()
    paths.database.rename(paths.database.with_suffix(".away"))
    await store.conversations.set_overflow(first.id, "shift")
    second = await store.conversations.create(overflow="drop_oldest")
    assert not store.persistent
    paths.database.with_suffix(".away").rename(paths.database)
    assert await store.retry()
    assert store.conversations.get(first.id).overflow == "shift"
    assert store.conversations.get(second.id).overflow == "drop_oldest"
    await store.close()


@pytest.mark.parametrize("view", [None, View(), View(began_at=7, left_out=6, context_size=512)])
async def test_a_reply_tells_later_what_the_model_saw(store: Store, view: View | None) -> None:
    generation = Generation(
        model_name="m",
        model_fingerprint="f",
        template_sha256="t",
        settings=(),
        seed=1,
        view=view,
        shifts=(
            ContextShifted(request_id=3, offset=20, dropped=100),
            ContextShifted(request_id=3, offset=80, dropped=9),
        ),
    )
    made = await store.conversations.create()
    added = await store.conversations.add_message(made.id, None, "assistant", [TextPart("Hi")], generation=generation)
    assert store.conversations.message(added.id).generation == generation
    assert generation.forgotten_tokens == 109
