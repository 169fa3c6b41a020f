"""`chatapp presets`: the presets at hand, shown, saved, edited and checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from chatapp.cli.compose import make_presets, read_configuration
from chatapp.cli.load_option import chosen_load, load_options
from chatapp.cli.narration import Narration
from chatapp.cli.options import json_option
from chatapp.cli.parameter_option import ParameterCommand, chosen_values, parameter_options
from chatapp.cli.streams import Output, as_json_text
from chatapp.core.cleaning import clean_line
from chatapp.core.errors import FileProblem, UsageError
from chatapp.core.parameters import PARAMETERS, StoredValue, Value, Values, as_stored, resolve
from chatapp.core.presets import Preset, check_preset_name
from chatapp.storage.presets import PresetEntry, Presets, as_toml, read_entry

if TYPE_CHECKING:
    from chatapp.core.conversations import StoredMessage


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `chatapp presets list --json`; `path` is null for the one that is made from the registry."""

    name: str
    title: str
    description: str
    source: str
    hides_shipped: bool
    path: str | None
    problems: tuple[str, ...]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What `chatapp presets show --json` writes."""

    name: str
    title: str
    description: str
    source: str
    path: str | None
    sampling: dict[str, StoredValue]
    thinking: dict[str, StoredValue]
    system_prompt: str
    load: dict[str, StoredValue]


@click.group()
def presets() -> None:
    """List, show, save, edit and check presets.

    A preset holds sampling values, values that differ while the model thinks, a system prompt and load settings.
    Yours are TOML files in the directory `presets` beside config.toml.
    """


@presets.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List every preset, where it comes from, and what is wrong with those that can't be used."""
    entries = _presets().list()
    output = Output()
    if as_json:
        output.line(as_json_text([_listed(entry) for entry in entries]))
        return
    width = max(len(clean_line(entry.name)) for entry in entries)
    for entry in entries:
        told = _problem(entry) if entry.preset is None else _about(entry.preset)
        output.line(f"{clean_line(entry.name):<{width}}  {_origin(entry):<7}  {clean_line(told)}".rstrip())
        if entry.hides_shipped:
            Narration().say(f"{entry.name} is yours and hides the shipped preset of that name")


