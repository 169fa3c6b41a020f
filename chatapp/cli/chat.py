"""`chatapp chat`: a conversation line by line in a plain terminal."""

from __future__ import annotations

import sys

import click

from chatapp.cli.compose import Choice, find_model, find_preset, open_session, read_configuration
from chatapp.cli.narration import Narration
from chatapp.cli.options import (
    context_size_option,
    incognito_option,
    model_option,
    preset_option,
    read_template_variables,
    template_variables_option,
    verbose_option,
)
from chatapp.cli.parameter_option import ParameterCommand, chosen_values, parameter_options
from chatapp.core.errors import StoreUnwritable, UsageError


@click.command(
    cls=ParameterCommand,
    epilog='/help lists the commands. A line with """ begins a message of several lines, which ends with """. '
    "Ctrl+c stops a reply, twice at the prompt ends; ctrl+d ends. Piped input ends at the first reply that fails.",
)
@model_option
@preset_option
@context_size_option
@click.option("-s", "--system", metavar="TEXT", default="", help="The system prompt.")
@click.option("--raw", is_flag=True, help="Complete each line as it is, without chat template.")
@click.option("--show-reasoning", is_flag=True, help="Write the model's thoughts to standard error.")
@template_variables_option("--template-var")
@incognito_option
@verbose_option
@parameter_options
def chat(
    model: str | None,
    preset: str | None,
    context_size: int | None,
    system: str,
    raw: bool,
    show_reasoning: bool,
    template_variables: tuple[str, ...],
    incognito: bool,
    verbose: bool,
    **parameters: object,
) -> int:
    """Talk line by line. Everything is kept as in the workbench."""
    from chatapp.cli.dialogue import Dialogue
    from chatapp.cli.event_loop import EventLoop
    from chatapp.cli.lines import Lines
    from chatapp.cli.talk import Talk
    from chatapp.models.family import family
    from chatapp.models.gguf import read_header

    edits, variables = chosen_values(parameters), read_template_variables(template_variables)
    if raw and (system or variables):
        raise UsageError("--raw has neither system prompt nor template.", hint="Leave one of them out.")
    narration = Narration(verbose=verbose)
    configuration = read_configuration()
    narration.warn(configuration.problems)
    choice = Choice(model, context_size, incognito, find_preset(configuration, preset))
    with EventLoop() as loop:
        opening = open_session(configuration, choice)
        session = loop.run(opening.__aenter__())
        try:
            narration.warn(session.problems)
            header = read_header(find_model(configuration, choice))
            known = family(header.texts)
            dialogue = Dialogue(
                session,
                edits=edits,
                system=system or (choice.preset.system_prompt if choice.preset is not None and not raw else ""),
                template_variables=variables,
                wishes=header.sampling,
                family=known.values if known is not None else {},
                raw=raw,
            )
            talk = Talk(dialogue, loop, Lines(), narration, shows_reasoning=show_reasoning or verbose)
            code = talk.run()
            return code if code or session.persistent or incognito else StoreUnwritable.exit_code
        finally:
            loop.run(opening.__aexit__(*sys.exc_info()))
