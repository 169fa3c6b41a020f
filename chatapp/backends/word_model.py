"""Stands in for a model where scripts are played: words are tokens, and every figure comes from a checksum.

At every place it knows `PLACES` chances that fall by a fixed share. The first are taken by the words that it could
say itself, in an order that depends on what stands before; any other word takes a place behind them by its checksum.
So a word has the same log-probability wherever it is asked for: as a detail, in a score and among candidates.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Sequence

from chatapp.core.backend import Candidate
from chatapp.core.distribution import Unknown, distribution
from chatapp.core.errors import Unsupported
from chatapp.core.events import TokenDetail
from chatapp.core.messages import Message
from chatapp.core.parameters import Values, resolve

VOCABULARY_SIZE = 32_000
PLACES = 64
_FALL = 0.08
_OWN_WORDS = (
    *(" the", " a", " fox", " wolf", " hen", " and", " said", " red", ".", ",", " once", " there", " was", " in"),
    *(" it", " to", " of", " little", " one", " who", " day", " house", "!", "?"),
)
_WORDS = re.compile(r"\s*\w+|\s*[^\w\s]|\s+")
LOG_SUM_EXP = math.log(sum(math.exp(-_FALL * place) for place in range(PLACES)))
"""Of the logits 0, -0.08, -0.16 … that the places have."""

_LOGPROBS = tuple(-_FALL * place - LOG_SUM_EXP for place in range(PLACES))
ENTROPY = -sum(math.exp(logprob) * logprob for logprob in _LOGPROBS)
"""The same at every place, in nats."""


def words(text: str) -> tuple[str, ...]:
    """Cut `text` into the words that count as tokens here, each with the space before it."""
    return tuple(_WORDS.findall(text))


def rendered(messages: Sequence[Message]) -> str:
    """Messages as the text of a prompt."""
    return "".join(f"{message.role}: {message.text}\n" for message in messages)


def tokenise(text: str) -> tuple[int, ...]:
    """Give the pseudo token ids of `text`: one a word, the same for the same word."""
    return tuple(checksum(word) % VOCABULARY_SIZE for word in words(text))


def word_texts(token_ids: Sequence[int], said: str) -> list[str]:
    """Give the words behind the ids, as far as they are among its own or in what was `said`; U+FFFD for others."""
    known = {tokenise(word)[0]: word for word in (*_OWN_WORDS, *words(said))}
    return [known.get(token_id, "\ufffd") for token_id in token_ids]


def checksum(text: str) -> int:
    """Give a figure of 32 bits that is the same for the same text, everywhere."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def token_details(
    before: Sequence[int], token_ids: Sequence[int], *, alternatives: int = 0, seconds: float = 0.0
) -> tuple[TokenDetail, ...]:
    """Tell of each of `token_ids` how likely it is behind those before it, with its likeliest rivals."""
    details: list[TokenDetail] = []
    history = list(before)
    for token_id in token_ids:
        own = _own_ids(history)
        rank = own.index(token_id) if token_id in own else _place_behind(history, token_id)
        rivals = tuple(zip(own[:alternatives], _LOGPROBS, strict=False))
        details.append(TokenDetail(token_id, _LOGPROBS[rank], rank, ENTROPY, LOG_SUM_EXP, seconds, rivals))
        history.append(token_id)
    return tuple(details)


def next_words(token_ids: Sequence[int], values: Values, limit: int) -> list[Candidate]:
    """Give the `limit` likeliest words behind `token_ids`, as far as it has words of its own.

    Raise Unsupported for a setting that looks at more than one place.
    """
    own = _own_ids(token_ids)
    texts = dict(zip(_OWN_IDS, _OWN_WORDS, strict=True))
    others = tuple((VOCABULARY_SIZE + place, _LOGPROBS[place]) for place in range(len(own), PLACES))
    listed = (*zip(own, _LOGPROBS, strict=False), *others)
    here = TokenDetail(own[0], _LOGPROBS[0], 0, ENTROPY, LOG_SUM_EXP, alternatives=listed)
    found = distribution(here, resolve(edits=values).values, vocabulary_size=PLACES)
    if isinstance(found, Unknown):
        raise Unsupported(f"A script can't tell what {found.stage} does: {found.reason}.")
    return [
        Candidate(chance.token_id, texts[chance.token_id], chance.logprob, chance.probability, chance.cut_by)
        for chance in found.chances[: min(limit, len(own))]
    ]


def _own_ids(history: Sequence[int]) -> list[int]:
    """The words that it could say itself, the likeliest first."""
    first = checksum(",".join(map(str, history[-8:]))) % len(_OWN_IDS)
    return [*_OWN_IDS[first:], *_OWN_IDS[:first]]


def _place_behind(history: Sequence[int], token_id: int) -> int:
    behind = PLACES - len(_OWN_IDS)
    return len(_OWN_IDS) + checksum(f"{history[-1:]} {token_id}") % behind


_OWN_IDS = tuple(tokenise(word)[0] for word in _OWN_WORDS)


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
