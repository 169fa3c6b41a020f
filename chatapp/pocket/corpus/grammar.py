"""Wordings from patterns, and the noise that people make when they type.

A pattern is text with alternatives `(stop|halt)`, options `[the]` and synonyms `<reply>` from the lexicon;
both nest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from random import Random

from chatapp.pocket.corpus import lexicon


class Pattern:
    """A compiled pattern: a sequence of texts and choices."""

    def __init__(self, source: str) -> None:
        self._choices: list[list[Pattern | str]] = []
        self._parse(source)

    def draw(self, rng: Random) -> str:
        """Draw one wording."""
        return "".join(
            part if isinstance(part, str) else part.draw(rng)
            for part in self._choices[int(rng.random() * len(self._choices))]
        )

    def _parse(self, source: str) -> None:
        for alternative in _split(source):
            self._choices.append([_part(text) for text in _tokens(alternative)])


def _split(source: str) -> list[str]:
    """Split at the bars that stand outside all brackets."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(source):
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "|" and depth == 0:
            parts.append(source[start:index])
            start = index + 1
    return [*parts, source[start:]]


def _tokens(source: str) -> list[str]:
    """Cut into plain texts, bracketed groups and `<names>`."""
    tokens, depth, start = [], 0, 0
    for index, character in enumerate(source):
        if character in "([":
            if depth == 0:
                tokens.append(source[start:index])
                start = index
            depth += 1
        elif character in ")]":
            depth -= 1
            if depth == 0:
                tokens.append(source[start : index + 1])
                start = index + 1
    tokens.append(source[start:])
    return [piece for token in tokens for piece in _names(token) if piece]


def _names(token: str) -> list[str]:
    return [token] if token[:1] in ("(", "[") else re.split(r"(<\w+>)", token)


def _part(token: str) -> Pattern | str:
    if token[0] == "(":
        return compiled(token[1:-1])
    if token[0] == "[":
        return compiled(token[1:-1] + "|")
    if token[0] == "<" and token[-1] == ">":
        return compiled(lexicon.SYNONYMS[token[1:-1]])
    return token


@cache
def compiled(source: str) -> Pattern:
    """Compile a pattern once."""
    return Pattern(source)


def draw(source: str, rng: Random) -> str:
    """Draw one wording of a pattern, with its spaces tidied."""
    return re.sub(r" +([,.?!;:])", r"\1", re.sub(r" {2,}", " ", compiled(source).draw(rng))).strip()


def pick(items: Sequence[str], rng: Random) -> str:
    """Draw one of several patterns, then one wording of it."""
    return draw(rng.choice(items), rng)


_DOUBLED = frozenset(
    lexicon.words(
        "stop|cut|get|run|quit|begin|put|set|let|shut|drop|swap|flip|plug|pin|unpin|step|hop|skip|scan|split|spot|grab|"
        "clip|slip|spin|submit|bin|chat"
    )
)


def gerund(phrase: str) -> str:
    """Turn an infinitive phrase into its gerund: `stop the reply` → `stopping the reply`."""
    verb, _, rest = phrase.partition(" ")
    if verb in ("be", "see"):
        form = verb + "ing"
    elif verb in _DOUBLED:
        form = verb + verb[-1] + "ing"
    elif verb.endswith("ie"):
        form = verb[:-2] + "ying"
    elif verb.endswith("e") and not verb.endswith("ee"):
        form = verb[:-1] + "ing"
    else:
        form = verb + "ing"
    return f"{form} {rest}".strip()


def noisy(text: str, rng: Random, *, exact: bool = False) -> str:
    """Type `text` as people do: with greetings before, thanks behind, typos, no capitals, no question mark.

    `exact` leaves the letters alone, for words that the answer copies.
    """
    if rng.random() < 0.22:
        text = pick(lexicon.BEFORE, rng) + " " + text
    if rng.random() < 0.12:
        behind = pick(lexicon.BEHIND, rng)
        text = text.rstrip("?.! ") + ("" if behind[0] == "," else " ") + behind
    if rng.random() < 0.09:
        text = _capital(pick(lexicon.CONTEXT, rng)) + " " + _capital(text)
    text = _contracted(text, rng)
    if rng.random() < 0.6:
        text = re.sub(r"[a-z]{2,}", lambda word: lexicon.PROPER.get(word.group(), word.group()), text)
    text = _ended(text, rng)
    chance = rng.random()
    if exact:
        return _capital(text) if chance < 0.5 else text
    for likelihood in (0.13, 0.03):
        text = mistyped(text, rng) if rng.random() < likelihood else text
    if chance < 0.5:
        return _capital(text)
    return text.upper() if chance > 0.985 else text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_CONTRACTIONS = (
    ("what is ", ("what's ", "whats ")),
    ("how do i ", ("how do I ", "how i ", "how can I ")),
    (" i ", (" I ",)),
    ("do not ", ("don't ", "dont ")),
    ("does not ", ("doesn't ", "doesnt ")),
    ("can not ", ("can't ", "cant ", "cannot ")),
    ("it is ", ("it's ", "its ")),
    ("i am ", ("I'm ", "im ", "i'm ", "I am ")),
    ("is not ", ("isn't ", "isnt ")),
    (" you ", (" u ",)),
    ("please", ("pls", "plz")),
    ("want to ", ("wanna ",)),
)


def _contracted(text: str, rng: Random) -> str:
    for full, forms in _CONTRACTIONS:
        chance = 0.6 if full == " i " else 0.04 if full in (" you ", "please", "want to ") else 0.35
        if full in text and rng.random() < chance:
            text = text.replace(full, rng.choice(forms))
    return text


def _ended(text: str, rng: Random) -> str:
    if text[-1:] in "?.!":
        return text if rng.random() < 0.8 else text[:-1]
    return text + rng.choice(("", "", "", "?", "?", "?", ".", ".", "!", " ?", "??"))


def mistyped(text: str, rng: Random) -> str:
    """Drop, swap or double one letter."""
    letters = [index for index in range(1, len(text) - 1) if text[index].isalpha() and text[index + 1].isalpha()]
    if not letters:
        return text
    at = rng.choice(letters)
    kind = rng.random()
    if kind < 0.4:
        return text[:at] + text[at + 1 :]
    if kind < 0.8:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + text[at] + text[at:]
