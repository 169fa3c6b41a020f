"""The stages that bend the logits, as far as a pool decides what becomes of them.

The listed tokens are bent exactly. What becomes of the weight of all others depends on how it is spread among them,
so it is bounded: by the two ways of spreading it that give the least and the most.
"""

from __future__ import annotations

import math

from chatapp.core.distribution.pool import Pool, Rest, Token, Undecidable


def temperature(pool: Pool, value: float) -> None:
    """Divide the logits by `value`; at 0 or below only the highest stays."""
    if value <= 0.0:
        greedy(pool)
        return
    highest = _settled_top(pool, "temperature")
    pool.tokens = [Token(token.token_id, (token.logit - highest) / value) for token in pool.tokens]
    if pool.rest.is_empty:
        return
    scale = math.exp(-highest)
    low, high = pool.rest.low * scale, pool.rest.high * scale
    ceiling = pool.rest.ceiling - highest
    bounds = [_concentrated(low, ceiling, value), _spread(low, pool.rest.count, value)]
    limits = [_concentrated(high, ceiling, value), _spread(high, pool.rest.count, value)]
    # Below 1 weights shrink the less the more they are concentrated, above 1 the other way round.
    pool.rest = Rest(min(bounds), max(limits), ceiling / value, pool.rest.count, pool.rest.counted, None).tightened()
    _doubt(pool, "temperature")


def dynamic_temperature(pool: Pool, value: float, spread: float, exponent: float) -> None:
    """Divide the logits by a temperature between `value` - `spread` and + `spread` that follows the entropy."""
    if pool.size is not None and pool.size <= 1:
        return
    entropy = pool.entropy
    if entropy is None or pool.size is None:
        raise Undecidable("temperature", "the entropy of the candidates is not known here")
    share = max(0.0, entropy / math.log(pool.size))
    lowest = max(0.0, value - spread)
    temperature(pool, lowest + (value + spread - lowest) * share**exponent)


def greedy(pool: Pool) -> None:
    """Keep only the likeliest."""
    _settled_top(pool, "temperature")
    pool.cut(pool.tokens[1:], "temperature")
    pool.cut_rest("temperature")


def smoothing(pool: Pool, factor: float, curve: float) -> None:
    """Lower each logit by factor · (k d² + s d³), d being its distance from the highest."""
    highest = _settled_top(pool, "smoothing")
    square, cube = factor * (3.0 - curve) / 2.0, factor * (curve - 1.0) / 2.0

    def bent(distance: float) -> float:
        return -distance * distance * (square + cube * distance)

    tokens = [Token(token.token_id, bent(highest - token.logit)) for token in pool.tokens]
    pool.tokens = sorted(tokens, key=lambda token: -token.logit)
    if square < 0:
        pool.place = None
    if pool.rest.is_empty:
        return
    nearest = highest - pool.rest.ceiling
    # The curve is highest at one of these distances, and so is what it gains on the logit that it bends.
    tops = [nearest, *_roots(3 * cube, 2 * square, 0.0), *_roots(3 * cube, 2 * square, -1.0)]
    tops = [distance for distance in tops if distance >= nearest]
    ceiling = max(map(bent, tops))
    gain = max(bent(distance) + distance for distance in tops)
    rest = pool.rest
    high = math.exp(min(700.0, math.log(rest.high) - highest + gain))  # 700: as much as a float holds
    pool.rest = Rest(0.0, high, ceiling, rest.count, rest.counted, None).tightened()
    _doubt(pool, "smoothing")


def _settled_top(pool: Pool, stage: str) -> float:
    low, high = pool.top
    if low != high:
        raise Undecidable(stage, "the likeliest candidate is not known here")
    return low


def _doubt(pool: Pool, stage: str) -> None:
    if pool.doubt is None and not pool.rest.is_empty:
        pool.doubt = Undecidable(stage, "how it changes the share of the tokens that are not listed is not known")


def _concentrated(mass: float, ceiling: float, value: float) -> float:
    """What `mass` weighs after the temperature `value`, where as few candidates as possible have it."""
    heaviest = math.exp(ceiling)
    if heaviest <= 0.0 or mass <= 0.0:
        return 0.0
    whole = math.floor(mass / heaviest)
    left = max(0.0, mass - whole * heaviest)
    return float(whole * math.exp(ceiling / value) + left ** (1.0 / value))


def _spread(mass: float, count: int, value: float) -> float:
    """What `mass` weighs after the temperature `value`, where `count` candidates share it evenly."""
    return float(count * (mass / count) ** (1.0 / value))


def _roots(a: float, b: float, c: float) -> list[float]:
    """The real solutions of a x² + b x + c = 0."""
    if a == 0.0:
        return [-c / b] if b else []
    inside = b * b - 4 * a * c
    return [(-b + sign * math.sqrt(inside)) / (2 * a) for sign in (1, -1)] if inside >= 0 else []
