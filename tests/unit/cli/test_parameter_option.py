"""Options come from the registry and take what the registry takes."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click
import pytest

from chatapp.cli.ask import ask
from chatapp.cli.parameter_option import GROUPS, ParameterOption, chosen_values
from chatapp.core.errors import FileProblem, ParameterError, UsageError
from chatapp.core.parameters import PARAMETERS, Group, Parameter


def context(*arguments: str) -> click.Context:
    return ask.make_context("ask", [*arguments])


def values(*arguments: str) -> dict[str, object]:
    return chosen_values(context(*arguments, "prompt").params)


def option_of(parameter: Parameter) -> ParameterOption:
    option = next(param for param in ask.params if param.name == parameter.name)
    assert isinstance(option, ParameterOption)
    return option


@pytest.mark.parametrize("parameter", PARAMETERS.values(), ids=lambda parameter: parameter.name)
def test_every_parameter_has_its_option_with_its_aliases_and_its_help(parameter: Parameter) -> None:
    option = option_of(parameter)
    assert option.parameter == parameter
    assert parameter.option in option.opts
    for alias in parameter.aliases:
        assert "--" + alias.replace("_", "-") in option.opts
    assert option.help is not None
    assert parameter.help in option.help
    assert parameter.show(parameter.default) in option.help


def test_no_two_options_share_a_spelling() -> None:
    spellings = [name for option in ask.params for name in (*option.opts, *option.secondary_opts)]
    assert len(spellings) == len(set(spellings))


def test_help_shows_every_parameter_once_under_its_group_the_everyday_ones_first() -> None:
    assert set(GROUPS) == set(get_args(Group))
    text = context("prompt").get_help()
    places = [text.index(f"\n{heading}:\n") for heading in ("Options", *GROUPS)]
    assert places == sorted(places)
    for parameter in PARAMETERS.values():
        start = text.index(f"\n{parameter.group}:\n")
        end = min((place for place in places if place > start), default=len(text))
        assert f" {parameter.option}" in text[start:end]
    assert "[PROMPT]" not in text[text.index("Options:") :]


def test_values_are_read_as_the_registry_reads_them() -> None:
    given = values(
        "--temperature", "0.3", "--top-k", "7", "--max-tokens", "12", "--stop", "a\nb", "--stop", "c",
        "--stop-token-ids", "1,2", "--ignore-eos", "--no-add-bos", "--frequency-penalty", "-0.5",
        "--samplers", "top_k,temp", "--choices", "yes", "--choices", "no", "--logit-bias", "#5=-inf",
        "--schema", "{}", "--json-value", "--regex", "@a",
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
        "samplers": ("top_k", "temperature"),
        "choices": ("yes", "no"),
        "logit_bias": ("#5=-inf",),
        "json_schema": "{}",
        "json_value": True,
        "regex": "@a",
    }


def test_what_is_not_given_is_not_set() -> None:
    assert values() == {}
    assert values("--temperature", "none") == {}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--temperature", "warm"),
        ("--temperature", "-1"),
        ("--temperature", "nan"),
        ("--top-k", "1.5"),
        ("--top-k", "1" + "0" * 400),
        ("--stop", ""),
        ("--samplers", "top_k,nonesuch"),
        ("--samplers", "mirostat"),
    ],
)
def test_a_bad_value_is_a_parameter_error(arguments: tuple[str, str]) -> None:
    with pytest.raises(ParameterError) as caught:
        values(*arguments)
    assert caught.value.hint or "can't be placed" in caught.value.message


def test_a_long_value_comes_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "answer.gbnf"
    file.write_bytes(b'\xef\xbb\xbfroot ::= "\xc3\xa9"\n')
    assert values("--grammar", f"@{file}") == {"grammar": 'root ::= "é"\n'}
    assert values("--schema", f"@{file}") == {"json_schema": 'root ::= "é"\n'}


@pytest.mark.parametrize("option", ["--grammar", "--samplers", "--regex", "--top-k", "--json-schema"])
@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_value_is_refused(option: str, text: str) -> None:
    with pytest.raises(ParameterError, match=f"{option} is empty"):
        values(option, text)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(FileProblem, match="is empty"):
        values("--grammar", f"@{tmp_path / 'empty'}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--choices", ""), "choices can't hold an empty text."),
        (("--top-k", "1.5"), "top_k can't be “1.5”."),
        (("--temperature", "200"), "temperature can't be “200”."),
        (("--temperature", "warm"), "temperature can't be “warm”."),
        (("--stop-token-ids", "1,-2"), "stop_token_ids can't be “1,-2”."),
        (("--top-k", "1" + "0" * 400), f"top_k can't be “1{'0' * 59}…”."),
    ],
)
def test_a_bad_value_is_repeated_as_it_was_typed(arguments: tuple[str, str], said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        values(*arguments)
    assert caught.value.message == said


@pytest.mark.parametrize("name", ["@", "@-"])
def test_at_without_a_file_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="names no file"):
        values("--grammar", name)


def test_files_that_can_not_be_read_are_told(tmp_path: Path) -> None:
    bad, large = tmp_path / "bad", tmp_path / "large"
    bad.write_bytes(b"\xff")
    large.write_bytes(b"a" * (4 * 1024 * 1024 + 1))
    for name, said in ((tmp_path / "none", "none"), (tmp_path, "can't be read"), (bad, "UTF-8"), (large, "4 MB")):
        with pytest.raises(FileProblem, match=said) as caught:
            values("--grammar", f"@{name}")
        assert str(name) in caught.value.message and "--grammar" in caught.value.message


@pytest.mark.parametrize(
    ("arguments", "count", "prompt"),
    [
        (("--logprobs", "Why?"), 5, "Why?"),
        (("--logprobs", "3", "Why?"), 3, "Why?"),
        (("--logprobs=0", "Why?"), 0, "Why?"),
        (("Why?", "--logprobs"), 5, "Why?"),
        (("--logprobs", "--top-k", "3", "Why?"), 5, "Why?"),
        (("Why?",), None, "Why?"),
        (("--", "--logprobs"), None, "--logprobs"),
    ],
)
def test_a_prompt_may_follow_logprobs(arguments: tuple[str, ...], count: int | None, prompt: str) -> None:
    params = context(*arguments).params
    assert (params["logprobs"], params["prompt"]) == (count, prompt)
