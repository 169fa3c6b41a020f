"""The stages that drop candidates, as far as a pool decides what they drop.

Each does what the stage of that name does in the engine. Where a candidate's fate depends on what is not known, it is
left open: a later stage may drop it for certain, and if none does, the end finds the distribution undecided.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from chatapp.core.distribution.pool import SLACK, Pool, Rest, Token, Undecidable

_ENTROPY_SLACK = 2e-5
"""Entropies are sums over a whole vocabulary in float32, so they are less exact than logits."""

_ON_THE_EDGE = "a token stands so near to its bound that the stored figures do not tell on which side"
_LEAST_LOGIT = -600.0
"""Nothing below it is ever drawn, and its exponential is still a number."""


def top_k(pool: Pool, k: int) -> None:
    """Keep the `k` likeliest."""
    rest, head = pool.rest, pool.head
    if pool.size is not None and k >= pool.size:
        return
    pool.masked = max(0, min(pool.masked, k - len(pool.tokens))) if rest.is_empty else 0
    if k <= len(head) or rest.is_empty:
        pool.cut(pool.tokens[k:], "top_k")
        pool.cut_rest("top_k")
        return
    tail = pool.tokens[len(head) :]
    if tail and pool.place is not None:
        if pool.place < k:
            head, tail = [*head, *tail], []
        else:
            pool.cut(tail, "top_k")
            tail = []
    room = k - len(head)
    # The likeliest of them have at least an even share of what all have.
    share = min(1.0, max(0, room - len(tail)) / rest.count)
    left = replace(
        rest,
        low=rest.low * share,
        high=min(rest.high, room * math.exp(rest.ceiling)),
        count=min(rest.count, room),
        counted=rest.counted,
    )
    pool.leave_open(tail, left, "top_k", f"{k} tokens stay, and fewer are listed")
    pool.rest = replace(pool.rest, count=min(pool.rest.count, room)).tightened()


def top_p(pool: Pool, p: float) -> None:
    """Keep the likeliest until their probabilities add up to `p`."""
    low, high = pool.total
    head, rest = pool.head, pool.rest
    reached = _cumulative(head)
    # The first place where they may have added up to p, and the first where they have for certain.
    soonest = _first(reached, (p - SLACK) * low)
    latest = _first(reached, (p + SLACK) * high)
    if rest.is_empty and latest is None:
        latest = len(head) - 1
    if latest is not None:
        pool.cut(pool.tokens[latest + 1 :], "top_p")
        pool.cut_rest("top_p")
        maybe = head[(latest if soonest is None else soonest) + 1 : latest + 1]
        if maybe:
            reason = _ON_THE_EDGE if rest.is_empty else "where the nucleus ends depends on tokens that are not listed"
            pool.leave_open(maybe, Rest(), "top_p", reason)
        pool.masked = 0
        return
    kept = len(head) if soonest is None else soonest + 1
    known = reached[kept - 1] if kept else 0.0
    left = replace(rest, low=0.0, counted=False)
    pool.leave_open(pool.tokens[kept:], left, "top_p", "the nucleus reaches beyond the tokens that are listed")
    # What is added to reach p goes beyond it by less than the heaviest.
    most = (p + SLACK) * high - known + math.exp(pool.rest.ceiling)
    least = max(0.0, (p - SLACK) * low - known) if soonest is None else 0.0
    pool.rest = replace(pool.rest, low=least, high=min(pool.rest.high, most)).tightened()


def keep_from(pool: Pool, low: float, high: float, stage: str, slack: float = SLACK) -> None:
    """Keep the candidates whose logit is at least a bound between `low` and `high`; the highest stays in any case."""
    rest, top = pool.rest, pool.top
    low, high = min(low, top[0]), min(high, top[1])
    highest = pool.head[:1]
    kept = [token for token in pool.tokens if token.logit >= high + slack or token in highest]
    maybe = [token for token in pool.tokens if token not in kept and token.logit >= low - slack]
    pool.cut([token for token in pool.tokens if token.logit < low - slack and token not in kept], stage)
    pool.masked = 0
    if rest.is_empty or rest.ceiling < low - slack:
        pool.cut_rest(stage)
        left = pool.rest
    else:
        left = _kept_of(rest, low - slack, high + slack)
    if not left.is_empty:
        pool.leave_open(maybe, left, stage, "its bound lies among the tokens that are not listed")
    elif maybe:
        pool.leave_open(maybe, left, stage, _ON_THE_EDGE)


def min_p(pool: Pool, p: float) -> None:
    """Keep what is at least `p` times as likely as the likeliest."""
    low, high = pool.top
    keep_from(pool, low + math.log(p), high + math.log(p), "min_p")


def top_a(pool: Pool, a: float) -> None:
    """Keep what is at least as likely as `a` times the highest probability squared."""
    (low, high), (least, most) = pool.total, pool.top
    keep_from(pool, _log(a) + 2 * least - math.log(high), _log(a) + 2 * most - math.log(low or 1e-300), "top_a")


def epsilon_cutoff(pool: Pool, epsilon: float) -> None:
    """Keep what has at least the probability `epsilon`."""
    low, high = pool.total
    keep_from(pool, _log(epsilon * low), _log(epsilon * high), "epsilon_cutoff")


def eta_cutoff(pool: Pool, eta: float) -> None:
    """Keep what has at least the probability min(eta, √eta · exp(-entropy))."""
    low, high = pool.total
    entropy = pool.entropy
    if entropy is None:
        raise Undecidable("eta_cutoff", "the entropy of the candidates is not known here")
    bound = min(eta, math.sqrt(eta) * math.exp(-entropy))
    keep_from(pool, _log(bound * low), _log(bound * high), "eta_cutoff", _ENTROPY_SLACK)


def typical_p(pool: Pool, p: float) -> None:
    """Keep what is nearest to the expected surprise, until the probabilities add up to more than `p`."""
    entropy, (low, high), rest = pool.entropy, pool.total, pool.rest
    if entropy is None:
        raise Undecidable("typical_p", "the entropy of the candidates is not known here")
    total = math.log((low + high) / 2)
    distance = {token.token_id: abs(total - token.logit - entropy) for token in pool.tokens}
    ordered = sorted(pool.tokens, key=lambda token: distance[token.token_id])
    # No nearer to the entropy than this is any candidate that is not listed.
    nearest = math.inf if rest.is_empty else max(0.0, total - rest.ceiling - entropy)
    certain = [token for token in ordered if distance[token.token_id] < nearest - _ENTROPY_SLACK]
    reached = _cumulative(certain)
    soonest, latest = _first(reached, (p - SLACK) * low), _first(reached, (p + SLACK) * high)
    if rest.is_empty and latest is None:
        latest = len(certain) - 1
    if latest is None or soonest != latest or _is_tied(ordered, distance, latest):
        near = "tokens that are not listed may be as typical as those that are"
        raise Undecidable("typical_p", _ON_THE_EDGE if rest.is_empty else near)
    kept = set(certain[: latest + 1])
    pool.cut([token for token in pool.tokens if token not in kept], "typical_p")
    pool.cut_rest("typical_p")
    pool.masked, pool.place = 0, None


def top_n_sigma(pool: Pool, n: float) -> None:
    """Keep what lies within `n` standard deviations of the highest logit."""
    if not pool.rest.is_empty:
        raise Undecidable("top_n_sigma", "it looks at the logits of all candidates, and not all are listed")
    logits = [token.logit for token in pool.tokens]
    if len(logits) + pool.masked <= 1:
        return
    mean = math.fsum(logits) / len(logits)
    deviation = math.sqrt(math.fsum((logit - mean) ** 2 for logit in logits) / len(logits))
    bound = max(logits) - n * deviation
    before, masked = len(pool.tokens), pool.masked
    keep_from(pool, bound, bound, "top_n_sigma")
    pool.masked = masked + before - len(pool.tokens)


def tfs_z(pool: Pool, z: float) -> None:
    """Cut where the falling curve of the probabilities has spent the share `z` of its bends."""
    head = pool.head
    if not head:
        raise Undecidable("tfs_z", "the likeliest tokens are not listed")
    falling = [token.weight for token in head]
    unseen = (0.0, 0.0)
    if pool.is_all_listed:
        falling += [0.0, 0.0]
    else:
        # What follows falls to zero, from the slope that is reached and by the height that is left.
        slope = falling[-2] - falling[-1] if len(falling) > 1 else falling[-1]
        unseen = (slope, slope + 2 * falling[-1])
    slopes = [one - two for one, two in pairwise(falling)]
    spent = list(accumulate(abs(one - two) for one, two in pairwise(slopes)))
    known = spent[-1] if spent else 0.0
    soonest = _first(spent, (z - SLACK) * (known + unseen[0]))
    latest = _first(spent, (z + SLACK) * (known + unseen[1]))
    if soonest != latest or soonest is None:
        if pool.is_all_listed and soonest is None:
            return
        whole = "it looks at the bends of the whole curve, and not all of it is listed"
        raise Undecidable("tfs_z", _ON_THE_EDGE if pool.is_all_listed else whole)
    bound = head[soonest].logit
    keep_from(pool, bound - 2 * SLACK, bound - 2 * SLACK, "tfs_z")


def xtc(pool: Pool, threshold: float) -> None:
    """Leave out all that are likelier than `threshold` but the last of them."""
    if pool.size is not None and pool.size < 2:
        return
    (low, high), rest = pool.total, pool.rest
    bounds = _log(threshold * low) - SLACK, _log(threshold * high) + SLACK
    above = [token for token in pool.tokens if token.logit >= bounds[1]]
    maybe = [token for token in pool.tokens if bounds[0] <= token.logit < bounds[1]]
    others = not rest.is_empty and rest.ceiling >= bounds[0]
    pool.place = None
    pool.cut(above[:-1], "xtc")
    if not maybe and not others:
        return
    # Another one may be the last above the threshold, and those before it are left out.
    doubtful = [*above[-1:], *maybe]
    if others:
        left = replace(rest, low=0.0, counted=False)
        pool.leave_open(doubtful, left, "xtc", "tokens that are not listed may be above its threshold")
    elif len(doubtful) > 1:
        pool.leave_open(doubtful[:-1], rest, "xtc", _ON_THE_EDGE)


def _kept_of(rest: Rest, low: float, high: float) -> Rest:
    """What stays of the unlisted where a bound between `low` and `high` is drawn through them."""
    most, heaviest = rest.count, math.exp(rest.ceiling)
    if low > _LEAST_LOGIT:
        most = min(most, math.floor(rest.high / math.exp(low)))
    least = 0.0
    if rest.ceiling > high:
        below = math.exp(high)
        needed = max(0, math.ceil((rest.low - rest.count * below) / (heaviest - below)))
        least = max(0.0, rest.low - (rest.count - needed) * below)
    return replace(rest, low=least, high=min(rest.high, most * heaviest), count=most, counted=False, surprise=None)


def _is_tied(ordered: Sequence[Token], distance: dict[int, float], last: int) -> bool:
    """Whether the last that stays is as near to the entropy as its neighbour, so that either could be the last."""
    near = [distance[token.token_id] for token in ordered[max(0, last - 1) : last + 2]]
    return len(ordered) > last + 1 and any(two - one < _ENTROPY_SLACK for one, two in pairwise(near))


def _cumulative(tokens: Sequence[Token]) -> list[float]:
    return list(accumulate(token.weight for token in tokens))


def _first(sums: Sequence[float], bound: float) -> int | None:
    """The first place where a sum reaches `bound`."""
    return next((place for place, reached in enumerate(sums) if reached >= bound), None)


def _log(figure: float) -> float:
    return math.log(figure) if figure > 0.0 else -math.inf
