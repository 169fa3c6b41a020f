"""What `chatapp ask --logprobs` tells of each token of a reply."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec

from chatapp.core.backend import Backend
from chatapp.core.cleaning import clean_line
from chatapp.core.events import TokenDetail

DEFAULT_ALTERNATIVES = 5
MOST_ALTERNATIVES = 100
_WIDTH = 24
"""Characters of a token's column; a longer token pushes its line to the right."""


def _about(description: str) -> msgspec.Meta:
    return msgspec.Meta(description=description)


class Alternative(msgspec.Struct, frozen=True):
    """A token that could have stood there."""

    text: str
    id: int
    logprob: float


class Token(msgspec.Struct, frozen=True):
    """A token of the reply, under the model's own distribution before any stage."""

    text: Annotated[str, _about("the token's text; half a character is \ufffd")]
    id: Annotated[int, _about("its number in the vocabulary")]
    logprob: Annotated[float, _about("natural logarithm of its probability")]
    rank: Annotated[int, _about("how many tokens were likelier")]
    entropy: Annotated[float, _about("how undecided the model was, in nats")]
    alternatives: Annotated[tuple[Alternative, ...], _about("the likeliest tokens there: text, id, logprob")]


async def tokens_of(details: Sequence[TokenDetail | None], backend: Backend) -> tuple[Token, ...]:
    """The tokens of which something was told, with their texts."""
    told = [detail for detail in details if detail is not None]
    ids = sorted(
        {number for detail in told for number in (detail.token_id, *(each for each, _ in detail.alternatives))}
    )
    texts = dict(zip(ids, await backend.token_texts(ids), strict=True))
    return tuple(
        Token(
            texts[detail.token_id],
            detail.token_id,
            detail.logprob,
            detail.rank,
            detail.entropy,
            tuple(Alternative(texts[number], number, logprob) for number, logprob in detail.alternatives),
        )
        for detail in told
    )


def table_of(tokens: Sequence[Token]) -> Iterator[str]:
    """The tokens for people, one a line, ranks counted from 1."""
    yield f"{'token':<{_WIDTH}}  {'chance':>7}  {'rank':>5}  {'entropy':>7}  likeliest there"
    for token in tokens:
        others = "  ".join(f"{_quoted(each.text)} {_chance(each.logprob)}" for each in token.alternatives)
        line = (
            f"{_quoted(token.text):<{_WIDTH}}  {_chance(token.logprob):>7}  {token.rank + 1:>5,}  {token.entropy:>7.2f}"
        )
        yield f"{line}  {others}".rstrip()


def _quoted(text: str) -> str:
    return clean_line(json.dumps(text, ensure_ascii=False))


def _chance(logprob: float) -> str:
    return f"{math.exp(logprob):.1%}"
