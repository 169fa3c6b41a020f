"""A turn: what a person says and what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Turn:
    """A question and its reply; `learnt` tells whether the model is trained on the reply or only reads it."""

    user: str
    assistant: str
    learnt: bool = True


Exchange: TypeAlias = tuple[Turn, ...]
"""Turns that follow from each other."""


@dataclass(frozen=True)
class Dialogue:
    """A conversation; `system` is empty where it has no system prompt."""

    system: str
    turns: tuple[Turn, ...]
