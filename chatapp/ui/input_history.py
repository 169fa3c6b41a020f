"""What was typed before, recalled by its beginning; one JSON text a line in a private file."""

from __future__ import annotations

import json
import os
from pathlib import Path

from chatapp.core.paths import ensure_private_directory

_KEPT = 500
_LONGEST = 16 * 1024
_READ_LIMIT = 4 * 1024 * 1024


class InputHistory:
    """Earlier messages, oldest first. Without a file nothing outlives the process.

    `older` and `newer` walk the entries that begin with what was typed; `rest` ends the walk.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._entries = _read(file) if file is not None else []
        self._position: int | None = None
        self._prefix = ""

    @property
    def file(self) -> Path | None:
        """Where it is kept, None where nothing is."""
        return self._file

    def add(self, text: str) -> None:
        """Remember `text`; a repetition moves to the end. A file that can't be written only keeps less."""
        self.rest()
        if not text.strip() or len(text) > _LONGEST:
            return
        if text in self._entries:
            self._entries.remove(text)
        self._entries.append(text)
        del self._entries[:-_KEPT]
        if self._file is not None:
            try:
                _append(self._file, text)
            except OSError:
                self._file = None

    def older(self, typed: str) -> str | None:
        """The next older entry that begins with what was typed when the walk began."""
        if self._position is None:
            self._position, self._prefix = len(self._entries), typed
        for index in range(self._position - 1, -1, -1):
            if self._entries[index].startswith(self._prefix) and self._entries[index] != typed:
                self._position = index
                return self._entries[index]
        return None

    def newer(self) -> str | None:
        """The next newer entry, then what was typed; None where no walk is on."""
        if self._position is None:
            return None
        for index in range(self._position + 1, len(self._entries)):
            if self._entries[index].startswith(self._prefix):
                self._position = index
                return self._entries[index]
        typed = self._prefix
        self.rest()
        return typed

    def rest(self) -> None:
        """End the walk."""
        self._position = None
        self._prefix = ""


def _read(file: Path) -> list[str]:
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _READ_LIMIT))
            lines = stream.read(_READ_LIMIT).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    entries: dict[str, None] = {}
    for line in lines[-4 * _KEPT :]:
        try:
            text = json.loads(line)
        except ValueError:
            continue
        if isinstance(text, str):
            entries.pop(text, None)
            entries[text] = None
    return list(entries)[-_KEPT:]


def _append(file: Path, text: str) -> None:
    ensure_private_directory(file.parent)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as stream:
        stream.write(json.dumps(text).encode("ascii") + b"\n")
