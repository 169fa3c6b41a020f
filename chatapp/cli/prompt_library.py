"""`chatapp prompts list|show|new|edit|check|run`: the prompt library."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from chatapp.cli.ask import AskCommand, ask
from chatapp.cli.compose import make_prompts, read_configuration
from chatapp.cli.narration import Narration
from chatapp.cli.options import json_option
from chatapp.cli.streams import Output, as_json_text
from chatapp.core.cleaning import clean_line
from chatapp.core.errors import FileProblem
from chatapp.core.parameters import PARAMETERS, StoredValue, as_stored
from chatapp.core.prompts import Prompt, Variable
from chatapp.storage.prompts import SKELETON, PromptEntry, Prompts, read_prompt


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `chatapp prompts list --json`."""

    name: str
    title: str
    purpose: str
    variables: tuple[str, ...]
    input: str
    source: str
    hides_shipped: bool
    path: str
    problems: tuple[str, ...]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What `chatapp prompts show --json` writes; `templates` are the parameters whose value is a template."""

    name: str
    title: str
    purpose: str
    source: str
    path: str
    variables: tuple[Variable, ...]
    input: str
    raw: bool
    system: str
    user: str
    prefill: str
    sampling: dict[str, StoredValue]
    templates: dict[str, str]
    columns: tuple[str, ...]
    examples: tuple[dict[str, str], ...]


@click.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List every prompt of the library, what it is for, and what is wrong with those that can't be used."""
    entries, output = _prompts().list(), Output()
    if as_json:
        output.line(as_json_text([_listed(entry) for entry in entries]))
        return
    width = max(len(clean_line(entry.name)) for entry in entries)
    for entry in entries:
        told = entry.prompt.purpose or entry.prompt.title if entry.prompt is not None else _problem(entry)
        output.line(f"{clean_line(entry.name):<{width}}  {_origin(entry):<7}  {clean_line(told)}".rstrip())
        if entry.hides_shipped:
            Narration().say(f"{clean_line(entry.name)} is yours and hides the shipped prompt of that name")


@click.command()
@click.argument("name")
@click.option("--toml", "as_toml", is_flag=True, help="Show the file itself, which may be the beginning of your own.")
@json_option
def show(name: str, as_toml: bool, as_json: bool) -> None:
    """Show what a prompt asks for, what it sends, and the settings that go with it."""
    entry, output = _prompts().find(name), Output()
    if as_toml:
        output.write(entry.text)
        return
    prompt = entry.usable
    if as_json:
        output.line(as_json_text(_shown(entry, prompt)))
        return
    for line in _lines(entry, prompt):
        output.line(line)


@click.command()
@click.argument("name")
@click.option("--from", "source", metavar="NAME", help="Begin with a copy of this prompt.")
def new(name: str, source: str | None) -> None:
    """Write a prompt of your own called NAME, ready to be edited."""
    found = _prompts()
    found.path_of(name)
    text = found.find(source).text if source is not None else SKELETON.format(name=name)
    path = found.save(name, text)
    Narration().say(f"{path} is written; go on with: chatapp prompts edit {name}")
    if found.find(name).hides_shipped:
        Narration().say(f"{name} hides the shipped prompt of that name")


@click.command()
@click.argument("name")
def edit(name: str) -> None:
    """Write a prompt in $EDITOR; a shipped one is copied first. A broken attempt is kept aside and replaces nothing."""
    from chatapp.cli.attempt import edit_entry

    found = _prompts()
    entry = found.find(name)
    edit_entry(
        "prompt",
        found.path_of(name),
        entry.text,
        problems_of=lambda path: _problems([read_prompt(path)])[0],
        is_shipped=entry.is_shipped,
        narration=Narration(),
    )


@click.command()
@click.argument("name", metavar="[NAME|FILE]", required=False)
def check(name: str | None) -> None:
    """Check every prompt, one, or any file, with its templates; each mistake with line and reason.

    The exit code is 3 where there is one.
    """
    if name is None:
        entries = _prompts().list()
    elif name.endswith(".toml") or Path(name).name != name:
        entries = [read_prompt(Path(name).expanduser())]
    else:
        entries = [_prompts().find(name)]
    narration, found = Narration(), _problems(entries)
    for entry, problems in zip(entries, found, strict=True):
        for problem in problems:
            narration.error(problem)
        if not problems:
            narration.say(f"{clean_line(entry.name)}: in order")
    if any(found):
        raise click.exceptions.Exit(FileProblem.exit_code)


_NOT_OF_RUN = ("template", "continues", "raw")
"""Options of `ask` that say what `run` says already, or that a prompt of the library excludes."""


def _run(name: str, **options: object) -> object:
    return click.get_current_context().invoke(ask, template=name, continues=False, raw=False, **options)


