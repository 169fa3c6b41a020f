"""Computed conversations on disk, so that one that is opened again need not be computed again.

A snapshot is a file: `MAGIC`, the length of its head, the head's SHA-256, the head (msgpack: which engine made it, its
tokens, the body's length and SHA-256), and the body, a sequence's state as llama.cpp gives it. Nothing of a file is
believed before its sum was checked. Files are written beside their place and renamed, and any of them may vanish at any
time, so that several processes can share a folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import time
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from chatapp.core.paths import ensure_private_directory

MAGIC = b"chatapp-kv-1\n"
SUFFIX = ".kv"
LIMIT_BYTES = 4 * 1024**3
FREE_SHARE = 10
"""Snapshots take at most one part in so many of the disk that is free."""
HEAD_LIMIT_BYTES = 64 * 1024 * 1024
FORGOTTEN_S = 3600.0
"""A file half written that is older than this belongs to a process that is gone."""
_SUM_BYTES = hashlib.sha256().digest_size
_COUNT_BYTES = 4


class Damaged(Exception):
    """A file that is no whole snapshot; the text says why."""


class Head(msgspec.Struct, frozen=True):
    """What a snapshot says of itself.

    `identity` names the model file, the build and all settings that shape the state. `tokens` are 32-bit
    little-endian ids; `first_position` is the lowest position that the state holds.
    """

    identity: str
    model: str
    tokens: bytes
    first_position: int
    body_bytes: int
    body_sum: bytes


class Snapshot:
    """A file whose head was read and is whole."""

    def __init__(self, path: Path, head: Head, body_offset: int) -> None:
        self.path = path
        self.head = head
        self.tokens = unpacked(head.tokens)
        self._body_offset = body_offset

    @property
    def size_bytes(self) -> int:
        """Length of the state."""
        return self.head.body_bytes

    @property
    def first_position(self) -> int:
        """The lowest position that the state holds."""
        return self.head.first_position

    def read(self) -> bytes:
        """The state; raise Damaged where the file is not whole any more."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._body_offset)
                body = file.read(self.head.body_bytes)
        except OSError as error:
            raise Damaged(error.strerror or "it can't be read") from None
        if hashlib.sha256(body).digest() != self.head.body_sum:
            raise Damaged("its sum is wrong")
        with contextlib.suppress(OSError):
            os.utime(self.path)
        return body


def packed(tokens: Sequence[int]) -> bytes:
    """Token ids as the head holds them."""
    ids = array("i", tokens)
    if ids.itemsize != _COUNT_BYTES:
        raise ValueError("this machine's integers have another size")
    if _is_big_endian():
        ids.byteswap()
    return ids.tobytes()


def unpacked(data: bytes) -> list[int]:
    """Token ids from what the head holds; raise Damaged where it holds none."""
    ids = array("i")
    if len(data) % _COUNT_BYTES:
        raise Damaged("its tokens are cut")
    ids.frombytes(data)
    if _is_big_endian():
        ids.byteswap()
    return ids.tolist()


def _is_big_endian() -> bool:
    return array("H", (1,)).tobytes()[0] == 0


def read_head(path: Path) -> Snapshot:
    """The snapshot at `path` without its body; raise Damaged where it is none, or not whole."""
    try:
        with path.open("rb") as file:
            head = _read_head(file)
            offset = file.tell()
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise Damaged(error.strerror or "it can't be read") from None
    if size != offset + head.body_bytes:
        raise Damaged(f"it has {size:,} bytes of {offset + head.body_bytes:,}")
    return Snapshot(path, head, offset)


def _read_head(file: BinaryIO) -> Head:
    if file.read(len(MAGIC)) != MAGIC:
        raise Damaged("it is no snapshot, or one of another version")
    length = int.from_bytes(file.read(_COUNT_BYTES), "little")
    if length > HEAD_LIMIT_BYTES:
        raise Damaged("its head is too long")
    wanted, head = file.read(_SUM_BYTES), file.read(length)
    if len(head) != length or hashlib.sha256(head).digest() != wanted:
        raise Damaged("its head is cut or changed")
    try:
        return msgspec.msgpack.decode(head, type=Head)
    except msgspec.DecodeError:
        raise Damaged("its head can't be understood") from None