@presets.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show a preset as TOML."""
    entry = _presets().find(name)
    preset, output = entry.usable, Output()
    if as_json:
        output.line(as_json_text(_shown(entry, preset)))
        return
    output.write(as_toml(preset))


@presets.command(cls=ParameterCommand)
@click.argument("name")
@click.option("--from", "source", type=int, metavar="ID", help="Take the values and system prompt of a conversation.")
@click.option("--title", metavar="TEXT", default="", help="What lists show.")
@click.option("--description", metavar="TEXT", default="", help="What it is for.")
@click.option("-s", "--system", metavar="TEXT", help="The system prompt, for conversations that have none.")
@click.option("--force", is_flag=True, help="Replace a preset of yours.")
@load_options
@parameter_options
def save(
    name: str,
    source: int | None,
    title: str,
    description: str,
    system: str | None,
    force: bool,
    **options: object,
) -> None:
    """Save a preset under NAME from the options given, over those of a conversation."""
    check_preset_name(name)
    taken = _of_conversation(source) if source is not None else Preset(name=name)
    sampling = {**taken.sampling, **chosen_values(options)}
    resolve(edits=sampling)
    load = chosen_load(options)
    system_prompt = taken.system_prompt if system is None else system
    if not (sampling or load or system_prompt):
        raise UsageError("There is nothing to save.", hint="Give parameters, --system or --from.")
    preset = Preset(
        name=name, title=title, description=description, sampling=sampling, system_prompt=system_prompt, load=load
    )
    found, narration = _presets(), Narration()
    narration.say(f"saved in {found.save(preset, replace=force)}")
    if found.find(name).hides_shipped:
        narration.say(f"{name} hides the shipped preset of that name")


@presets.command()
@click.argument("name")
def edit(name: str) -> None:
    """Write a preset in $EDITOR; a shipped one is copied first. A broken attempt is kept aside and replaces nothing."""
    from chatapp.cli.attempt import edit_entry

    found = _presets()
    entry = found.find(name)
    edit_entry(
        "preset",
        found.path_of(name),
        _text(entry),
        problems_of=lambda path: read_entry(path).problems,
        is_shipped=entry.is_shipped,
        narration=Narration(),
    )


@presets.command()
@click.argument("name", metavar="[NAME|FILE]", required=False)
def check(name: str | None) -> None:
    """Check every preset, one, or any file; each mistake with line and reason. The exit code is 3 where one is."""
    if name is None:
        entries = _presets().list()
    elif name.endswith(".toml") or Path(name).name != name:
        entries = [read_entry(Path(name))]
    else:
        entries = [_presets().find(name)]
    narration = Narration()
    for entry in entries:
        for problem in entry.problems:
            narration.error(problem)
        if not entry.problems:
            narration.say(f"{entry.name}: in order")
    if any(entry.problems for entry in entries):
        raise click.exceptions.Exit(FileProblem.exit_code)


def _presets() -> Presets:
    configuration = read_configuration()
    Narration().warn(configuration.problems)
    return make_presets(configuration)


def _origin(entry: PresetEntry) -> str:
    return "shipped" if entry.is_shipped else "yours"


def _problem(entry: PresetEntry) -> str:
    more = f" (and {len(entry.problems) - 1} more)" if len(entry.problems) > 1 else ""
    return f"can't be used: {entry.problems[0].message}{more}"


def _about(preset: Preset) -> str:
    """Title and description; a preset may lack both."""
    title = preset.title.strip()
    title += "." if title and not title.endswith((".", "!", "?", "…")) else ""
    return " ".join(filter(None, (title, preset.description)))


def _listed(entry: PresetEntry) -> Listed:
    return Listed(
        name=entry.name,
        title=entry.preset.title if entry.preset is not None else "",
        description=entry.preset.description if entry.preset is not None else "",
        source=_origin(entry),
        hides_shipped=entry.hides_shipped,
        path=str(entry.path) if entry.path is not None else None,
        problems=tuple(f"{problem.message} {problem.hint}".strip() for problem in entry.problems),
    )


def _shown(entry: PresetEntry, preset: Preset) -> Shown:
    return Shown(
        name=preset.name,
        title=preset.title,
        description=preset.description,
        source=_origin(entry),
        path=str(entry.path) if entry.path is not None else None,
        sampling=_stored(preset.sampling),
        thinking=_stored(preset.thinking),
        system_prompt=preset.system_prompt,
        load=_stored(preset.load),
    )


def _stored(values: Values) -> dict[str, StoredValue]:
    return {name: as_stored(value) for name, value in values.items()}


def _of_conversation(number: int) -> Preset:
    """The values of a conversation: its edits over those that its last reply had from a preset."""
    from chatapp.chat.edits import values_of
    from chatapp.cli.history import reading_store

    with reading_store() as store:
        conversation = store.conversations.get(number)
        thread = store.conversations.thread(number)
    sampling = {**_preset_values(thread), **values_of(conversation.edits)}
    return Preset(name="conversation", sampling=sampling, system_prompt=conversation.system_prompt)


def _preset_values(thread: Sequence[StoredMessage]) -> dict[str, Value]:
    generation = next((message.generation for message in reversed(thread) if message.generation is not None), None)
    if generation is None:
        return {}
    return {
        each.name: each.plain
        for each in generation.settings
        if each.source in ("prompt", "preset") and each.name in PARAMETERS
    }


def _text(entry: PresetEntry) -> str:
    """What stands in the file, broken or not; for the preset without a file, what would."""
    if entry.path is None:
        return as_toml(entry.usable)
    try:
        return entry.path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise FileProblem(f"{entry.path} can't be read: {error}.", hint="Mend it, or move it away.") from None
