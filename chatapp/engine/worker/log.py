"""The worker's log: what llama.cpp says, without any text of a conversation."""

from __future__ import annotations

import os
from pathlib import Path

from chatapp.engine.worker.buffers import Buffers
from chatapp.engine.worker.load_log import LoadLog


class Log:
    """A private file; remembers what llama.cpp said of the last load, and what was allocated for it."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.said = LoadLog()
        """What was said since `begin_load`."""
        self.buffers = Buffers()
        """What was allocated since `begin_load`."""
        self._line = ""

    def begin_load(self) -> None:
        """Forget what was said of an earlier file."""
        self.said, self.buffers = LoadLog(), Buffers()

    def note(self, text: str) -> None:
        """Take what the worker itself has to say."""
        os.write(self.descriptor, f"{text}\n".encode("utf-8", "replace"))

    def write(self, level: str, text: str) -> None:
        """Take what llama.cpp says, whole lines or parts of one."""
        os.write(self.descriptor, text.encode("utf-8", "replace"))
        self._line += text
        if not self._line.endswith("\n"):
            return
        line, self._line = self._line.strip(), ""
        self.said.take(level, line)
        self.buffers.take(line)
