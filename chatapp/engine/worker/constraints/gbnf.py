"""Rules, checked and written in llama.cpp's GBNF notation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chatapp.engine.worker.constraints.expression import (
    NOTHING,
    Chain,
    Characters,
    Choice,
    Expression,
    Literal,
    Reference,
    Repeat,
    chain,
    choice,
    repeat,
)

ROOT = "root"
MOST_REPETITIONS = 100_000
MOST_CHARACTERS = 8_000_000
NATIVE_REPETITIONS = 2000
"""llama.cpp refuses to count further, and takes a greater maximum for none at all."""


QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|#[^\r\n]*', re.DOTALL)
"""Literals, classes and comments, in which nothing of the notation is meant."""


class Unwritable(Exception):
    """Why rules can't be written as a grammar, in words."""


class Rules:
    """Named rules of a grammar in the making; `root` is where it begins."""

    def __init__(self) -> None:
        self._rules: dict[str, Expression] = {}
        self._shared: dict[Expression, Reference] = {}
        self._numbers: dict[str, int] = {}
        self.places: dict[str, str] = {}
        """Where in their source rules stand, by name; for errors."""
        self.impossible: list[str] = []
        """Places of the source that nothing satisfies, the inner ones first; for errors."""

    def name(self, wish: str) -> str:
        """A name that no rule has yet, like `wish` as far as GBNF allows."""
        base = re.sub(r"[^A-Za-z0-9]+", "-", wish).strip("-")[:40] or "rule"
        name = base
        while name in self._rules or name == ROOT:
            self._numbers[base] = self._numbers.get(base, 1) + 1
            name = f"{base}-{self._numbers[base]}"
        self._rules[name] = NOTHING
        return name

    def define(self, name: str, expression: Expression) -> Reference:
        """Let the rule `name` say `expression`."""
        self._rules[name] = expression
        return Reference(name)

    def shared(self, wish: str, expression: Expression) -> Reference:
        """A rule that says `expression`, the same one each time."""
        known = self._shared.get(expression)
        if known is None:
            known = self._shared[expression] = self.define(self.name(wish), expression)
        return known

    def write(self, root: Expression) -> str:
        """The grammar as GBNF; raise Unwritable where no text follows it or llama.cpp could not follow it."""
        rules = {**self._rules, ROOT: root}
        endless = _endless(rules)
        if ROOT in endless:
            raise Unwritable(f"nothing that ends can satisfy {self._blamed(endless)}")
        rules = {name: _pruned(rule, endless) for name, rule in rules.items() if name not in endless}
        _refuse_left_recursion(rules)
        return _Writer(rules).written()

    def _blamed(self, endless: set[str]) -> str:
        """What no text can follow, as near as is known."""
        known = [*self.impossible, *(place for name, place in self.places.items() if name in endless)]
        return f"what stands at {known[0]}" if known and known[0] != "#" else "it"


def _endless(rules: dict[str, Expression]) -> set[str]:
    """The rules that no finite text follows."""
    finite: set[str] = set()
    users: dict[str, set[str]] = {name: set() for name in rules}
    for name, rule in rules.items():
        for used in references(rule):
            users[used].add(name)
    waiting = list(rules)
    while waiting:
        name = waiting.pop()
        if name not in finite and _ends(rules[name], finite):
            finite.add(name)
            waiting.extend(users[name])
    return set(rules) - finite


def _ends(expression: Expression, finite: set[str]) -> bool:
    match expression:
        case Reference(name):
            return name in finite
        case Chain(parts):
            return all(_ends(part, finite) for part in parts)
        case Choice(options):
            return any(_ends(option, finite) for option in options)
        case Repeat(part, least, _):
            return least == 0 or _ends(part, finite)
        case Characters(ranges):
            return bool(ranges)
        case Literal():
            return True


def _pruned(expression: Expression, endless: set[str]) -> Expression:
    """Without what can't be finished once it is begun."""
    match expression:
        case Reference(name):
            return NOTHING if name in endless else expression
        case Chain(parts):
            return chain(*(_pruned(part, endless) for part in parts))
        case Choice(options):
            return choice(*(_pruned(option, endless) for option in options))
        case Repeat(part, least, most):
            return repeat(_pruned(part, endless), least, most)
        case Characters(ranges):
            return expression if ranges else NOTHING
        case Literal():
            return expression


def references(expression: Expression) -> Iterator[str]:
    """The names of the rules that `expression` uses."""
    waiting = [expression]
    while waiting:
        match waiting.pop():
            case Reference(name):
                yield name
            case Chain(parts):
                waiting.extend(parts)
            case Choice(options):
                waiting.extend(options)
            case Repeat(part, _, _):
                waiting.append(part)


