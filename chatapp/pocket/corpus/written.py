"""Wordings that people wrote out, beside those that patterns make: `wordings/*.toml`, by the name of an intent."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import msgspec

FOLDER = Path(__file__).with_name("wordings")
_PATTERN_SIGNS = frozenset("()[]<>|")


@cache
def wordings() -> dict[str, tuple[str, ...]]:
    """Every written wording by the name of what it asks for; those that a pattern would misread are left out."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        content = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), dict[str, list[str]])
        for name, texts in content.items():
            found[name] = (*found.get(name, ()), *(text for text in texts if not _PATTERN_SIGNS.intersection(text)))
    return found


def mixed(name: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """`patterns` and the written wordings of `name`, about two draws of these for one of those."""
    written = wordings().get(name, ())
    return patterns * max(1, round(len(written) / len(patterns) / 2)) + written
