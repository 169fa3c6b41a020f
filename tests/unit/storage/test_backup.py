from __future__ import annotations

import contextlib
from datetime import date, timedelta
from pathlib import Path

import pytest

from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.storage import backup
from chatapp.storage.connection import connect_read_only, number
from chatapp.storage.lock import Lock
from chatapp.storage.store import Store


async def talk(store: Store, text: str) -> None:
    made = await store.conversations.create()
    await store.conversations.add_message(made.id, None, "user", [TextPart(text)])


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.glob("*.db"))


async def test_a_backup_is_made_once_a_day_and_holds_everything(paths: Paths) -> None:
    store = Store.open(paths)
    await store.close()
    assert not paths.backups.exists() or names(paths.backups) == []
    store = Store.open(paths)
    await talk(store, "in the backup")
    await store.close()
    assert names(paths.backups) == [backup.name_of(date.today())]
    first = (paths.backups / backup.name_of(date.today())).read_bytes()
    store = Store.open(paths)
    await talk(store, "too late")
    await store.close()
    assert (paths.backups / backup.name_of(date.today())).read_bytes() == first
    with contextlib.closing(connect_read_only(paths.backups / backup.name_of(date.today()))) as connection:
        assert number(connection, "SELECT count(*) FROM messages") == 1
        assert backup.unsound(connection) == ""
    assert backup.usable(paths.backups / backup.name_of(date.today()))
    store = Store.open(paths)
    assert await store.back_up() == paths.backups / backup.name_of(date.today())
    await store.close()
    assert (paths.backups / backup.name_of(date.today())).read_bytes() != first


def test_backups_are_thinned_to_seven_days_and_four_weeks(tmp_path: Path) -> None:
    today = date(2026, 11, 22)
    for age in range(100):
        (tmp_path / backup.name_of(today - timedelta(days=age))).touch()
    (tmp_path / "unsaved-1.db").touch()
    (tmp_path / "before-schema-2-x.db").touch()
    (tmp_path / "chatapp-2026-99-99.db").touch()
    backup.thin(tmp_path)
    kept = [day for day, _ in backup.newest_first(tmp_path)]
    assert kept[:7] == [today - timedelta(days=age) for age in range(7)]
    assert len(kept) == 11 and len({day.isocalendar()[:2] for day in kept[7:]}) == 4
    assert kept == sorted(kept, reverse=True) and today - kept[-1] < timedelta(days=40)
    assert {path.name for path in tmp_path.iterdir()} >= {
        "unsaved-1.db",
        "before-schema-2-x.db",
        "chatapp-2026-99-99.db",
    }
    backup.thin(tmp_path)
    assert len(list(backup.newest_first(tmp_path))) == 11


async def test_thinning_day_by_day_keeps_a_month(tmp_path: Path) -> None:
    today = date(2026, 1, 1)
    for age in range(200):
        (tmp_path / backup.name_of(today + timedelta(days=age))).touch()
        backup.thin(tmp_path)
    kept = [day for day, _ in backup.newest_first(tmp_path)]
    assert len(kept) == 11
    assert timedelta(days=27) <= kept[0] - kept[-1] <= timedelta(days=42)


async def test_a_backup_that_another_process_makes_is_left_to_it(paths: Paths) -> None:
    store = Store.open(paths)
    await talk(store, "hello")
    paths.backups.mkdir(parents=True)
    lock = Lock(paths.backups / "backup.lock")
    assert lock.acquire()
    with pytest.raises(backup.Cancelled):
        backup.back_up(paths.database, paths.backups, "x.db")
    lock.release()
    backup.back_up(paths.database, paths.backups, "x.db")
    assert names(paths.backups) == ["x.db"]
    await store.close()


async def test_a_backup_can_be_given_up(paths: Paths) -> None:
    store = Store.open(paths)
    await talk(store, "hello")
    with pytest.raises(backup.Cancelled):
        backup.back_up(paths.database, paths.backups, "x.db", cancelled=lambda: True)
    assert [path.name for path in paths.backups.iterdir()] == ["backup.lock"]
    await store.close()


def test_what_is_no_backup_is_not_used(tmp_path: Path) -> None:
    assert not backup.usable(tmp_path / "missing.db")
    (tmp_path / "noise.db").write_bytes(b"noise" * 1000)
    assert not backup.usable(tmp_path / "noise.db")
    (tmp_path / "empty.db").touch()
    assert not backup.usable(tmp_path / "empty.db")
