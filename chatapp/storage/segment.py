"""Text in the words that the full-text index keeps.

Scripts that put no spaces between words (Chinese, Japanese, Thai …) are entered as overlapping pairs of
characters: most of their words are two characters long, which an index of three-character pieces can't find.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_UNSPACED = (
    "\u0e01-\u0e3a\u0e40-\u0e4e"  # Thai
    "\u0e81-\u0eae\u0eb0-\u0ecd"  # Lao
    "\u1000-\u109f\u1780-\u17d3"  # Myanmar, Khmer
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"  # Japanese
    "\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff"  # Bopomofo, small katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # ideographs
    "\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U000323af"
)
_RUN = re.compile(f"[{_UNSPACED}]+")
_WORD = re.compile(r"[^\W_]+")
_TERM = re.compile(r'"([^"]*)"|(\S+)')


@dataclass(frozen=True)
class Term:
    """A word to look for, or a phrase that was put in quotes; the last word may be unfinished."""

    text: str
    unfinished: bool = False


def segmented(text: str) -> str:
    """`text` with each run of an unspaced script as pairs of characters and its last character."""
    return _RUN.sub(lambda match: f" {_pairs(match[0])} {match[0][-1]} ", text) if _RUN.search(text) else text


def terms(query: str, *, limit: int = 16) -> list[Term]:
    """The words and quoted phrases of what somebody typed, at most `limit`.

    Left out are those without a letter, and a lone letter at the end, which is a word just begun.
    """
    typed = [(phrase or word, not phrase) for phrase, word in _TERM.findall(query.replace("\0", " "))]
    typed = [(text, is_word) for text, is_word in typed if _WORD.search(text)][:limit]
    if len(typed) > 1 and typed[-1][1] and len(typed[-1][0]) == 1 and not _RUN.search(typed[-1][0]):
        del typed[-1]
    last = len(typed) - 1
    return [Term(text, unfinished=is_word and place == last) for place, (text, is_word) in enumerate(typed)]


def expression(terms: Sequence[Term]) -> str:
    """An FTS5 expression that finds all of `terms`, an unfinished one as the beginning of a word; empty for none.

    Each is quoted, so that nothing in it is FTS5 syntax.
    """
    return " ".join(_phrase(term) for term in terms)


def _phrase(term: Term) -> str:
    text = term.text.replace('"', " ").strip()
    runs = _RUN.findall(text)
    ends_in_run = bool(runs) and text.endswith(runs[-1])
    # A lone character of an unspaced script stands in the index only as the beginning of a pair.
    begins = len(runs[-1]) == 1 if ends_in_run else term.unfinished and len(text) > 1 and text[-1].isalnum()
    paired = _RUN.sub(lambda match: f" {_pairs(match[0])} ", text).strip()
    return f'"{paired}" *' if begins else f'"{paired}"'


def _pairs(run: str) -> str:
    return " ".join(run[index : index + 2] for index in range(len(run) - 1)) if len(run) > 1 else run
