"""Branches in the store: copies, forks, pins, deletions, and databases that know nothing of them."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest

from chatapp.core.conversations import Conversation, Generation, StoredMessage, View
from chatapp.core.details import Details
from chatapp.core.errors import NotFound
from chatapp.core.events import TokenDetail
from chatapp.core.messages import Role, TextPart
from chatapp.core.paths import Paths
from chatapp.storage import refuge
from chatapp.storage.connection import connect, connect_memory, in_transaction
from chatapp.storage.migrations import MIGRATIONS, VERSION, migrate, version
from chatapp.storage.salvage import salvage
from chatapp.storage.store import Store

DETAILS = Details([TokenDetail(7, -0.5, 0, 1.0, 2.0, 0.0, ((7, -0.5), (9, -1.0)))])


def generation(view: View | None = None, **facts: object) -> Generation:
    return Generation(
        model_name="m", model_fingerprint="f", template_sha256="t", settings=(), seed=1, token_ids=(7,), view=view,
        **facts,  # type: ignore[arg-type]
    )  # fmt: skip


async def say(store: Store, conversation: Conversation, text: str, parent: int | None = None) -> StoredMessage:
    """Add a message at the end of the shown branch, or below `parent`; user and assistant take turns."""
    conversations = store.conversations
    shown = conversations.thread(conversation.id, parent) if parent else conversations.thread(conversation.id)
    role: Role = "assistant" if shown and shown[-1].role == "user" else "user"
    added = await conversations.add_message(
        conversation.id,
        shown[-1].id if shown else None,
        role,
        [TextPart(text)],
        generation=generation(View(began_at=shown[0].id)) if role == "assistant" else None,
    )
    if role == "assistant":
        await conversations.update_message(added.id, details=DETAILS)
    return added


async def begun(store: Store, *texts: str) -> tuple[Conversation, list[StoredMessage]]:
    conversation = await store.conversations.create(title="Foxes", system_prompt="Be kind.", edits={"top_k": 3})
    return conversation, [await say(store, conversation, text) for text in texts]


def shown(store: Store, conversation: Conversation) -> list[str]:
    return [message.text for message in store.conversations.thread(conversation.id)]


async def test_an_inserted_message_is_followed_by_copies(store: Store) -> None:
    conversation, said = await begun(store, "q1", "a1", "q2", "a2")
    await store.conversations.pin_message(said[3].id, True)
    added = await store.conversations.insert_message(conversation.id, said[1].id, "system", [TextPart("note")])
    thread = store.conversations.thread(conversation.id)
    assert [message.text for message in thread] == ["q1", "a1", "note", "q2", "a2"]
    assert thread[2].id == added.id and thread[2].role == "system"
    assert [message.id for message in thread[:2]] == [said[0].id, said[1].id]
    assert not {message.id for message in thread[3:]} & {message.id for message in said}
    copy = thread[4]
    assert copy.pinned and copy.generation == said[3].generation and copy.created_at == said[3].created_at
    assert store.conversations.token_details(copy.id) == DETAILS
    assert store.conversations.get(conversation.id).message_count == 7
    before = store.conversations.thread(conversation.id, said[3].id)
    assert [message.text for message in before] == ["q1", "a1", "q2", "a2"], "the branch that was there stays"
    assert [hit.message_id for hit in store.search.search("a2")] == [copy.id, said[3].id]


async def test_a_message_can_stand_before_all_others(store: Store) -> None:
    conversation, said = await begun(store, "q1", "a1")
    await store.conversations.insert_message(conversation.id, None, "assistant", [TextPart("Welcome.")])
    assert shown(store, conversation) == ["Welcome.", "q1", "a1"]
    copies = store.conversations.thread(conversation.id)
    view = copies[2].generation.view if copies[2].generation is not None else None
    assert view is not None and view.began_at == copies[1].id != said[0].id


async def test_behind_a_message_of_another_branch_its_own_rest_follows(store: Store) -> None:
    conversation, said = await begun(store, "q1", "a1", "q2")
    other = await say(store, conversation, "b1", said[0].id)
    await say(store, conversation, "q3", other.id)
    await store.conversations.insert_message(conversation.id, said[1].id, "system", [TextPart("note")])
    assert shown(store, conversation) == ["q1", "a1", "note", "q2"]


async def test_a_fork_is_a_conversation_of_its_own(store: Store) -> None:
    conversation, said = await begun(store, "q1", "a1", "q2", "a2")
    made = await store.conversations.fork(said[1].id)
    assert (made.title, made.system_prompt, made.edits) == ("Fork: Foxes", "Be kind.", {"top_k": 3})
    assert made.message_count == 2 and shown(store, made) == ["q1", "a1"]
    copy = store.conversations.thread(made.id)[1]
    assert copy.generation is not None and copy.generation.token_ids == (7,)
    assert copy.generation.view == View(began_at=store.conversations.thread(made.id)[0].id)
    await say(store, made, "q9")
    assert shown(store, conversation) == ["q1", "a1", "q2", "a2"]
    again = await store.conversations.fork(store.conversations.thread(made.id)[0].id)
    assert again.title == "Fork 2: Foxes"


async def test_a_deleted_message_takes_what_follows_out_of_sight_and_back(store: Store) -> None:
    conversation, said = await begun(store, "q1", "a1", "q2", "a2 treasure")
    after = await store.conversations.delete_message(said[2].id)
    assert shown(store, conversation) == ["q1", "a1"]
    assert (after.message_count, after.leaf_id) == (2, said[1].id)
    assert store.search.search("treasure") == [] == store.conversations.list(filter="treasure")
    tree = store.conversations.tree(conversation.id)
    assert [place.deleted_with for place in tree.messages] == [None, None, said[2].id, said[2].id]
    with pytest.raises(NotFound, match="deleted"):
        await store.conversations.select(said[3].id)
    back = await store.conversations.restore_message(said[2].id)
    assert shown(store, conversation) == ["q1", "a1", "q2", "a2 treasure"]
    assert (back.message_count, back.leaf_id) == (4, said[3].id)
    assert [hit.message_id for hit in store.search.search("treasure")] == [said[3].id]
    assert [found.id for found in store.conversations.list(filter="treasure")] == [conversation.id]


async def test_beside_a_deleted_version_the_nearest_one_is_shown(store: Store) -> None:
    conversation, said = await begun(store, "q1", "a1")
    others = [await say(store, conversation, text, said[0].id) for text in ("b1", "c1")]
    await store.conversations.select(others[0].id)
    await store.conversations.delete_message(others[0].id)
    assert shown(store, conversation) == ["q1", "a1"]
    left = store.conversations.siblings(said[1].id)
    assert [(each.text, each.sibling, each.siblings) for each in left] == [("a1", 1, 2), ("c1", 2, 2)]
    await store.conversations.delete_message(said[1].id)
    assert shown(store, conversation) == ["q1", "c1"]
    await store.conversations.delete_message(said[0].id)
    assert shown(store, conversation) == [] and store.conversations.get(conversation.id).leaf_id is None


async def test_what_is_not_shown_can_be_deleted_without_a_change_of_the_view(store: Store) -> None:
    conversation, said = await begun(store, "q1", "a1")
    await say(store, conversation, "b1", said[0].id)
    await store.conversations.delete_message(said[1].id)
    assert shown(store, conversation) == ["q1", "b1"]


async def test_what_was_deleted_before_stays_deleted_unless_it_is_asked_for(store: Store) -> None:
    conversation, said = await begun(store, "q1", "a1", "q2", "a2")
    await store.conversations.delete_message(said[3].id)
    await store.conversations.delete_message(said[1].id)
    await store.conversations.restore_message(said[1].id)
    assert shown(store, conversation) == ["q1", "a1", "q2"]
    await store.conversations.delete_message(said[0].id)
    await store.conversations.restore_message(said[3].id)
    assert shown(store, conversation) == ["q1", "a1", "q2", "a2"]
    await store.conversations.restore_message(said[3].id)
    assert shown(store, conversation) == ["q1", "a1", "q2", "a2"]


async def test_the_tree_names_every_message(store: Store) -> None:
    conversation, said = await begun(store, "q1", "  a1\nwith   more", "q2")
    await store.conversations.pin_message(said[0].id, True)
    edited = await store.conversations.add_message(conversation.id, None, "user", [TextPart("q1!")], edited=True)
    tree = store.conversations.tree(conversation.id)
    assert tree.leaf_id == edited.id
    assert [(place.parent_id, place.role, place.opening, place.pinned, place.edited) for place in tree.messages] == [
        (None, "user", "q1", True, False),
        (said[0].id, "assistant", "a1 with more", False, False),
        (said[1].id, "user", "q2", False, False),
        (None, "user", "q1!", False, True),
    ]
    with pytest.raises(NotFound):
        store.conversations.tree(999)


async def test_ten_thousand_messages_are_copied_and_searched(store: Store) -> None:
    conversation = await store.conversations.create(title="Long")

    def fill(connection: object) -> None:
        connection.executemany(  # type: ignore[attr-defined]
            "INSERT INTO messages (conversation_id, parent_id, role, status, writer, created_at, parts) VALUES "
            "(?, (SELECT max(id) FROM messages), 'user', 'complete', '', 1.0, ?)",
            [(conversation.id, f'[{{"type":"text","text":"word{number}"}}]') for number in range(10_000)],
        )
        connection.execute("UPDATE conversations SET leaf_id = (SELECT max(id) FROM messages)")  # type: ignore[attr-defined]

    await store._database.write(fill)
    assert len(store.conversations.tree(conversation.id).messages) == 10_000
    made = await store.conversations.fork(store.conversations.thread(conversation.id)[-1].id)
    assert made.message_count == 10_000
    give_up_at = time.monotonic() + 60
    while not store.search.search("word9999", conversation_id=made.id) and time.monotonic() < give_up_at:
        await store._database.write(lambda connection: None)
    (hit,) = store.search.search("word9999", conversation_id=made.id)
    assert hit.message_id == made.leaf_id


# --- databases of another time


def make_old(path: Path) -> None:
    """A database of the third schema with one conversation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with contextlib.closing(connect(path)) as connection:
        migrate(connection, MIGRATIONS[:3])
        connection.execute(
            "INSERT INTO conversations (title, folded_title, model, touched, created_at, updated_at, edits, "
            "system_prompt, leaf_id, message_count) VALUES ('Old', 'old', '', 1, 1.0, 1.0, '{}', '', 1, 1)"
        )
        connection.execute(
            "INSERT INTO messages (conversation_id, role, status, writer, created_at, parts) VALUES "
            """(1, 'user', 'complete', '', 1.0, '[{"type":"text","text":"from before"}]')"""
        )


