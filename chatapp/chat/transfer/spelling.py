"""Which stretch of a message's text each of its tokens made."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

HALF = "\ufffd"
"""Stands in a token's text for a part of a character."""

_COMPARED = 12
_REACH = 64


class Stretch(NamedTuple):
    """A piece of text and the place of the token that made it, None where that is not known."""

    text: str
    token: int | None


def stretches(text: str, tokens: Sequence[str], first: int = 0) -> tuple[list[Stretch], int]:
    """`text` in pieces, and the place behind the last token that is in it.

    `tokens` are the texts of a reply's tokens; those before `first` belong to what stands before. Tokens that wrote
    something else, such as the marks around thoughts, are passed over. From a token on that does not fit, the rest
    is one piece.
    """
    begin = next((place for place in range(first, len(tokens)) if _begins(text, tokens, place)), None)
    if begin is None or not text.strip():
        return ([Stretch(text, None)] if text else []), first
    found: list[Stretch] = []
    at, place = 0, begin
    while at < len(text) and place < len(tokens):
        end, group = _end(text, tokens, place, at)
        if end is None:
            break
        if end > at:
            found.append(Stretch(text[at:end], place))
        at, place = end, place + group
    if at < len(text):
        found.append(Stretch(text[at:], None))
    return found, place


def _begins(text: str, tokens: Sequence[str], place: int) -> bool:
    """Whether the tokens from `place` on spell how `text` begins, but for white space that was cut off."""
    known = "".join(takewhile(lambda each: HALF not in each, tokens[place : place + _COMPARED])).lstrip()
    if not known:
        return HALF in tokens[place]
    bare = text.lstrip()
    length = min(len(known), len(bare))
    return bool(tokens[place].strip()) and known[:length] == bare[:length]


def _end(text: str, tokens: Sequence[str], place: int, at: int) -> tuple[int | None, int]:
    """Where what begins at `at` ends, None where the token does not fit, and of how many tokens it is made."""
    token = tokens[place]
    if HALF not in token:
        if at == 0 and not text.startswith(token):
            token = text[: len(text) - len(text.lstrip())] + token.lstrip()
        rest = text[at : at + len(token)]
        return (at + len(rest) if token.startswith(rest) else None), 1
    parts = list(takewhile(lambda each: HALF in each, tokens[place:]))
    behind = "".join(takewhile(lambda each: HALF not in each, tokens[place + len(parts) :][:4]))
    end = text.find(behind, at, at + _REACH + 2 * len(parts) + len(behind)) if behind else len(text)
    fits = at <= end <= at + sum(map(len, parts))
    return (end if fits else None), len(parts)
