"""Keys that Textual takes from us."""

from __future__ import annotations

from typing import cast

from textual import _ansi_sequences


def free_alt_digits() -> None:
    """Let alt+1 … alt+9 be keys.

    Textual reads ESC and a digit as the character that Option and the digit type on a Mac (`textual._ansi_sequences`,
    for WezTerm); other terminals, and tmux, send just that for alt and the digit.
    """
    sequences = cast("dict[str, object]", _ansi_sequences.ANSI_SEQUENCES_KEYS)
    for digit in "123456789":
        sequences.pop(f"\x1b{digit}", None)
