"""What other settings would have made of a place: whatever is said is right, and only what is open is Unknown."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "fakes"))

import sampler_reference as reference
from sampler_reference import Figures

from chatapp.core.distribution import Distribution, Unknown, distribution, fate, fates
from chatapp.core.events import TokenDetail
from chatapp.core.parameters import DEFAULT_CHAIN, PARAMETERS, Value

OFF: dict[str, Value] = {"temperature": 1.0, "top_k": 0, "top_p": 1.0}
MAIN = ("temperature", "top_k", "top_p", "min_p")
CUTTING = (*MAIN, "typical_p", "top_n_sigma", "tfs_z", "top_a", "epsilon_cutoff", "eta_cutoff", "dynatemp_range")
EASY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def normalised(logits: Figures) -> Figures:
    return np.asarray(logits - logits.max() - np.log(np.exp(logits - logits.max()).sum()))


def detail(logprobs: Figures, listed: int, chosen: int = 0) -> TokenDetail:
    """What the engine tells of a place, its figures as float32; tokens are numbered by rank."""
    kept = logprobs.astype(np.float32).astype(float)
    return TokenDetail(
        token_id=chosen,
        logprob=float(kept[chosen]),
        rank=chosen,
        entropy=float(np.float32(reference.entropy(np.exp(logprobs)))),
        alternatives=tuple((place, float(kept[place])) for place in range(min(listed, len(kept)))),
    )


def agrees(found: Distribution, expected: Figures) -> bool:
    listed = [chance.token_id for chance in found.chances]
    worst = max(abs(chance.probability - expected[chance.token_id]) for chance in found.chances)
    rest = abs(found.rest - (1 - expected[listed].sum()))
    assert all(expected[chance.token_id] == 0 and chance.probability == 0 for chance in found.chances if chance.cut_by)
    return bool(worst <= 1.1e-5 and rest <= 1.1e-5)


@st.composite
def places(draw: st.DrawFn) -> Figures:
    """Log-probabilities of a vocabulary, likeliest first; no two of the first alike, as in a real model."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = draw(st.sampled_from([2, 5, 12, 40, 300]))
    kind = draw(st.sampled_from(["normal", "steep", "peaked", "falling"]))
    logits = {
        "normal": lambda: rng.normal(0, rng.uniform(0.2, 4), size),
        "steep": lambda: rng.gumbel(0, 3, size),
        "peaked": lambda: np.concatenate([rng.normal(9, 1, min(3, size)), rng.normal(0, 1, max(0, size - 3))]),
        "falling": lambda: -np.arange(size) * rng.uniform(0.02, 1.5) + rng.normal(0, 1e-3, size),
    }[kind]()
    return normalised(np.sort(logits)[::-1])


def values_of(*names: str) -> st.SearchStrategy[dict[str, float]]:
    every: dict[str, st.SearchStrategy[float]] = {
        "temperature": st.sampled_from([0.05, 0.3, 0.7, 0.8, 1.0, 1.2, 2.0]),
        "top_k": st.integers(1, 60),
        "top_p": st.floats(0.05, 0.999),
        "min_p": st.floats(0.001, 1.0),
        "typical_p": st.floats(0.05, 0.99),
        "top_n_sigma": st.floats(0.1, 3.0),
        "tfs_z": st.floats(0.05, 0.99),
        "top_a": st.floats(0.01, 1.0),
        "epsilon_cutoff": st.floats(0.0005, 0.3),
        "eta_cutoff": st.floats(0.0005, 0.3),
        "xtc_probability": st.sampled_from([0.3, 1.0]),
        "xtc_threshold": st.floats(0.01, 0.45),
        "smoothing_factor": st.floats(0.01, 2.0),
        "smoothing_curve": st.floats(1.0, 5.0),
        "dynatemp_range": st.floats(0.1, 1.5),
        "dynatemp_exponent": st.floats(0.3, 3.0),
    }
    chosen = {name: every[name] for name in names or every}
    return st.fixed_dictionaries({}, optional=chosen).map(completed)


def completed(values: dict[str, float]) -> dict[str, float]:
    for needed, partner, value in (
        ("xtc_probability", "xtc_threshold", 0.1),
        ("smoothing_factor", "smoothing_curve", 1.0),
    ):
        if needed in values:
            values.setdefault(partner, value)
    return values


@settings(EASY, max_examples=600)
@given(places(), values_of(), st.integers(0, 40), st.integers(0, 40), st.booleans(), st.permutations(DEFAULT_CHAIN))
def test_whatever_is_said_is_right(
    logprobs: Figures, values: dict[str, float], listed: int, chosen: int, sized: bool, order: list[str]
) -> None:
    chosen = min(chosen, len(logprobs) - 1)
    size = len(logprobs) if sized else None
    found = distribution(
        detail(logprobs, listed, chosen), {**OFF, **values, "samplers": tuple(order)}, vocabulary_size=size
    )
    if isinstance(found, Distribution):
        assert agrees(found, reference.chances(logprobs, values, tuple(order)))


