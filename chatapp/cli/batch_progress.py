"""How far a batch is, as a line on the terminal: bar, rows, speed, time left, failures."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import deque

from chatapp.chat.batch.batch import Progress
from chatapp.cli.narration import Narration

_REDRAW_S = 0.25
_RECENT_S = 10.0
"""Over how long the speed is the mean."""
_WIDEST_BAR, _NARROWEST_BAR = 30, 5


class ProgressLine:
    """Draws the progress of a batch until it is cancelled; nothing where nobody watches."""

    def __init__(self, narration: Narration, progress: Progress) -> None:
        self._narration = narration
        self._progress = progress
        self._seen: deque[tuple[float, int]] = deque()

    async def draw(self) -> None:
        """Redraw for ever."""
        while self._narration.is_terminal:
            now = time.monotonic()
            self._seen.append((now, self._progress.tokens))
            while now - self._seen[0][0] > _RECENT_S:
                self._seen.popleft()
            columns = shutil.get_terminal_size().columns
            self._narration.redraw(line_of(self._progress, self._speed(), columns - 1))
            await asyncio.sleep(_REDRAW_S)

    def _speed(self) -> float:
        (began, before), (now, tokens) = self._seen[0], self._seen[-1]
        return (tokens - before) / (now - began) if now > began else 0.0


def line_of(progress: Progress, tokens_per_second: float, width: int) -> str:
    """The line, at most `width` characters; the bar gives way first."""
    done = progress.before + progress.written
    share = min(1.0, done / progress.rows) if progress.rows else 1.0
    parts = [f"{done:,} of {progress.rows:,} rows", f"{tokens_per_second:,.0f} tokens/s"]
    if progress.written:
        left = (progress.rows - done) * progress.seconds / progress.written
        parts.append(f"{clock(left)} left")
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    text = f"{share:4.0%}  {' · '.join(parts)}"
    room = min(_WIDEST_BAR, width - len(text) - 1)
    bar = ("█" * round(share * room)).ljust(room, "░") + " " if room >= _NARROWEST_BAR else ""
    return (bar + text)[:width]


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds, or hours and minutes."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 60}:{whole % 60:02}"