async def test_an_older_database_migrates_and_its_messages_take_marks(paths: Paths) -> None:
    make_old(paths.database)
    store = Store.open(paths)
    assert store.problems == () and store.persistent
    (old,) = store.conversations.thread(1)
    assert (old.text, old.pinned, old.edited, old.deleted_with) == ("from before", False, False, None)
    assert (await store.conversations.pin_message(old.id, True)).pinned
    await store.conversations.delete_message(old.id)
    assert store.conversations.thread(1) == []
    await store.close()
    with contextlib.closing(connect(paths.database)) as connection:
        assert version(connection) == VERSION
    (before,) = paths.backups.glob(f"before-schema-{VERSION}-*.db")
    with contextlib.closing(connect(before)) as connection:
        assert version(connection) == 3


@pytest.mark.parametrize("old", [True, False])
async def test_salvage_reads_marks_of_either_schema(paths: Paths, old: bool) -> None:
    damaged = paths.data / "damaged.db"
    if old:
        make_old(damaged)
    else:
        store = Store.open(paths)
        conversation, said = await begun(store, "from before", "a1", "q2")
        await store.conversations.pin_message(said[0].id, True)
        await store.conversations.add_message(conversation.id, None, "user", [TextPart("edited")], edited=True)
        await store.conversations.delete_message(said[1].id)
        await store.close()
        paths.database.rename(damaged)
    with contextlib.closing(connect_memory()) as target:
        migrate(target)
        in_transaction(target, lambda inside: salvage(damaged, inside, paths.data / "scratch"))
        rows = target.execute("SELECT pinned, edited, deleted_with FROM messages ORDER BY id").fetchall()
        ((count,),) = target.execute("SELECT message_count FROM conversations").fetchall()
    assert rows == ([(0, 0, None)] if old else [(1, 0, None), (0, 0, 2), (0, 0, 2), (0, 1, None)])
    assert count == (1 if old else 2)


