"""Command-line options made from the registry of parameters: one each, shown in groups, the everyday ones first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from chatapp.cli.load_option import SectionedCommand, SectionedOption
from chatapp.cli.streams import decode
from chatapp.core.errors import FileProblem, ParameterError, UsageError
from chatapp.core.parameters import PARAMETERS, Group, Parameter, Value, check

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

GROUPS: tuple[Group, ...] = (
    *("Sampling", "Length", "Constraints", "Repetition", "Cutting", "Shaping", "Steady surprise", "Prompt"),
)
"""The groups in the order of the help."""

_METAVARS = {"float": "NUMBER", "int": "COUNT", "text": "TEXT", "texts": "TEXT", "ints": "IDS", "stages": "STAGES"}
_METAVAR_OF_FILE = "TEXT|@FILE"
_FILE_LIMIT = 4 * 1024 * 1024


class ParameterType(click.ParamType[Value]):
    """Reads a value as `Parameter.parse` does, so that the command line accepts what every other place accepts."""

    def __init__(self, parameter: Parameter) -> None:
        self.name = _METAVARS[parameter.kind].lower()
        self.parameter = parameter

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Value:
        """Parse typed text; raises ParameterError, or FileProblem for a file that can't be read."""
        return read_value(self.parameter, value) if isinstance(value, str) else self.parameter.check(value)  # type: ignore[arg-type]


class ParameterOption(SectionedOption):
    """The option of one parameter of the registry."""

    def __init__(self, declarations: list[str], *, parameter: Parameter, **attributes: Any) -> None:
        super().__init__(declarations, heading=parameter.group, **attributes)
        self.parameter = parameter


class ParameterCommand(SectionedCommand):
    """A command with an option for every parameter: its help shows them in groups, the everyday ones first."""

    def sections(self, ctx: click.Context) -> dict[str, list[click.Option]]:
        """The headings with their options."""
        found = super().sections(ctx)
        own = next(iter(found))
        return {heading: found[heading] for heading in dict.fromkeys((own, *GROUPS, *found)) if heading in found}


def parameter_options(command: Decorated) -> Decorated:
    """Give `command`, a ParameterCommand, an option for every parameter of the registry."""
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


def read_value(parameter: Parameter, text: str) -> Value:
    """Read a value as it is typed; `@FILE` stands for a file's text where the parameter takes one.

    Raise ParameterError, UsageError, or FileProblem for a file that can't be read.
    """
    if not text.strip():
        raise ParameterError(
            f"{parameter.option} is empty.",
            hint="Leave it out, or give it a value; an unset shell variable is empty, too.",
        )
    if not parameter.takes_file or not text.startswith("@"):
        return parameter.parse(text)
    name = text[1:]
    if name in ("", "-"):
        raise UsageError(
            f"{parameter.option} takes a text or @FILE, and “{text}” names no file.",
            hint=f"Write {parameter.option} @path/to/file. Standard input is for the prompt.",
        )
    return parameter.parse(_content(parameter, name))


def _content(parameter: Parameter, name: str) -> str:
    try:
        with Path(name).expanduser().open("rb") as file:
            content = file.read(_FILE_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FileProblem(f"{parameter.option}: “{name}” can't be read: {reason}.", hint="Check the path.") from None
    if len(content) > _FILE_LIMIT:
        raise FileProblem(f"{parameter.option}: “{name}” is larger than 4 MB.", hint="Check the path.")
    text, bad_characters = decode(content)
    if bad_characters:
        raise FileProblem(f"{parameter.option}: “{name}” is no UTF-8 text.", hint="Save the file as UTF-8.")
    if not text.strip():
        raise FileProblem(f"{parameter.option}: “{name}” is empty.", hint="Check the path.")
    return text


def _option(parameter: Parameter) -> Callable[[Decorated], Decorated]:
    names = [parameter.option, *("--" + alias.replace("_", "-") for alias in parameter.aliases)]
    if parameter.kind == "bool":
        switch = f"{parameter.option}/--no-{parameter.option.removeprefix('--')}"
        return _declare(parameter, switch, default=None)
    if parameter.kind == "texts":
        return _declare(parameter, *names, multiple=True, metavar="TEXT")
    metavar = _METAVAR_OF_FILE if parameter.takes_file else _METAVARS[parameter.kind]
    return _declare(parameter, *names, type=ParameterType(parameter), metavar=metavar)


def _declare(parameter: Parameter, *names: str, **attributes: Any) -> Callable[[Decorated], Decorated]:
    return click.option(
        *names, parameter.name, cls=ParameterOption, parameter=parameter, help=_help(parameter), **attributes
    )


def _help(parameter: Parameter) -> str:
    """What it does, what it takes and what holds without it; what low and high values do is in the documentation."""
    repeatable = " Repeatable." if parameter.kind == "texts" else ""
    allowed = f"{parameter.range}; " if parameter.kind in ("float", "int", "ints") else ""
    return f"{parameter.help}{repeatable} [{allowed}default: {parameter.show(parameter.default)}]"
