"""The piece of a text around what a search found, on one line and safe for a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chatapp.core.cleaning import clean_line
from chatapp.storage.segment import Term, folded

_BEFORE = 40
_LENGTH = 160
_LOOKED_AT = 200_000


def excerpt(text: str, terms: Sequence[Term]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """About 160 characters of `text` around the first hit, and where in them the hits are."""
    wanted = [term.text.strip() for term in terms if term.text.strip()]
    start = _first(text, wanted)
    begin = max(0, start - _BEFORE)
    if begin:
        space = text.find(" ", begin, start)
        begin = space + 1 if space >= 0 else begin
    piece = " ".join(clean_line(text[begin : begin + _LENGTH]).split())
    shown = ("…" if begin else "") + piece + ("…" if begin + _LENGTH < len(text) else "")
    return shown, spans(shown, wanted)


def spans(text: str, wanted: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Where `wanted` stand in `text`, whatever their case and accents; in order and apart from each other."""
    pattern = _pattern(wanted)
    plain, places = folded_places(text)
    found = pattern.finditer(plain) if pattern is not None else ()
    return tuple((places[match.start()], places[match.end() - 1] + 1) for match in found)


def folded_places(text: str) -> tuple[str, list[int]]:
    """`text` without case and accents, and for each character of that the place in `text` it came from."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        plain = folded(character)
        characters.append(plain)
        places.extend([place] * len(plain))
    return "".join(characters), places


def _first(text: str, wanted: Sequence[str]) -> int:
    """Where the first hit begins; 0 where none is seen, as with words that only the index takes apart alike."""
    pattern = _pattern(wanted)
    if pattern is None:
        return 0
    looked_at = text[:_LOOKED_AT]
    match = pattern.search(looked_at.lower())
    if match is not None and len(looked_at.lower()) == len(looked_at):
        return match.start()
    plain, places = folded_places(looked_at)
    match = pattern.search(plain)
    return places[match.start()] if match is not None else 0


def _pattern(wanted: Sequence[str]) -> re.Pattern[str] | None:
    words = sorted({folded(word) for word in wanted} - {""}, key=len, reverse=True)
    return re.compile("|".join(_beginning(word) for word in words)) if words else None


def _beginning(word: str) -> str:
    """A pattern for `word` where a word begins; scripts without spaces have no such places."""
    return rf"(?<![^\W_]){re.escape(word)}" if word.isascii() and word[0].isalnum() else re.escape(word)
