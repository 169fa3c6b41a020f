"""Which family a model belongs to, and what is recommended for it: the table is `families.toml` beside this file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

_TABLE = Path(__file__).with_name("families.toml")
_NAMED = ("general.name", "general.basename", "general.finetune", "general.size_label")
_LIMIT = 1000
"""Characters of one metadata value that are looked at."""


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """A family and its recommended values; `thinking` are those that differ while the model thinks.

    `source` says in words whose advice it is. `names` and `architectures` are what its models are known by.
    """

    name: str
    source: str
    values: dict[str, float | int]
    thinking: dict[str, float | int] = {}
    names: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()


def family(metadata: Mapping[str, str]) -> Family | None:
    """The family of the model with these GGUF metadata, None where the table knows none.

    The longest name pattern that fits wins; the architecture counts where no name fits.
    """
    texts = [_words(metadata.get(key, "")[:_LIMIT]) for key in _NAMED]
    whole = (texts[0], "-".join(text for text in texts[1:] if text))
    fitting = [
        (len(pattern), known)
        for known in families()
        for pattern in known.names
        if any(_fits(pattern, t) for t in whole)
    ]
    if fitting:
        return max(fitting, key=lambda found: found[0])[1]
    architecture = metadata.get("general.architecture", "")
    return next((known for known in families() if architecture in known.architectures), None)


@cache
def families() -> tuple[Family, ...]:
    """Every family of the table."""
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return msgspec.convert(table["family"], tuple[Family, ...])


def _words(text: str) -> str:
    """`text` in lower case with one hyphen between its words."""
    return "-".join(re.findall(r"[a-z0-9.]+", text.lower()))


def _fits(pattern: str, words: str) -> bool:
    """Whether every part of `pattern` stands in `words`, one behind the other, as whole words."""
    place = 0
    text = f"-{words}-"
    for part in pattern.split():
        at = text.find(f"-{part}-", place)
        if at < 0:
            return False
        place = at + len(part) + 1
    return True
