"""`chatapp config`: where things are, what is set, and whether the files are right."""

from __future__ import annotations

import click
import msgspec

from chatapp.cli.compose import make_presets, read_configuration, theme_problems
from chatapp.cli.narration import Narration
from chatapp.cli.options import json_option
from chatapp.cli.streams import Output, as_json_text
from chatapp.core.cleaning import clean_line
from chatapp.core.errors import FileProblem
from chatapp.core.loading import LOAD, stored_load
from chatapp.core.paths import Paths
from chatapp.core.settings import SETTING_HELP, Settings


@click.group()
def config() -> None:
    """Show and check settings and keys."""


@config.command()
@json_option
def path(as_json: bool) -> None:
    """Show where chatapp keeps what it keeps. CHATAPP_HOME moves it all."""
    paths = Paths.of()
    places = {
        "config": paths.config_file,
        "keymap": paths.keymap_file,
        "themes": paths.themes,
        "presets": paths.presets,
        "database": paths.database,
        "models": paths.models,
        "logs": paths.logs,
        "backups": paths.backups,
        "cache": paths.cache,
    }
    output = Output()
    if as_json:
        output.line(as_json_text({name: str(place) for name, place in places.items()}))
        return
    for name, place in places.items():
        output.line(f"{name:<9} {place}")


@config.command()
@json_option
def show(as_json: bool) -> None:
    """Show every setting in force; config.toml sets those that differ from their default."""
    configuration = read_configuration()
    Narration().warn(configuration.problems)
    output = Output()
    if as_json:
        models = {name: stored_load(values) for name, values in configuration.models.items()}
        output.line(as_json_text({**msgspec.structs.asdict(configuration.settings), "models": models}))
        return
    defaults = Settings()
    for name, setting_help in SETTING_HELP.items():
        value = getattr(configuration.settings, name)
        source = "default" if value == getattr(defaults, name) else "config.toml"
        output.line(f"{name} = {_toml(value)}  [{source}] {setting_help.text}")
    for model, values in configuration.models.items():
        for name, value in stored_load(values).items():
            output.line(f"models.{clean_line(model)}.{name} = {_toml(value)}  [config.toml] {LOAD[name].help}")


@config.command()
def check() -> None:
    """Check config.toml, keymap.toml and presets; each mistake with line and reason, and exit code 3."""
    from chatapp.storage.config import load_keymap
    from chatapp.ui.keymap import Keymap

    configuration = read_configuration()
    keymap, keymap_problems = load_keymap(configuration.paths.keymap_file)
    presets = [problem for entry in make_presets(configuration).list() for problem in entry.problems]
    problems = (
        *(*configuration.problems, *theme_problems(configuration)),
        *(*keymap_problems, *Keymap(keymap).problems),
        *presets,
    )
    narration = Narration()
    for problem in problems:
        narration.error(problem)
    if problems:
        raise click.exceptions.Exit(FileProblem.exit_code)
    for file in (configuration.paths.config_file, configuration.paths.keymap_file):
        narration.say(f"{file}: {'in order' if file.exists() else 'not there, defaults are used'}")


def _toml(value: object) -> str:
    return msgspec.json.encode(value).decode()
