r"""Regular expressions as expressions of a grammar.

The notation is that of Python's `re` with the flag ASCII: `\d`, `\w` and `\s` know ASCII only. Of JSON Schema's
dialect, `\/`, `\uXXXX`, `\cX` and `(?<name>` are understood, too. The whole text must match, so greedy and lazy
quantifiers mean the same. What no grammar can say is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from chatapp.engine.worker.constraints.choices import one_of
from chatapp.engine.worker.constraints.expression import (
    ANY,
    EMPTY,
    NOTHING,
    Chain,
    Characters,
    Choice,
    Expression,
    Literal,
    Repeat,
    chain,
    choice,
    repeat,
)
from chatapp.engine.worker.constraints.gbnf import Rules
from chatapp.engine.worker.constraints.pattern import Anchor, Branches, Parser, Piece, Row

MOST_BRANCHES = 1000
"""How many ways with anchors of their own one pattern may have."""


def whole(pattern: str, rules: Rules, what: str = "regex") -> Expression:
    """What matches all of `pattern`; `what` names it in errors. Raise ParameterError for what can't be enforced."""
    return _settled(Parser(pattern, what), EMPTY, rules, lambda expression: expression)


def anywhere(pattern: str, rules: Rules, what: str, spell: Callable[[Expression], Expression]) -> Expression:
    """A text in which `pattern` is found somewhere, as JSON Schema's `pattern` means it, put through `spell`."""
    return _settled(Parser(pattern, what), repeat(ANY, 0, None), rules, spell)


def _settled(parser: Parser, rest: Expression, rules: Rules, spell: Callable[[Expression], Expression]) -> Expression:
    return choice(*(tame(spell(_framed(row, rest, parser)), rules) for row in _rows(parser.parse(), parser)))


def _rows(piece: Piece, parser: Parser) -> list[tuple[Expression | Anchor, ...]]:
    """The ways through `piece`, each with its anchors in the open."""
    match piece:
        case Branches(pieces):
            rows = [row for branch in pieces for row in _rows(branch, parser)]
        case Row(pieces):
            rows = [()]
            for part in pieces:
                ways = _rows(part, parser)
                if len(rows) * len(ways) > MOST_BRANCHES:
                    parser.refuse("so many anchors in alternatives", 0, "Write ^ and $ once, around all of it.")
                rows = [(*before, *way) for before, way in product(rows, ways)]
        case _:
            rows = [(piece,)]
    if len(rows) > MOST_BRANCHES:
        parser.refuse("so many anchors in alternatives", 0, "Write ^ and $ once, around all of it.")
    return rows


def _framed(row: tuple[Expression | Anchor, ...], rest: Expression, parser: Parser) -> Expression:
    """One way through the pattern, with `rest` where no anchor holds it."""
    start = end = False
    parts = list(row)
    while parts and isinstance(parts[0], Anchor) and parts[0].is_start:
        start = True
        del parts[0]
    while parts and isinstance(parts[-1], Anchor) and not parts[-1].is_start:
        end = True
        del parts[-1]
    kept: list[Expression] = []
    for part in parts:
        if isinstance(part, Anchor):
            name = "^" if part.is_start else "$"
            parser.refuse(f"the anchor {name} in the middle", part.position, "Write ^ first and $ last.")
        kept.append(part)
    return chain(EMPTY if start else rest, *kept, EMPTY if end else rest)


def tame(expression: Expression, rules: Rules) -> Expression:
    """The same texts, but nothing that may be empty is repeated, which llama.cpp can't follow.

    Literal alternatives that begin alike share their beginning.
    """
    match expression:
        case Chain(parts):
            return chain(*(tame(part, rules) for part in parts))
        case Choice(options):
            texts = [option.text for option in options if isinstance(option, Literal)]
            others = [tame(option, rules) for option in options if not isinstance(option, Literal)]
            return choice(one_of(texts, rules), *others)
        case Repeat(part, least, most):
            inner = tame(part, rules)
            if not may_be_empty(inner):
                return repeat(inner, least, most)
            # Behind a name, what is spread out here is not spread out again further up.
            return repeat(_named(not_empty(inner), rules), 0, most)
        case _:
            return expression


def _named(expression: Expression, rules: Rules) -> Expression:
    return expression if isinstance(expression, Characters | Literal) else rules.shared("part", expression)


def may_be_empty(expression: Expression) -> bool:
    """Whether the empty text is among them."""
    match expression:
        case Chain(parts):
            return all(may_be_empty(part) for part in parts)
        case Choice(options):
            return any(may_be_empty(option) for option in options)
        case Repeat(part, least, _):
            return least == 0 or may_be_empty(part)
        case Literal(text):
            return not text
        case _:
            return False


def not_empty(expression: Expression) -> Expression:
    """The same texts without the empty one; of a tame expression, a tame one."""
    if not may_be_empty(expression):
        return expression
    match expression:
        case Choice(options):
            return choice(*(not_empty(option) for option in options))
        case Repeat(part, _, most):
            return repeat(part, 1, most)
        case Chain(parts) if parts:
            return choice(*(chain(not_empty(part), *parts[index + 1 :]) for index, part in enumerate(parts)))
        case _:
            return NOTHING
