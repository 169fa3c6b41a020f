"""What was computed and stands outside of the context: in this process's memory, or on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from chatapp.engine.worker.prefix import common_length

State: TypeAlias = bytes | bytearray
SHELF_BYTES = 2 * 1024**3
MEMORY_RATE, DISK_RATE = 2e9, 4e8
"""Bytes a second that are copied, and that are read from disk and checked: low guesses."""
GAIN = 10
"""Keeping pays where computing would take so many times as long as reading."""
LEAST_TOKENS = 32


class Kept(Protocol):
    """The state of a sequence after `tokens`."""

    @property
    def tokens(self) -> Sequence[int]:
        """What was computed."""
        ...

    @property
    def first_position(self) -> int:
        """The lowest position that the state holds; with a sliding window the earlier ones are gone."""
        ...

    @property
    def size_bytes(self) -> int:
        """Length of the state."""
        ...

    def read(self) -> State:
        """The state; raise Damaged where it can't be had."""
        ...


@dataclass(eq=False)
class InMemory:
    """A state in this process's memory."""

    tokens: list[int]
    first_position: int
    state: State

    @property
    def size_bytes(self) -> int:
        """Length of the state."""
        return len(self.state)

    def read(self) -> State:
        """The state."""
        return self.state


def pays(tokens: int, size_bytes: int, tokens_per_second: float, rate: float) -> bool:
    """Whether computing `tokens` takes `GAIN` times as long as reading `size_bytes` at `rate` bytes a second."""
    if tokens < LEAST_TOKENS:
        return False
    return tokens_per_second <= 0 or tokens / tokens_per_second >= GAIN * size_bytes / rate


class Shelf:
    """States in memory, at most `limit_bytes` of them; those used longest ago go first."""

    def __init__(self, limit_bytes: int = SHELF_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._held: list[InMemory] = []

    @property
    def entries(self) -> list[InMemory]:
        """Everything that is held, the one used last at the end."""
        return list(self._held)

    def put(self, kept: InMemory, *, covers: Callable[[InMemory], bool]) -> None:
        """Hold `kept`, if it is not too large; what it `covers` is held no more."""
        if kept.size_bytes > self._limit_bytes:
            return
        self._held = [other for other in self._held if not covers(other)]
        self._held.append(kept)
        while sum(each.size_bytes for each in self._held) > self._limit_bytes:
            self._held.pop(0)

    def use(self, kept: InMemory) -> None:
        """`kept` was read."""
        self._held.remove(kept)
        self._held.append(kept)


def covers(whole: Sequence[int], part: Sequence[int]) -> bool:
    """Whether `whole` begins with all of `part`."""
    return len(part) <= len(whole) and common_length(whole, part) == len(part)