def _refuse_left_recursion(rules: dict[str, Expression]) -> None:
    """Raise Unwritable where a rule begins with itself, which llama.cpp can't follow."""
    # No rule of ours is empty, so what may come first is what stands first.
    first = {name: set(_heads(rule)) for name, rule in rules.items()}
    done: set[str] = set()
    for start in rules:
        path: dict[str, Iterator[str]] = {}
        _enter(start, path, first, done)
        while path:
            name, heads = next(reversed(path.items()))
            head = next(heads, None)
            if head is None:
                done.add(name)
                del path[name]
            elif head in path:
                raise Unwritable(f"it refers to itself with nothing between (through the rule {head})")
            else:
                _enter(head, path, first, done)


def _enter(name: str, path: dict[str, Iterator[str]], first: dict[str, set[str]], done: set[str]) -> None:
    if name not in done:
        path[name] = iter(first[name])


def _heads(expression: Expression) -> Iterator[str]:
    match expression:
        case Reference(name):
            yield name
        case Chain(parts):
            for part in parts:
                yield from _heads(part)
                if not (isinstance(part, Repeat) and part.least == 0):
                    break
        case Choice(options):
            for option in options:
                yield from _heads(option)
        case Repeat(part, _, _):
            yield from _heads(part)


class _Writer:
    """Writes rules that are known to be sound, the reachable ones only."""

    def __init__(self, rules: dict[str, Expression]) -> None:
        self._rules = rules
        self._waiting = [ROOT]
        self._seen = {ROOT}
        self._parts: dict[Expression, str] = {}
        self._lines: list[str] = []
        self._size = 0

    def written(self) -> str:
        for name in iter(lambda: self._waiting.pop(0) if self._waiting else "", ""):
            line = f"{name} ::= {self._options(self._rules[name])}"
            self._size += len(line)
            if self._size > MOST_CHARACTERS:
                raise Unwritable("its grammar would be too long")
            self._lines.append(line)
        return "\n".join(self._lines) + "\n"

    def _options(self, expression: Expression) -> str:
        """What stands behind `::=` or between parentheses."""
        if not isinstance(expression, Choice):
            return self._row(expression)
        return " | ".join(self._row(option) for option in expression.options)

    def _row(self, expression: Expression) -> str:
        """What stands between two bars."""
        parts = expression.parts if isinstance(expression, Chain) else (expression,)
        return " ".join(self._item(part) for part in parts) or '""'

    def _item(self, expression: Expression) -> str:
        match expression:
            case Reference(name):
                return self._use(name)
            case Literal(text):
                return '"' + "".join(_in_literal(character) for character in text) + '"'
            case Characters(ranges):
                return _class(ranges)
            case Repeat(part, least, most):
                return self._repetition(part, least, most)
            case _:
                return f"({self._options(expression)})"

    def _use(self, name: str) -> str:
        if name not in self._seen:
            self._seen.add(name)
            self._waiting.append(name)
        return name

    def _repetition(self, part: Expression, least: int, most: int | None) -> str:
        if max(least, most or 0) > MOST_REPETITIONS:
            raise Unwritable(f"it repeats something {max(least, most or 0):,} times; {MOST_REPETITIONS:,} is most")
        # llama.cpp counts the rules of a group against the repetitions, but not those behind a name.
        simple = isinstance(part, Reference | Literal) or (isinstance(part, Characters) and len(part.ranges) < 3)
        item = self._item(part) if simple else self._use(self._part(part))
        if marks := _MARKS.get((least, most)):
            return item + marks
        if max(least, most or 0) <= NATIVE_REPETITIONS:
            return item + _count(least, most)
        fixed = [item + _count(step, step) for step in _steps(least)]
        if most is None:
            return " ".join([*fixed, item + "*"])
        if most > least:
            fixed.append(self._up_to(item, most - least))
        return " ".join(fixed)

    def _up_to(self, item: str, most: int) -> str:
        """At most `most` times, in pieces that llama.cpp can count."""
        if most <= NATIVE_REPETITIONS:
            return item + _count(0, most)
        step = NATIVE_REPETITIONS
        return f"({item}{_count(0, step - 1)} | {item}{_count(step, step)} {self._up_to(item, most - step)})"

    def _part(self, expression: Expression) -> str:
        known = self._parts.get(expression)
        if known is not None:
            return known
        number = len(self._parts) + 1
        while (name := f"part-{number}") in self._rules:
            number += 1
        self._parts[expression] = name
        self._rules[name] = expression
        return name


_MARKS = {(0, 1): "?", (0, None): "*", (1, None): "+"}


def _count(least: int, most: int | None) -> str:
    if least == most:
        return f"{{{least}}}"
    return f"{{{least},{'' if most is None else most}}}"


def _steps(count: int) -> list[int]:
    whole, rest = divmod(count, NATIVE_REPETITIONS)
    return [NATIVE_REPETITIONS] * whole + ([rest] if rest else [])


def _in_literal(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character == "\n":
        return "\\n"
    return character if character.isprintable() else _code(ord(character))


def _class(ranges: tuple[tuple[int, int], ...]) -> str:
    return "[" + "".join(_in_class(a) if a == b else f"{_in_class(a)}-{_in_class(b)}" for a, b in ranges) + "]"


def _in_class(code: int) -> str:
    character = chr(code)
    return character if character.isascii() and character.isalnum() else _code(code)


def _code(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
