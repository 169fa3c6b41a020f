"""The workbench in a real tmux, whose client sits in a pseudo-terminal: keys and mouse take the whole way.

What is typed goes to the client as the bytes that a terminal sends; what the screen shows is asked of tmux.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from tests.fakes.terminal import Terminal

_ROOT = Path(__file__).parents[2]
WITHIN_S = 60.0
_LEFT, _MOVED, _WHEEL_UP, _WHEEL_DOWN = 0, 32, 64, 65
_CONFIG = "set -g status off\nset -g mouse on\nset -s escape-time 50\n"


class Tmux:
    """A window of `columns` × `rows` with a python module in it, which is given `arguments`."""

    def __init__(self, module: str, *arguments: object, home: Path, columns: int, rows: int) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="chatapp-tmux-"))  # a socket's path has to be short
        config = self._directory / "tmux.conf"
        config.write_text(_CONFIG, encoding="utf-8")
        self._tmux = ("tmux", "-S", str(self._directory / "socket"), "-f", str(config))
        command = shlex.join((sys.executable, "-m", module, *map(str, arguments)))
        self._client = Terminal(
            ("new-session", "-c", str(_ROOT), "-x", str(columns), "-y", str(rows), command),
            home,
            columns=columns,
            rows=rows,
            program=(*self._tmux, "-u"),
        )

    def __enter__(self) -> Tmux:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ask("kill-server")
        self._client.__exit__(kind, error, trace)
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def lines(self) -> list[str]:
        """The screen as tmux holds it, a line each."""
        return self._ask("capture-pane", "-p").split("\n")

    @property
    def screen(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; fail with what the screen shows then."""
        try:
            self._client.wait_for(holds, within_s=WITHIN_S)
        except AssertionError:
            raise AssertionError(f"waited in vain; the screen:\n{self.screen or self._client.text[-2000:]}") from None

    def shows(self, *words: str) -> None:
        """Wait until all words are on the screen."""
        self.until(lambda: all(word in self.screen for word in words))

    def send(self, keys: str) -> None:
        """Send the bytes of keys in one piece."""
        self._client.send(keys)

    def paste(self, text: str) -> None:
        """Paste as a terminal does."""
        self._client.send(f"\x1b[200~{text}\x1b[201~")

    def resize(self, columns: int, rows: int) -> None:
        """Make the terminal larger or smaller."""
        self._client.resize(columns, rows)

    def find(self, words: str, *, place: int = 0) -> tuple[int, int]:
        """Column and row where `words` stand the so-many-th time on the screen, both from 0."""
        found = [(line.index(words), row) for row, line in enumerate(self.lines) if words in line]
        return found[place]

    def click(self, column: int, row: int) -> None:
        """Press and let go the left button."""
        self._mouse(_LEFT, column, row)
        self._mouse(_LEFT, column, row, up=True)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press the left button, move on, let go."""
        self._mouse(_LEFT, *start)
        step = 1 if end[0] >= start[0] else -1
        for column in range(start[0] + step, end[0] + step, step):
            self._mouse(_LEFT + _MOVED, column, end[1])
        self._mouse(_LEFT, *end, up=True)

    def wheel(self, column: int, row: int, *, up: bool, turns: int = 1) -> None:
        """Turn the wheel over a cell."""
        for _ in range(turns):
            self._mouse(_WHEEL_UP if up else _WHEEL_DOWN, column, row)

    def _mouse(self, button: int, column: int, row: int, *, up: bool = False) -> None:
        self._client.send(f"\x1b[<{button};{column + 1};{row + 1}{'m' if up else 'M'}")

    def _ask(self, *command: str) -> str:
        done = subprocess.run(
            [*self._tmux, *command], capture_output=True, encoding="utf-8", timeout=WITHIN_S, check=False
        )
        return done.stdout
