"""A snapshot is used whole or not at all, and a folder of them can be shared, filled and cleared at any time."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chatapp.engine.snapshots import (
    FORGOTTEN_S,
    SUFFIX,
    Damaged,
    Snapshots,
    clear,
    make_room,
    packed,
    read_head,
    unpacked,
    usage,
)

TOKENS = [5, 70_000, 0, 151_935]
BODY = bytes(range(256)) * 40


def kept(folder: Path, identity: str = "one", model: str = "tiny") -> Snapshots:
    snapshots = Snapshots(folder, identity, model)
    assert snapshots.write(TOKENS, 3, BODY)
    return snapshots


def only_file(folder: Path) -> Path:
    (path,) = folder.glob(f"*/*{SUFFIX}")
    return path


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    (snapshot,) = kept(tmp_path).entries()
    assert (snapshot.tokens, snapshot.first_position, snapshot.size_bytes) == (TOKENS, 3, len(BODY))
    assert snapshot.read() == BODY
    assert unpacked(packed(TOKENS)) == TOKENS


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    kept(tmp_path / "snapshots")
    assert only_file(tmp_path / "snapshots").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "snapshots").stat().st_mode & 0o777 == 0o700


def damaged_files(whole: bytes) -> list[bytes]:
    """Two hundred files that are no whole snapshot of these tokens."""
    chance = random.Random(1)
    cut = [whole[: chance.randrange(len(whole))] for _ in range(60)]
    changed = []
    for number in range(90):
        copy = bytearray(whole)
        # The head is short beside the body: half of the changes are to hit it.
        place = chance.randrange(220) if number % 2 else chance.randrange(len(copy))
        copy[place] ^= 1 + chance.randrange(255)
        changed.append(bytes(copy))
    longer = [whole + bytes(chance.randrange(1, 100)) for _ in range(10)]
    foreign = [b"", b"GGUF" + bytes(100), bytes(len(whole)), whole[1:], b"chatapp-kv-1\n" + b"\xff" * 400]
    noise = [chance.randbytes(chance.randrange(1, 4000)) for _ in range(35)]
    return [*cut, *changed, *longer, *foreign, *noise]


def test_two_hundred_damaged_files_are_refused_with_a_reason(tmp_path: Path) -> None:
    kept(tmp_path)
    path = only_file(tmp_path)
    files = damaged_files(path.read_bytes())
    assert len(files) == 200
    for content in files:
        path.write_bytes(content)
        snapshots = Snapshots(tmp_path, "one", "tiny")
        try:
            (snapshot,) = snapshots.entries()
        except ValueError:
            assert next(iter(snapshots.refused.values()))
            continue
        assert snapshot.tokens == TOKENS
        with pytest.raises(Damaged, match=r"."):
            snapshot.read()


def test_a_file_that_vanished_is_damaged(tmp_path: Path) -> None:
    snapshots = kept(tmp_path)
    (snapshot,) = snapshots.entries()
    clear(tmp_path)
    with pytest.raises(Damaged, match="No such file"):
        snapshot.read()
    assert snapshots.entries() == []


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    snapshots = kept(tmp_path)
    folder = only_file(tmp_path).parent / f"odd{SUFFIX}"
    folder.mkdir()
    assert len(snapshots.entries()) == 1
    clear(tmp_path)
    assert folder.is_dir()


def test_another_engine_sees_nothing_of_it(tmp_path: Path) -> None:
    kept(tmp_path, "one")
    assert Snapshots(tmp_path, "two", "tiny").entries() == []
    # Even where its file lies in the other one's folder.
    theirs = Snapshots(tmp_path, "two", "tiny")
    theirs.write([1], 0, b"x")
    stray = next(path for path in tmp_path.glob(f"*/*{SUFFIX}") if read_head(path).head.identity == "one")
    there = next(path for path in tmp_path.glob(f"*/*{SUFFIX}") if read_head(path).head.identity == "two").parent
    stray.rename(there / stray.name)
    assert [snapshot.tokens for snapshot in theirs.entries()] == [[1]]
    assert list(theirs.refused.values()) == ["another engine made it"]


def test_a_refused_one_is_gone(tmp_path: Path) -> None:
    snapshots = kept(tmp_path)
    snapshots.refuse(snapshots.entries()[0], "no sense in it")
    assert snapshots.entries() == []
    assert not list(tmp_path.glob(f"*/*{SUFFIX}"))


def test_what_it_replaces_goes_when_it_is_there(tmp_path: Path) -> None:
    snapshots = kept(tmp_path)
    old = only_file(tmp_path)
    assert snapshots.write([*TOKENS, 9], 0, BODY, [old])
    assert [snapshot.tokens for snapshot in snapshots.entries()] == [[*TOKENS, 9]]
    # Written again, it does not remove itself.
    path = only_file(tmp_path)
    assert snapshots.write([*TOKENS, 9], 0, BODY, [path])
    assert path.exists()


def test_those_used_longest_ago_make_room(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path, "one", "tiny")
    for number in range(5):
        snapshots.write([number], 0, BODY)
    now = time.time()
    for snapshot in snapshots.entries():
        os.utime(snapshot.path, (now, now - 100 * snapshot.tokens[0]))
    snapshots.entries()[-1].read()
    newest_read = snapshots.entries()[-1].tokens
    make_room(tmp_path, 3 * (len(BODY) + 400))
    left = [snapshot.tokens for snapshot in snapshots.entries()]
    assert len(left) == 3
    assert newest_read in left
    assert [4] not in left or newest_read == [4]


def test_a_state_too_large_for_the_disk_is_not_kept(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path, "one", "tiny", limit_bytes=1000)
    assert not snapshots.write(TOKENS, 0, BODY)
    assert not list(tmp_path.iterdir())


def test_a_file_half_written_by_a_process_that_died_is_cleared_away(tmp_path: Path) -> None:
    snapshots = kept(tmp_path)
    folder = only_file(tmp_path).parent
    old, young = folder / "a.1.aa.part", folder / "b.2.bb.part"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, time.time() - 2 * FORGOTTEN_S))
    snapshots.write([1], 0, BODY)
    assert (old.exists(), young.exists()) == (False, True)


def test_a_folder_that_can_not_be_written_is_an_error(tmp_path: Path) -> None:
    place = tmp_path / "a file"
    place.write_text("here")
    with pytest.raises(OSError, match=r"."):
        Snapshots(place, "one", "tiny").write(TOKENS, 0, BODY)
    assert Snapshots(place, "one", "tiny").entries() == []
    assert usage(place) == []


def test_usage_and_clearing_go_by_model(tmp_path: Path) -> None:
    kept(tmp_path, "one", "tiny")
    kept(tmp_path, "two", "tiny")
    kept(tmp_path, "three", "other")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / f"bad{SUFFIX}").write_bytes(b"bad")
    told = {each.model: (each.snapshots, each.tokens) for each in usage(tmp_path)}
    assert told == {"tiny": (2, 8), "other": (1, 4), "": (1, 0)}
    assert clear(tmp_path, "tiny") > 2 * len(BODY)
    assert {each.model for each in usage(tmp_path)} == {"other", ""}
    clear(tmp_path)
    assert list(tmp_path.iterdir()) == []


WRITER = """
import sys
from pathlib import Path
from chatapp.engine.snapshots import Snapshots, Damaged
mine = Snapshots(Path(sys.argv[1]), "one", "tiny", limit_bytes=40_000)
for number in range(150):
    mine.write([number % 7, int(sys.argv[2])], 0, bytes([number % 7]) * 9_000)
    for snapshot in mine.entries():
        try:
            assert snapshot.read() == bytes([snapshot.tokens[0]]) * 9_000
        except Damaged as damage:
            assert "No such file" in str(damage) or "cannot find" in str(damage), damage
"""


def test_two_processes_fill_and_read_one_folder(tmp_path: Path) -> None:
    both = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(n)]) for n in range(2)]
    assert [process.wait(120) for process in both] == [0, 0]
    assert not list(tmp_path.glob("*/*.part"))
    assert 1 <= len(list(tmp_path.glob(f"*/*{SUFFIX}"))) <= 4
