"""The chain played over what is known of one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import msgspec

from chatapp.core.distribution import cuts, shapes
from chatapp.core.distribution.pool import Pool, Undecidable
from chatapp.core.events import TokenDetail
from chatapp.core.parameters import DEFAULT_CHAIN, FORMS, PARAMETERS, STAGES, Stage, Value, Values

TOLERANCE = 1e-5
"""A probability that is known this closely is said."""


class Chance(msgspec.Struct, frozen=True):
    """A listed token: its natural-log probability under the model's own distribution, and its chance under others.

    `cut_by` is the stage by which it is out for certain, empty where it may be drawn.
    """

    token_id: int
    logprob: float
    probability: float
    cut_by: Stage | str = ""


class Distribution(msgspec.Struct, frozen=True):
    """The chances of the listed tokens, likeliest under the model first, and of all others together."""

    chances: tuple[Chance, ...]
    rest: float


class Unknown(msgspec.Struct, frozen=True):
    """The stored figures do not decide the distribution: `stage`, a stage or a parameter, and why, in words."""

    stage: str
    reason: str


def distribution(detail: TokenDetail, values: Values, *, vocabulary_size: int | None = None) -> Distribution | Unknown:
    """The chances at the place of `detail` under other `values`; those that are missing are at their defaults.

    A probability is right to 1e-5, as far as the stored figures are. `vocabulary_size`, where it is known, decides
    more. What depends on the text before (penalties, DRY, constraints …) is Unknown unless it is off.
    """
    settings = _over_defaults(values)
    if unknown := _needs_more(settings):
        return unknown
    try:
        return _mixed(detail, [(share, _settled(pool)) for share, pool in _played(detail, settings, vocabulary_size)])
    except Undecidable as undecided:
        return Unknown(undecided.stage, undecided.reason)


def fate(detail: TokenDetail, values: Values, *, vocabulary_size: int | None = None) -> Stage | str | Unknown:
    """The stage by which the token that was chosen would be out for certain, empty where it could be drawn.

    `values` and `vocabulary_size` are as for `distribution`. It is told more often than chances are.
    """
    played = _pools(detail, values, vocabulary_size)
    return played if isinstance(played, Unknown) else _fate(detail.token_id, played)


def fates(
    detail: TokenDetail, values: Values, *, vocabulary_size: int | None = None
) -> dict[int, Stage | str | Unknown]:
    """The `fate` of each listed token, by its id."""
    played = _pools(detail, values, vocabulary_size)
    listed = dict.fromkeys((detail.token_id, *(token_id for token_id, _ in detail.alternatives)))
    return {each: played if isinstance(played, Unknown) else _fate(each, played) for each in listed}


def _pools(detail: TokenDetail, values: Values, vocabulary_size: int | None) -> list[Pool] | Unknown:
    """The pools at the end of the chain, whatever they leave open."""
    settings = _over_defaults(values)
    if unknown := _needs_more(settings):
        return unknown
    try:
        return [pool for _, pool in _played(detail, settings, vocabulary_size)]
    except Undecidable as undecided:
        return Unknown(undecided.stage, undecided.reason)


def _fate(token_id: int, pools: Sequence[Pool]) -> Stage | str | Unknown:
    if any(token.token_id == token_id for pool in pools for token in pool.tokens):
        return ""
    if all(token_id in pool.cut_by for pool in pools):
        return pools[0].cut_by[token_id]
    doubt = next((pool.doubt for pool in pools if pool.doubt is not None), None)
    return (
        Unknown(doubt.stage, doubt.reason) if doubt is not None else Unknown("", "too little is stored of this place")
    )


def _over_defaults(values: Values) -> dict[str, Value]:
    return {name: parameter.default for name, parameter in PARAMETERS.items()} | dict(values)


# What a position alone can't tell

_BY_TEXT = "it depends on the text before, which is not stored with a token"
_ELSEWHERE: dict[str, str] = {
    **dict.fromkeys(FORMS, "which tokens it allows depends on the text before"),
    "required_words": "when a word is due depends on the text before",
    "forbidden_words": "which tokens are taken back depends on the text around",
    "allowed_tokens": "only the model's vocabulary tells which tokens these are",
    "min_new_tokens": "which tokens end a reply is not stored with a token",
    "ignore_eos": "which tokens end a reply is not stored with a token",
    "exponential_decay_factor": "which tokens end a reply is not stored with a token",
    "logit_bias": "only the model's vocabulary tells which tokens these are",
    "repeat_penalty": _BY_TEXT,
    "frequency_penalty": _BY_TEXT,
    "presence_penalty": _BY_TEXT,
    "encoder_repetition_penalty": _BY_TEXT,
    "no_repeat_ngram_size": _BY_TEXT,
    "dry_multiplier": _BY_TEXT,
    "infill": "it compares the texts of all tokens",
    "mirostat": "it depends on what was chosen before",
    "adaptive_target": "it depends on what was chosen before",
}
_TAKES_TWO = {
    "exponential_decay_factor": "exponential_decay_start",
    "repeat_penalty": "repeat_last_n",
    "frequency_penalty": "repeat_last_n",
    "presence_penalty": "repeat_last_n",
    "dry_multiplier": "dry_last_n",
}
"""Parameters that do nothing while another one is off."""


def _needs_more(settings: Mapping[str, Value]) -> Unknown | None:
    chain = _chain(settings)
    for name, reason in _ELSEWHERE.items():
        declared, partner = PARAMETERS[name], _TAKES_TWO.get(name)
        stage = declared.stage
        is_on = declared.is_on(settings[name]) and (partner is None or PARAMETERS[partner].is_on(settings[partner]))
        plays = stage is None or not STAGES[stage].movable or stage in chain
        if is_on and plays and not (settings["temperature"] == 0 and stage is not None and not STAGES[stage].reorders):
            return Unknown(stage or name, reason)
    return None


# The chain


def _chain(settings: Mapping[str, Value]) -> tuple[Stage, ...]:
    return cast("tuple[Stage, ...]", settings["samplers"] or DEFAULT_CHAIN)


def _played(
    detail: TokenDetail, settings: Mapping[str, Value], vocabulary_size: int | None
) -> list[tuple[float, Pool]]:
    """The pools at the end of the chain, each with its chance: two where it is drawn whether xtc cuts."""
    pools = [(1.0, Pool.of(detail, vocabulary_size))]
    if settings["temperature"] == 0:
        shapes.greedy(pools[0][1])
        return pools
    for name in _chain(settings):
        if name == "xtc":
            pools = [split for share, pool in pools for split in _drawn(share, pool, settings)]
        elif play := _PLAYS.get(name):
            for _, pool in pools:
                play(pool, lambda parameter: cast(float, settings[parameter]))
    return pools


def _drawn(share: float, pool: Pool, settings: Mapping[str, Value]) -> list[tuple[float, Pool]]:
    probability = cast(float, settings["xtc_probability"])
    cut = pool.copy()
    if probability > 0.0:
        cuts.xtc(cut, cast(float, settings["xtc_threshold"]))
    branches = [(share * probability, cut), (share * (1.0 - probability), pool)]
    return [branch for branch in branches if branch[0] > 0.0]


_Setting = Callable[[str], float]


def _if_on(name: str, cut: Callable[[Pool, float], None]) -> Callable[[Pool, _Setting], None]:
    def play(pool: Pool, setting: _Setting) -> None:
        if PARAMETERS[name].is_on(setting(name)):
            cut(pool, setting(name))

    return play


def _smoothing(pool: Pool, setting: _Setting) -> None:
    if setting("smoothing_factor") > 0.0:
        shapes.smoothing(pool, setting("smoothing_factor"), setting("smoothing_curve"))


def _temperature(pool: Pool, setting: _Setting) -> None:
    value, spread = setting("temperature"), setting("dynatemp_range")
    if spread > 0.0:
        shapes.dynamic_temperature(pool, value, spread, setting("dynatemp_exponent"))
    elif value != 1.0:
        shapes.temperature(pool, value)


_PLAYS: dict[Stage, Callable[[Pool, _Setting], None]] = {
    "smoothing": _smoothing,
    "top_n_sigma": _if_on("top_n_sigma", cuts.top_n_sigma),
    "top_k": _if_on("top_k", lambda pool, k: cuts.top_k(pool, int(k))),
    "tfs_z": _if_on("tfs_z", cuts.tfs_z),
    "typical_p": _if_on("typical_p", cuts.typical_p),
    "top_a": _if_on("top_a", cuts.top_a),
    "top_p": _if_on("top_p", cuts.top_p),
    "min_p": _if_on("min_p", cuts.min_p),
    "epsilon_cutoff": _if_on("epsilon_cutoff", cuts.epsilon_cutoff),
    "eta_cutoff": _if_on("eta_cutoff", cuts.eta_cutoff),
    "temperature": _temperature,
}

# The end


class _Settled(msgspec.Struct):
    """What one way through the chain comes to: probabilities by token id, those that were cut, and the rest's."""

    probabilities: dict[int, float]
    cut_by: dict[int, str]
    rest: float