run = AskCommand(
    "run",
    params=[click.Argument(["name"]), *(each for each in ask.params if each.name not in _NOT_OF_RUN)],
    callback=_run,
    help="Ask with the prompt NAME of the library, as `chatapp ask --template NAME` does.\n\n"
    "PROMPT and standard input go to the variable that the prompt takes them for.",
    epilog="`chatapp prompts show NAME` tells its variables. Values on the command line stand above the prompt's, and "
    "these above the preset's.",
)


def _prompts() -> Prompts:
    configuration = read_configuration()
    Narration().warn(configuration.problems)
    return make_prompts(configuration)


def _problems(entries: Sequence[PromptEntry]) -> list[list[FileProblem]]:
    """What is wrong with each prompt: with its file, or where this is sound, with its templates."""
    return asyncio.run(_problems_of_each(entries))


async def _problems_of_each(entries: Sequence[PromptEntry]) -> list[list[FileProblem]]:
    from chatapp.chat.composition import template_problems
    from chatapp.rendering.renderer import Renderer

    renderer = Renderer()
    try:
        return [
            await template_problems(entry.prompt, renderer=renderer) if entry.prompt is not None else [*entry.problems]
            for entry in entries
        ]
    finally:
        await renderer.close()


def _origin(entry: PromptEntry) -> str:
    return "shipped" if entry.is_shipped else "yours"


def _problem(entry: PromptEntry) -> str:
    more = f" (and {len(entry.problems) - 1} more)" if len(entry.problems) > 1 else ""
    return f"can't be used: {entry.problems[0].message}{more}"


def _listed(entry: PromptEntry) -> Listed:
    prompt = entry.prompt
    return Listed(
        name=entry.name,
        title=prompt.title if prompt is not None else "",
        purpose=prompt.purpose if prompt is not None else "",
        variables=tuple(each.name for each in prompt.variables) if prompt is not None else (),
        input=prompt.input if prompt is not None else "",
        source=_origin(entry),
        hides_shipped=entry.hides_shipped,
        path=str(entry.path),
        problems=tuple(problem.message for problem in entry.problems),
    )


def _shown(entry: PromptEntry, prompt: Prompt) -> Shown:
    return Shown(
        name=prompt.name,
        title=prompt.title,
        purpose=prompt.purpose,
        source=_origin(entry),
        path=prompt.path,
        variables=prompt.variables,
        input=prompt.input,
        raw=prompt.raw,
        system=prompt.system,
        user=prompt.user,
        prefill=prompt.prefill,
        sampling={name: as_stored(value) for name, value in prompt.sampling.items()},
        templates=prompt.filled,
        columns=prompt.columns,
        examples=tuple(example.values for example in prompt.examples),
    )


def _lines(entry: PromptEntry, prompt: Prompt) -> list[str]:
    """A prompt for people."""
    lines = [clean_line(f"{prompt.title or prompt.name} ({_origin(entry)}: {prompt.path})")]
    if prompt.purpose:
        lines.append(clean_line(prompt.purpose))
    width = max((len(each.name) for each in prompt.variables), default=0)
    lines += ["", "Variables:"] if prompt.variables else []
    lines += [_variable_line(each, width, is_input=each.name == prompt.input) for each in prompt.variables]
    texts = (("System prompt", prompt.system), ("Raw prompt" if prompt.raw else "User", prompt.user))
    for heading, text in (*texts, ("Reply begins with", prompt.prefill)):
        if text.strip():
            lines += ["", f"{heading}:", *(f"  {clean_line(line)}".rstrip() for line in text.strip("\n").split("\n"))]
    if prompt.form is not None or prompt.examples:
        count = len(prompt.examples)
        columns = ", ".join(prompt.columns)
        lines += ["", f"Examples: {count or 'none'}, with the columns {columns}"]
    settings = [f"{name} = {clean_line(PARAMETERS[name].show(value))}" for name, value in prompt.sampling.items()]
    settings += [f"{name} = {clean_line(template.strip())} (filled in)" for name, template in prompt.filled.items()]
    return [*lines, "", "Settings:", *(f"  {line}" for line in settings)] if settings else lines


def _variable_line(variable: Variable, width: int, *, is_input: bool) -> str:
    said = [f"{variable.help.rstrip('.')}." if variable.help else ""]
    said.append(f"Takes {variable.range}{', typed or piped' if is_input else ''}.")
    said.append("Required." if variable.required else "")
    if variable.default is not None:
        shown = " ".join(str(variable.default).split())
        said.append(f"Default: {shown if len(shown) <= 60 else shown[:60] + '…'}")
    return clean_line(f"  {variable.name:<{width}}  {' '.join(filter(None, said))}")
