"""Words that an answer must not hold, or must hold before it ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_ENDINGS = ("", "s", "es", "d", "ed", "ing", "er", "ers", "ly", "'s", "’s")
"""What may stand behind a forbidden word where its variants are forbidden too."""
_EDGE = 2
"""Characters beside a word that decide whether it stands alone."""


def _squeezed(text: str) -> str:
    return " ".join(text.split())


class ForbiddenWords:
    """Finds words and phrases whatever their case and spacing, where they stand alone."""

    def __init__(self, words: Iterable[str], *, variants: bool) -> None:
        phrases = sorted({_squeezed(word) for word in words} - {""}, key=len, reverse=True)
        endings = _ENDINGS if variants else ("",)
        forms = [phrase + ending for phrase in phrases for ending in sorted(endings, key=len, reverse=True)]
        self._forms = tuple(dict.fromkeys(form.casefold() for form in forms))
        self._longest = max(map(len, self._forms), default=0)
        self._pattern = re.compile("|".join(map(_alone, dict.fromkeys(forms))), re.IGNORECASE)
        glued = "|".join(_alone(form, glued=True) for form in dict.fromkeys(forms))
        self._glued = re.compile(rf"\s*(?:{glued})", re.IGNORECASE)

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
        """Whether a forbidden word begins at `place`, even if it is glued to what stands before."""
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

    def might_begin(self, text: str, place: int) -> bool:
        """Whether what stands from `place` on is the beginning of a forbidden word, or one so far."""
        tail = _squeezed(text[place:]).casefold()
        return any(form.startswith(tail) for form in self._forms)


class RequiredWords:
    """Says which words and phrases an answer still lacks, whatever their case and spacing."""

    def __init__(self, words: Sequence[str]) -> None:
        self._patterns = {word: re.compile(_alone(_squeezed(word)), re.IGNORECASE) for word in words if word.strip()}

    def missing(self, text: str) -> tuple[str, ...]:
        """Those that `text` does not hold."""
        return tuple(word for word, pattern in self._patterns.items() if pattern.search(text) is None)


def _alone(phrase: str, *, glued: bool = False) -> str:
    """A pattern for `phrase` where no letter or digit goes on at its ends; `glued` leaves out the first one."""
    body = r"\s+".join(map(re.escape, phrase.split(" ")))
    before = r"(?<!\w)" if _is_word(phrase[:1]) and not glued else ""
    after = r"(?!\w)" if _is_word(phrase[-1:]) else ""
    return f"{before}{body}{after}"


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
