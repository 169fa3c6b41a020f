"""The command `chatapp`: its groups, and the one place where errors become exit codes.

Nothing heavy is imported here; each command imports what it needs when it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from chatapp import __version__
from chatapp.cli.lazy import Entry, LazyGroup
from chatapp.cli.options import exact_option

COMMANDS = {
    "ask": Entry("chatapp.cli.ask:ask", "Ask for one reply, streamed to standard output."),
    "chat": Entry("chatapp.cli.chat:chat", "Talk line by line in a plain terminal."),
    "batch": Entry("chatapp.cli.batch:batch", "Answer every prompt of a file, many at once, into another file."),
    "history": Entry("chatapp.cli.history:history", "List, show and search what was said."),
    "models": Entry("chatapp.cli.models:models", "List the models at hand and show what is in them."),
    "presets": Entry("chatapp.cli.presets:presets", "List, show, save, edit and check presets."),
    "prompts": Entry("chatapp.cli.prompts:prompts", "A library of prompts; show the exact prompt that a model gets."),
    "cache": Entry("chatapp.cli.cache:cache", "Show and clear what need not be computed again."),
    "config": Entry("chatapp.cli.config:config", "Show and check settings and keys."),
    "doctor": Entry("chatapp.cli.doctor:doctor", "Say what is installed, what is wrong and how to mend it."),
}
"""Every command, in the order of the help."""


class WorkbenchGroup(LazyGroup):
    """The group of all commands, which opens the workbench by itself, with an option for every load setting.

    Those options need the registry, so they are made only where one may be among the arguments.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Add the options of the registry where `args` hold any that is unknown without them."""
        known = {name for option in self.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}
        named = {argument.partition("=")[0] for argument in args if argument.startswith("--")}
        if args and args[0].startswith("-") and named - known - {"--"}:
            from chatapp.cli.load_option import load_option_list

            self.params += [option for option in load_option_list() if not known.intersection(option.opts)]
        return super().parse_args(ctx, args)


@click.group(
    cls=WorkbenchGroup,
    entries=COMMANDS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Without a command, the workbench opens; it takes the load settings of `chatapp ask --help`, too, as in "
    "--context-size 4096. `chatapp COMMAND --help` says more.",
)
@click.option(
    "-m", "--model", metavar="MODEL", help="The model to open: pocket, a short name, or a path to a GGUF file."
)
@click.option("--preset", metavar="NAME", help="The preset to use, '' for none; `chatapp presets list` names them.")
@click.option(
    "--resume",
    is_flag=False,
    flag_value=-1,
    type=int,
    metavar="[ID]",
    help="Open the last conversation, or the one with this number.",
)
@exact_option
@click.option("--incognito", is_flag=True, help="Keep nothing of any kind.")
@click.version_option(__version__, prog_name="chatapp", message="%(prog)s %(version)s")
@click.pass_context
def cli(
    context: click.Context,
    /,
    model: str | None,
    preset: str | None,
    resume: int | None,
    exact: bool,
    incognito: bool,
    **load: object,
) -> None:
    """Talk to language models on this machine, and steer how the words come out."""
    if context.invoked_subcommand is None:
        from chatapp.cli.workbench import open_workbench

        open_workbench(model=model, preset=preset, resume=resume, exact=exact, incognito=incognito, load=load)
    elif model is not None or preset is not None or resume is not None or exact or incognito or any(load.values()):
        raise click.UsageError(
            "--model, --preset, --resume, --exact, --incognito and load settings before a command belong to the "
            f"workbench; write them after “{context.invoked_subcommand}”."
        )


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code."""
    from chatapp.cli.border import run

    sys.exit(run(lambda: cli.main(arguments, prog_name="chatapp", standalone_mode=False)))
