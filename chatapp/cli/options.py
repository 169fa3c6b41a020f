"""Command-line options that several commands share; those of parameters are in `parameter_option`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

import click

from chatapp.core.errors import UsageError
from chatapp.core.overflow import OVERFLOW_HELP, OVERFLOWS

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
TemplateValue: TypeAlias = str | int | float | bool | None

_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\"}


def model_option(command: Decorated) -> Decorated:
    """`--model`."""
    return click.option(
        "-m",
        "--model",
        metavar="MODEL",
        help="pocket, a short name from `chatapp models list`, or a path to a GGUF file. Default: the setting `model`.",
    )(command)


def preset_option(command: Decorated) -> Decorated:
    """`--preset`."""
    return click.option(
        "--preset", metavar="NAME", help="Take values from this preset, '' for none; `chatapp presets list` names them."
    )(command)


def overflow_option(command: Decorated) -> Decorated:
    """`--overflow`."""
    choices = " ".join(f"{name}: {choice.help}" for name, choice in OVERFLOWS.items())
    return click.option(
        "--overflow",
        type=click.Choice(list(OVERFLOWS)),
        metavar="CHOICE",
        help=f"{OVERFLOW_HELP} {choices}  [default: the conversation's, or the setting overflow]",
    )(command)


def json_option(command: Decorated) -> Decorated:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON to standard output.")(command)


def incognito_option(command: Decorated) -> Decorated:
    """`--incognito`."""
    return click.option("--incognito", is_flag=True, help="Keep nothing of any kind.")(command)


def exact_option(command: Decorated) -> Decorated:
    """`--exact`."""
    return click.option(
        "--exact",
        is_flag=True,
        help="Compute each reply alone and anew: the same request and seed give the same tokens, on the same machine "
        "and build. It takes a context of its own, and more time.",
    )(command)


def verbose_option(command: Decorated) -> Decorated:
    """`-v`."""
    return click.option(
        "-v",
        "--verbose",
        is_flag=True,
        help="Say on standard error which device and model are used, the settings in force, counts and timings, and "
        "show the model's thoughts.",
    )(command)


def template_variables_option(flag: str) -> Callable[[Decorated], Decorated]:
    """`--template-var NAME=VALUE`, or `--var` where nothing else is a variable."""

    def decorate(command: Decorated) -> Decorated:
        return click.option(
            flag,
            "template_variables",
            multiple=True,
            metavar="NAME=VALUE",
            help="A variable for the chat template, as in enable_thinking=false. Repeatable.",
        )(command)

    return decorate


def read_template_variables(pairs: Sequence[str]) -> dict[str, TemplateValue]:
    """Read NAME=VALUE pairs: true, false, null and numbers are those, all else is text."""
    variables: dict[str, TemplateValue] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name.strip().isidentifier():
            raise UsageError(
                f"“{pair}” is no template variable.", hint="Write NAME=VALUE, as in enable_thinking=false."
            )
        variables[name.strip()] = _template_value(text)
    return variables


def unescape(text: str) -> str:
    r"""Turn `\n`, `\t` and `\\` into the characters; any other backslash stays."""
    return re.sub(r"\\([nt\\])", lambda match: _ESCAPES[match[1]], text)


def _template_value(text: str) -> TemplateValue:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if value is None or isinstance(value, str | int | float | bool) else text
