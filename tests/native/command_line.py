"""Runs the real command in a process of its own, piped or in a pseudo-terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

COMMAND = (sys.executable, "-m", "chatapp")
LIMIT_S = 60


class Done(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


def run(*arguments: str | Path, stdin: str | bytes = b"", **environment: str) -> Done:
    """Run the command to its end with `stdin` piped in."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        env={**os.environ, **environment},
        timeout=LIMIT_S,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def start(*arguments: str | Path) -> subprocess.Popen[bytes]:
    """Start the command with its output piped and nothing on standard input."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # a buffer would swallow what `communicate` reads past it
    )


class Terminal:
    """The command in a pseudo-terminal."""

    def __init__(self, *arguments: str | Path, rows: int = 24, columns: int = 80) -> None:
        import pty
        import termios

        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (rows, columns))
        self.seen = b""
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
            preexec_fn=_take_terminal,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def read_until(self, found: Callable[[bytes], bool]) -> bytes:
        """Read until `found` is true of what came since the last call; fail after a minute or at the end."""
        import select

        came = b""
        while not found(came):
            ready, _, _ = select.select([self._master], [], [], LIMIT_S)
            assert ready, f"nothing more came after {came[-500:]!r}"
            try:
                piece = os.read(self._master, 65536)
            except OSError:
                piece = b""
            assert piece, f"the command ended after {came[-500:]!r}"
            came += piece
            self.seen += piece
        return came

    def end(self) -> int:
        """Read to the end and return the exit code."""
        with suppress(OSError):
            while piece := os.read(self._master, 65536):
                self.seen += piece
        os.close(self._master)
        return self.process.wait(LIMIT_S)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
