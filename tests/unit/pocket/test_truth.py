"""What the model is taught about commands, options and settings is so."""

from __future__ import annotations

import re

import click
import pytest

from chatapp.cli.main import cli
from chatapp.core.paths import Paths
from chatapp.core.settings import Settings
from chatapp.pocket.corpus.dialogue import intents

ANSWERS = sorted({answer for intent in intents() for answer in intent.answers})
COMMAND = re.compile(r"(?:[Rr]un|to|with|Give \S+ to) chatapp((?: [a-z]+){1,2})")


def command(words: list[str]) -> click.Command | None:
    """The deepest command that the words name; None where the first names none."""
    found: click.Command | None = cli
    context = click.Context(cli)
    for word in words:
        if not isinstance(found, click.Group):
            break
        found = found.get_command(context, word)
    return found


def options(of: click.Command | None) -> set[str]:
    return {name for parameter in (of.params if of else []) for name in parameter.opts}


@pytest.mark.parametrize("name", ["ask", "chat", "history", "models", "prompts", "config", "doctor"])
def test_the_commands_of_the_overview_are_there(name: str) -> None:
    assert command([name]) is not None
    assert any(name in answer for answer in ANSWERS if answer.startswith("There are chatapp ask"))


def test_every_command_in_an_answer_is_there() -> None:
    named = {
        match.group(1) for answer in ANSWERS for match in COMMAND.finditer(answer) if "in a shell; it" not in answer
    }
    assert len(named) >= 10
    for words in named:
        assert command(words.split()) is not None, words


def test_every_option_in_an_answer_is_there() -> None:
    known = options(cli) | options(command(["ask"])) | {"--version"}
    for answer in ANSWERS:
        for option in re.findall(r"(?<!\w)--?[a-z][a-z-]*", answer):
            assert option in known, answer


def test_settings_and_files_in_answers_are_there() -> None:
    known = set(Settings.__struct_fields__)
    for answer in ANSWERS:
        for setting in re.findall(r"[Ss]et (\w+) (?:=|in config)", answer):
            assert setting in known, answer
    paths = Paths.of({"CHATAPP_HOME": "home"})
    names = {paths.database.name, paths.config_file.name, paths.keymap_file.name}
    named = {name for answer in ANSWERS for name in re.findall(r"\b[a-z]+\.(?:toml|db)\b", answer)}
    assert named <= names
