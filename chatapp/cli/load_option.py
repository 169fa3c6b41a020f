"""Command-line options made from the registry of load settings: one each, shown in groups behind the command's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from chatapp.core.errors import ParameterError
from chatapp.core.loading import LOAD, LoadSetting
from chatapp.core.parameters import Value

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

OPTIONS_ELSEWHERE = "chatapp.options-elsewhere"
"""The key in a click context's `meta` that keeps the options of the registries out of the help."""
_HEADING = "Loading the model"
_OWN = "Options"
_METAVARS = {"float": "NUMBER", "int": "COUNT", "text": "TEXT", "texts": "TEXT", "floats": "NUMBERS"}
_TOLD = {"device": "NAMES", "lora": "PATH[:SCALE]", "tensor_split": "SHARES"}


class LoadType(click.ParamType[Value]):
    """Reads a value as `LoadSetting.parse` does."""

    def __init__(self, setting: LoadSetting) -> None:
        self.name = _metavar(setting).lower()
        self.setting = setting

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Value:
        """Parse typed text; raises ParameterError."""
        if not isinstance(value, str):
            return self.setting.check(value)  # type: ignore[arg-type]
        if not value.strip():
            raise ParameterError(
                f"{self.setting.option} is empty.",
                hint="Leave it out, or give it a value; an unset shell variable is empty, too.",
            )
        return self.setting.parse(value)


class SectionedOption(click.Option):
    """An option that the help shows under a heading of its own."""

    def __init__(self, declarations: list[str], *, heading: str, **attributes: Any) -> None:
        super().__init__(declarations, **attributes)
        self.heading = heading


class SectionedCommand(click.Command):
    """A command with options of the registries: its help shows its own first, then the others under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under headings; only its own where the others are told elsewhere."""
        sections = self.sections(ctx)
        told = (_OWN,) if ctx.meta.get(OPTIONS_ELSEWHERE) else tuple(sections)
        for heading in told:
            if rows := [row for option in sections[heading] if (row := option.get_help_record(ctx)) is not None]:
                with formatter.section(heading):
                    formatter.write_dl(rows)

    def sections(self, ctx: click.Context) -> dict[str, list[click.Option]]:
        """The headings with their options, those of loading last."""
        sections: dict[str, list[click.Option]] = {_OWN: []}
        for option in (each for each in self.get_params(ctx) if isinstance(each, click.Option)):
            heading = option.heading if isinstance(option, SectionedOption) else _OWN
            sections.setdefault(heading, []).append(option)
        sections[_HEADING] = sections.pop(_HEADING, [])
        return sections


def load_options(command: Decorated) -> Decorated:
    """Give `command` an option for every load setting."""
    for setting in reversed(LOAD.values()):
        command = _option(setting)(command)
    return command


def load_option_list() -> list[click.Option]:
    """The same options by themselves, for a command that gets them later."""

    def holder() -> None: ...

    declared: list[click.Option] = load_options(holder).__click_params__  # type: ignore[attr-defined]
    return declared[::-1]


def chosen_load(options: Mapping[str, object]) -> dict[str, Value]:
    """The load settings that were given among `options`; several adapters become one list."""
    given: dict[str, Value] = {}
    for name in LOAD.keys() & options.keys():
        value = options[name]
        if value is None or value == ():
            continue
        if name == "lora" and isinstance(value, tuple):
            value = tuple(text for part in value for text in part)
        given[name] = LOAD[name].check(value)  # type: ignore[arg-type]
    return given


def _option(setting: LoadSetting) -> Callable[[Decorated], Decorated]:
    names = [setting.option, *("--" + alias.replace("_", "-") for alias in setting.aliases)]
    if setting.kind == "bool":
        names = [f"{setting.option}/--no-{setting.option.removeprefix('--')}"]
        return click.option(
            *names, setting.name, cls=SectionedOption, heading=_HEADING, default=None, help=_help(setting)
        )
    return click.option(
        *names,
        setting.name,
        cls=SectionedOption,
        heading=_HEADING,
        type=LoadType(setting),
        metavar=_metavar(setting),
        multiple=setting.kind == "texts",
        help=_help(setting),
    )


def _metavar(setting: LoadSetting) -> str:
    if setting.kind == "choice":
        return "|".join(setting.choices) if len(setting.choices) <= _SHORT else "TYPE"
    return _TOLD.get(setting.name, _METAVARS.get(setting.kind, ""))


_SHORT = 4
"""A choice with more than so many texts names them in the help alone."""


def _help(setting: LoadSetting) -> str:
    """What it does, what it takes and what holds without it."""
    repeatable = " Repeatable." if setting.kind == "texts" else ""
    is_told = setting.kind in ("float", "int") or len(setting.choices) > _SHORT
    allowed = f"{setting.range}; " if is_told else ""
    return f"{setting.help}{repeatable} [{allowed}default: {setting.show(setting.default)}]"
