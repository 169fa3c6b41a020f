"""The file that a batch writes, row by row in the order of the input: what is there says what is missing.

A row counts as written when its line end is. Whatever ends the program, going on cuts off half a line and writes the
next row. Rows that were ready before their turn came are kept beside it, in `OUTPUT.ahead`, where there was time for
that.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

import msgspec

from chatapp.chat.batch.row import Row, WrittenRow, row_decoder
from chatapp.core.errors import FileProblem, StoreUnwritable, UsageError
from chatapp.storage.atomic import sync_directory
from chatapp.storage.file_lock import lock_file

_SYNC_S = 1.0
"""How often what was written is brought to the disk; the end of the program alone loses nothing."""
_BINARY = getattr(os, "O_BINARY", 0)


class Standing(NamedTuple):
    """What of a batch is written: rows, those of them that failed, and whether half a line was cut off."""

    rows: int = 0
    failed: int = 0
    mended: bool = False


class Output:
    """The output file, locked; a context manager that opens and closes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ahead = Ahead(path.with_name(path.name + ".ahead"))
        self._descriptor = -1
        self._synced = 0.0
        self._end = 0

    def __enter__(self) -> Self:
        """Open and lock it; raise StoreUnwritable, or UsageError where another process writes it."""
        try:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _BINARY, 0o666)
        except OSError as error:
            raise StoreUnwritable(
                f"“{self.path}” can't be written: {error.strerror or error}.", hint="Check the path given with -o."
            ) from None
        if not lock_file(self._descriptor):
            os.close(self._descriptor)
            raise UsageError(
                f"Another batch writes “{self.path}” right now.", hint="Wait for its end, or choose another file."
            )
        self._end = os.fstat(self._descriptor).st_size
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with suppress(OSError):
            os.fsync(self._descriptor)
        os.close(self._descriptor)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written."""
        return self._end == 0

    def clear(self) -> None:
        """Throw away all that is written."""
        self._cut(0)
        self.ahead.remove()

    def match(self, rows: Iterator[Row], *, force: bool = False, retry: bool = False) -> Standing:
        """Lay what is written beside `rows`, of which it takes as many as are written; cut off what is half a line.

        Raise FileProblem where a line in the middle is no row of a batch, UsageError where a row was asked otherwise,
        unless `force` takes it as it is; with `retry` one that failed may have been mended since.
        """
        count = failed = place = 0
        mended = False
        with self.path.open("rb") as file:
            while line := file.readline():
                written = _decoded(line)
                if written is None:
                    if file.readline():
                        raise self._foreign(count)
                    self._cut(place)
                    mended = True
                    break
                self._check(written, next(rows, None), count, force=force or (retry and written.error is not None))
                place += len(line)
                count += 1
                failed += written.error is not None
        return Standing(count, failed, mended)

    def set_failed_aside(self) -> None:
        """Cut the file before its first failed row, and keep the good ones behind that beside it until their turn."""
        place = 0
        with self.path.open("rb") as file:
            while line := file.readline():
                written = _decoded(line)
                if written is not None and written.error is not None:
                    break
                place += len(line)
            else:
                return
            self.ahead.keep((each for each in file if _is_good(each)), self.ahead.lines())
        self._cut(place)

    def append(self, line: bytes) -> None:
        """Write a row; raise StoreUnwritable, with no half line left where that can be helped."""
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._descriptor, left) :]
            self._end += len(line)
            if time.monotonic() - self._synced > _SYNC_S:
                os.fsync(self._descriptor)
                self._synced = time.monotonic()
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._end)
            raise StoreUnwritable(
                f"“{self.path}” can't be written: {error.strerror or error}.",
                hint="Mend that and run the same command again: it goes on where this one ended.",
            ) from None

    def _check(self, written: WrittenRow, row: Row | None, count: int, *, force: bool) -> None:
        if written.index != count:
            raise self._foreign(count)
        if force or (row is not None and row.sha256 == written.sha256):
            return
        where = f"“{self.path}”, line {count + 1}"
        if row is None:
            raise UsageError(f"{where} answers a row that the input no longer has.", hint=CHANGED)
        raise UsageError(
            f"{where} answers another row than the input now has there (input line {row.line}).",
            hint=CHANGED if written.error is None else f"--retry asks again for rows that failed. {CHANGED}",
        )

    def _foreign(self, count: int) -> FileProblem:
        return FileProblem(
            f"“{self.path}”, line {count + 1}: this is not row {count} of a batch.",
            hint="Choose another file with -o, or throw this one away with --restart.",
        )

    def _cut(self, size_bytes: int) -> None:
        os.ftruncate(self._descriptor, size_bytes)
        self._end = size_bytes


CHANGED = (
    "Put back what was changed, choose another -o, throw away what is written with --restart, or go on as it is now "
    "with --force; rows that are written stay as they are then."
)


class Ahead:
    """Rows that are ready before their turn, in the order of the input."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def exists(self) -> bool:
        """Whether any are kept."""
        return self.path.exists()

    def lines(self) -> Iterator[bytes]:
        """Each whole row, one at a time; nothing where there is no such file."""
        try:
            with self.path.open("rb") as file:
                yield from (line for line in file if _is_good(line))
        except FileNotFoundError:
            return

    def keep(self, *sources: Iterable[bytes]) -> None:
        """Put rows in place of those that are kept; each source is in order, and of two alike the first counts."""
        draft = self.path.with_name(self.path.name + ".new")
        try:
            with draft.open("wb") as file:
                _merge(sources, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink()
            raise StoreUnwritable(
                f"“{self.path}” can't be written: {error.strerror or error}.", hint="Make room on the disk."
            ) from None
        sync_directory(self.path.parent)

    def remove(self) -> None:
        """Forget them."""
        self.path.unlink(missing_ok=True)


class Turns:
    """Hands out kept rows by index, which only grows."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._next = self._read()

    def take(self, row: Row) -> bytes | None:
        """The kept line for `row`, None where there is none or the row is asked otherwise now."""
        while self._next is not None and self._next[0].index < row.index:
            self._next = self._read()
        if self._next is None or self._next[0].index != row.index:
            return None
        written, line = self._next
        self._next = self._read()
        return line if written.sha256 == row.sha256 else None

    def left(self) -> Iterator[bytes]:
        """All that nobody took."""
        while self._next is not None:
            yield self._next[1]
            self._next = self._read()

    def _read(self) -> tuple[WrittenRow, bytes] | None:
        line = next(self._lines, None)
        return (row_decoder.decode(line), line) if line is not None else None


def _merge(sources: Iterable[Iterable[bytes]], file: BinaryIO) -> None:
    """Write the lines of all sources by index, each index once."""
    heads: list[tuple[int, int, bytes, Iterator[bytes]]] = []
    for order, source in enumerate(sources):
        lines = iter(source)
        if (line := next(lines, None)) is not None:
            heads.append((row_decoder.decode(line).index, order, line, lines))
    last = -1
    while heads:
        index, order, line, lines = heads.pop(heads.index(min(heads, key=lambda head: head[:2])))
        if index > last:
            file.write(line)
            last = index
        if (following := next(lines, None)) is not None:
            heads.append((row_decoder.decode(following).index, order, following, lines))


def _decoded(line: bytes) -> WrittenRow | None:
    """A row, None where the line is not whole."""
    if not line.endswith(b"\n"):
        return None
    try:
        return row_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeError):
        return None


def _is_good(line: bytes) -> bool:
    written = _decoded(line)
    return written is not None and written.error is None
