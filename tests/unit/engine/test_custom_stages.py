"""Our own stages against slow references written from their formulas, and what holds for every stage."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatapp.core.parameters import STAGES
from chatapp.engine.worker.llama import Candidates
from chatapp.engine.worker.sampling.cutting import EpsilonCutoff, EtaCutoff, TailFree, TopA
from chatapp.engine.worker.sampling.repeating import EncoderRepetition, ExponentialDecay, NoRepeatNgram
from chatapp.engine.worker.sampling.shaping import LogitBias, Smoothing
from chatapp.engine.worker.sampling.stages import RECIPES, Stage

Logits: TypeAlias = npt.NDArray[np.float32]
BANNED = -math.inf


def shapes() -> dict[str, Logits]:
    """Distributions from flat to certain, with ties and banned tokens, of one token and of many."""
    random = np.random.default_rng(11)

    def normal(size: int, scale: float) -> npt.NDArray[np.float64]:
        return random.normal(size=size) * scale

    banned = normal(100, 2.0)
    banned[::3] = BANNED
    made = {
        "flat": normal(300, 0.2),
        "usual": normal(300, 2.0),
        "sure": normal(300, 6.0),
        "negative": normal(300, 1.0) - 20.0,
        "ties": np.round(normal(300, 1.5)),
        "equal": np.full(50, 1.5),
        "banned": banned,
        "one": np.array([0.7]),
        "two": np.array([0.7, -0.7]),
        "one among banned": np.array([BANNED, 3.0, BANNED]),
        "many": normal(20_000, 2.5),
    }
    return {name: logits.astype(np.float32) for name, logits in made.items()}


SHAPES = shapes()
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def candidates_of(logits: Logits) -> Candidates:
    candidates = Candidates(len(logits))
    candidates.fill(logits)
    return candidates


def applied(stage: Stage, logits: Logits) -> Candidates:
    candidates = candidates_of(logits)
    stage.apply(candidates)
    return candidates


def kept(stage: Stage, logits: Logits) -> set[int]:
    return set(applied(stage, logits).ids.tolist())


def softmax(logits: Sequence[float]) -> list[float]:
    highest = max(logits)
    weights = [math.exp(logit - highest) for logit in logits]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


# Each reference tells the lowest probability that stays. `slack` moves its bound a little either way, since a
# candidate that stands on the bound may fall on either side of it in single precision.


def least_top_a(chances: list[float], a: float, slack: float) -> float:
    return a * max(chances) ** 2 * (1 + slack)


def least_epsilon(chances: list[float], epsilon: float, slack: float) -> float:
    return epsilon * (1 + slack)


def least_eta(chances: list[float], eta: float, slack: float) -> float:
    entropy = -math.fsum(p * math.log(p) for p in chances if p > 0)
    return min(eta, math.sqrt(eta) * math.exp(-entropy)) * (1 + slack)


def least_tail_free(chances: list[float], z: float, slack: float) -> float:
    falling = [*sorted(chances, reverse=True), 0.0, 0.0]
    bends = [abs(falling[i] - 2 * falling[i + 1] + falling[i + 2]) for i in range(len(chances))]
    limit, spent, last = (z - slack) * math.fsum(bends), 0.0, 0
    for index, bend in enumerate(bends):
        spent += bend
        if spent > limit:
            break
        last = index + 1
    # The bound is a candidate itself, which stays; equals may differ by their last bit.
    return falling[min(last, len(chances) - 1)] * min(1.0, 1 + slack)


Least = Callable[[list[float], float, float], float]
CUTS: dict[str, tuple[Callable[[float], Stage], Least, tuple[float, ...], float]] = {
    "top_a": (TopA, least_top_a, (0.05, 0.3, 1.0), 0.0),
    "tfs_z": (TailFree, least_tail_free, (0.0, 0.3, 0.8, 0.95, 0.999), 1.0),
    "epsilon_cutoff": (EpsilonCutoff, least_epsilon, (0.0003, 0.01, 0.6), 0.0),
    "eta_cutoff": (EtaCutoff, least_eta, (0.0003, 0.02, 0.6), 0.0),
}
"""Each stage that cuts: how it is made, its reference, values to try, and its neutral value."""
CASES = [(name, value) for name, (_, _, values, _) in CUTS.items() for value in values]


def assert_kept_as_in_the_formula(name: str, value: float, logits: Logits, slack: float) -> None:
    make, least, _, _ = CUTS[name]
    chances = softmax(logits.tolist())
    strict = min(least(chances, value, slack), max(chances))
    lax = min(least(chances, value, -slack), max(chances) * (1 - slack))
    stayed = kept(make(value), logits)
    assert {token for token, p in enumerate(chances) if p >= strict} <= stayed
    assert stayed <= {token for token, p in enumerate(chances) if p >= lax}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_cut_keeps_what_its_formula_keeps(name: str, value: float, shape: str) -> None:
    assert_kept_as_in_the_formula(name, value, SHAPES[shape], slack=1e-5)


@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_cut_drops_something_somewhere(name: str, value: float) -> None:
    assert any(len(kept(CUTS[name][0](value), logits)) < len(logits) for logits in SHAPES.values())


@pytest.mark.parametrize("name", CUTS)
def test_a_stricter_cut_keeps_fewer(name: str) -> None:
    make, _, values, neutral = CUTS[name]
    sizes = [
        len(kept(make(value), SHAPES["usual"])) for value in sorted(values, key=lambda value: abs(value - neutral))
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < sizes[0]


SMOOTH = [(0.05, 1.0), (0.3, 1.0), (0.3, 2.0), (0.3, 3.0), (1.5, 1.5), (0.2, 4.0)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("factor", "curve"), SMOOTH)
def test_smoothing_bends_the_logits_as_its_formula_does(factor: float, curve: float, shape: str) -> None:
    logits = SHAPES[shape].tolist()
    highest, k, s = max(logits), (3 - curve) / 2, (curve - 1) / 2
    wanted = []
    for logit in logits:
        distance = logit - highest
        bent = highest - factor * k * distance**2 + factor * s * distance**3
        wanted.append(BANNED if logit == BANNED else bent)
    np.testing.assert_allclose(applied(Smoothing(factor, curve), SHAPES[shape]).logits, wanted, rtol=1e-4, atol=1e-4)


def test_a_steep_curve_lets_near_candidates_overtake_the_highest() -> None:
    logits = np.array([2.0, 1.8, -1.0], dtype=np.float32)
    assert applied(Smoothing(1.0, 3.0), logits).logits.argmax() == 0
    assert applied(Smoothing(1.0, 6.0), logits).logits.argmax() == 1


def test_biases_are_added_to_the_tokens_that_are_left() -> None:
    stage = LogitBias({3: -1.5, 0: 2.0, 1: BANNED})
    candidates = candidates_of(np.array([0.0, 1.0, 2.0, 3.0], dtype=np.float32))
    stage.apply(candidates)
    assert candidates.logits.tolist() == [2.0, BANNED, 2.0, 1.5]

    candidates = candidates_of(np.array([0.0, 1.0, 2.0, 3.0], dtype=np.float32))
    candidates.sort()
    candidates.keep(np.array([True, True, False, True]))
    stage.apply(candidates)
    assert dict(zip(candidates.ids.tolist(), candidates.logits.tolist(), strict=True)) == {3: 1.5, 2: 2.0, 0: 2.0}


def test_a_bias_does_not_bring_back_a_banned_token() -> None:
    stage = LogitBias({0: 100.0})
    assert applied(stage, np.array([BANNED, 1.0], dtype=np.float32)).logits.tolist() == [BANNED, 1.0]


def banned_by_ngrams(text: Sequence[int], size: int) -> set[int]:
    """Every token that would complete a run of `size` tokens that stands in `text`, by looking everywhere."""
    runs = {tuple(text[start : start + size]) for start in range(len(text) - size + 1)}
    tail = tuple(text[len(text) - size + 1 :])
    return {run[-1] for run in runs if len(text) >= size and run[:-1] == tail}


@UNTIMED
@given(text=st.lists(st.integers(0, 4), max_size=40), size=st.integers(1, 6))
def test_no_run_of_tokens_comes_twice(text: list[int], size: int) -> None:
    stage = NoRepeatNgram(size)
    logits = np.zeros(5, dtype=np.float32)
    for count, token in enumerate([*text, 0]):
        after = applied(stage, logits).logits
        assert {token for token in range(5) if after[token] == BANNED} == banned_by_ngrams(text[:count], size)
        stage.accept(token)


def test_a_reply_under_it_repeats_nothing() -> None:
    stage, text = NoRepeatNgram(3), [1, 2, 3, 1, 2]
    for token in text:
        stage.accept(token)
    logits = np.array([0.0, 1.0, 2.0, 3.0, 4.0], dtype=np.float32)
    for _ in range(60):
        text.append(int(applied(stage, logits).logits.argmax()))
        stage.accept(text[-1])
    assert set(Counter(zip(text, text[1:], text[2:], strict=False)).values()) == {1}


@pytest.mark.parametrize("penalty", [0.7, 1.0, 1.4])
def test_the_prompts_tokens_are_favoured_or_avoided(penalty: float) -> None:
    prompt, logits = [5, 1, 5, 9, 12], SHAPES["banned"]
    wanted = logits.tolist()
    for token in set(prompt):
        wanted[token] = wanted[token] * penalty if wanted[token] > 0 else wanted[token] / penalty
    np.testing.assert_allclose(applied(EncoderRepetition(penalty, prompt), logits).logits, wanted, rtol=1e-6)


def test_ends_become_likelier_from_the_start_on() -> None:
    stage = ExponentialDecay(4, 1.5, [0, 2, 3], 3)
    logits = np.array([-2.0, 5.0, 1.0, BANNED], dtype=np.float32)
    for written in range(3, 9):
        growth = 1.5 ** max(0, written - 4) - 1
        wanted = [-2.0 + 2.0 * growth, 5.0, 1.0 + growth, BANNED]
        np.testing.assert_allclose(applied(stage, logits).logits, wanted, rtol=1e-6)
        stage.accept(1)


def test_ends_stay_finite_however_long_the_reply_is() -> None:
    stage = ExponentialDecay(0, 10.0, [0], 100_000)
    after = applied(stage, np.array([-500.0, 5.0], dtype=np.float32)).logits
    assert np.isfinite(after).all()
    assert after.argmax() == 0


# What holds for every stage, whatever the logits are.


def ngram_stage() -> Stage:
    stage = NoRepeatNgram(2)
    for token in (1, 2, 1, 0, 1):
        stage.accept(token)
    return stage


CUTTING: dict[str, Callable[[], Stage]] = {
    "top_a": lambda: TopA(0.3),
    "tfs_z": lambda: TailFree(0.8),
    "epsilon_cutoff": lambda: EpsilonCutoff(0.05),
    "eta_cutoff": lambda: EtaCutoff(0.05),
}
SHAPING: dict[str, Callable[[], Stage]] = {
    "smoothing": lambda: Smoothing(0.3, 2.0),
    "logit_bias": lambda: LogitBias({0: -3.0, 2: 2.0}),
    "no_repeat_ngram": ngram_stage,
    "encoder_repetition": lambda: EncoderRepetition(1.3, [0, 1, 1]),
    "exponential_decay": lambda: ExponentialDecay(2, 1.2, [0], 5),
}
OWN = {**CUTTING, **SHAPING}
NEUTRAL: dict[str, Callable[[], Stage]] = {
    **{name: partial(make, neutral) for name, (make, _, _, neutral) in CUTS.items()},
    "logit_bias": lambda: LogitBias({}),
    "no_repeat_ngram": lambda: NoRepeatNgram(3),
    "encoder_repetition": lambda: EncoderRepetition(1.0, [0, 1]),
    "exponential_decay": lambda: ExponentialDecay(0, 1.0, [0], 50),
    "exponential_decay, too early": lambda: ExponentialDecay(50, 2.0, [0], 50),
}

finite = st.floats(-40, 40, width=32)
logits_lists = (
    st.lists(st.one_of(finite, st.integers(-3, 3).map(float), st.just(BANNED)), min_size=3, max_size=40)
    .filter(lambda logits: max(logits) > BANNED)
    .map(lambda logits: np.array(logits, dtype=np.float32))
)


def test_every_stage_of_our_own_is_among_those_tested_here() -> None:
    native = {"penalties", "dry", "top_n_sigma", "top_k", "typical_p", "top_p", "min_p", "xtc", "infill", "temperature"}
    assert set(OWN) == set(STAGES) - native - {"mirostat", "adaptive_p"}
    assert set(RECIPES) == set(STAGES)


@pytest.mark.parametrize("name", CUTS)
@UNTIMED
@given(logits=logits_lists, value=st.floats(0.001, 0.999))
def test_any_cut_keeps_what_its_formula_keeps(name: str, logits: Logits, value: float) -> None:
    assert_kept_as_in_the_formula(name, value, logits, slack=1e-4)


@pytest.mark.parametrize("name", NEUTRAL)
@UNTIMED
@given(logits=logits_lists)
def test_a_neutral_value_changes_nothing(name: str, logits: Logits) -> None:
    candidates = applied(NEUTRAL[name](), logits)
    assert candidates.in_order
    np.testing.assert_array_equal(candidates.logits, logits)


@pytest.mark.parametrize("name", CUTTING)
@UNTIMED
@given(logits=logits_lists)
def test_a_cut_leaves_the_likeliest_and_alters_none(name: str, logits: Logits) -> None:
    candidates = applied(CUTTING[name](), logits)
    left = candidates.ids.tolist()
    assert left == sorted(set(left))
    np.testing.assert_array_equal(candidates.logits, logits[left])
    assert set(np.flatnonzero(logits == logits.max()).tolist()) <= set(left)


@pytest.mark.parametrize("name", CUTTING)
@UNTIMED
@given(logits=logits_lists, data=st.data())
def test_a_cut_does_not_depend_on_the_order(name: str, logits: Logits, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(logits))))
    after = kept(CUTTING[name](), logits[order])
    # A sum in another order may round otherwise, and so move a candidate that stands on the bound.
    assert len({order[row] for row in after} ^ kept(CUTTING[name](), logits)) <= 1


@pytest.mark.parametrize("name", SHAPING)
@UNTIMED
@given(logits=logits_lists)
def test_a_shaping_stage_does_not_depend_on_the_order(name: str, logits: Logits) -> None:
    candidates = candidates_of(logits)
    candidates.sort()
    SHAPING[name]().apply(candidates)
    there = applied(SHAPING[name](), logits).logits
    np.testing.assert_array_equal(candidates.logits, there[candidates.ids])


@pytest.mark.parametrize("name", SHAPING)
@UNTIMED
@given(logits=logits_lists)
def test_a_shaping_stage_keeps_every_candidate(name: str, logits: Logits) -> None:
    candidates = applied(SHAPING[name](), logits)
    assert candidates.ids.tolist() == list(range(len(logits)))
    assert not np.isnan(candidates.logits).any()
    assert (candidates.logits[logits == BANNED] == BANNED).all()


@pytest.mark.parametrize("name", SHAPING)
def test_a_shaping_stage_says_that_the_order_is_no_longer_known(name: str) -> None:
    candidates = candidates_of(SHAPES["usual"])
    candidates.sort()
    SHAPING[name]().apply(candidates)
    assert not candidates.is_sorted


@pytest.mark.parametrize("name", OWN)
@UNTIMED
@given(logits=logits_lists, data=st.data())
def test_a_candidate_that_was_cut_counts_as_a_banned_one(name: str, logits: Logits, data: st.DataObject) -> None:
    make = OWN[name]
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(logits), max_size=len(logits))))
    mask[logits.argmax()] = True
    mask &= logits > BANNED
    cut, banned = candidates_of(logits), candidates_of(np.where(mask, logits, np.float32(BANNED)))
    cut.keep(mask)
    make().apply(cut)
    make().apply(banned)
    possible = banned.logits > BANNED
    left = dict(zip(banned.ids[possible].tolist(), banned.logits[possible].tolist(), strict=True))
    after = cut.logits > BANNED
    assert dict(zip(cut.ids[after].tolist(), cut.logits[after].tolist(), strict=True)) == left


@pytest.mark.parametrize("name", OWN)
def test_where_everything_is_banned_it_stays_so(name: str) -> None:
    candidates = applied(OWN[name](), np.full(4, BANNED, dtype=np.float32))
    assert candidates.logits.tolist() == [BANNED] * 4
