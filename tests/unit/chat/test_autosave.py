"""Saving in the background."""

from __future__ import annotations

import asyncio

import pytest
from desk import Clock

from chatapp.chat.autosave import INTERVAL_S, RETRY_INTERVAL_S, Autosave
from chatapp.core.errors import ChatappError, NotFound, StoreBusy


class Disk:
    def __init__(self) -> None:
        self.writes = 0
        self.failure: ChatappError | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def write(self) -> None:
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.writes += 1


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def disk() -> Disk:
    return Disk()


async def test_many_changes_are_one_write_a_quarter_second_later(clock: Clock, disk: Disk) -> None:
    autosave = Autosave(disk.write, sleep=clock.sleep)
    for _ in range(100):
        autosave.changed()
    await settle()
    assert (clock.asked, disk.writes) == ([INTERVAL_S], 0)
    clock.tick()
    await settle()
    assert (clock.asked, disk.writes) == ([INTERVAL_S], 1)


async def test_the_end_is_written_at_once_and_only_once(clock: Clock, disk: Disk) -> None:
    autosave = Autosave(disk.write, sleep=clock.sleep)
    autosave.changed()
    await settle()
    await autosave.finish()
    clock.tick()
    await settle()
    assert disk.writes == 1


async def test_a_write_under_way_comes_before_the_last_one(clock: Clock, disk: Disk) -> None:
    autosave = Autosave(disk.write, sleep=clock.sleep)
    autosave.changed()
    await settle()
    disk.gate.clear()
    clock.tick()
    await settle()
    finishing = asyncio.create_task(autosave.finish())
    await settle()
    assert not finishing.done()
    disk.gate.set()
    await finishing
    assert disk.writes == 2


async def test_a_failed_write_is_remembered_and_tried_at_the_next_tick(clock: Clock, disk: Disk) -> None:
    autosave = Autosave(disk.write, sleep=clock.sleep)
    disk.failure = StoreBusy("busy")
    autosave.changed()
    await settle()
    clock.tick()
    await settle()
    assert autosave.failure is disk.failure
    disk.failure = None
    clock.tick()
    await settle()
    assert (disk.writes, autosave.failure) == (1, None)


async def test_what_failed_at_the_end_is_tried_again_afterwards(clock: Clock, disk: Disk) -> None:
    autosave = Autosave(disk.write, sleep=clock.sleep)
    disk.failure = StoreBusy("busy")
    await autosave.finish()
    await settle()
    assert (autosave.failure, clock.asked) == (disk.failure, [RETRY_INTERVAL_S])
    disk.failure = None
    clock.tick()
    await settle()
    assert (disk.writes, autosave.failure) == (1, None)


async def test_close_tries_once_more_and_gives_up(clock: Clock, disk: Disk) -> None:
    autosave = Autosave(disk.write, sleep=clock.sleep)
    disk.failure = StoreBusy("busy")
    await autosave.finish()
    await autosave.close()
    asked = len(clock.asked)
    clock.tick()
    await settle()
    assert (disk.writes, len(clock.asked)) == (0, asked)
    disk.failure = None
    await autosave.close()
    assert disk.writes == 1


async def test_what_can_never_be_written_is_not_tried_again(clock: Clock, disk: Disk) -> None:
    autosave = Autosave(disk.write, sleep=clock.sleep)
    disk.failure = NotFound("purged")
    await autosave.finish()
    await settle()
    assert (autosave.failure, clock.asked) == (disk.failure, [])
