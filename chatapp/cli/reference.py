"""Writes the reference of the command line from the registries: `python -m chatapp.cli.reference`.

Its output is `docs/command-line.md`; a test says when that file is not current.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Iterator

import click
import msgspec

from chatapp.cli import exits
from chatapp.cli.dialogue import COMMANDS
from chatapp.cli.main import cli
from chatapp.cli.result import AskResult
from chatapp.core.errors import ChatappError, kinds
from chatapp.core.events import STOP_REASONS

_WIDTH = 100

_BEGINNING = """\
# The command line

Standard output is data, standard error is narration: a reply, a list or JSON goes to the one, everything that
chatapp says about its work to the other. Text is UTF-8. On a terminal control characters in anything that a model,
a file or a person wrote are made visible; where output is piped, text goes out exactly as it is.

`chatapp ask` takes its prompt from its argument, from standard input, or from both: the argument first, an empty
line, then what was piped, without the line ends at its end. With `--raw` nothing is put between them and nothing
is dropped. A prefill is part of the reply, on standard output as in the store. A reply ends with a line end,
added where the model wrote none; piped with `--raw` it is left exactly as it is.

`python -m chatapp` is the same as `chatapp`. `CHATAPP_HOME` moves everything that chatapp keeps into one directory.

This file is made by `python -m chatapp.cli.reference`.
"""

_ROLES = """\
## Messages for `chatapp prompts render`

A JSON list of objects with `role` (system, user or assistant) and `content` (text, or a list of text parts), or an
object that holds such a list as `messages`. `reasoning_content` of an assistant reaches templates that read it.
"""


def reference() -> str:
    """The whole document."""
    return "\n".join([_BEGINNING, *_exit_codes(), *_stop_reasons(), *_json_fields(), *_chat(), _ROLES, *_commands()])


def _exit_codes() -> Iterator[str]:
    yield "## Exit codes\n\n| code | when |\n|---|---|"
    meanings = dict(exits.MEANINGS)
    by_code: dict[int, list[str]] = {}
    for kind in kinds().values():
        by_code.setdefault(kind.exit_code, []).append(kind.title)
    for code, titles in by_code.items():
        meanings[code] = "; ".join(dict.fromkeys(title[0].lower() + title[1:] for title in sorted(titles)))
    meanings[ChatappError.exit_code] += "; `history search` found nothing; `doctor` found something to mend"
    for code in sorted(meanings):
        yield f"| {code} | {meanings[code]} |"
    yield ""


def _stop_reasons() -> Iterator[str]:
    yield "## Stop reasons\n\n| stop_reason | meaning |\n|---|---|"
    for name, meaning in STOP_REASONS.items():
        yield f"| `{name}` | {meaning} |"
    yield ""


def _json_fields() -> Iterator[str]:
    yield "## What `chatapp ask --json` writes\n\nOne JSON object when the reply has ended. Nothing where it failed.\n"
    yield from _table(AskResult)
    yield ""


def _table(kind: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    if not prefix:
        yield "| field | meaning |\n|---|---|"
    hints = typing.get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        hint = hints[field.name]
        meta = next(item for item in typing.get_args(hint) if isinstance(item, msgspec.Meta))
        yield f"| `{prefix}{field.encode_name}` | {meta.description} |"
        inner = typing.get_args(hint)[0]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct) and inner.__module__ == kind.__module__:
            yield from _table(inner, f"{prefix}{field.encode_name}.")


def _chat() -> Iterator[str]:
    yield "## Commands of `chatapp chat`\n\n| command | does |\n|---|---|"
    for usage, meaning in COMMANDS.values():
        yield f"| `{usage}` | {meaning} |"
    yield '\nA line with `"""` begins a message of several lines. A message that begins with `/` is written'
    yield "with `//`.\n"


def _commands() -> Iterator[str]:
    yield "## All commands\n"
    yield from _help(cli, "chatapp", None)


def _help(command: click.Command, path: str, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(
        command, info_name=path.rpartition(" ")[2], parent=parent, max_content_width=_WIDTH, terminal_width=_WIDTH
    )
    yield f"### `{path}`\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _help(inner, f"{path} {name}", context)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    sys.stdout.write(reference())
