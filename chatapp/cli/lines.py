"""Messages typed or piped line by line."""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import sys

from chatapp.cli.interrupts import heard_at_once

_FENCE = '"""'


class Lines:
    """Reads one message after the other from standard input; three double quotes hold several lines together."""

    def __init__(self) -> None:
        self.is_terminal = sys.stdin is not None and sys.stdin.isatty()
        if self.is_terminal:
            # Its import alone gives `input` line editing and recall; Windows has both without it.
            with contextlib.suppress(ImportError):
                importlib.import_module("readline")

    def next(self) -> str | None:
        """The next message, None at the end; raises KeyboardInterrupt on ctrl+c at the prompt."""
        line = self._line(">>> ")
        if line is None or not line.lstrip().startswith(_FENCE):
            return line
        block = [line.lstrip().removeprefix(_FENCE)]
        while not block[-1].rstrip().endswith(_FENCE):
            further = self._line("... ")
            if further is None:
                return "\n".join(block)
            block.append(further)
        block[-1] = block[-1].rstrip().removesuffix(_FENCE)
        return "\n".join(block).strip("\n")

    def unread(self) -> str:
        """How many lines were piped that nobody has read, in words; empty where none was. It never waits for more."""
        try:
            descriptor = sys.stdin.fileno()
            os.set_blocking(descriptor, False)
            try:
                count = sum(1 for line in iter(sys.stdin.readline, "") if line.strip())
                is_ended = bool(select.select((descriptor,), (), (), 0)[0])
            finally:
                os.set_blocking(descriptor, True)
        except (AttributeError, OSError):
            # A pipe on an older Python for Windows can't be asked without waiting.
            return "what stands behind it was not read"
        if not is_ended:
            return "what stands behind it was not read"
        return f"{count:,} more line{'s were' if count > 1 else ' was'} not read" if count else ""

    def _line(self, prompt: str) -> str | None:
        if sys.stdin is None:
            return None
        if not self.is_terminal:
            line = sys.stdin.readline()
            return line.rstrip("\r\n") if line else None
        try:
            with heard_at_once():
                return input(self._prompt(prompt))
        except EOFError:
            return None

    def _prompt(self, prompt: str) -> str:
        """The prompt on standard output where that is the terminal too, else on standard error."""
        if sys.stdout.isatty():
            return prompt
        sys.stderr.write(prompt)
        sys.stderr.flush()
        return ""
