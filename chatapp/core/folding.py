"""Text as it is compared: without case and accents, and with a way back to the text as it was written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator


def folded(text: str) -> str:
    """`text` without case and accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


class _Table(dict[int, str]):
    """What each character becomes, found out once."""

    def __missing__(self, code: int) -> str:
        plain = self[code] = folded(chr(code))
        return plain


_TABLE = _Table()


class FoldedText:
    """A text without case and accents, `plain`, whose ranges are found in the text as it was written."""

    __slots__ = ("_source", "plain")

    def __init__(self, source: str) -> None:
        self._source = ""
        if source.isascii():
            self.plain = source.lower()
            return
        self.plain = source.translate(_TABLE)
        if any(len(_TABLE[ord(character)]) != 1 for character in set(source)):
            self._source = source

    @property
    def is_even(self) -> bool:
        """Whether each character of the source stands for one of `plain`."""
        return not self._source

    def places(self) -> list[int]:
        """For each character of `plain` the place in the source that it came from, and the source's length."""
        if self.is_even:
            return list(range(len(self.plain) + 1))
        found: list[int] = []
        for place, character in enumerate(self._source):
            found.extend([place] * len(_TABLE[ord(character)]))
        found.append(len(self._source))
        return found

    def ranges(self, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """The ranges of the source that rising spans of `plain` stand for, accents that follow included.

        A character that became several belongs to the first span that holds any of it.
        """
        found = list(spans)
        if self.is_even or not found:
            return found
        places = self.places()
        taken: list[tuple[int, int]] = []
        for start, end in found:
            low, high = places[start], max(places[end - 1] + 1, places[end])
            if not taken or low >= taken[-1][1]:
                taken.append((low, high))
        return taken


class Sought:
    """Words that are looked for, whatever their case and accents; a hit is any of them.

    They are found wherever they stand; with `at_beginnings` only where a word begins, as far as the script has such
    places.
    """

    def __init__(self, words: Iterable[str], *, at_beginnings: bool = False) -> None:
        self._words = sorted({folded(word) for word in words} - {""}, key=len, reverse=True)
        written = [_beginning(word) if at_beginnings else re.escape(word) for word in self._words]
        needed = at_beginnings or len(written) > 1
        self._pattern = re.compile("|".join(written)) if needed and written else None

    def __bool__(self) -> bool:
        return bool(self._words)

    def count(self, text: FoldedText) -> int:
        """How many hits a text has."""
        if not self._words or not text.plain:
            return 0
        if self._pattern is None and text.is_even:
            return text.plain.count(self._words[0])
        return len(self.ranges(text)) if any(word in text.plain for word in self._words) else 0

    def ranges(self, text: FoldedText) -> list[tuple[int, int]]:
        """Where the hits are in the source: rising, apart from each other, accents that follow included."""
        return text.ranges(self._found(text.plain))

    def first(self, text: str) -> int | None:
        """Where the first hit of a text begins."""
        plain = FoldedText(text)
        found = next(self._found(plain.plain), None)
        return plain.ranges([found])[0][0] if found is not None else None

    def _found(self, plain: str) -> Iterator[tuple[int, int]]:
        """Where the hits are in a folded text."""
        if self._pattern is not None:
            yield from (match.span() for match in self._pattern.finditer(plain))
        elif self._words:
            word, end = self._words[0], 0
            while (start := plain.find(word, end)) >= 0:
                end = start + len(word)
                yield start, end


def _beginning(word: str) -> str:
    """A pattern for `word` where a word begins; scripts without spaces have no such places."""
    return rf"(?<![^\W_]){re.escape(word)}" if word.isascii() and word[0].isalnum() else re.escape(word)
