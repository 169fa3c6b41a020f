"""A real pseudo-terminal with a program in it: what is typed goes in, every byte that would be drawn comes out."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

_CONTROL = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[PX^_].*?\x1b\\|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-B]|.)", re.DOTALL
)


class Terminal:
    """`chatapp`, or another `program`, in a terminal of `columns` × `rows`; it is drained while one waits."""

    def __init__(
        self,
        arguments: Sequence[str],
        home: Path,
        *,
        columns: int = 100,
        rows: int = 30,
        program: Sequence[str] = (sys.executable, "-m", "chatapp"),
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {**os.environ, "CHATAPP_HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        environment.pop("TMUX", None)
        self.process = subprocess.Popen(
            [*program, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self.seen = b""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        os.close(self._master)

    @property
    def text(self) -> str:
        """All that was drawn, without escape sequences."""
        return _CONTROL.sub(b"", self.seen).decode("utf-8", "replace")

    def drain(self, seconds: float) -> None:
        """Read for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self._master], [], [], left)[0]:
                try:
                    self.seen += os.read(self._master, 1 << 16)
                except OSError:
                    return

    def wait_for(self, done: Callable[[], bool], *, within_s: float = 30.0) -> None:
        """Drain until `done`; fail with the end of what was drawn."""
        until = time.monotonic() + within_s
        while not done():
            if time.monotonic() > until:
                raise AssertionError(f"waited in vain; the screen ends with: {self.text[-2000:]!r}")
            self.drain(0.05)

    def resize(self, columns: int, rows: int) -> None:
        """Make the window larger or smaller."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)  # the kernel tells those only whose terminal it is by name

    def send(self, text: str) -> None:
        """Put it all in at once, as a paste does; what is drawn meanwhile is read, so that neither side waits."""
        rest = text.encode()
        while rest:
            rest = rest[os.write(self._master, rest[:512]) :]
            self.drain(0.001)

    def type(self, text: str) -> None:
        """Type as a person does: what is typed is there before the next key."""
        os.write(self._master, text.encode())
        self.drain(0.2)

    def press(self, text: str, *, within_s: float = 10.0) -> float:
        """Type a text that is nowhere on the screen yet, and return the seconds until it is drawn."""
        begun, wanted, start = time.perf_counter(), text.encode(), len(self.seen)
        os.write(self._master, wanted)
        while wanted not in self.seen[start:]:
            left = begun + within_s - time.perf_counter()
            if left <= 0 or not select.select([self._master], [], [], left)[0]:
                raise AssertionError(f"{text!r} was not drawn within {within_s} s")
            self.seen += os.read(self._master, 1 << 16)
        return time.perf_counter() - begun

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End the program at once."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait()
