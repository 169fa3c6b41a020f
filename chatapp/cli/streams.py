"""Standard input and output: UTF-8 where they carry data, and safe where they are a terminal."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from typing import TextIO

from chatapp.core.cleaning import clean
from chatapp.core.errors import ChatappError


def prepare_streams() -> None:
    """Make the standard streams able to carry any text; call once, first."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if stream.isatty() and sys.platform != "win32":
            stream.reconfigure(errors="replace")
        elif stream.isatty():
            stream.reconfigure(encoding="utf-8", errors="replace")
        else:
            stream.reconfigure(encoding="utf-8", errors="replace", newline="\n")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding=None if sys.stdin.isatty() else "utf-8", errors="replace")


class ClosedPipe(Exception):
    """Whoever read standard output stopped reading."""


class OutputFailed(ChatappError):
    """Standard output can't be written."""

    title = "The output can't be written"


class Output:
    """Standard output as data: text as it is where it is piped, every control character visible on a terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self.is_terminal = self._stream.isatty()
        self._ends_line = True

    def write(self, text: str) -> None:
        """Write `text` at once; raises ClosedPipe or OutputFailed."""
        if not text:
            return
        self._ends_line = text.endswith("\n")
        try:
            self._stream.write(clean(text) if self.is_terminal else text)
            self._stream.flush()
        except OSError as error:
            if isinstance(error, BrokenPipeError) or (sys.platform == "win32" and error.errno == errno.EINVAL):
                raise ClosedPipe from None
            raise OutputFailed(
                f"Standard output refuses the text: {error.strerror}.",
                hint="What was written is in the history, unless incognito: `chatapp history show`.",
            ) from None

    def line(self, text: str = "") -> None:
        """Write `text` and a line end."""
        self.write(text + "\n")

    def end_line(self) -> None:
        """Begin a new line where the last one isn't ended."""
        if not self._ends_line:
            self.write("\n")


def as_json_text(value: object) -> str:
    """`value` as indented JSON."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def read_input() -> tuple[str, int]:
    """All of standard input as text, and how many characters stand in for bytes that are no UTF-8."""
    return decode(sys.stdin.buffer.read() if sys.stdin is not None else b"")


def decode(content: bytes) -> tuple[str, int]:
    """`content` as text without its byte-order mark, and how many characters stand in for bad bytes."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace"), 0
    text = content.removeprefix(codecs.BOM_UTF8)
    try:
        return text.decode("utf-8"), 0
    except UnicodeDecodeError:
        replaced = text.decode("utf-8", "replace")
        return replaced, replaced.count("\ufffd")


def has_input() -> bool:
    """Whether standard input is a pipe or a file, so that reading it doesn't wait for somebody to type."""
    if sys.stdin is None or sys.stdin.closed:
        return False
    try:
        return not sys.stdin.isatty()
    except ValueError:
        return False
