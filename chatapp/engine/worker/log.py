"""The worker's log: what llama.cpp says, without any text of a conversation."""

from __future__ import annotations

import os
import re
from pathlib import Path

_OFFLOADED = re.compile(r"offloaded (\d+/\d+ layers)")


class Log:
    """A private file; remembers the last error and what was put on a GPU."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.offloaded = ""
        """How many layers are on a GPU, in llama.cpp's words; empty for none."""
        self._line = ""
        self._last_error = ""

    def write(self, level: str, text: str) -> None:
        """Take what llama.cpp says, whole lines or parts of one."""
        os.write(self.descriptor, text.encode("utf-8", "replace"))
        self._line += text
        if not self._line.endswith("\n"):
            return
        line, self._line = self._line.strip(), ""
        if level == "error" and line:
            self._last_error = line
        if found := _OFFLOADED.search(line):
            self.offloaded = found.group(1)

    def last_error(self) -> str:
        """The last error that llama.cpp reported, empty for none."""
        return self._last_error
