"""Stop strings: found however tokens cut them, and never shown."""

from __future__ import annotations

from collections.abc import Sequence


class StopStrings:
    """Holds back text that could become a stop string until that is decided."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._held = ""
        self.met: str | None = None
        """The stop string that was met."""
        self.replace(stops)

    def replace(self, stops: Sequence[str]) -> None:
        """Look for these from the next text on, and in what is held back."""
        self._stops = tuple(stop for stop in stops if stop)
        self._longest = max(map(len, self._stops), default=0)

    @property
    def held(self) -> str:
        """What is held back."""
        return self._held

    def feed(self, text: str) -> str:
        """The part of all text so far that is safe to show and was not shown before."""
        if self.met is not None:
            return ""
        self._held += text
        # The one that is complete first, so that it does not matter how the text was cut.
        found = min(
            ((at + len(stop), at, stop) for stop in self._stops if (at := self._held.find(stop)) >= 0), default=None
        )
        if found is not None:
            _, at, self.met = found
            safe, self._held = self._held[:at], ""
            return safe
        keep = self._could_begin()
        safe = self._held[: len(self._held) - keep]
        self._held = self._held[len(self._held) - keep :]
        return safe

    def finish(self) -> str:
        """What was held back, now that no more text comes."""
        rest, self._held = self._held, ""
        return rest

    def _could_begin(self) -> int:
        """The length of the longest end of the held text that begins a stop string."""
        for length in range(min(self._longest - 1, len(self._held)), 0, -1):
            tail = self._held[-length:]
            if any(stop.startswith(tail) for stop in self._stops):
                return length
        return 0