class Snapshots:
    """The snapshots of one engine: one model file, build and set of load settings."""

    def __init__(self, folder: Path, identity: str, model: str, *, limit_bytes: int = LIMIT_BYTES) -> None:
        """`folder` holds those of all engines; `model` is the name that people are shown."""
        self._root = folder
        self._folder = folder / hashlib.sha256(identity.encode()).hexdigest()[:32]
        self._identity = identity
        self._model = model
        self._limit_bytes = limit_bytes
        self._known: dict[Path, Snapshot] = {}
        self._refused: dict[Path, str] = {}
        self._seen_at = -1

    @property
    def refused(self) -> dict[Path, str]:
        """Files that are not used, and why."""
        return dict(self._refused)

    def entries(self) -> list[Snapshot]:
        """Every whole snapshot of this engine; those that other processes wrote or removed since are noticed."""
        try:
            changed = self._folder.stat().st_mtime_ns
        except OSError:
            self._known.clear()
            return []
        if changed != self._seen_at:
            self._seen_at = changed
            self._look()
        return list(self._known.values())

    def _look(self) -> None:
        there = set(_files(self._folder))
        for path in self._known.keys() - there:
            del self._known[path]
        for path in there - self._known.keys() - self._refused.keys():
            try:
                snapshot = read_head(path)
                if snapshot.head.identity != self._identity:
                    raise Damaged("another engine made it")
            except Damaged as damage:
                self._refused[path] = str(damage)
            else:
                self._known[path] = snapshot

    def refuse(self, snapshot: Snapshot, reason: str) -> None:
        """Never use `snapshot` again, and remove its file: it is damaged, or llama.cpp does not take it."""
        self._known.pop(snapshot.path, None)
        self._refused[snapshot.path] = reason
        _remove(snapshot.path)

    def write(
        self, tokens: Sequence[int], first_position: int, body: bytes | bytearray, replaced: Sequence[Path] = ()
    ) -> bool:
        """Keep a state, then remove what it `replaced`; False where the disk has no room for it.

        Raise OSError where it can't be written. Any thread may write; all else is for the one that reads.
        """
        room = min(self._limit_bytes, _free_bytes(self._root) // FREE_SHARE)
        ids = packed(tokens)
        if len(body) + len(ids) > room:
            return False
        head = msgspec.msgpack.encode(
            Head(self._identity, self._model, ids, first_position, len(body), hashlib.sha256(body).digest())
        )
        ensure_private_directory(self._root)
        ensure_private_directory(self._folder)
        name = hashlib.sha256(ids).hexdigest()[:32]
        place = self._folder / (name + SUFFIX)
        temporary = self._folder / f"{name}.{os.getpid()}.{secrets.token_hex(4)}.part"
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600), "wb") as file:
                file.write(MAGIC + len(head).to_bytes(_COUNT_BYTES, "little") + hashlib.sha256(head).digest())
                file.write(head)
                file.write(body)
            temporary.replace(place)
        except BaseException:
            _remove(temporary)
            raise
        # Two files of one instant leave the folder's time as it was.
        self._seen_at = -1
        for path in replaced:
            if path != place:
                _remove(path)
        make_room(self._root, room)
        return True


_BINARY = getattr(os, "O_BINARY", 0)


def make_room(folder: Path, limit_bytes: int) -> None:
    """Remove those used longest ago until all together fit `limit_bytes`, and what was left half written."""
    _remove_forgotten(folder)
    aged = sorted(((status.st_mtime, status.st_size, path) for path, status in _statuses(folder)), reverse=True)
    held = 0
    for _, size, path in aged:
        held += size
        if held > limit_bytes:
            _remove(path)


class Usage(msgspec.Struct, frozen=True):
    """What is kept of one model. `used_at` is when one of them was last read or written, in seconds since 1970."""

    model: str
    snapshots: int
    tokens: int
    size_bytes: int
    used_at: float


def usage(folder: Path) -> list[Usage]:
    """What `folder` keeps, by model, the one used last first; files that are no snapshots count under no name."""
    found: dict[str, Usage] = {}
    for path, status in _statuses(folder):
        try:
            head = read_head(path).head
            model, tokens = head.model, len(head.tokens) // _COUNT_BYTES
        except Damaged:
            model, tokens = "", 0
        before = found.get(model, Usage(model, 0, 0, 0, 0.0))
        found[model] = Usage(
            model,
            before.snapshots + 1,
            before.tokens + tokens,
            before.size_bytes + status.st_size,
            max(before.used_at, status.st_mtime),
        )
    return sorted(found.values(), key=lambda each: -each.used_at)


def clear(folder: Path, model: str | None = None) -> int:
    """Remove every snapshot, or those of `model`; return how many bytes that freed."""
    freed = 0
    for path, status in _statuses(folder):
        if model is not None and _model_of(path) != model:
            continue
        if _remove(path):
            freed += status.st_size
    with contextlib.suppress(OSError):
        for engine in folder.iterdir():
            with contextlib.suppress(OSError):
                engine.rmdir()
    return freed


def _model_of(path: Path) -> str:
    try:
        return read_head(path).head.model
    except Damaged:
        return ""


def _files(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from (path for path in folder.iterdir() if path.suffix == SUFFIX)


def _statuses(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Every snapshot of every engine, with what the system says of its file."""
    with contextlib.suppress(OSError):
        for engine in sorted(folder.iterdir()):
            for path in _files(engine):
                with contextlib.suppress(OSError):
                    yield path, path.stat()


def _remove_forgotten(folder: Path) -> None:
    now = time.time()
    for path in folder.glob("*/*.part"):
        with contextlib.suppress(OSError):
            if now - path.stat().st_mtime > FORGOTTEN_S:
                path.unlink()


def _remove(path: Path) -> bool:
    """Remove a file that may be gone, or be read by another process where that forbids it."""
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _free_bytes(folder: Path) -> int:
    """Free space where `folder` is or will be."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    try:
        return shutil.disk_usage(there).free
    except OSError:
        return 0
