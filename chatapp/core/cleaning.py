"""Untrusted text made safe for a terminal.

Model text, titles, file names, metadata and pasted text may hold escape sequences, control characters and
bidirectional overrides. `clean` turns each into a visible symbol; it never removes, so nothing hides. The store
keeps the raw text; cleaning happens on the way to a terminal or a clipboard.
"""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but for tab and newline, DEL, C1
    "\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069"  # bidirectional marks, overrides and isolates
    "\u2028\u2029\ufeff\ufff9-\ufffb"  # line separators, byte-order mark, interlinear anchors
    "\ud800-\udfff"  # lone surrogates
    "\U000e0000-\U000e007f]"  # tag characters
)


def _symbol(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"⟦{code:04X}⟧"


def clean(text: str) -> str:
    """Make every control character of `text` visible; tabs and newlines stay, other line ends become newlines."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSAFE.sub(_symbol, text)


def clean_line(text: str) -> str:
    """`clean`, on one line: newlines and tabs become spaces. For titles, names and messages."""
    return clean(text).replace("\n", " ").replace("\t", " ")


def is_clean(text: str) -> bool:
    """Whether `clean` would leave `text` as it is."""
    return "\r" not in text and _UNSAFE.search(text) is None
