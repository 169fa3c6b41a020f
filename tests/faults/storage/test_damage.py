"""Damaged databases: the app opens every time, nothing is deleted, and what can be read comes back."""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path

import pytest

from chatapp.core.errors import StoreDamaged
from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.storage import backup
from chatapp.storage.store import Store

sys.path.insert(0, str(Path(__file__).parent))

from damage import damage, make_store

FILES = int(os.environ.get("CHATAPP_DAMAGED_FILES", "60"))
OLD, NEW = 12, 4


def texts(store: Store) -> set[str]:
    """Every message that the list leads to."""
    found: set[str] = set()
    for trash in (False, True):
        for conversation in store.conversations.list(trash=trash):
            found |= {message.text for message in store.conversations.thread(conversation.id)}
    return found


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a backup of its older conversations, and some newer than that."""
    return tmp_path_factory.mktemp("original")


@pytest.fixture
async def home(original: Path) -> Path:
    if not (original / "data").exists():
        paths = Paths.of({"CHATAPP_HOME": str(original)})
        await make_store(paths, OLD)
        store = Store.open(paths)
        await store.back_up()
        await store.close()
        await make_store(paths, NEW, OLD)
    return original


def copy_of(home: Path, target: Path) -> Paths:
    shutil.copytree(home, target)
    return Paths.of({"CHATAPP_HOME": str(target)})


async def test_damaged_databases_open_and_are_set_aside(home: Path, tmp_path: Path) -> None:
    rng = random.Random(11)
    whole = texts(Store.open(copy_of(home, tmp_path / "whole")))
    assert len(whole) == 6 * (OLD + NEW)
    lost: dict[str, list[int]] = {}
    for number in range(FILES):
        paths = copy_of(home, tmp_path / str(number))
        kind = damage(paths.database, rng)
        damaged = paths.database.read_bytes()
        store = Store.open(paths)
        after = texts(store)
        store.search.search("padding conversation")
        store.conversations.list(filter="turn")
        made = await store.conversations.create(title="after the damage")
        await store.conversations.add_message(made.id, None, "user", [TextPart("still here")])
        assert store.persistent, kind
        lost.setdefault(kind, []).append(len(whole) - len(after))
        if store.problems:
            aside = [path for path in paths.data.iterdir() if ".damaged-" in path.name and path.suffix != ".db-journal"]
            assert damaged in [path.read_bytes() for path in aside], kind
            assert isinstance(store.problems[0], StoreDamaged) and "Nothing was deleted" in store.problems[0].hint
        else:
            # A bit that flips inside a text is not seen; no message may be missing for it.
            assert len(whole) - len(after) <= 6, f"{kind}: unnoticed"
        await store.close()
        again = Store.open(paths)
        assert "still here" in texts(again) and again.problems == ()
        await again.close()
        shutil.rmtree(tmp_path / str(number))
    older = {text for text in whole if int(text.split()[1]) < OLD}
    assert len(older) == 6 * OLD
    assert all(count <= 6 * NEW + 3 for counts in lost.values() for count in counts), lost
    assert all(count == 0 for count in lost.get("header of zeros", [])), lost


@pytest.mark.parametrize("size", [1, 99, 100, 4095, 4096, 5000])
async def test_without_a_backup_what_can_be_read_is_saved(home: Path, tmp_path: Path, size: int) -> None:
    paths = copy_of(home, tmp_path / "home")
    shutil.rmtree(paths.backups)
    content = bytearray(paths.database.read_bytes())
    content[:size] = bytes(min(size, len(content)))
    paths.database.write_bytes(content)
    store = Store.open(paths)
    assert isinstance(store.problems[0], StoreDamaged)
    assert len(texts(store)) >= 6 * (OLD + NEW) - 12
    await store.close()


async def test_a_file_that_is_no_database_is_set_aside_and_replaced(tmp_path: Path) -> None:
    for number, content in enumerate((b"x", b"not a database" * 1000, bytes(5000), b"SQLite format 3\0" + bytes(5000))):
        paths = Paths.of({"CHATAPP_HOME": str(tmp_path / str(number))})
        paths.data.mkdir(parents=True)
        paths.database.write_bytes(content)
        store = Store.open(paths)
        assert isinstance(store.problems[0], StoreDamaged) and store.persistent
        aside = next(path for path in paths.data.iterdir() if ".damaged-" in path.name)
        assert aside.read_bytes() == content
        await store.close()


async def test_damage_that_comes_while_it_is_open_is_mended_on_the_spot(home: Path, tmp_path: Path) -> None:
    paths = copy_of(home, tmp_path / "home")
    store = Store.open(paths)
    conversation = store.conversations.list()[-1]
    content = bytearray(paths.database.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 8] = b"\xff" * 8
    paths.database.write_bytes(content)
    assert len(store.conversations.thread(conversation.id)) == 6
    added = await store.conversations.add_message(conversation.id, conversation.leaf_id, "user", [TextPart("go on")])
    assert store.conversations.message(added.id).text == "go on"
    assert store.persistent and isinstance(store.problems[0], StoreDamaged)
    assert len(store.conversations.thread(conversation.id)) == 7
    await store.close()


async def test_a_damaged_copy_never_replaces_a_backup(home: Path, tmp_path: Path) -> None:
    paths = copy_of(home, tmp_path / "home")
    (_, good), *_ = backup.newest_first(paths.backups)
    before = good.read_bytes()
    store = Store.open(paths)
    content = bytearray(paths.database.read_bytes())
    content[4096 * 8 : 4096 * 9] = b"\xff" * 4096
    paths.database.write_bytes(content)
    with pytest.raises(StoreDamaged):
        await store.back_up()
    assert good.read_bytes() == before
    assert [path.name for path in paths.backups.glob("*.db")] == [good.name]
    await store.close()
