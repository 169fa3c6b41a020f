"""Numbers within bounds, digit by digit.

Every number with up to so many digits that is within the bounds and a multiple of the step is read from left to
right by an automaton, and its states become rules; each digit leaves one way open.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from chatapp.engine.worker.constraints.expression import (
    EMPTY,
    NOTHING,
    Expression,
    Literal,
    among,
    chain,
    choice,
    optional,
    repeat,
    span,
)
from chatapp.engine.worker.constraints.gbnf import Rules, Unwritable

MOST_STATES = 5_000
SIGNIFICANT = 15
"""Decimals of so many digits are told apart by the double precision in which most programs read them."""
WHOLE_DIGITS = 19
_DIGIT = span("0", "9")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a number must be: at least, at most (None where there is no limit), and a multiple of `step`."""

    least: Fraction | None = None
    most: Fraction | None = None
    above: bool = False
    """Whether the number must be more than `least`, not the same."""
    below: bool = False
    step: Fraction | None = None

    @property
    def negated(self) -> Bounds:
        """The bounds of the number without its minus."""
        least = None if self.most is None else -self.most
        most = None if self.least is None else -self.least
        return Bounds(least, most, self.below, self.above, self.step)

    def divided(self, divisor: int) -> Bounds:
        """The bounds of the number divided by `divisor`, without the step."""
        least = None if self.least is None else self.least / divisor
        most = None if self.most is None else self.most / divisor
        return Bounds(least, most, self.above, self.below)

    @property
    def has_zero(self) -> bool:
        """Whether 0 is within."""
        over = self.least is None or self.least < 0 or (self.least == 0 and not self.above)
        return over and (self.most is None or self.most > 0 or (self.most == 0 and not self.below))


@dataclass(frozen=True, slots=True)
class _Digits:
    """What is still to be read of a number: so many digits, the point after `point` more (-1: no more).

    `low` and `high` are the digits of the bounds while the number has begun like them, else None. `rest` is what
    the digits so far leave when divided by `modulus`.
    """

    left: int
    point: int
    low: str | None
    high: str | None
    rest: int
    modulus: int


def whole_numbers(bounds: Bounds, rules: Rules) -> Expression:
    """The integers within `bounds`; raise Unwritable where that takes too many rules."""
    modulus, zeros = 1 if bounds.step is None else bounds.step.numerator, 0
    while modulus % 10 == 0:
        modulus, zeros = modulus // 10, zeros + 1
    if not zeros:
        return _signed(bounds, [(_length(bounds, WHOLE_DIGITS), 0, modulus)], rules)
    shorter = bounds.divided(10**zeros)
    some = _signed(shorter, [(_length(shorter, WHOLE_DIGITS), 0, modulus)], rules, smallest=1)
    return choice(*([Literal("0")] if bounds.has_zero else []), chain(some, Literal("0" * zeros)))