async def test_what_was_deleted_with_a_lost_message_comes_back(paths: Paths) -> None:
    store = Store.open(paths)
    _, said = await begun(store, "q1", "a1", "q2")
    await store.conversations.delete_message(said[1].id)
    await store.close()
    with contextlib.closing(connect(paths.database)) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("DELETE FROM messages WHERE id = ?", (said[1].id,))
    with contextlib.closing(connect_memory()) as target:
        migrate(target)
        in_transaction(target, lambda inside: salvage(paths.database, inside, paths.data / "scratch"))
        rows = target.execute("SELECT id, parent_id, deleted_with FROM messages ORDER BY id").fetchall()
    assert rows == [(said[0].id, None, None), (said[2].id, said[0].id, None)]


async def test_marks_of_a_time_without_a_file_are_saved_later(paths: Paths) -> None:
    store = Store.open(paths)
    conversation, said = await begun(store, "q1", "a1", "q2", "a2")
    paths.database.rename(paths.database.with_suffix(".away"))
    await store.conversations.pin_message(said[0].id, True)
    await store.conversations.delete_message(said[2].id)
    made = await store.conversations.fork(said[1].id)
    assert not store.persistent
    paths.database.with_suffix(".away").rename(paths.database)
    assert await store.retry()
    assert shown(store, conversation) == ["q1", "a1"] == shown(store, made)
    assert store.conversations.thread(conversation.id)[0].pinned
    assert store.conversations.get(conversation.id).message_count == 2
    await store.conversations.restore_message(said[2].id)
    assert shown(store, conversation) == ["q1", "a1", "q2", "a2"]
    await store.close()


def test_a_large_older_file_that_can_not_be_written_is_read_in_part(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_old(paths.database)
    monkeypatch.setattr(refuge, "COPIED_BYTES", 0)
    with contextlib.closing(refuge.take_refuge(paths.database)) as memory:
        assert memory.execute("SELECT pinned, edited, deleted_with FROM messages").fetchall() == [(0, 0, None)]
