"""Which parameters make which stage.

A stage is added here, next to the declaration of its parameters in `core/parameters.py`; nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, cast

from chatapp.core.parameters import Stage as StageName
from chatapp.core.parameters import Value
from chatapp.engine.worker import llama
from chatapp.engine.worker.llama import Candidates


class Stage(Protocol):
    """Narrows or reshapes the candidates, and learns which token was chosen."""

    def apply(self, candidates: Candidates) -> None:
        """Change `candidates` in place."""
        ...

    def accept(self, token: int) -> None:
        """Learn that `token` was chosen."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


@dataclass(frozen=True)
class Setting:
    """What a stage is built from: the values in force and the sizes that it needs."""

    values: Mapping[str, Value]
    vocabulary_size: int
    context_size: int

    def number(self, name: str) -> float:
        """The value of a float parameter."""
        return float(cast(float, self.values[name]))

    def count(self, name: str) -> int:
        """The value of an int parameter."""
        return int(cast(int, self.values[name]))


@dataclass(frozen=True)
class Recipe:
    """How a stage is made: `reads` are its parameters, `build` returns None where they are neutral.

    `remembers` tells that the stage keeps accepted tokens, so that a new one is shown the past.
    """

    reads: tuple[str, ...]
    build: Callable[[Setting], Stage | None]
    remembers: bool = False


def _penalties(setting: Setting) -> Stage | None:
    repeat = setting.number("repeat_penalty")
    frequency, presence = setting.number("frequency_penalty"), setting.number("presence_penalty")
    last_n = setting.count("repeat_last_n")
    if last_n == 0 or (repeat == 1.0 and frequency == 0.0 and presence == 0.0):
        return None
    # llama.cpp reads a negative last_n as off, so the whole context is asked for by its size.
    window = setting.context_size if last_n < 0 else last_n
    return llama.penalties(setting.vocabulary_size, window, repeat, frequency, presence)


def _top_k(setting: Setting) -> Stage | None:
    k = setting.count("top_k")
    return llama.top_k(k) if k > 0 else None


def _typical_p(setting: Setting) -> Stage | None:
    p = setting.number("typical_p")
    return llama.typical_p(p) if p < 1.0 else None


def _top_p(setting: Setting) -> Stage | None:
    p = setting.number("top_p")
    return llama.top_p(p) if p < 1.0 else None


def _min_p(setting: Setting) -> Stage | None:
    p = setting.number("min_p")
    return llama.min_p(p) if p > 0.0 else None


def _temperature(setting: Setting) -> Stage | None:
    value = setting.number("temperature")
    return llama.temperature(value) if value not in (0.0, 1.0) else None


STAGES: dict[StageName, Recipe] = {
    "penalties": Recipe(
        ("repeat_penalty", "repeat_last_n", "frequency_penalty", "presence_penalty"), _penalties, remembers=True
    ),
    "top_k": Recipe(("top_k",), _top_k),
    "typical_p": Recipe(("typical_p",), _typical_p),
    "top_p": Recipe(("top_p",), _top_p),
    "min_p": Recipe(("min_p",), _min_p),
    "temperature": Recipe(("temperature",), _temperature),
}