def _settled(pool: Pool) -> _Settled:
    """The probabilities at the end; raise Undecidable where they are not known closely enough."""
    low, high = pool.total
    shares = {token.token_id: (token.weight / high, token.weight / low if low else 1.0) for token in pool.tokens}
    rest = (pool.rest.low / high, pool.rest.high / low if low else 1.0)
    if any(most - least > TOLERANCE for least, most in (*shares.values(), rest)):
        raise pool.doubt or Undecidable("temperature", "too little is stored of this place")
    return _Settled(
        {token_id: sum(bounds) / 2 for token_id, bounds in shares.items()}, dict(pool.cut_by), sum(rest) / 2
    )


def _mixed(detail: TokenDetail, ways: Sequence[tuple[float, _Settled]]) -> Distribution:
    """The listed tokens with the chances that all ways through the chain give them together."""
    listed = dict([(detail.token_id, detail.logprob), *detail.alternatives])
    chances = [
        Chance(
            token_id,
            logprob,
            probability=sum(share * way.probabilities.get(token_id, 0.0) for share, way in ways),
            cut_by=ways[0][1].cut_by.get(token_id, "") if all(token_id in way.cut_by for _, way in ways) else "",
        )
        for token_id, logprob in listed.items()
    ]
    chances.sort(key=lambda chance: -chance.logprob)
    return Distribution(tuple(chances), sum(share * way.rest for share, way in ways))
