"""How tokens are written on the screen: nothing that has no shape of its own stays unseen."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import takewhile

from rich.cells import cell_len

from chatapp.core.cleaning import clean

HALF = "\ufffd"
"""Stands in a token's text for a part of a character."""
NEWLINE, TAB, EMPTY, PART = "↵", "⇥", "∅", "◦"
_BASE = "◌"
_SELECTORS = "\ufe0e\ufe0f"
_MOST_MARKS = 4
_REACH = 64


def visible(text: str) -> str:
    """A token's text with every character seen, and as wide as it is counted; a newline stays behind its sign."""
    if text.isascii() and text.isprintable() and text:
        return text
    shown: list[str] = []
    marks = _MOST_MARKS
    for character in clean(text.replace("\r", "␍")):
        if character == "\n":
            shown.append(f"{NEWLINE}\n")
            marks = _MOST_MARKS
        elif character == "\t":
            shown.append(TAB)
        elif _is_mark(character):
            if character in _SELECTORS and shown:
                continue  # it changes how wide the character before it is, which terminals disagree about
            if not shown or shown[-1].endswith("\n"):
                shown.append(_BASE)
            shown.append(character if marks > 0 else f"⟦{ord(character):04X}⟧")
            marks -= 1
        elif cell_len(character) == 0 or unicodedata.category(character) in ("Cf", "Zl", "Zp"):
            shown.append(f"⟦{ord(character):04X}⟧")
        else:
            shown.append(character)
            marks = _MOST_MARKS
    return "".join(shown) or EMPTY


def quoted(text: str) -> str:
    """A token's text on one line, its spaces seen, as a list of tokens shows it."""
    line = visible(text).replace("\n", "")
    if line.strip() and not line.startswith(" ") and not line.endswith(" "):
        return line
    lead = len(line) - len(line.lstrip(" "))
    trail = len(line) - len(line.rstrip(" ")) if line.strip() else 0
    return "␣" * lead + line[lead : len(line) - trail] + "␣" * trail


def spelled(texts: Sequence[str], source: str) -> list[str]:
    """What each token is shown as; `source` is the whole text, which tells the characters that come in parts.

    The first of a character's tokens shows the character, the others a small circle.
    """
    if not any(HALF in text for text in texts):
        return [visible(text) for text in texts]
    shown: list[str] = []
    place = 0
    while len(shown) < len(texts):
        text = texts[len(shown)]
        if HALF not in text:
            found = source.find(text, place, place + _REACH + len(text))
            place = found + len(text) if found >= 0 and text else place
            shown.append(visible(text))
            continue
        parts = list(takewhile(lambda each: HALF in each, texts[len(shown) :]))
        behind = "".join(takewhile(lambda each: HALF not in each, texts[len(shown) + len(parts) :][:4]))
        end = source.find(behind, place, place + _REACH + 2 * len(parts) + len(behind)) if behind else len(source)
        characters = source[place:end] if 0 <= end - place <= max(1, sum(map(len, parts))) else ""
        place += len(characters)
        shown += _shared_out(characters, parts)
    return shown


def _shared_out(characters: str, parts: Sequence[str]) -> list[str]:
    """`characters` spread over the tokens that they are made of; symbols for parts where they are not known."""
    if not characters:
        return [visible(part) for part in parts]
    spread = ["" for _ in parts]
    for number, character in enumerate(characters):
        spread[number * len(parts) // len(characters)] += character
    return [visible(each) if each else PART for each in spread]


def _is_mark(character: str) -> bool:
    """Whether a character is drawn over the one before it."""
    if unicodedata.category(character).startswith("M"):
        return True
    return cell_len(character) == 0 and unicodedata.category(character).startswith("L")
