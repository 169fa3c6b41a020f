"""Keys that Textual's parser takes from us."""

from __future__ import annotations

import string
from typing import NamedTuple, cast

from textual import _ansi_sequences


class _Named(NamedTuple):
    """A key as Textual's table of sequences names one."""

    value: str


def know_alt_keys() -> None:
    """Let alt with a letter or a digit be a key, whatever comes behind it.

    Terminals, and tmux, send ESC and the character. Textual takes ESC and a digit for what Option and the digit type on
    a Mac (`textual._ansi_sequences`, for WezTerm), and the others for alt only where nothing follows them at once.
    """
    sequences = cast("dict[str, object]", _ansi_sequences.ANSI_SEQUENCES_KEYS)
    for digit in string.digits:
        sequences[f"\x1b{digit}"] = (_Named(f"alt+{digit}"),)
    for letter in string.ascii_lowercase:
        sequences.setdefault(f"\x1b{letter}", (_Named(f"alt+{letter}"),))
