"""The details of tokens, from a value to the file and back."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.core.details import Details
from chatapp.core.errors import NotFound
from chatapp.core.events import TokenDetail
from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.storage import token_blob
from chatapp.storage.connection import connect, connect_memory, in_transaction, number
from chatapp.storage.migrations import MIGRATIONS, VERSION, migrate, version
from chatapp.storage.refuge import keep, save_kept, take_refuge
from chatapp.storage.salvage import salvage
from chatapp.storage.store import Store

FLOATS = st.floats(width=32, allow_nan=False)
IDS = st.integers(0, 2**31 - 1)
DETAIL = st.builds(
    TokenDetail,
    token_id=IDS,
    logprob=FLOATS,
    rank=st.integers(-1, 2**31 - 1),
    entropy=FLOATS,
    log_sum_exp=FLOATS,
    seconds=FLOATS,
    alternatives=st.lists(st.tuples(IDS, FLOATS), max_size=5).map(tuple),
)


def some(count: int = 20, alternatives: int = 10, seed: int = 1) -> Details:
    rng = random.Random(seed)
    return Details(
        TokenDetail(
            rng.randrange(32_000), -rng.random(), rng.randrange(9), rng.random(), 20.0, place / 50,
            tuple((rng.randrange(32_000), -rng.random()) for _ in range(alternatives)),
        )
        for place in range(count)
    )  # fmt: skip


async def reply(store: Store, details: Details | None, text: str = "Hello.") -> int:
    made = await store.conversations.create()
    added = await store.conversations.add_message(made.id, None, "assistant", [TextPart(text)], status="streaming")
    await store.conversations.update_message(added.id, status="complete", details=details)
    return added.id


def rows(path: Path) -> int:
    with contextlib.closing(connect(path)) as connection:
        return number(connection, "SELECT count(*) FROM token_details")


# As a BLOB


@given(st.lists(DETAIL, max_size=12), st.integers(0, 3))
def test_packing_loses_nothing(told: list[TokenDetail], untold: int) -> None:
    details = Details()
    details.replace_from(untold, told)
    assert token_blob.unpack(token_blob.pack(details)) == details


def test_the_alternatives_of_the_oldest_tokens_go_first() -> None:
    details = some(100)
    kept = token_blob.unpack(token_blob.pack(details, kept_bytes=28 * 100 + 8 * 10 * 30 + 50))
    assert kept is not None and kept.alternatives_from == 70
    assert kept[70:] == details[70:]
    for before, after in zip(details[:70], kept[:70], strict=True):
        assert before is not None and after is not None
        assert after.alternatives == () and after.token_id == before.token_id and after.rank == before.rank
    bare = token_blob.unpack(token_blob.pack(details, kept_bytes=0))
    assert bare is not None and bare.alternatives_from == 100 and len(bare) == 100


def test_a_long_reply_stays_within_its_bound() -> None:
    raw = zlib.decompress(token_blob.pack(some(3000), kept_bytes=200_000)[1:])
    assert 190_000 < len(raw) <= 200_000


def test_a_damaged_blob_is_none_and_never_more() -> None:
    rng, blob = random.Random(3), token_blob.pack(some())
    for _ in range(500):
        harmed = bytearray(blob)
        harmed[rng.randrange(len(harmed))] ^= rng.randrange(1, 256)
        assert token_blob.unpack(bytes(harmed)) is None
    for end in range(len(blob)):
        assert token_blob.unpack(blob[:end]) is None


def test_a_foreign_blob_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = token_blob.pack(some())
    assert token_blob.unpack(bytes([2]) + whole[1:]) is None
    for content in (
        b"",
        b"\x01",
        b"noise" * 100,
        b"\x01" + zlib.compress(b""),
        b"\x01" + zlib.compress(bytes(12) + b"x"),
    ):
        assert token_blob.unpack(content) is None
    monkeypatch.setattr(token_blob, "LARGEST_BYTES", 1000)
    assert token_blob.unpack(whole) is None


@pytest.mark.parametrize("place", range(3))
def test_figures_that_do_not_agree_are_none(place: int) -> None:
    raw = bytearray(zlib.decompress(token_blob.pack(some())[1:]))
    raw[4 * place + (0 if place else 1)] ^= 0x7F
    claimed = token_blob.unpack(b"\x01" + zlib.compress(raw))
    # The first position with alternatives is free to be anything, the two counts are not.
    assert (claimed is None) == (place != 1)


def test_ends_that_fall_are_none() -> None:
    details = some(3)
    details.alternative_ends[0], details.alternative_ends[1] = 20, 10
    assert token_blob.unpack(token_blob.pack(details)) is None


# In the store


async def test_details_come_back_after_reopening(paths: Paths) -> None:
    store = Store.open(paths)
    identity, other = await reply(store, some()), await reply(store, None)
    await store.close()
    again = Store.open(paths)
    assert again.conversations.token_details(identity) == some()
    assert again.conversations.token_details(other) is None
    with pytest.raises(NotFound):
        again.conversations.token_details(10**30)
    await again.close()


async def test_later_details_stand_in_place_of_earlier_ones(store: Store) -> None:
    identity = await reply(store, some(5))
    await store.conversations.update_message(identity, details=some(7))
    await store.conversations.update_message(identity, parts=[TextPart("same details")])
    assert store.conversations.token_details(identity) == some(7)


async def test_damaged_details_are_missing_and_the_message_is_there(paths: Paths) -> None:
    store = Store.open(paths)
    identity = await reply(store, some())
    for content in (b"\x01damaged", b"", "text", 5):
        await store._database.write(
            lambda connection, content=content: connection.execute("UPDATE token_details SET content = ?", (content,))
        )
        assert store.conversations.token_details(identity) is None
    assert store.conversations.message(identity).text == "Hello."
    await store.close()


async def test_opening_a_thread_reads_no_details(store: Store) -> None:
    identity = await reply(store, some())
    owner = store.conversations.message(identity).conversation_id
    read: list[str] = []

    def note(action: int, table: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_READ and table is not None:
            read.append(table)
        return sqlite3.SQLITE_OK

    reader = store._database.connections.reader
    reader.set_authorizer(note)
    assert len(store.conversations.thread(owner)) == 1
    assert "messages" in read and "token_details" not in read
    assert store.conversations.token_details(identity) == some()
    assert "token_details" in read
    reader.set_authorizer(None)


async def test_purging_takes_the_details_too(paths: Paths) -> None:
    store = Store.open(paths)
    identity, kept = await reply(store, some()), await reply(store, some(3))
    await store.conversations.purge(store.conversations.message(identity).conversation_id)
    assert store.conversations.token_details(kept) == some(3)
    await store.close()
    assert rows(paths.database) == 1


# From an older schema, and through trouble


def make_old(path: Path) -> None:
    """A database of the first schema with one conversation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with contextlib.closing(connect(path)) as connection:
        migrate(connection, MIGRATIONS[:1])
        connection.execute(
            "INSERT INTO conversations (title, folded_title, model, touched, created_at, updated_at, edits, "
            "system_prompt, leaf_id, message_count) VALUES ('Old', 'old', '', 1, 1.0, 1.0, '{}', '', 1, 1)"
        )
        connection.execute(
            "INSERT INTO messages (conversation_id, role, status, writer, created_at, parts) VALUES "
            """(1, 'assistant', 'complete', '', 1.0, '[{"type":"text","text":"from before"}]')"""
        )
        assert version(connection) == 1


