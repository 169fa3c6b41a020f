"""Command-line options made from the registry of parameters, and those that several commands share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import click

from chatapp.core.errors import UsageError
from chatapp.core.parameters import PARAMETERS, Parameter, Value, check

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
TemplateValue: TypeAlias = str | int | float | bool | None

_METAVARS = {"float": "NUMBER", "int": "COUNT", "texts": "TEXT", "ints": "IDS"}
_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\"}


class ParameterType(click.ParamType[Value]):
    """Reads a value as `Parameter.parse` does, so that the command line accepts what every other place accepts."""

    def __init__(self, parameter: Parameter) -> None:
        self.name = _METAVARS[parameter.kind].lower()
        self.parameter = parameter

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Value:
        """Parse typed text; raises ParameterError."""
        return self.parameter.parse(value) if isinstance(value, str) else self.parameter.check(value)  # type: ignore[arg-type]


def parameter_options(command: Decorated) -> Decorated:
    """Give `command` an option for every parameter of the registry."""
    for parameter in reversed(PARAMETERS.values()):
        command = _option(parameter)(command)
    return command


def chosen_values(options: Mapping[str, object]) -> dict[str, Value]:
    """The parameters that were given among `options`, in canonical types."""
    given = {
        name: tuple(value) if isinstance(value, list | tuple) else value
        for name, value in options.items()
        if name in PARAMETERS and value is not None and value != ()
    }
    return check(given)  # type: ignore[arg-type]


def model_option(command: Decorated) -> Decorated:
    """`--model`."""
    return click.option(
        "-m",
        "--model",
        metavar="MODEL",
        help="pocket, a short name from `chatapp models list`, or a path to a GGUF file. Default: the setting `model`.",
    )(command)


def context_size_option(command: Decorated) -> Decorated:
    """`--context-size`."""
    return click.option(
        "--context-size",
        type=click.IntRange(0, 10_000_000),
        metavar="COUNT",
        help="Tokens of context to load the model with; 0 takes what it was trained for, at most 8,192.",
    )(command)


def json_option(command: Decorated) -> Decorated:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON to standard output.")(command)


def incognito_option(command: Decorated) -> Decorated:
    """`--incognito`."""
    return click.option("--incognito", is_flag=True, help="Keep nothing of any kind.")(command)


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


def _option(parameter: Parameter) -> Callable[[Decorated], Decorated]:
    names = [parameter.option, *("--" + alias.replace("_", "-") for alias in parameter.aliases)]
    if parameter.kind == "bool":
        switch = f"{parameter.option}/--no-{parameter.option.removeprefix('--')}"
        return click.option(switch, parameter.name, default=None, help=_help(parameter))
    if parameter.kind == "texts":
        return click.option(
            *names, parameter.name, multiple=True, metavar="TEXT", help=_help(parameter) + " Repeatable."
        )
    return click.option(
        *names,
        parameter.name,
        type=ParameterType(parameter),
        metavar=_METAVARS[parameter.kind],
        help=_help(parameter),
    )


def _help(parameter: Parameter) -> str:
    default = parameter.show(parameter.default)
    allowed = "" if parameter.kind in ("bool", "texts") else f"{parameter.range}; "
    return f"{parameter.help} {parameter.effects} [{allowed}default: {default}]"
