"""The command line imports what it needs when it needs it."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from chatapp.cli.main import COMMANDS, cli

HEAVY = ("textual", "rich", "llama_cpp", "numpy", "huggingface_hub", "sqlite3", "jinja2", "asyncio", "msgspec")

HELP = """
import chatapp.cli.main
try:
    chatapp.cli.main.main(["--help"])
except SystemExit as end:
    assert end.code == 0
"""


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize(
    ("code", "forbidden"),
    [
        ("import chatapp", HEAVY),
        (HELP, HEAVY),
        ("import chatapp.cli.ask, chatapp.cli.chat", ("textual", "rich", "llama_cpp", "numpy", "sqlite3", "jinja2")),
        (
            "import chatapp.cli.workbench, chatapp.chat.session, chatapp.backends.local",
            ("textual", "rich", "llama_cpp", "numpy", "jinja2"),
        ),
    ],
)
def test_nothing_heavy_is_imported(code: str, forbidden: tuple[str, ...]) -> None:
    assert not loaded_after(code) & set(forbidden)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_names_commands_that_exist(name: str) -> None:
    context = click.Context(cli)
    command = cli.get_command(context, name)
    assert command is not None
    assert command.name == name
    assert command.help
