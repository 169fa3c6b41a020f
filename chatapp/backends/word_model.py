"""Stands in for a model where scripts are played: words are tokens, and every figure comes from a checksum."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Sequence

from chatapp.core.backend import Candidate
from chatapp.core.events import TokenDetail
from chatapp.core.parameters import Values, resolve

VOCABULARY_SIZE = 32_000
_NEXT_WORDS = (" the", " a", " fox", " wolf", " hen", " and", " said", " red", ".", ",", " once", " there")
_WORDS = re.compile(r"\s*\w+|\s*[^\w\s]|\s+")


def words(text: str) -> tuple[str, ...]:
    """Cut `text` into the words that count as tokens here, each with the space before it."""
    return tuple(_WORDS.findall(text))


def tokenise(text: str) -> tuple[int, ...]:
    """Give the pseudo token ids of `text`: one a word, the same for the same word."""
    return tuple(checksum(word) % VOCABULARY_SIZE for word in words(text))


def checksum(text: str) -> int:
    """Give a figure of 32 bits that is the same for the same text, everywhere."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def token_details(before: str, text: str) -> tuple[TokenDetail, ...]:
    """Give every word of `text` a log-probability that depends on it and on all that stands before."""
    details: list[TokenDetail] = []
    for word, token_id in zip(words(text), tokenise(text), strict=True):
        before += word
        surprise = checksum(before) % 1000 / 250
        details.append(TokenDetail(token_id, -surprise, rank=int(surprise * 4), entropy=2.0))
    return tuple(details)


def next_words(token_ids: Sequence[int], values: Values) -> list[Candidate]:
    """Give a dozen words whose order depends on `token_ids`, under temperature and top_k of `values`."""
    settings = resolve(edits=values)
    temperature = max(figure(settings["temperature"]), 0.01)
    top_k = figure(settings["top_k"]) or len(_NEXT_WORDS)
    first = sum(token_ids) % len(_NEXT_WORDS)
    ordered = _NEXT_WORDS[first:] + _NEXT_WORDS[:first]
    weights = [math.exp(-rank / temperature) for rank in range(len(ordered))]
    return [
        Candidate(tokenise(text)[0], text, weight / sum(weights), "" if rank < top_k else "top_k")
        for rank, (text, weight) in enumerate(zip(ordered, weights, strict=True))
    ]


def embedding(text: str) -> tuple[float, ...]:
    """Give 16 figures of length 1 together, nearer each other the more words two texts share."""
    figures = [0.0] * 16
    for word in words(text):
        figures[checksum(word.strip().lower()) % 16] += 1.0
    length = math.sqrt(sum(figure * figure for figure in figures)) or 1.0
    return tuple(figure / length for figure in figures)


def figure(value: object, otherwise: float = 0.0) -> float:
    """Read a parameter's value as a figure, `otherwise` where it is unset."""
    return float(value) if isinstance(value, int | float) else otherwise
