"""Which models are in memory, and whose processes hold them: a record for each, kept by the process that holds it.

A record is a small file beside a lock file. Its owner keeps the lock as long as it lives, and the system takes it
back however the owner ends: a record whose lock is free is nobody's any more, whatever process has its number now.
"""

from __future__ import annotations

import os
import platform
import secrets
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from chatapp.core.footprint import Footprint
from chatapp.core.paths import ensure_private_directory

State: TypeAlias = Literal["loading", "idle", "busy"]

_WISH, _RECORD, _LOCK = ".unload", ".json", ".lock"
_LOCKED_BYTE = 1 << 30
"""Where the lock lies: on Windows nobody else may read what is locked."""
_REPLACE_TRIES = 5


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A model that a worker has in memory, or is reading into it.

    `program` is what the owner is, as in `workbench` or `ask`; `since` and `last_used` are seconds since the epoch.
    """

    model: str
    path: str
    program: str
    owner_pid: int
    worker_pid: int
    state: State
    since: float
    last_used: float
    device: str = ""
    context_size: int = 0
    footprint: Footprint = Footprint()
    machine: str = ""
    id: str = ""

    def is_of(self, model: Path) -> bool:
        """Whether this is the file at `model`, by whatever way."""
        with suppress(OSError):
            return Path(self.path).samefile(model)
        return Path(self.path) == model


class Holdings:
    """The models that this user's processes hold on this machine.

    `program` says what this process is. One that keeps nothing (`keeps` False) writes no record and reads the others'.
    """

    def __init__(self, directory: Path, *, program: str, keeps: bool = True) -> None:
        self._directory = directory
        self._keeps = keeps
        self.program = program

    def list(self) -> list[Holding]:
        """All of them, the oldest first. Records of owners that are gone are removed, broken ones left out."""
        found = [holding for path in self._locks() if (holding := self._read(path)) is not None]
        return sorted(found, key=lambda holding: (holding.since, holding.id))

    def claim(self) -> Claim | None:
        """A place for a record of one's own; None where nothing is kept or nothing can be."""
        if not self._keeps:
            return None
        with suppress(OSError):
            ensure_private_directory(self._directory)
            return Claim.take(self._directory)
        return None

    def ask_to_unload(self, holding: Holding) -> None:
        """Tell the owner that its model is wanted out of memory; it looks once a second. Raise OSError."""
        os.close(os.open(self._directory / f"{holding.id}{_WISH}", os.O_WRONLY | os.O_CREAT, 0o600))

    def withdraw(self, holding: Holding) -> None:
        """Take the wish back."""
        with suppress(OSError):
            (self._directory / f"{holding.id}{_WISH}").unlink(missing_ok=True)

    def _locks(self) -> Sequence[Path]:
        try:
            return sorted(self._directory.glob(f"*{_LOCK}"))
        except OSError:
            return ()

    def _read(self, lock: Path) -> Holding | None:
        try:
            if _is_free(lock):
                return None
            holding = _decoder.decode(lock.with_suffix(_RECORD).read_bytes())
        except (OSError, msgspec.MsgspecError):
            return None
        # A home directory may be shared by machines whose process ids mean nothing here.
        return msgspec.structs.replace(holding, id=lock.stem) if holding.machine == platform.node() else None


class Claim:
    """The place of one record, which is this process's own until `release`."""

    def __init__(self, lock: Path, descriptor: int) -> None:
        self._lock = lock
        self._descriptor = descriptor
        self._turn = threading.Lock()

    @classmethod
    def take(cls, directory: Path) -> Claim:
        """Make a new lock file and lock it; raise OSError where that can't be."""
        while True:
            lock = directory / f"{os.getpid()}-{secrets.token_hex(4)}{_LOCK}"
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                # Whoever lists just now may have taken the new file for one that was left behind.
                if _acquire(descriptor, shared=False) and _is_at(lock, descriptor):
                    return cls(lock, descriptor)
            except OSError:
                os.close(descriptor)
                lock.unlink(missing_ok=True)
                raise
            os.close(descriptor)

    @property
    def id(self) -> str:
        """The name of the record."""
        return self._lock.stem

    @property
    def is_unwanted(self) -> bool:
        """Whether somebody asked to unload the model; asked once."""
        wish = self._lock.with_suffix(_WISH)
        if not wish.exists():
            return False
        with suppress(OSError):
            wish.unlink(missing_ok=True)
        return True

    def write(self, holding: Holding) -> None:
        """Put `holding` in the record's place in one step; the old one stays where that fails."""
        content = _encoder.encode(msgspec.structs.replace(holding, machine=platform.node()))
        draft, record = self._lock.with_suffix(".draft"), self._lock.with_suffix(_RECORD)
        with self._turn, suppress(OSError):
            if self._descriptor < 0:
                return
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
                file.write(content)
            _replace(draft, record)

    def release(self) -> None:
        """Remove the record; harmless when it is done already."""
        with self._turn:
            if self._descriptor >= 0:
                _remove(self._lock, self._descriptor)
                self._descriptor = -1


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Holding)


def _is_free(lock: Path) -> bool:
    """Whether the owner of this lock is gone; what it left behind is removed then."""
    descriptor = os.open(lock, os.O_RDWR)
    try:
        if not _acquire(descriptor, shared=True):
            os.close(descriptor)
            return False
    except OSError:
        os.close(descriptor)
        raise
    _remove(lock, descriptor)
    return True


def _remove(lock: Path, descriptor: int) -> None:
    """Remove a record and give its lock back, in an order that leaves no record without a lock."""
    for suffix in (_RECORD, ".draft", _WISH):
        with suppress(OSError):
            lock.with_suffix(suffix).unlink(missing_ok=True)
    if sys.platform != "win32":
        with suppress(OSError):
            lock.unlink(missing_ok=True)
    os.close(descriptor)
    if sys.platform == "win32":
        # Windows removes no file that is open, and closing gives the lock back.
        with suppress(OSError):
            lock.unlink(missing_ok=True)


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether `path` still names the file that is open."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _replace(draft: Path, record: Path) -> None:
    """Rename; on Windows a reader may be in the way for a moment."""
    for left in reversed(range(_REPLACE_TRIES)):
        try:
            draft.replace(record)
            return
        except PermissionError:
            if not left:
                raise
            time.sleep(0.01)


if sys.platform == "win32":
    import msvcrt

    def _acquire(descriptor: int, *, shared: bool) -> bool:
        """Lock without waiting; False where another has it. There is no shared lock here, so a reader tries again."""
        for left in reversed(range(3 if shared else 1)):
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
                return True
            except PermissionError:
                if left:
                    time.sleep(0.005)
        return False

else:
    import fcntl

    def _acquire(descriptor: int, *, shared: bool) -> bool:
        """Lock without waiting, shared for a look only; False where another has it. Raise OSError."""
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
