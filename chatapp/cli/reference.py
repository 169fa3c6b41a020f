"""Writes the reference of the command line from the registries: `python -m chatapp.cli.reference`.

Its output is `docs/command-line.md`; a test says when that file is not current.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Iterator

import click
import msgspec

from chatapp.chat.batch.row import BatchRow
from chatapp.cli import exits
from chatapp.cli.dialogue import COMMANDS
from chatapp.cli.explanation import Explanation
from chatapp.cli.load_option import OPTIONS_ELSEWHERE, SectionedCommand
from chatapp.cli.main import cli
from chatapp.cli.parameter_option import GROUPS, ParameterCommand
from chatapp.cli.result import AskResult
from chatapp.cli.token_table import Token
from chatapp.core.errors import ChatappError, kinds
from chatapp.core.events import STOP_REASONS
from chatapp.core.loading import LOAD, LOAD_GROUPS
from chatapp.core.overflow import OVERFLOWS
from chatapp.core.parameters import PARAMETERS, Parameter

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


_PRESETS = '''\
## Presets

A preset is a TOML file in the directory `presets` beside `config.toml`; its name is the file's, in lower case. All of
it is optional; a preset with a mistake is named with line and reason and used by nobody. A preset of yours hides a
shipped one of the same name.

```toml
title = "Interview"
description = "Short questions, one at a time."
system_prompt = """
You ask short questions, one at a time.
"""

[sampling]             # any parameter of the table below
temperature = 0.9
max_new_tokens = 80

[thinking]             # what differs while the model thinks
temperature = 0.6

[load]                 # any load setting of the table below
context_size = 4096
lora = ["style.gguf:0.8"]
```

The value in force is the first of these that there is: one set on the command line or for the conversation, that of
the prompt of the library, the preset's, the model file's (`general.sampling.*`), what is recommended for the model's
family, the default.
`chatapp ask --explain` shows it for each parameter. The system prompt goes to conversations that have none.
'''

_PROMPTS = '''\
## Prompts

A prompt of the library is a TOML file in the directory `prompts` beside `config.toml`; its name is the file's, in
lower case. `chatapp prompts new NAME` writes one to begin with, `chatapp prompts check` tells every mistake with file
and line, that of a template too. One with a mistake is used by nobody. A prompt of yours hides a shipped one of the
same name.

```toml
title = "Letter"
purpose = "Answers a letter."
input = "letter"       # the variable that typed or piped text goes to
system = "You write letters in {{ language }}."
user = """
Answer this letter{{ ", and say: " ~ points if points else "" }}.

{{ letter | trim }}
"""
prefill = "Dear"       # the reply begins with it
# raw = true           # completed as it is, without chat template and system prompt

[variables.letter]
kind = "multi-line"    # text (one line; the default), multi-line, number, choice, file, files
help = "The letter to answer."
required = true

[variables.language]
kind = "choice"
choices = ["English", "German"]
default = "English"

[variables.points]
help = "What the answer says."

[variables.words]
kind = "number"
default = 200

[sampling]             # any parameter of the table below; constraints and stop strings are parameters, too
temperature = 0.7
stop = ["P.S."]
max_new_tokens = { template = "{{ words * 2 }}" }   # a value made from the variables, read as it is typed

[example]              # how a row of examples becomes a pair of messages; without it rows have user and assistant
columns = ["letter", "answer"]
assistant = "{{ answer }}"   # user = "…" is the template above where there is none

[[examples]]
letter = "Will you come on Monday?"
answer = "Dear Ada, I will."
```

Templates are Jinja in a sandbox: they run in a process that is ended after two seconds or 256 MB. A name that is no
variable is an error and never an empty text. What a variable holds is never a template. A `file` is the text of a
file, `files` a list of objects with `name` and `text`; the others of what is left out are their default, or empty. An
example whose assistant's text comes out empty is left out.

`chatapp ask --template NAME --var NAME=VALUE` asks with it, and so does `chatapp prompts run NAME`; the examples are
messages before the question. `--examples FILE` puts others in their place: csv with a header line, jsonl with one
object a line, or the `[[examples]]` of a TOML file; without `--template` they go before what was typed.
`chatapp prompts render NAME` prints the exact prompt. A conversation that begins with a prompt keeps its values:
`chatapp ask --continue` goes on with them.
'''

_BATCH = """\
## Batches

