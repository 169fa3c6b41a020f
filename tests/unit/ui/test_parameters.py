"""What the inspector is made of: sliders, rows, groups, layers and the chain, without a screen."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from chatapp.core.errors import ParameterError
from chatapp.core.parameters import DEFAULT_CHAIN, PARAMETERS, Parameter, Value, resolve
from chatapp.ui.chain import NEUTRAL, Chain, with_left_out
from chatapp.ui.layers import Layers, below_of, model_values
from chatapp.ui.widgets.parameter_outline import OPEN_AT_FIRST, Outline
from chatapp.ui.widgets.parameter_row import Row, brief, scale_of
from chatapp.ui.widgets.slider import Scale

SLIDERS = [parameter for parameter in PARAMETERS.values() if Scale.fits(parameter)]


def _row(parameter: Parameter, width: int, value: Value = None) -> Row:
    setting = resolve(edits={parameter.name: value} if value is not None else {}).setting(parameter.name)
    return Row(parameter, setting, brief(parameter, setting), width)


# --- sliders


@settings(deadline=None)
@given(st.sampled_from(SLIDERS), st.floats(0, 1))
def test_every_place_on_a_track_is_an_allowed_value(parameter: Parameter, fraction: float) -> None:
    scale = Scale(parameter)
    value = scale.at(fraction)
    assert parameter.check(value) == value
    assert abs(scale.fraction(value) - fraction) <= 0.5 * parameter.step / (scale.high - scale.low) + 0.1


@pytest.mark.parametrize("parameter", SLIDERS, ids=lambda one: one.name)
def test_both_ends_of_a_track_can_be_reached(parameter: Parameter) -> None:
    scale = Scale(parameter)
    assert (scale.at(0), scale.at(1)) == (scale.low, scale.high)


@settings(deadline=None)
@given(st.sampled_from(SLIDERS), st.integers(-100, 100), st.data())
def test_steps_go_the_right_way_and_stay_allowed(parameter: Parameter, steps: int, data: st.DataObject) -> None:
    scale = Scale(parameter)
    number = data.draw(st.floats(parameter.minimum, parameter.maximum))
    value = round(number) if parameter.kind == "int" else number
    moved = scale.stepped(value, steps)
    assert parameter.check(moved) == moved
    assert isinstance(moved, int | float)
    coarse = 0.06 * abs(value) + parameter.step
    assert moved >= value - coarse if steps >= 0 else moved <= value + coarse


def test_a_step_passes_the_end_of_the_track() -> None:
    assert Scale(PARAMETERS["temperature"]).stepped(2.0, 1) == 2.05
    assert Scale(PARAMETERS["temperature"]).stepped(100.0, 1) == 100.0
    assert Scale(PARAMETERS["max_new_tokens"]).stepped(10_000, 1) == 12_000


# --- rows


@settings(deadline=None)
@given(st.sampled_from(list(PARAMETERS.values())), st.integers(44, 120), st.booleans())
def test_a_row_fills_its_width_exactly(parameter: Parameter, width: int, focused: bool) -> None:
    pieces = _row(parameter, width).pieces(focused=focused)
    assert sum(cell_len(text) for text, _ in pieces) <= width
    assert pieces[0][0].strip("▌ ") == parameter.name


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.5, 1.0])
def test_the_knob_stands_where_the_pointer_put_it(fraction: float) -> None:
    parameter = PARAMETERS["top_p"]
    row = _row(parameter, 60)
    column = row.track_start + round(fraction * (row.track_length - 1))
    assert row.is_on_track(column)
    scale = scale_of(parameter)
    assert scale is not None
    line = "".join(text for text, _ in _row(parameter, 60, scale.at(row.fraction_at(column))).pieces(focused=False))
    assert line.index("●") == column


def test_a_set_value_can_be_unset_at_its_end_only() -> None:
    row = _row(PARAMETERS["top_p"], 60, 0.5)
    assert row.is_on_reset(55) and not row.is_on_reset(40) and not _row(PARAMETERS["top_p"], 60).is_on_reset(55)
    assert "edit ↺" in "".join(text for text, _ in row.pieces(focused=False))


def test_values_in_a_few_words() -> None:
    grammar = resolve(edits={"grammar": 'root ::= "a"\nb ::= "\x1b"'}).setting("grammar")
    assert brief(PARAMETERS["grammar"], grammar) == 'root ::= "a" …'
    stop = resolve(edits={"stop": ("\x1b]52;",)}).setting("stop")
    assert "\x1b" not in brief(PARAMETERS["stop"], stop)


# --- groups


def test_folding_and_finding() -> None:
    outline = Outline()
    assert all(outline.is_open(group) for group in OPEN_AT_FIRST) and not outline.is_open("Cutting")
    outline.filter("top-p")
    assert PARAMETERS["top_p"] in outline.lines() and PARAMETERS["seed"] not in outline.lines()
    outline.filter("")
    outline.toggle("Sampling")
    assert PARAMETERS["top_p"] not in outline.lines()
    outline.unfold(("xtc_threshold",))
    assert PARAMETERS["xtc_threshold"] in outline.lines()


def test_no_two_blank_lines_and_none_at_an_end() -> None:
    outline = Outline()
    outline.unfold(PARAMETERS)
    lines = outline.lines()
    assert lines[0] is not None and lines[-1] is not None
    assert all(pair != (None, None) for pair in itertools.pairwise(lines))


# --- layers


def test_layers_say_where_a_value_comes_from() -> None:
    below = below_of(resolve(edits={}, preset={"top_k": 1}, model={"top_p": 0.5}, family={"min_p": 0.2}))
    assert below == {"preset": {"top_k": 1}, "model": {"top_p": 0.5}, "family": {"min_p": 0.2}}
    layers = Layers({"seed": 3}, below)
    sources = {setting.name: setting.source for setting in layers.resolution.settings}
    assert [sources[name] for name in ("seed", "top_k", "top_p", "min_p", "temperature")] == [
        "edit", "preset", "model", "family", "default",
    ]  # fmt: skip


def test_a_new_contradiction_is_refused_and_an_old_one_can_be_mended() -> None:
    with pytest.raises(ParameterError, match="set together"):
        Layers({"mirostat": 2}, {}).with_edit("adaptive_target", 0.5)
    broken = Layers({"mirostat": 2}, {"preset": {"adaptive_target": 0.5}})
    assert broken.problem is not None and "set together" in broken.resolution.setting("mirostat").moot
    assert broken.with_edit("top_k", 3).edits == {"mirostat": 2, "top_k": 3}
    assert broken.with_edit("mirostat", None).problem is None


def test_wishes_of_a_model_that_make_no_sense_are_left_out() -> None:
    values = {"general.sampling.temp": "0.6", "general.sampling.top_k": "many", "general.sampling.top_p": "none"}
    assert model_values(values) == {"temperature": 0.6}


# --- the chain


def test_which_stages_are_at_work() -> None:
    chain = Chain(resolve(edits={"dry_multiplier": 0.8, "top_p": 1.0}))
    assert chain.active == ("dry", "top_k", "temperature")
    assert chain.idle_reason("top_p") == NEUTRAL and chain.idle_reason("xtc") == NEUTRAL
    assert chain.fixed == () and "dry_multiplier 0.8" in chain.told("dry")


def test_greedy_leaves_only_what_reorders() -> None:
    chain = Chain(resolve(edits={"temperature": 0.0, "frequency_penalty": 0.5}))
    assert chain.active == ("penalties", "temperature")
    assert "temperature is 0" in chain.idle_reason("top_k")


def test_a_stage_that_is_left_out_would_work_if_it_were_placed() -> None:
    chain = Chain(resolve(edits={"samplers": ("temperature",)}))
    assert chain.active == ("temperature",) and chain.idle_reason("top_k") == ""


def test_stages_with_a_place_of_their_own() -> None:
    edits = {"mirostat": 2, "exponential_decay_start": 5, "exponential_decay_factor": 1.1}
    assert Chain(resolve(edits=edits)).fixed == ("exponential_decay", "mirostat")


@settings(deadline=None)
@given(st.lists(st.sampled_from(DEFAULT_CHAIN), unique=True))
def test_left_out_stages_keep_a_place(chain: list[str]) -> None:
    whole = with_left_out(chain)  # type: ignore[arg-type]
    assert sorted(whole) == sorted(DEFAULT_CHAIN)
    assert [stage for stage in whole if stage in chain] == chain
    assert with_left_out(()) == list(DEFAULT_CHAIN)
