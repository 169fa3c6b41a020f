"""What the command line says about its work, on standard error."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Iterable
from typing import TextIO

from chatapp.core.cleaning import clean, clean_line
from chatapp.core.errors import ChatappError

_QUIET_S = 0.5
"""Work shorter than this shows no progress."""


class Narration:
    """Writes to standard error; progress only where that is a terminal."""

    def __init__(self, *, verbose: bool = False, stream: TextIO | None = None) -> None:
        self.verbose = verbose
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._progress = ""
        self._work = ""
        self._since = 0.0

    @property
    def is_terminal(self) -> bool:
        """Whether somebody watches."""
        return self._is_terminal

    def say(self, text: str) -> None:
        """One line, always."""
        self.end_progress()
        self._write(f"chatapp: {clean_line(text)}\n")

    def detail(self, text: str) -> None:
        """One line, where -v asked for it."""
        if self.verbose:
            self.say(text)

    def block(self, text: str) -> None:
        """Several lines, as they are."""
        self.end_progress()
        self._write(clean(text) + "\n")

    def stream(self, text: str) -> None:
        """Text as it comes, such as a model's thoughts."""
        self.end_progress()
        self._write(clean(text))

    def error(self, error: ChatappError) -> None:
        """Title, message and hint."""
        self.end_progress()
        lines = [f"chatapp: {clean_line(error.title)}"]
        lines += [textwrap.indent(clean(text), "  ") for text in (error.message, error.hint) if text]
        self._write("\n".join(lines) + "\n")

    def warn(self, errors: Iterable[ChatappError]) -> None:
        """Each error in a line; for those that don't end the work."""
        for error in errors:
            self.say(f"{error.title}: {_sentence(error.message)} {error.hint}".rstrip())

    def progress(self, work: str, fraction: float | None) -> None:
        """How far `work` is, redrawn in place; None where nobody knows."""
        if not self._is_terminal:
            return
        now = time.monotonic()
        if work != self._work:
            self._work, self._since = work, now
        if now - self._since < _QUIET_S and not self._progress:
            return
        self.redraw(f"{work} …" if fraction is None else f"{work} {fraction:.0%}")

    def redraw(self, text: str) -> None:
        """One line in place of the one that was drawn so; nothing where nobody sees it."""
        if self._is_terminal and text != self._progress:
            self._write("\r" + text.ljust(len(self._progress)))
            self._progress = text

    def end_progress(self) -> None:
        """Take the progress line away."""
        if self._progress:
            self._write("\r" + " " * len(self._progress) + "\r")
            self._progress = ""
        self._work = ""

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            return


def _sentence(text: str) -> str:
    """`text` with a full stop where it ends without one, so that another sentence can follow."""
    plain = text.rstrip()
    return plain if plain.endswith((".", "!", "?", "…")) else f"{plain}."
