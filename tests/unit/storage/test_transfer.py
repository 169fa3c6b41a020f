"""Whole conversations into a store and out of it, and databases that know nothing of where they came from."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
import pytest

from chatapp.core.errors import NotFound, StorageError
from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.core.portable import PortableConversation, PortableMessage
from chatapp.storage import refuge
from chatapp.storage.connection import connect, connect_memory, in_transaction
from chatapp.storage.migrations import MIGRATIONS, VERSION, migrate, version
from chatapp.storage.salvage import salvage
from chatapp.storage.store import Store


def talk(*texts: str, origin: str = "", created_at: float | None = 5.0) -> PortableConversation:
    messages = tuple(
        PortableMessage(role="user", parts=(TextPart(text),), parent=place or None, created_at=float(place))
        for place, text in enumerate(texts)
    )
    leaf = len(messages) or None
    return PortableConversation(title="T", messages=messages, leaf=leaf, created_at=created_at, origin=origin)


def make_old(path: Path) -> None:
    """A database of the fourth schema with one conversation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with contextlib.closing(connect(path)) as connection:
        migrate(connection, MIGRATIONS[:4])
        connection.execute(
            "INSERT INTO conversations (title, folded_title, model, touched, created_at, updated_at, edits, "
            "system_prompt, leaf_id, message_count) VALUES ('Old', 'old', '', 1, 1.0, 1.0, '{}', '', 1, 1)"
        )
        connection.execute(
            "INSERT INTO messages (conversation_id, role, status, writer, created_at, parts) VALUES "
            """(1, 'assistant', 'streaming', 'gone', 1.0, '[{"type":"text","text":"from before"}]')"""
        )
        assert version(connection) == 4


async def test_an_older_database_is_brought_up_to_date(paths: Paths) -> None:
    make_old(paths.database)
    store = Store.open(paths)
    with contextlib.closing(connect(paths.database)) as connection:
        assert version(connection) == VERSION
    taken = store.transfer.take(1)
    assert (taken.title, taken.origin, taken.messages[0].text) == ("Old", "", "from before")
    assert taken.messages[0].status == "interrupted"
    assert [each.is_new for each in await store.transfer.put([taken])] == [False]
    await store.close()


async def test_what_is_there_is_not_added_again(store: Store) -> None:
    (first,) = await store.transfer.put([talk("a", "b", origin="x:1")])
    again = await store.transfer.put(
        [talk("other", origin="x:1"), talk("new", origin="x:2"), talk("new", origin="x:2")]
    )
    assert [each.is_new for each in again] == [False, True, False]
    assert again[0].conversation_id == first.conversation_id
    await store.conversations.delete(first.conversation_id)
    (trashed,) = await store.transfer.put([talk("a", "b", origin="x:1")])
    assert not trashed.is_new and trashed.in_trash


async def test_an_earlier_export_of_what_has_grown_since_is_there(store: Store) -> None:
    made = await store.conversations.create(title="grows")
    asked = await store.conversations.add_message(made.id, None, "user", [TextPart("one")])
    earlier = store.transfer.take(made.id)
    await store.conversations.add_message(made.id, asked.id, "assistant", [TextPart("two")])
    later = store.transfer.take(made.id)
    assert [each.is_new for each in await store.transfer.put([earlier, later])] == [False, False]
    others = [
        msgspec.structs.replace(earlier.messages[0], **change) for change in ({"created_at": 1.0}, {"role": "system"})
    ]
    for other in (*others, msgspec.structs.replace(earlier.messages[0], parts=(TextPart("won"),))):
        (landed,) = await store.transfer.put([msgspec.structs.replace(earlier, messages=(other,))])
        assert landed.is_new
    empty = talk(created_at=9.0)
    assert [each.is_new for each in await store.transfer.put([empty, empty])] == [True, False]


async def test_another_version_of_the_same_is_told(store: Store) -> None:
    (first,) = await store.transfer.put([talk("a", origin="x:name:1")])
    grown, other = await store.transfer.put(
        [talk("a", "b", origin="x:name:2"), talk("a", origin="x:names:1", created_at=6.0)]
    )
    assert (grown.is_new, grown.other_version) == (True, first.conversation_id)
    assert (other.is_new, other.other_version) == (True, None)
    (bare,) = await store.transfer.put([talk("c", origin="x:9")])
    assert bare.is_new and bare.other_version is None


async def test_a_trial_changes_nothing(store: Store) -> None:
    landed = await store.transfer.put([talk("a"), talk("a")], dry_run=True)
    assert [each.is_new for each in landed] == [True, False]
    assert store.conversations.list() == []


async def test_all_or_none(store: Store) -> None:
    broken = msgspec.structs.replace(talk("b", created_at=6.0), leaf=7)
    with pytest.raises(KeyError):
        await store.transfer.put([talk("a"), broken])
    assert store.conversations.list() == []
    with pytest.raises(NotFound):
        store.transfer.take(1)


async def test_an_import_is_found_and_lists_by_activity(store: Store) -> None:
    long = talk(*(f"fox {place}" for place in range(450)), created_at=1.0)
    await store.transfer.put([long, talk("owl", created_at=2.0)])
    listed = store.conversations.list()
    assert [each.message_count for each in listed] == [1, 450]
    assert listed[1].leaf_id == store.conversations.thread(listed[1].id)[-1].id
    assert len(store.transfer.take(listed[1].id).messages) == 450
    await store._database.run(lambda: None)
    while await store._database.run(store._idle) == 0.0:
        pass
    assert {hit.conversation_id for hit in store.search.search("fox", limit=500)} == {listed[1].id}
    assert len(store.search.search("fox", limit=500)) == 450


async def test_a_closed_store_takes_nothing(paths: Paths) -> None:
    store = Store.open(paths)
    await store.close()
    with pytest.raises(StorageError):
        await store.transfer.put([talk("a")])


async def test_the_origin_outlives_refuge_and_salvage(paths: Paths, tmp_path: Path) -> None:
    store = Store.open(paths)
    await store.transfer.put([talk("a", origin="x:1")])
    await store.close()
    with contextlib.closing(connect_memory()) as target:
        migrate(target)
        assert in_transaction(target, lambda inside: salvage(paths.database, inside, tmp_path / "scratch")) == 1
        assert target.execute("SELECT origin FROM conversations").fetchall() == [(b"x:1",)]
    with contextlib.closing(refuge.take_refuge(paths.database)) as memory:
        memory.execute("UPDATE conversations SET origin = 'x:2'")
        with contextlib.closing(connect(paths.database)) as file:
            refuge.save(memory, file)
            assert file.execute("SELECT origin FROM conversations").fetchall() == [(b"x:2",)]
