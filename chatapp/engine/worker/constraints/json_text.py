"""JSON as grammar rules.

Blanks stand where `json.dumps` and `JSON.stringify` put them: behind brackets, commas and colons, and there at most
one space, or a new line with up to 40 blanks of indentation, so that a model can't write blanks for ever. Numbers
have at most 19 digits before and after the point, and exponents two.
"""

from __future__ import annotations

import json
from decimal import Decimal

from chatapp.engine.worker.constraints.expression import (
    Chain,
    Characters,
    Choice,
    Expression,
    Literal,
    Reference,
    Repeat,
    among,
    chain,
    characters,
    choice,
    optional,
    repeat,
    span,
)
from chatapp.engine.worker.constraints.gbnf import Rules
from chatapp.engine.worker.constraints.keywords import Json

INDENTATION = 40
DIGITS = 19
RAW = characters(((0x20, 0x21), (0x23, 0x5B), (0x5D, 0xD7FF), (0xE000, 0x10FFFF)))
"""The characters that stand for themselves in a string."""
_DIGIT = span("0", "9")
_HEX = characters(((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)))
_SHORT = {'"': '"', "\\": "\\", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}


class JsonRules:
    """The rules of JSON's values, each made when it is first asked for."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._value: Reference | None = None

    @property
    def gap(self) -> Expression:
        """Blanks that a model may leave out."""
        line = chain(Literal("\n"), repeat(among(" \t"), 0, INDENTATION))
        return optional(self._rules.shared("gap", choice(Literal(" "), line)))

    @property
    def character(self) -> Reference:
        """One character within a string, escaped or not."""
        hex_code = choice(
            chain(_HEX_BUT_D, repeat(_HEX, 3, 3)),
            chain(among("Dd"), span("0", "7"), repeat(_HEX, 2, 2)),
            chain(_surrogate("89ABab"), Literal("\\u"), _surrogate("CDEFcdef")),
        )
        escape = chain(Literal("\\"), choice(among('"\\/bfnrt'), chain(Literal("u"), hex_code)))
        return self._rules.shared("char", choice(RAW, escape))

    @property
    def string(self) -> Reference:
        """Any string."""
        return self._rules.shared("string", quoted(repeat(self.character, 0, None)))

    @property
    def number(self) -> Reference:
        """Any number."""
        fraction = optional(chain(Literal("."), repeat(_DIGIT, 1, DIGITS)))
        exponent = optional(chain(among("eE"), optional(among("+-")), repeat(_DIGIT, 1, 2)))
        return self._rules.shared("number", chain(optional(Literal("-")), WHOLE, fraction, exponent))

    @property
    def integer(self) -> Reference:
        """Any whole number, without fraction and exponent."""
        some = chain(optional(Literal("-")), span("1", "9"), repeat(_DIGIT, 0, DIGITS - 1))
        return self._rules.shared("integer", choice(Literal("0"), some))

    @property
    def boolean(self) -> Expression:
        """True or false."""
        return choice(Literal("true"), Literal("false"))

    @property
    def value(self) -> Reference:
        """Any value."""
        if self._value is None:
            self._value = Reference(self._rules.name("value"))
            scalars = (self.string, self.number, self.boolean, Literal("null"))
            member = self.member(self.string, self._value)
            options = (self.braced("{}", self.listed(member)), self.braced("[]", self.listed(self._value)), *scalars)
            self._rules.define(self._value.name, choice(*options))
        return self._value

    def member(self, key: Expression, value: Expression) -> Expression:
        """One key of an object with its value."""
        return chain(key, Literal(":"), self.gap, value)

    def listed(self, item: Expression, least: int = 0, most: int | None = None) -> Expression:
        """`least` to `most` times `item` with commas between; where that may be none, the empty text is left out."""
        more = repeat(chain(self.comma, item), max(least - 1, 0), None if most is None else most - 1)
        return chain(item, more) if most != 0 else Choice(())

    @property
    def comma(self) -> Expression:
        """What stands between two items."""
        return chain(Literal(","), self.gap)

    def braced(self, brackets: str, inside: Expression, *, may_be_empty: bool = True) -> Expression:
        """`inside`, which is not empty, in a pair of brackets; the pair alone, too, where it may be."""
        full = chain(Literal(brackets[0]), self.gap, inside, self.gap, Literal(brackets[1]))
        return choice(full, Literal(brackets)) if may_be_empty else full

    def exactly(self, value: Json) -> Expression:
        """`value`, whose keys stand in its own order."""
        match value:
            case dict():
                members = [self.member(key_of(name), self.exactly(item)) for name, item in value.items()]
                return self._row("{}", members)
            case list():
                return self._row("[]", [self.exactly(item) for item in value])
        return Literal(scalar_text(value))

    def _row(self, brackets: str, items: list[Expression]) -> Expression:
        if not items:
            return Literal(brackets)
        rest = (part for item in items[1:] for part in (self.comma, item))
        return self.braced(brackets, chain(items[0], *rest), may_be_empty=False)


def quoted(content: Expression) -> Expression:
    """A string with `content`."""
    return chain(Literal('"'), content, Literal('"'))


def key_of(name: str) -> Expression:
    """The key `name`."""
    return Literal(scalar_text(name))


def scalar_text(value: Json) -> str:
    """How a value without parts is written."""
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def spelled_in_string(expression: Expression) -> Expression:
    """The same texts as they stand within a string: escaped where they must be."""
    match expression:
        case Literal(text):
            return Literal(json.dumps(text, ensure_ascii=False)[1:-1])
        case Characters():
            return choice(*_spelled_characters(expression))
        case Chain(parts):
            return chain(*(spelled_in_string(part) for part in parts))
        case Choice(options):
            return choice(*(spelled_in_string(option) for option in options))
        case Repeat(part, least, most):
            return repeat(spelled_in_string(part), least, most)
        case Reference():
            return expression


def _spelled_characters(members: Characters) -> list[Expression]:
    raw = members & RAW
    options: list[Expression] = [raw] if raw.ranges else []
    short = [letter for character, letter in _SHORT.items() if ord(character) in members]
    if short:
        options.append(chain(Literal("\\"), among("".join(short))))
    rare = (code for code in range(1, 0x20) if code in members and chr(code) not in _SHORT)
    return [*options, *(Literal(f"\\u{code:04x}") for code in rare)]


def _surrogate(third: str) -> Expression:
    return chain(among("Dd"), among(third), repeat(_HEX, 2, 2))


_HEX_BUT_D = characters(((0x30, 0x39), (0x41, 0x43), (0x45, 0x46), (0x61, 0x63), (0x65, 0x66)))
WHOLE = choice(Literal("0"), chain(span("1", "9"), repeat(_DIGIT, 0, DIGITS - 1)))
"""The digits of a whole number."""