async def test_an_older_database_migrates_and_a_backup_stays(paths: Paths) -> None:
    make_old(paths.database)
    store = Store.open(paths)
    assert store.problems == () and store.persistent
    assert store.conversations.message(1).text == "from before"
    assert store.conversations.token_details(1) is None
    await store.conversations.update_message(1, details=some())
    assert store.conversations.token_details(1) == some()
    await store.close()
    with contextlib.closing(connect(paths.database)) as connection:
        assert version(connection) == VERSION
    (before,) = paths.backups.glob(f"before-schema-{VERSION}-*.db")
    with contextlib.closing(connect(before)) as connection:
        assert version(connection) == 1
        assert number(connection, "SELECT count(*) FROM messages") == 1


async def test_details_of_a_time_without_a_file_are_saved_later(paths: Paths) -> None:
    store = Store.open(paths)
    first = await reply(store, some(4))
    paths.database.rename(paths.database.with_suffix(".away"))
    second = await reply(store, some(6))
    assert not store.persistent
    paths.database.with_suffix(".away").rename(paths.database)
    assert await store.retry()
    assert store.conversations.token_details(first) == some(4)
    assert store.conversations.token_details(second) == some(6)
    await store.close()


async def test_what_an_older_chatapp_kept_aside_is_saved(paths: Paths) -> None:
    await Store.open(paths).close()
    make_old(paths.data / "elsewhere" / "old.db")
    with contextlib.closing(take_refuge(paths.database)) as memory:
        path = keep(memory, paths.backups)
    with contextlib.closing(connect(path)) as kept:
        kept.execute("DROP TRIGGER note_token_details")
        kept.execute("DROP TABLE token_details")
        kept.execute("ALTER TABLE conversations DROP COLUMN overflow")
        kept.execute("DROP INDEX conversations_origin")
        kept.execute("DROP INDEX conversations_created")
        kept.execute("ALTER TABLE conversations DROP COLUMN origin")
        kept.execute("DROP INDEX messages_deleted")
        for column in ("pinned", "edited", "deleted_with"):
            kept.execute(f"ALTER TABLE messages DROP COLUMN {column}")
        kept.execute("PRAGMA user_version=1")
        kept.execute("ATTACH ? AS old", (str(paths.data / "elsewhere" / "old.db"),))
        kept.execute("INSERT INTO conversations SELECT * FROM old.conversations")
        kept.execute("INSERT INTO messages SELECT * FROM old.messages")
    with contextlib.closing(connect(paths.database)) as file:
        assert save_kept(paths.backups, file) == 1
        assert number(file, "SELECT count(*) FROM messages") == 1
    assert not path.exists()


@pytest.mark.parametrize("old", [True, False])
async def test_salvage_takes_sound_details_and_does_without_the_table(paths: Paths, old: bool) -> None:
    damaged = paths.data / "damaged.db"
    if old:
        make_old(damaged)
    else:
        store = Store.open(paths)
        await reply(store, some())
        broken = await reply(store, some(2))
        await store.close()
        paths.database.rename(damaged)
        with contextlib.closing(connect(damaged)) as connection:
            connection.execute("UPDATE token_details SET content = x'01ff' WHERE message_id = ?", (broken,))
    with contextlib.closing(connect_memory()) as target:
        migrate(target)
        count = in_transaction(target, lambda inside: salvage(damaged, inside, paths.data / "scratch"))
        assert count == (1 if old else 2)
        kept = target.execute("SELECT content FROM token_details").fetchall()
    assert [token_blob.unpack(content) for (content,) in kept] == ([] if old else [some()])