@settings(EASY, max_examples=300)
@given(places(), values_of(*CUTTING), st.permutations(DEFAULT_CHAIN))
def test_a_whole_list_decides_everything_but_near_ties(
    logprobs: Figures, values: dict[str, float], order: list[str]
) -> None:
    found = distribution(
        detail(logprobs, len(logprobs)), {**OFF, **values, "samplers": tuple(order)}, vocabulary_size=len(logprobs)
    )
    if isinstance(found, Unknown):
        # Only a candidate that stands on the very edge may be left open: the edge moves, the doubt goes.
        nudged = {name: value if name == "top_k" else value * 1.01 for name, value in values.items()}
        nudged = {name: min(value, 0.9999) if name in ("top_p", "min_p") else value for name, value in nudged.items()}
        again = distribution(
            detail(logprobs, len(logprobs)), {**OFF, **nudged, "samplers": tuple(order)}, vocabulary_size=len(logprobs)
        )
        assume(isinstance(again, Unknown))
        pytest.fail(f"{found} and {again}")


def completions(logprobs: Figures, listed: int, size: int, values: Mapping[str, float]) -> list[Figures]:
    """Distributions over `size` tokens that begin with the same list."""
    head, last = logprobs[:listed], float(np.exp(logprobs[listed - 1]))
    mass, count = float(-np.expm1(np.log(np.exp(head).sum()))), size - listed
    rng = np.random.default_rng(5)
    shapes = [np.full(count, 1.0), np.clip(mass - last * np.arange(count), 1e-12, last)]
    shapes += [rng.dirichlet(np.full(count, spread)) for spread in (0.05, 0.3, 1.0, 5.0)]
    # As much as can be just above and just below the bounds that stages draw, seen from the head.
    for edge in (values.get("min_p", 0.5), values.get("min_p", 0.5) ** values.get("temperature", 1.0)):
        for factor in (0.97, 1.03):
            each = min(float(np.exp(logprobs[0])) * edge * factor, last)
            shapes.append(np.where(np.arange(count) < max(1, int(mass / each)), each, 1e-12))
            for below in {1, count // 2, count - 1}:
                left = (mass - below * each) / (count - below)
                if left > 0:
                    shapes.append(np.where(np.arange(count) < below, each, left))
    # A last token that is just outside and just inside the nucleus.
    for factor in (0.9, 1.1):
        tail = min((1 - values.get("top_p", 1.0)) * factor, last, mass / 2)
        shapes.append(np.r_[np.full(count - 1, (mass - tail) / max(1, count - 1)), max(tail, 1e-12)])
    found = []
    for shape in shapes:
        spread = shape / shape.sum() * mass
        # Nothing stands above the last of the list: what is too much goes to those below it.
        for _ in range(60):
            over = np.maximum(spread - last, 0).sum()
            room = np.maximum(last - spread, 0)
            if over <= 1e-15 or room.sum() <= 0:
                break
            spread = np.minimum(spread, last) + room / room.sum() * min(over, room.sum())
        whole = np.r_[np.exp(head), np.sort(np.maximum(spread, 1e-300))[::-1]]
        if abs(whole.sum() - 1) < 1e-9 and spread.max() <= last * (1 + 1e-9):
            found.append(np.log(whole))
    return found


@settings(EASY, max_examples=400)
@given(places(), values_of(*MAIN), st.integers(1, 20), st.permutations(MAIN), st.sampled_from([0, 1000]))
def test_unknown_is_only_what_the_list_leaves_open(
    logprobs: Figures, values: dict[str, float], listed: int, order: list[str], more: int
) -> None:
    assume(listed < len(logprobs))
    # Each stage knows bounds, and those of two cuts in a row leave open what only both together would settle.
    assume(len(values.keys() & {"top_k", "top_p", "min_p"}) <= 1)
    size = len(logprobs) + more
    # Where the others are all but determined, and one that is nearly cold, it is float32 that leaves things open.
    left = 1 - float(np.exp(logprobs[:listed]).sum())
    assume(1e-3 < left < 0.97 * (size - listed) * float(np.exp(logprobs[listed - 1])) and size - listed > 1)
    assume(values.get("temperature", 1.0) >= 0.3)
    found = distribution(detail(logprobs, listed), {**OFF, **values, "samplers": tuple(order)}, vocabulary_size=size)
    if isinstance(found, Distribution):
        return
    # What a hair's breadth settles stood on an edge, where float32 does not tell the two sides apart.
    for factor in (0.999, 1.001):
        moved = {name: value if name == "top_k" else min(value * factor, 1.0) for name, value in values.items()}
        place = detail(logprobs, listed)
        assume(
            isinstance(distribution(place, {**OFF, **moved, "samplers": tuple(order)}, vocabulary_size=size), Unknown)
        )
    outcomes = []
    for whole in completions(logprobs, listed, size, values):
        chances = reference.chances(whole, values, tuple(order))
        outcomes.append(np.r_[chances[:listed], chances[listed:].sum()])
    spread = np.ptp(np.array(outcomes), axis=0).max()
    assert spread > 1e-6, (found, values, order)


# Cases that one can follow


FIVE = tuple((place, math.log(chance)) for place, chance in enumerate((0.4, 0.2, 0.1, 0.05, 0.05)))
PLACE = TokenDetail(0, FIVE[0][1], 0, 2.0, alternatives=FIVE)


def said(values: Mapping[str, Value], size: int | None = None, place: TokenDetail = PLACE) -> list[float]:
    found = distribution(place, {**OFF, **values}, vocabulary_size=size)
    assert isinstance(found, Distribution), found
    return [round(chance.probability, 4) for chance in found.chances]


def unknown(values: Mapping[str, Value], place: TokenDetail = PLACE) -> str:
    found = distribution(place, {**OFF, **values})
    assert isinstance(found, Unknown), found
    assert found.reason
    return found.stage


def test_the_model_s_own_distribution_needs_no_more() -> None:
    found = distribution(PLACE, OFF)
    assert isinstance(found, Distribution)
    assert [chance.logprob for chance in found.chances] == [logprob for _, logprob in FIVE]
    assert said({}) == [0.4, 0.2, 0.1, 0.05, 0.05] and found.rest == pytest.approx(0.2, abs=1e-5)


def test_top_k_within_the_list_is_exact_at_any_temperature() -> None:
    assert said({"top_k": 2}) == [0.6667, 0.3333, 0, 0, 0]
    assert said({"top_k": 2, "temperature": 0.5}) == [0.8, 0.2, 0, 0, 0]
    assert unknown({"top_k": 6}) == "top_k"


def test_the_nucleus_is_exact_within_the_list() -> None:
    assert said({"top_p": 0.65}) == [0.5714, 0.2857, 0.1429, 0, 0]
    assert unknown({"top_p": 0.9}) == "top_p"


def test_min_p_is_exact_above_the_last_that_is_listed() -> None:
    assert said({"min_p": 0.2}) == [0.5714, 0.2857, 0.1429, 0, 0]
    assert unknown({"min_p": 0.01}) == "min_p"


def test_temperature_is_exact_only_where_the_rest_is_cut() -> None:
    assert unknown({"temperature": 0.7}) == "temperature"
    assert said({"temperature": 0.7, "min_p": 0.2, "samplers": ("temperature", "min_p")})[3:] == [0, 0]
    assert said({"temperature": 0.02}) == [1, 0, 0, 0, 0]
    assert said({"temperature": 0.0}) == [1, 0, 0, 0, 0]


def test_each_cut_names_its_stage() -> None:
    found = distribution(PLACE, {**OFF, "top_k": 4, "top_p": 0.9, "min_p": 0.4})
    assert isinstance(found, Distribution)
    assert [chance.cut_by for chance in found.chances] == ["", "", "min_p", "top_p", "top_k"]


def test_xtc_is_the_mean_of_its_dice() -> None:
    assert said({"top_k": 3, "xtc_probability": 1.0, "xtc_threshold": 0.2}) == [0, 0.6667, 0.3333, 0, 0]
    half = said({"top_k": 3, "xtc_probability": 0.5, "xtc_threshold": 0.2})
    assert half == [0.2857, 0.4762, 0.2381, 0, 0]


def test_a_chosen_token_below_the_list_is_placed_by_its_rank() -> None:
    place = TokenDetail(77, math.log(0.02), 7, 2.0, alternatives=FIVE)
    assert said({"top_k": 5}, place=place)[-1] == 0
    found = distribution(place, {**OFF, "top_k": 3})
    assert isinstance(found, Distribution)
    assert (found.chances[-1].token_id, found.chances[-1].cut_by) == (77, "top_k")


def test_the_size_of_the_vocabulary_decides_more() -> None:
    assert unknown({"top_k": 8}) == "top_k"
    assert said({"top_k": 9}, size=9) == [0.4, 0.2, 0.1, 0.05, 0.05]
    # Four others share a fifth and have a twentieth each at most, so each of them has just that.
    assert said({"temperature": 0.5}, size=9) == [0.7111, 0.1778, 0.0444, 0.0111, 0.0111]


def test_figures_that_contradict_each_other_decide_nothing() -> None:
    assert unknown({"top_k": 1}, TokenDetail(0, -0.1, 0, 1.0, alternatives=((0, -0.1), (1, -0.2)))) != ""
    assert isinstance(distribution(PLACE, {**OFF, "top_k": 1}, vocabulary_size=7), Unknown)


@pytest.mark.parametrize(
    ("values", "stage"),
    [
        ({"repeat_penalty": 1.1}, "penalties"),
        ({"presence_penalty": 0.5}, "penalties"),
        ({"dry_multiplier": 0.8}, "dry"),
        ({"no_repeat_ngram_size": 3}, "no_repeat_ngram"),
        ({"logit_bias": ("#1=2",)}, "logit_bias"),
        ({"mirostat": 2}, "mirostat"),
        ({"adaptive_target": 0.5}, "adaptive_p"),
        ({"infill": True}, "infill"),
        ({"grammar": "root ::= [a]"}, "grammar"),
        ({"forbidden_words": ("fox",)}, "forbidden_words"),
        ({"min_new_tokens": 5}, "min_new_tokens"),
        ({"exponential_decay_start": 4, "exponential_decay_factor": 1.1}, "exponential_decay"),
    ],
)
def test_what_depends_on_the_text_is_unknown(values: dict[str, Value], stage: str) -> None:
    assert unknown(values | {"top_k": 1}) == stage


@pytest.mark.parametrize(
    "values",
    [
        {"repeat_penalty": 1.1, "repeat_last_n": 0},
        {"dry_multiplier": 0.8, "dry_last_n": 0},
        {"repeat_penalty": 1.1, "samplers": ("top_k", "temperature")},
        {"exponential_decay_start": 4},
        {"mirostat": 2, "temperature": 0.0},
    ],
)
def test_what_is_off_is_not_in_the_way(values: dict[str, Value]) -> None:
    assert said({"top_k": 1} | values) == [1, 0, 0, 0, 0]


def test_missing_values_are_at_their_defaults() -> None:
    whole: dict[str, Value] = {name: parameter.default for name, parameter in PARAMETERS.items()}
    assert distribution(PLACE, {"top_k": 3}) == distribution(PLACE, whole | {"top_k": 3})


def test_a_token_without_alternatives_still_says_something() -> None:
    alone = TokenDetail(5, math.log(0.6), 0, 1.0)
    assert said({"temperature": 0.0}, place=alone) == [1]
    assert said({"top_p": 0.5}, place=alone) == [1]
    assert said({}, place=alone) == [0.6]
    assert unknown({"top_k": 1}, TokenDetail(5, math.log(0.1), 3, 1.0)) != ""


@pytest.mark.parametrize("figure", [math.nan, math.inf, 0.0])
def test_an_entropy_that_was_not_measured_decides_nothing(figure: float) -> None:
    place = TokenDetail(0, FIVE[0][1], 0, figure, alternatives=FIVE)
    assert unknown({"typical_p": 0.5}, place) == "typical_p"
    assert said({"top_k": 2}, place=place)[0] == 0.6667


@settings(EASY, max_examples=400)
@given(places(), values_of(), st.integers(0, 40), st.integers(0, 40), st.booleans(), st.permutations(DEFAULT_CHAIN))
def test_the_fates_that_are_told_are_right(
    logprobs: Figures, values: dict[str, float], listed: int, chosen: int, sized: bool, order: list[str]
) -> None:
    chosen = min(chosen, len(logprobs) - 1)
    size = len(logprobs) if sized else None
    asked: dict[str, Value] = {**OFF, **values, "samplers": tuple(order)}
    place = detail(logprobs, listed, chosen)
    told = fates(place, asked, vocabulary_size=size)
    assert told[chosen] == fate(place, asked, vocabulary_size=size)
    expected = reference.chances(logprobs, values, tuple(order))
    for token_id, stage in told.items():
        if isinstance(stage, str) and stage:
            assert expected[token_id] <= 1.1e-5
        elif stage == "" and values.get("temperature", 1.0) >= 0.3 and "smoothing_factor" not in values:
            # A cold temperature and smoothing leave chances that no float holds.
            assert expected[token_id] > 0


def test_a_fate_is_told_where_the_chances_are_not() -> None:
    place = detail(normalised(np.array([3.0, 2.9, 2.8, 2.0, 1.0, 0.0])), 4, chosen=3)
    asked: dict[str, Value] = {**OFF, "top_k": 5}
    assert isinstance(distribution(place, asked), Unknown)
    assert fate(place, asked) == ""
    assert fate(place, {**OFF, "top_k": 3}) == "top_k"
    assert fate(place, {**OFF, "temperature": 0.0}) == "temperature"
    assert fate(place, {**OFF, "top_p": 0.5}) == "top_p"


def test_a_fate_that_hangs_on_the_text_is_unknown() -> None:
    place = detail(normalised(np.array([3.0, 1.0])), 2)
    told = fate(place, {"repeat_penalty": 1.2})
    assert isinstance(told, Unknown) and told.stage == "penalties" and "text before" in told.reason
