"""`chatapp batch`: every prompt of a file, many at once, into another file."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

import click

from chatapp.cli.compose import Choice, find_model, find_preset, read_configuration
from chatapp.cli.load_option import chosen_load, load_options
from chatapp.cli.narration import Narration
from chatapp.cli.options import (
    exact_option,
    json_option,
    model_option,
    preset_option,
    read_template_variables,
    template_variables_option,
    unescape,
)
from chatapp.cli.parameter_option import ParameterCommand, chosen_values, parameter_options
from chatapp.core.errors import UsageError
from chatapp.core.parameters import Value, resolve

PARALLEL = 8
_MOST_PARALLEL = 64


@click.command(
    cls=ParameterCommand,
    epilog="OUTPUT holds one JSON object a line, in the order of the prompts, and nothing else; model and settings "
    "stand once in OUTPUT.batch.json. The same command run again goes on where it ended, whatever ended it. "
    "Nothing of a batch comes into the history.",
)
@click.argument("prompts", metavar="PROMPTS.(txt|csv|jsonl)", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", metavar="OUTPUT.jsonl", type=click.Path(path_type=Path), required=True, help="Where rows go."
)
@click.option(
    "-p", "--parallel", type=click.IntRange(1, _MOST_PARALLEL), default=PARALLEL, show_default=True, metavar="COUNT",
    help="How many rows are answered at once.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(["txt", "csv", "jsonl"]), help="What PROMPTS is.  [default: by its ending]"
)
@click.option(
    "--column", metavar="NAME", default="prompt", show_default=True, help="The CSV column or JSON key with the prompt."
)
@click.option(
    "--bad-rows", type=click.Choice(["refuse", "keep"]), default="refuse", show_default=True,
    help="Rows that can't be asked: refuse names them and asks nothing at all; keep writes them with their error.",
)  # fmt: skip
@click.option("--no-echo", is_flag=True, help="Leave prompts out of the output; their digest stays.")
@click.option("--restart", is_flag=True, help="Throw away what is written, and begin anew.")
@click.option(
    "--force", is_flag=True, help="Go on although prompts, model or settings changed; written rows stay as they are."
)
@click.option("--retry", is_flag=True, help="Ask again for the rows that failed.")
@model_option
@preset_option
@click.option("-s", "--system", metavar="TEXT", help="The system prompt of rows that have none of their own.")
@click.option(
    "--prefill", metavar="TEXT", default="", help="Begin each reply with this text; the model goes on from it."
)
@click.option(
    "--raw",
    is_flag=True,
    help="Complete each prompt as it is, without chat template; control-token text in it counts as such.",
)
@click.option(
    "--escapes", is_flag=True, help=r"Turn \n, \t and \\ in --system, --prefill and --stop into the characters."
)
@template_variables_option("--template-var")
@json_option
@exact_option
@click.option("--incognito", is_flag=True, help="Keep nothing but OUTPUT and what goes with it: no snapshots, no logs.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Say on standard error what the model was loaded with, and the batch's seed."
)
@load_options
@parameter_options
def batch(
    prompts: Path,
    output: Path,
    parallel: int,
    form: str | None,
    column: str,
    bad_rows: str,
    no_echo: bool,
    restart: bool,
    force: bool,
    retry: bool,
    model: str | None,
    preset: str | None,
    system: str | None,
    prefill: str,
    raw: bool,
    escapes: bool,
    template_variables: tuple[str, ...],
    as_json: bool,
    exact: bool,
    incognito: bool,
    verbose: bool,
    **parameters: object,
) -> int:
    """Answer every prompt of a file, many at once, into another file.

    \b
    txt    one prompt a line
    csv    a header with the column prompt; id and system are known, too, and a column
           parameters.NAME holds values of that parameter
    jsonl  one object a line: prompt or messages, and where wanted id, system and
           parameters, an object of values
    Other columns and keys are carried through. Empty lines are no rows.

    Each row has a seed of its own that depends on --seed and on its place, so that rows don't change when the batch is
    interrupted or asked with another --parallel; where a near tie must not tip over either, add --exact.
    """  # noqa: D301
    from chatapp.chat.batch.batch import check_input, known_seed
    from chatapp.chat.batch.output import Output
    from chatapp.chat.batch.plan import MOST_SEEDS, Plan, drawn_seed
    from chatapp.chat.batch.source import Source, form_of
    from chatapp.cli.batch_run import BatchRun, Wishes

    if restart and (force or retry):
        raise UsageError("--restart leaves nothing to go on with.", hint="Leave --force and --retry out.")
    if raw and (system is not None or template_variables):
        raise UsageError(
            "--raw excludes --system and --template-var: a raw prompt has no roles and no template.",
            hint="Leave one of them out.",
        )
    if output.exists() and prompts.exists() and output.samefile(prompts):
        raise UsageError("Prompts and output are the same file.", hint="Choose another file with -o.")
    if escapes:
        system, prefill = unescape(system) if system is not None else None, unescape(prefill)
        if isinstance(stop := parameters.get("stop"), tuple):
            parameters["stop"] = tuple(unescape(text) for text in stop)
    narration = Narration(verbose=verbose)
    configuration = read_configuration()
    narration.warn(configuration.problems)
    choice = Choice(model, chosen_load(parameters), incognito, find_preset(configuration, preset), exact)
    edits = chosen_values(parameters)
    sampling = dict(choice.preset.sampling) if choice.preset is not None else {}
    resolve(edits=edits, preset=sampling)
    known = known_seed(output) if not restart and output.exists() else None
    plan = Plan(
        seed=drawn_seed(edits, sampling, known if known is not None else secrets.randbelow(MOST_SEEDS)),
        system=_system(system, choice.preset.system_prompt if choice.preset is not None else "", raw=raw),
        prefill=prefill,
        edits=_without_seed(edits),
        preset=_without_seed(sampling),
        thinking=dict(choice.preset.thinking) if choice.preset is not None else {},
        template_variables=read_template_variables(template_variables),
        raw=raw,
        exact=exact,
        echo=not no_echo,
    )
    source = Source(
        path=prompts,
        form=form_of(prompts, form),
        column=column,
        raw=raw,
        edits=plan.edits,
        preset=plan.preset,
    )
    checked = check_input(source, takes_bad_rows=bad_rows == "keep")
    for reason in checked.reasons:
        narration.say(f"a row with an error: {reason}")
    if checked.bad > len(checked.reasons):
        narration.say(f"and {checked.bad - len(checked.reasons):,} more rows with an error")
    wishes = Wishes(parallel, restart=restart, force=force, retry=retry)
    found = find_model(configuration, choice)
    with Output(output) as file:
        run = BatchRun(configuration, choice, found, narration, wishes, as_json=as_json)
        return run.run(source, plan, file, checked.rows)


def _system(system: str | None, preset: str, *, raw: bool) -> str:
    """The system prompt of the batch: the one given, else the preset's; a raw prompt has none."""
    if raw:
        return ""
    return preset if system is None or not system.strip() else system


def _without_seed(values: Mapping[str, Value]) -> dict[str, Value]:
    """Values without the seed, since each row gets its own."""
    return {name: value for name, value in values.items() if name != "seed"}
