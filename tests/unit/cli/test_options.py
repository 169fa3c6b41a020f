"""Options come from the registry and take what the registry takes."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.cli.ask import ask
from chatapp.cli.options import chosen_values, read_template_variables, unescape
from chatapp.core.errors import ParameterError, UsageError
from chatapp.core.parameters import PARAMETERS, Parameter


def values(*arguments: str) -> dict[str, object]:
    context = ask.make_context("ask", [*arguments, "prompt"])
    return chosen_values({name: value for name, value in context.params.items() if name in PARAMETERS})


@pytest.mark.parametrize("parameter", PARAMETERS.values(), ids=lambda parameter: parameter.name)
def test_every_parameter_has_its_option_with_its_aliases_and_its_help(parameter: Parameter) -> None:
    option = next(param for param in ask.params if param.name == parameter.name)
    assert isinstance(option, click.Option)
    assert parameter.option in option.opts
    for alias in parameter.aliases:
        assert "--" + alias.replace("_", "-") in option.opts
    assert option.help is not None
    assert parameter.help in option.help
    assert parameter.effects in option.help
    assert parameter.range in option.help or parameter.kind in ("bool", "texts")


def test_values_are_read_as_the_registry_reads_them() -> None:
    given = values(
        "--temperature", "0.3", "--top-k", "7", "--max-tokens", "12", "--stop", "a\nb", "--stop", "c",
        "--stop-token-ids", "1,2", "--ignore-eos", "--no-add-bos", "--frequency-penalty", "-0.5",
    )  # fmt: skip
    assert given == {
        "temperature": 0.3,
        "top_k": 7,
        "max_new_tokens": 12,
        "stop": ("a\nb", "c"),
        "stop_token_ids": (1, 2),
        "ignore_eos": True,
        "add_bos": False,
        "frequency_penalty": -0.5,
    }


def test_what_is_not_given_is_not_set() -> None:
    assert values() == {}
    assert values("--temperature", "none") == {}


@pytest.mark.parametrize(
    "arguments",
    [("--temperature", "warm"), ("--temperature", "-1"), ("--temperature", "nan"), ("--top-k", "1.5"), ("--stop", "")],
)
def test_a_bad_value_is_a_parameter_error(arguments: tuple[str, str]) -> None:
    with pytest.raises(ParameterError) as caught:
        values(*arguments)
    assert caught.value.hint


def test_template_variables_are_values_where_they_look_like_some() -> None:
    assert read_template_variables(("a=true", "b=3", "c=0.5", "d=null", "e=low", "f=[1]", "g=x=y", "h=")) == {
        "a": True,
        "b": 3,
        "c": 0.5,
        "d": None,
        "e": "low",
        "f": "[1]",
        "g": "x=y",
        "h": "",
    }


@pytest.mark.parametrize("pair", ["", "name", "=value", "two words=1"])
def test_a_bad_template_variable_is_refused(pair: str) -> None:
    with pytest.raises(UsageError):
        read_template_variables((pair,))


def test_three_escapes_are_known_and_all_others_stay() -> None:
    assert unescape(r"a\nb\tc\\n\x\"") == 'a\nb\tc\\n\\x\\"'


@given(st.text())
def test_escaping_and_unescaping_gives_the_text_back(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("\n", r"\n").replace("\t", r"\t")
    assert unescape(escaped) == text
