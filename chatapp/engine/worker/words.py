"""Words that an answer must not hold, or must hold before it ends."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

_ENDINGS = ("ing", "ers", "es", "ed", "er", "ly", "'s", "’s", "s", "d")
"""What may stand behind a forbidden word where its variants are forbidden too, the longest first."""
_EDGE = 2
"""Characters beside a word that decide whether it stands alone."""
_GLANCE = 24
_UNENDED = re.compile(r"\s*\w*\Z")


def _squeezed(text: str) -> str:
    return " ".join(text.split())


class ForbiddenWords:
    """Finds words and phrases whatever their case and spacing, where they stand alone."""

    def __init__(self, words: Iterable[str], *, variants: bool) -> None:
        phrases = sorted({_squeezed(word) for word in words} - {""}, key=len, reverse=True)
        endings = _ENDINGS if variants else ()
        self._forms = sorted({(phrase + ending).casefold() for phrase in phrases for ending in ("", *endings)})
        self._longest = max(map(len, self._forms), default=0)
        words = _any_of([phrase for phrase in phrases if _is_word(phrase[0])], endings)
        others = _any_of([phrase for phrase in phrases if not _is_word(phrase[0])], endings)
        # The look behind stands before all words at once: most places of a text fail it, and then none is tried.
        self._pattern = re.compile("|".join([*(rf"(?<!\w){kind}" for kind in words), *others]), re.IGNORECASE)
        self._glued = re.compile(rf"\s*\w*?(?:{'|'.join([*words, *others])})", re.IGNORECASE)

    def __bool__(self) -> bool:
        return bool(self._forms)

    def find(self, text: str, start: int, *, is_whole: bool) -> int | None:
        """Where the first forbidden word begins at or behind `start`; None where there is none.

        A word at the very end of `text` counts only where it `is_whole`, since it may grow into another.
        """
        found = self._pattern.search(text, start) if self._forms else None
        if found is None or (found.end() == len(text) and not is_whole):
            return None
        return found.start()

    def begins_at(self, text: str, place: int, *, is_whole: bool) -> bool:
        """Whether the word at `place` is a forbidden one, glued to what stands before it or to letters of its own."""
        found = self._glued.match(text, place) if self._forms else None
        return found is not None and (is_whole or found.end() < len(text))

    def held_from(self, text: str) -> int:
        """The place from which on `text` might become a forbidden word when it goes on; its length where nowhere."""
        if not self._forms:
            return len(text)
        # Runs of spaces count as one in a phrase, so the tail to look at is counted in squeezed characters.
        low = max(0, len(text) - 4 * self._longest - _EDGE)
        for place in range(low, len(text)):
            if place and _is_word(text[place - 1]) and _is_word(text[place]):
                continue
            if not text[place].isspace() and self.might_begin(text, place):
                return place
        return len(text)

    def might_be_glued(self, text: str, place: int) -> bool:
        """Whether the word at `place` may still become one for `begins_at`: it has not ended, or is one so far."""
        return _UNENDED.match(text, place) is not None or self.might_begin(text, place)

    def might_begin(self, text: str, place: int) -> bool:
        """Whether what stands from `place` on is the beginning of a forbidden word, or one so far."""
        # A few characters settle it nearly always, however long the text behind them is.
        return self._begins_form(text[place : place + _GLANCE]) and self._begins_form(text[place:])

    def _begins_form(self, text: str) -> bool:
        tail = _squeezed(text).casefold()
        nearest = bisect_left(self._forms, tail)
        return nearest < len(self._forms) and self._forms[nearest].startswith(tail)


class RequiredWords:
    """Says which words and phrases an answer still lacks, whatever their case and spacing."""

    def __init__(self, words: Sequence[str]) -> None:
        phrases = {word: _squeezed(word) for word in words if word.strip()}
        self._patterns = {
            word: re.compile((r"(?<!\w)" if _is_word(phrase[0]) else "") + _any_of([phrase])[0], re.IGNORECASE)
            for word, phrase in phrases.items()
        }
        self._beginnings = {word: _folded(phrase.split(" ")[0]) for word, phrase in phrases.items()}

    def missing(self, text: str) -> tuple[str, ...]:
        """Those that `text` does not hold."""
        # Looking for a plain text is a hundred times as fast as for a pattern, and mostly settles it.
        folded = _folded(text)
        return tuple(
            word
            for word, pattern in self._patterns.items()
            if self._beginnings[word] not in folded or pattern.search(text) is None
        )


def _any_of(phrases: Sequence[str], endings: Sequence[str] = ()) -> list[str]:
    """Patterns for `phrases`, with one of `endings` or none, where no letter or digit goes on behind a word."""
    ending = "|".join(endings)
    behind = {True: rf"(?:{ending})?(?!\w)" if ending else r"(?!\w)", False: rf"(?:(?:{ending})(?!\w))?"}
    kinds = {is_word: [phrase for phrase in phrases if _is_word(phrase[-1]) is is_word] for is_word in behind}
    return [
        rf"(?:{'|'.join(map(_spaced, some))}){behind[is_word] if is_word or ending else ''}"
        for is_word, some in kinds.items()
        if some
    ]


def _spaced(phrase: str) -> str:
    return r"\s+".join(map(re.escape, phrase.split(" ")))


def _folded(text: str) -> str:
    """`text` so that whatever differs in case alone is alike, also i with its dot and without."""
    return text.casefold().replace("ı", "i").replace("\u0307", "")


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
