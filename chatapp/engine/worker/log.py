"""The worker's log: what llama.cpp says, without any text of a conversation."""

from __future__ import annotations

import os
import re
from pathlib import Path

_SPEAKER = re.compile(r"^(?:\w+: )?(?:error loading model: )?")
_OFFLOADED = re.compile(r"offloaded (\d+/\d+ layers)")


class Log:
    """A private file; remembers the first error of a load and what was put on a GPU."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.offloaded = ""
        """How many layers are on a GPU, in llama.cpp's words; empty for none."""
        self._line = ""
        self.first_error = ""
        """What went wrong first since `begin_load`, in llama.cpp's words; the errors after it say less."""

    def begin_load(self) -> None:
        """Forget what was said of an earlier file."""
        self.first_error = self.offloaded = ""

    def write(self, level: str, text: str) -> None:
        """Take what llama.cpp says, whole lines or parts of one."""
        os.write(self.descriptor, text.encode("utf-8", "replace"))
        self._line += text
        if not self._line.endswith("\n"):
            return
        line, self._line = self._line.strip(), ""
        if level == "error" and not self.first_error:
            self.first_error = _SPEAKER.sub("", line)
        if found := _OFFLOADED.search(line):
            self.offloaded = found.group(1)