`chatapp batch` reads its prompts twice: first all of them, so that a mistake in the last row is said before the first
is asked, then one after another as they are needed. Neither prompts nor replies are held in memory, whatever their
number. A txt file has one prompt a line. A CSV file has a header with the column `prompt`. A JSONL file has one object
a line:

```json
{"id": "a1", "prompt": "Name a colour.", "parameters": {"temperature": 1.2, "max_new_tokens": 20}, "topic": "colours"}
{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello!"}]}
```

`id`, `system` and `parameters` are optional. A CSV file has columns `id` and `system` where wanted, and columns such as
`parameters.temperature`, in which an empty cell sets nothing. All other columns and keys are carried through as
`values`. A row's parameters stand above the options, these above the preset. Files are UTF-8.

A mistake in the input is named with file and line, and nothing is asked; with `--bad-rows keep` each bad row gets its
error instead, but for a CSV file that can't be read any further. Rows are written in the order of the input. A row that
fails has an error in place of a reply, the batch goes on, and the exit code is 10; `--retry` asks for such rows again.
Where the engine's process dies, the rows that it was writing are asked again, each alone, so that only one that kills
it again gets the error; three of these one after the other end the batch.

The same command run again goes on where the batch ended: ctrl+c, a crash, a full disk, a power cut. Half a line at the
end is cut off first. Where prompts that are answered, settings or model changed since, it says what changed and
stops; `--restart` begins anew, `--force` goes on. Rows may be added to the input at any time. Beside OUTPUT lies
`OUTPUT.batch.json`, with model, settings and seed; and, while a batch is interrupted, `OUTPUT.ahead`, with rows that
were ready before their turn.

The seed of a row comes from `--seed` (drawn once where it is not given, and kept in `OUTPUT.batch.json`) and from the
row's index. The same seed gives the same reply unless two tokens are as good as equally likely, which replies that are
computed together may tip; with `--exact` it does so always, on the same machine and build.

Each line of OUTPUT is an object with these fields; `messages`, `system`, `values` and `parameters` are absent where the
row has none:
"""

_FULL = """\
## When the context is full

Each conversation has an overflow: what happens when it no longer fits the model's context. `--overflow`,
`/set overflow` and the inspector choose it; the setting `overflow` is what a new conversation begins with. What is
left out stays in the conversation; how much it was is said with the reply, and as `left_out` in JSON. The reply is
left room for `max_new_tokens`, or a quarter of the context where that is unset, and never more than half of it. When
turns must be left out, it is so many that the prompt takes about half of the context, so that the next turns can go on
from what is computed.
"""


def reference() -> str:
    """The whole document."""
    parts = (
        *(_BEGINNING, *_exit_codes(), *_stop_reasons(), *_json_fields(), *_batch(), *_chat(), _ROLES),
        *(_PRESETS, _PROMPTS, *_overflow(), *_parameters(), *_load_settings(), *_commands()),
    )
    return "\n".join(parts)


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
    yield "\nEach of `tokens`:\n"
    yield from _table(Token)
    yield "\nWith `--explain` it is this instead:\n"
    yield from _table(Explanation)
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


def _batch() -> Iterator[str]:
    yield _BATCH
    yield from _table(BatchRow)
    yield ""


def _chat() -> Iterator[str]:
    yield "## Commands of `chatapp chat`\n\n| command | does |\n|---|---|"
    for usage, meaning in COMMANDS.values():
        yield f"| `{usage}` | {meaning} |"
    yield '\nA line with `"""` begins a message of several lines. A message that begins with `/` is written'
    yield "with `//`.\n"


