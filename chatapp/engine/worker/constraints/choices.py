"""Lists of texts as grammar rules that share what begins alike."""

from __future__ import annotations

from collections.abc import Iterable

from chatapp.engine.worker.constraints.expression import (
    NOTHING,
    Characters,
    Expression,
    Literal,
    Reference,
    among,
    chain,
    choice,
    optional,
    repeat,
)
from chatapp.engine.worker.constraints.gbnf import Rules


def one_of(texts: Iterable[str], rules: Rules) -> Expression:
    """One of `texts`. At each character only one way is open, however many texts there are."""
    tree = _Tree(rules)
    first = tree.rest(list(dict.fromkeys(texts)))
    tree.grow()
    return first


def none_of(texts: Iterable[str], alphabet: Characters, rules: Rules) -> Expression:
    """Any text over `alphabet` that is none of `texts`."""
    rest = repeat(alphabet, 0, None)
    waiting: list[tuple[str, set[str]]] = []

    def behind(others: set[str]) -> Expression:
        """What may follow where `others` would be complete."""
        name = rules.name("besides")
        waiting.append((name, others - {""}))
        return Reference(name) if "" in others else optional(Reference(name))

    first = behind({text for text in texts if all(ord(character) in alphabet for character in text)})
    while waiting:
        name, others = waiting.pop()
        groups: dict[str, set[str]] = {}
        for text in others:
            groups.setdefault(text[0], set()).add(text[1:])
        free = alphabet & ~among("".join(groups))
        branches = [chain(Literal(letter), behind(tails)) for letter, tails in sorted(groups.items())]
        rules.define(name, choice(chain(free, rest), *branches))
    return first


class _Tree:
    """A rule for each place where texts part."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._waiting: list[tuple[str, list[str]]] = []

    def rest(self, texts: list[str]) -> Expression:
        """One of `texts`, which are all different; what can be empty is said here, never by a rule."""
        filled = [text for text in texts if text]
        if not filled:
            return Literal("") if texts else NOTHING
        expression: Expression = Literal(filled[0])
        if len(filled) > 1:
            name = self._rules.name("choice")
            self._waiting.append((name, filled))
            expression = Reference(name)
        return expression if len(filled) == len(texts) else optional(expression)

    def grow(self) -> None:
        """Define the rules that were named."""
        while self._waiting:
            name, texts = self._waiting.pop()
            groups: dict[str, list[str]] = {}
            for text in texts:
                groups.setdefault(text[0], []).append(text)
            self._rules.define(name, choice(*(self._branch(group) for group in groups.values())))

    def _branch(self, texts: list[str]) -> Expression:
        if len(texts) == 1:
            return Literal(texts[0])
        common = _beginning(min(texts), max(texts))
        return chain(Literal(common), self.rest([text[len(common) :] for text in texts]))


def _beginning(first: str, last: str) -> str:
    """What two texts begin with in common; of the first and the last in order, what all between begin with."""
    same = (index for index, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(same, min(len(first), len(last)))]
