"""Records of models in memory: whose they are, and that none outlives its owner."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

import chatapp
from chatapp.engine.holdings import Claim, Holding, Holdings

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and links are POSIX")

OWNER = """
import os, sys
from pathlib import Path
from chatapp.engine.holdings import Holding, Holdings
claim = Holdings(Path(sys.argv[1]), program="owner").claim()
claim.write(Holding(model="other", path="/other.gguf", program="owner", owner_pid=os.getpid(), worker_pid=0,
                    state="idle", since=0.0, last_used=0.0))
print("ready", flush=True)
sys.stdin.read()
"""


def holding(name: str = "tiny", **changes: object) -> Holding:
    plain = Holding(
        model=name,
        path=f"/{name}.gguf",
        program="test",
        owner_pid=1,
        worker_pid=2,
        state="idle",
        since=1.0,
        last_used=2.0,
    )
    return msgspec.structs.replace(plain, **changes)


def made(holdings: Holdings, record: Holding) -> Claim:
    claim = holdings.claim()
    assert claim is not None
    claim.write(record)
    return claim


@contextmanager
def owner(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process with a record of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(chatapp.__file__).parents[1])},
    )
    with process:
        assert process.stdout is not None and process.stdout.readline().strip() == b"ready"
        yield process
        process.kill()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state" / "loaded"


@pytest.fixture
def holdings(directory: Path) -> Holdings:
    return Holdings(directory, program="test")


def test_there_is_nothing_where_nobody_holds_anything(holdings: Holdings, directory: Path) -> None:
    assert holdings.list() == []
    assert not directory.exists()


def test_records_are_listed_as_they_were_written_last(holdings: Holdings) -> None:
    first, second = made(holdings, holding("b", since=2.0)), made(holdings, holding("a", since=1.0))
    assert [each.model for each in holdings.list()] == ["a", "b"]
    first.write(holding("b", since=2.0, state="busy"))
    assert [each.state for each in holdings.list()] == ["idle", "busy"]
    assert [each.id for each in holdings.list()] == [second.id, first.id]
    second.release()
    second.release()
    assert [each.model for each in holdings.list()] == ["b"]


def test_nothing_is_left_after_the_end(holdings: Holdings, directory: Path) -> None:
    claim = made(holdings, holding())
    holdings.ask_to_unload(holdings.list()[0])
    claim.release()
    claim.write(holding())  # one that was under way comes too late
    assert list(directory.iterdir()) == []


@posix
def test_records_are_for_their_owner_alone(holdings: Holdings, directory: Path) -> None:
    made(holdings, holding())
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}


def test_another_process_is_seen_until_it_is_killed(holdings: Holdings, directory: Path) -> None:
    mine = made(holdings, holding())
    with owner(directory) as process:
        assert {each.owner_pid for each in holdings.list()} == {1, process.pid}
        process.kill()
        process.wait()
        assert [each.id for each in holdings.list()] == [mine.id]
    assert len(list(directory.iterdir())) == 2


def test_the_number_of_a_process_proves_nothing(holdings: Holdings, directory: Path) -> None:
    """What a dead process left is no record, even where a living one has its number."""
    claim = made(holdings, holding(owner_pid=os.getpid()))
    record = (directory / f"{claim.id}.json").read_bytes()
    claim.release()
    (directory / "1-ghost.json").write_bytes(record)
    (directory / "1-ghost.lock").touch()
    assert holdings.list() == []
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"model": 5}', b"\x00" * 4096, b'{"model":"x"}'],
    ids=["empty", "cut", "a list", "wrong", "zeros", "incomplete"],
)
def test_a_broken_record_is_ignored(holdings: Holdings, directory: Path, content: bytes) -> None:
    broken, whole = made(holdings, holding("broken")), made(holdings, holding("whole"))
    (directory / f"{broken.id}.json").write_bytes(content)
    assert [each.model for each in holdings.list()] == ["whole"]
    broken.write(holding("mended"))
    assert {each.model for each in holdings.list()} == {"mended", "whole"}
    whole.release()


def test_a_record_of_another_machine_is_not_listed(holdings: Holdings, directory: Path) -> None:
    claim = made(holdings, holding())
    record = directory / f"{claim.id}.json"
    assert platform.node().encode() in record.read_bytes()
    record.write_bytes(msgspec.json.encode(holding(machine="elsewhere")))
    assert holdings.list() == []
    assert record.exists()


def test_one_that_keeps_nothing_reads_and_writes_nothing(holdings: Holdings, directory: Path) -> None:
    made(holdings, holding())
    incognito = Holdings(directory, program="test", keeps=False)
    assert incognito.claim() is None
    assert len(incognito.list()) == 1


def test_where_nothing_can_be_written_there_is_no_claim(tmp_path: Path) -> None:
    (tmp_path / "occupied").touch()
    holdings = Holdings(tmp_path / "occupied", program="test")
    assert holdings.claim() is None
    assert holdings.list() == []


def test_a_wish_to_unload_is_heard_once_and_can_be_withdrawn(holdings: Holdings, directory: Path) -> None:
    claim = made(holdings, holding())
    record = holdings.list()[0]
    assert not claim.is_unwanted
    holdings.ask_to_unload(record)
    assert claim.is_unwanted
    assert not claim.is_unwanted
    holdings.ask_to_unload(record)
    holdings.withdraw(record)
    holdings.withdraw(record)
    assert not claim.is_unwanted


def test_records_come_and_go_while_others_are_listed(directory: Path) -> None:
    """A living record is never missing, a new one never taken for a dead one, whoever looks at the same time."""
    steady = made(Holdings(directory, program="test"), holding("steady"))
    missing: list[int] = []
    stop = threading.Event()

    def look() -> None:
        holdings = Holdings(directory, program="test")
        while not stop.is_set():
            if "steady" not in {each.model for each in holdings.list()}:
                missing.append(1)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    holdings = Holdings(directory, program="test")
    for number in range(60):
        claim = made(holdings, holding("passing"))
        claim.write(holding("passing", last_used=float(number)))
        assert {each.model for each in holdings.list()} == {"passing", "steady"}
        claim.release()
    stop.set()
    for looker in lookers:
        looker.join()
    assert missing == []
    steady.release()


@posix
def test_a_record_is_of_its_file_by_whatever_way(tmp_path: Path) -> None:
    model, link = tmp_path / "model.gguf", tmp_path / "link.gguf"
    model.touch()
    link.symlink_to(model)
    assert holding(path=str(model)).is_of(link)
    assert not holding(path=str(model)).is_of(tmp_path / "gone.gguf")
    assert holding(path=str(tmp_path / "gone.gguf")).is_of(tmp_path / "gone.gguf")