def _overflow() -> Iterator[str]:
    yield f"{_FULL}\n| overflow | in short | what happens |\n|---|---|---|"
    for name, choice in OVERFLOWS.items():
        yield f"| `{name}` | {choice.title} | {choice.help} |"
    yield ""


def _parameters() -> Iterator[str]:
    yield "## Parameters\n"
    yield "Each is an option of `ask`, `batch`, `chat` and `presets save`, a name for `/set`, and a key of a preset."
    yield "`@FILE` reads the value of `grammar` and `json_schema` from a file. Options that take several texts"
    yield "are repeated.\n"
    for group in GROUPS:
        yield f"### {group}\n"
        for parameter in PARAMETERS.values():
            if parameter.group == group:
                yield from _parameter(parameter)


def _parameter(parameter: Parameter) -> Iterator[str]:
    aliases = f" (also {', '.join(f'`{alias}`' for alias in parameter.aliases)})" if parameter.aliases else ""
    facts = [f"takes {parameter.range}", f"default: {parameter.show(parameter.default)}"]
    facts += ["fixed while a reply runs"] if not parameter.live else []
    facts += [f"stage `{parameter.stage}`"] if parameter.stage is not None else []
    effects = f" {parameter.effects}" if parameter.effects else ""
    yield f"**`{parameter.name}`**{aliases}: {parameter.help}{effects}  "
    yield f"*{'; '.join(facts)}.*\n"


_LOADING = """\
## Load settings

Each is an option of every command that loads a model and of the workbench, a key of `[load]` in a preset, and a key of
a model's own table in `config.toml`:

```toml
[models.pocket]                 # a name as `chatapp models list` shows it, or a path in quotes
threads = 2

[models."qwen2.5-7b-instruct-q4_k_m"]
gpu_layers = "all"
cache_type_k = "q8_0"
cache_type_v = "q8_0"
```

In force is the option, else the preset's, else the model's table's, else the setting `context_size`, else what the
engine chooses: `auto` asks for that again. `-v` tells who asked for what, and then what took effect, as llama.cpp says
it; what was asked for in vain is said in any case. `chatapp models info` shows what a model would be loaded with, and
`chatapp doctor` what took effect.
"""


def _load_settings() -> Iterator[str]:
    yield _LOADING
    for group, about in LOAD_GROUPS.items():
        yield f"### {group}\n\n{about}\n"
        for setting in LOAD.values():
            if setting.group == group:
                aliases = f" (also {', '.join(f'`{alias}`' for alias in setting.aliases)})" if setting.aliases else ""
                yield f"**`{setting.name}`**{aliases}: {setting.help} {setting.effects}  "
                yield f"*takes {setting.range}; default: {setting.show(setting.default)}.*\n"


def _commands() -> Iterator[str]:
    yield "## All commands\n"
    yield from _help(cli, "chatapp", None)


def _help(command: click.Command, path: str, parent: click.Context | None) -> Iterator[str]:
    names = command.context_settings.get("help_option_names")
    context = click.Context(
        *(command, parent, path.rpartition(" ")[2]),
        max_content_width=_WIDTH, terminal_width=_WIDTH, help_option_names=names,
    )  # fmt: skip
    context.meta[OPTIONS_ELSEWHERE] = True
    yield f"### `{path}`\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, ParameterCommand):
        yield "Further options: every [parameter](#parameters), with hyphens, as in `--top-k 40`, and every"
        yield "[load setting](#load-settings), as in `--context-size 4096`.\n"
    elif isinstance(command, SectionedCommand):
        yield "Further options: every [load setting](#load-settings), with hyphens, as in `--context-size 4096`.\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _help(inner, f"{path} {name}", context)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    sys.stdout.write(reference())
