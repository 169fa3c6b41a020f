"""Which words of a reply another one does not have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

_WORD = re.compile(r"\w+|[^\w\s]")

Range = tuple[int, int]


def own_words(text: str, others: Sequence[str]) -> list[Range]:
    """The ranges of `text` whose words at least one of `others` lacks at that place, rising and apart.

    Words are compared in their order (Ratcliff and Obershelp, as in `difflib`), without regard to case; neighbours are
    one range.
    """
    words = list(_WORD.finditer(text))
    names = [word.group().casefold() for word in words]
    differs = [False] * len(words)
    for other in others:
        theirs = [word.group().casefold() for word in _WORD.finditer(other)]
        shared = [False] * len(words)
        for block in SequenceMatcher(None, names, theirs, autojunk=False).get_matching_blocks():
            shared[block.a : block.a + block.size] = [True] * block.size
        differs = [known or not same for known, same in zip(differs, shared, strict=True)]
    ranges: list[Range] = []
    for number, (word, differing) in enumerate(zip(words, differs, strict=True)):
        if differing and number and differs[number - 1]:
            ranges[-1] = (ranges[-1][0], word.end())
        elif differing:
            ranges.append(word.span())
    return ranges