def decimals(bounds: Bounds, rules: Rules) -> Expression:
    """The numbers within `bounds`, written without exponent; raise Unwritable where they can't be told exactly."""
    if bounds.step is None:
        for end in (bounds.least, bounds.most):
            if end is not None and (end * 10 ** (SIGNIFICANT - 1)).denominator != 1:
                raise Unwritable(f"{float(end):g} has more than {SIGNIFICANT - 1} digits behind the point")
        whole = (_length(bounds, SIGNIFICANT), 0, 1)
        return _signed(bounds, [whole, *((SIGNIFICANT, places, 1) for places in range(1, SIGNIFICANT))], rules)
    places = _places(bounds.step)
    scaled = int(bounds.step * 10**places)
    shapes = [
        (SIGNIFICANT + places, shown, scaled // math.gcd(scaled, 10 ** (places - shown))) for shown in range(places + 1)
    ]
    return _signed(bounds, shapes, rules)


def _length(bounds: Bounds, least: int) -> int:
    """How many digits a number within `bounds` may have before the point."""
    ends = (end for end in (bounds.least, bounds.most) if end is not None)
    return max(least, *(len(str(math.ceil(abs(end)))) for end in ends), 1)


def _places(step: Fraction) -> int:
    """How many digits behind the point the multiples of `step` have at most."""
    for places in range(SIGNIFICANT):
        if (step * 10**places).denominator == 1:
            return places
    raise Unwritable(f"the multiples of {float(step):g} have more than {SIGNIFICANT - 1} digits behind the point")


def _signed(bounds: Bounds, shapes: list[tuple[int, int, int]], rules: Rules, *, smallest: int = 0) -> Expression:
    """Numbers of `shapes` (most digits, digits behind the point, modulus of all digits) with their sign."""
    positive = _unsigned(bounds, shapes, smallest, rules)
    negative = _unsigned(bounds.negated, shapes, 1, rules)
    return choice(*(option for option in (positive, chain(Literal("-"), negative)) if option != NOTHING))


def _unsigned(bounds: Bounds, shapes: list[tuple[int, int, int]], smallest: int, rules: Rules) -> Expression:
    """Numbers of `shapes` from `smallest` in their last digit up."""
    if bounds.most is not None or bounds.step is not None:
        return _Automaton(_starts(bounds, shapes, smallest), rules).expression()
    # Without an upper bound, all that have more digits than the lower one are within.
    digits = len(str(max(math.floor(bounds.least or 0), 0)))
    near = replace(bounds, most=Fraction(10**digits), below=True)
    longest, places = shapes[0][0], shapes[-1][1]
    fraction = optional(chain(Literal("."), repeat(_DIGIT, 1, places))) if places else EMPTY
    far = chain(span("1", "9"), repeat(_DIGIT, digits, longest - 1), fraction)
    return choice(_Automaton(_starts(near, shapes, smallest), rules).expression(), far)


def _starts(bounds: Bounds, shapes: list[tuple[int, int, int]], smallest: int) -> frozenset[_Digits]:
    """Where reading begins, for each number of digits that is possible within `bounds`."""
    found = set()
    for longest, places, modulus in shapes:
        scale = 10**places
        low, high = smallest, 10**longest - 1
        if bounds.least is not None:
            edge = bounds.least * scale
            low = max(low, math.floor(edge) + 1 if bounds.above else math.ceil(edge))
        if bounds.most is not None:
            edge = bounds.most * scale
            high = min(high, math.ceil(edge) - 1 if bounds.below else math.floor(edge))
        for length in range(places + 1, longest + 1):
            first = 0 if length == places + 1 else 10 ** (length - 1)
            least, most = max(low, first), min(high, 10**length - 1)
            if least <= most:
                point = length - places if places else -1
                ends = (f"{least:0{length}d}", f"{most:0{length}d}")
                found.add(_Digits(length, point, *ends, 0, modulus))
    return frozenset(found)


class _Automaton:
    """Sets of what may still be read, and the rules that follow from them."""

    def __init__(self, start: frozenset[_Digits], rules: Rules) -> None:
        self._start = start
        self._rules = rules
        self._alive: dict[_Digits, bool] = {}
        self._known: dict[frozenset[_Digits], Expression] = {}

    def expression(self) -> Expression:
        """What is read from the start."""
        return self._from(frozenset(state for state in self._start if self._can_end(state)))

    def _from(self, states: frozenset[_Digits]) -> Expression:
        known = self._known.get(states)
        if known is not None:
            return known
        if len(self._known) > MOST_STATES:
            raise Unwritable(f"the numbers within its bounds take more than {MOST_STATES:,} rules")
        followers: dict[Expression, str] = {}
        for symbol in "0123456789.":
            after = (_next(state, symbol) for state in states)
            reached = frozenset(state for state in after if state is not None and self._can_end(state))
            if reached:
                rest = self._from(reached)
                followers[rest] = followers.get(rest, "") + symbol
        options = [chain(among(symbols), rest) for rest, symbols in followers.items()]
        more = self._rules.shared("digits", choice(*options)) if options else NOTHING
        ends = any(state.left == 0 for state in states)
        expression: Expression = more
        if ends:
            expression = optional(more) if options else EMPTY
        self._known[states] = expression
        return expression

    def _can_end(self, state: _Digits) -> bool:
        """Whether a number can be finished from `state`."""
        known = self._alive.get(state)
        if known is None:
            if len(self._alive) > MOST_STATES * 4:
                raise Unwritable(f"the numbers within its bounds take more than {MOST_STATES:,} rules")
            if state.left == 0:
                known = state.rest == 0
            else:
                after = (_next(state, symbol) for symbol in "0123456789.")
                known = any(self._can_end(follower) for follower in after if follower is not None)
            self._alive[state] = known
        return known


def _next(state: _Digits, symbol: str) -> _Digits | None:
    """What is left to read behind `symbol`, None where it may not come."""
    if state.left == 0 or (symbol == ".") != (state.point == 0):
        return None
    if symbol == ".":
        return _Digits(state.left, -1, state.low, state.high, state.rest, state.modulus)
    low, high = state.low, state.high
    if (low and symbol < low[0]) or (high and symbol > high[0]):
        return None
    return _Digits(
        state.left - 1,
        state.point - 1 if state.point > 0 else -1,
        low[1:] if low and symbol == low[0] else None,
        high[1:] if high and symbol == high[0] else None,
        (state.rest * 10 + int(symbol)) % state.modulus,
        state.modulus,
    )
