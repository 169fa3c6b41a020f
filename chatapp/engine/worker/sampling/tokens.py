"""Tokens as people name them: by their text, or by # and their id."""

from __future__ import annotations

import math
from collections.abc import Sequence

from chatapp.core.errors import ParameterError
from chatapp.engine.worker.llama import Vocabulary


def read_token(name: str, vocabulary: Vocabulary, parameter: str) -> int:
    """The token that `name` means: its text, or # and its id; raise ParameterError where there is none."""
    if name.startswith("#") and name[1:].isdecimal():
        token = int(name[1:])
        if token >= vocabulary.size:
            raise ParameterError(
                f"{parameter}: there is no token {name}.", hint=f"This model's tokens are #0 to #{vocabulary.size - 1}."
            )
        return token
    tokens = vocabulary.tokenize(name, parse_special=False)
    if _is_one(name, tokens, vocabulary):
        return tokens[0]
    exact = vocabulary.find(name.encode("utf-8", "replace"))
    if exact is not None:
        return exact
    raise ParameterError(
        f"{parameter}: “{name}” is no single token of this model.", hint=_advice(name, tokens, vocabulary)
    )


def _advice(name: str, tokens: Sequence[int], vocabulary: Vocabulary) -> str:
    """What to name instead of a text that is made of `tokens`."""
    if name.startswith("#"):
        return "Behind # stands the number of a token, as in #123."
    parts = ", ".join(f"“{_shown(vocabulary.piece(token))}” (#{token})" for token in tokens[:8])
    if not parts:
        return ""
    made = f"It is made of {parts}{', …' if len(tokens) > 8 else ''}."
    spaced = f" {name}"
    if not name[0].isspace() and _is_one(spaced, vocabulary.tokenize(spaced, parse_special=False), vocabulary):
        return f"{made} Name one of them, or begin the text with a space: “{spaced}” is a token."
    return f"{made} Name one of them."


def _is_one(text: str, tokens: Sequence[int], vocabulary: Vocabulary) -> bool:
    """Whether `tokens`, into which `text` was cut, are one that says all of it."""
    return len(tokens) == 1 and vocabulary.piece(tokens[0]) == text.encode("utf-8", "replace")


def _shown(piece: bytes) -> str:
    """A token's text, or its bytes where they are none."""
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return "".join(f"<0x{byte:02X}>" for byte in piece)


def read_biases(items: Sequence[str], vocabulary: Vocabulary) -> dict[int, float]:
    """Token ids and what is added to their logits, from TOKEN=BIAS; raise ParameterError for what is none."""
    biases: dict[int, float] = {}
    for item in items:
        name, equals, number = item.rpartition("=")
        try:
            bias = float(number)
        except ValueError:
            bias = math.nan
        if not equals or not name or math.isnan(bias) or bias == math.inf:
            raise ParameterError(
                f"logit_bias: “{item}” is no TOKEN=BIAS.", hint="Write, for instance, “ hello=-5”, or “#123=-inf”."
            )
        biases[read_token(name, vocabulary, "logit_bias")] = bias
    return biases
