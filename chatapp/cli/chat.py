"""`chatapp chat`: a conversation line by line in a plain terminal."""

from __future__ import annotations

import sys

import click

from chatapp.cli.compose import (
    Choice,
    find_model,
    find_preset,
    open_pooled_session,
    read_configuration,
    resolve_loading,
)
from chatapp.cli.load_option import chosen_load, load_options
from chatapp.cli.narration import Narration
from chatapp.cli.options import (
    exact_option,
    incognito_option,
    model_option,
    overflow_option,
    preset_option,
    read_template_variables,
    template_variables_option,
    verbose_option,
)
from chatapp.cli.parameter_option import ParameterCommand, chosen_values, parameter_options
from chatapp.core.errors import StoreUnwritable, UsageError
from chatapp.core.overflow import Overflow


@click.command(
    cls=ParameterCommand,
    epilog='/help lists the commands. A line with """ begins a message of several lines, which ends with """. '
    "Ctrl+c stops a reply, twice at the prompt ends; ctrl+d ends. Piped input ends at the first reply that fails.",
)
@model_option
@preset_option
@overflow_option
@click.option("-s", "--system", metavar="TEXT", default="", help="The system prompt.")
@click.option("--raw", is_flag=True, help="Complete each line as it is, without chat template.")
@click.option("--show-reasoning", is_flag=True, help="Write the model's thoughts to standard error.")
@template_variables_option("--template-var")
@exact_option
@incognito_option
@verbose_option
@load_options
@parameter_options
def chat(
    model: str | None,
    preset: str | None,
    overflow: Overflow | None,
    system: str,
    raw: bool,
    show_reasoning: bool,
    template_variables: tuple[str, ...],
    exact: bool,
    incognito: bool,
    verbose: bool,
    **parameters: object,
) -> int:
    """Talk line by line. Everything is kept as in the workbench."""
    from chatapp.cli.dialogue import Dialogue
    from chatapp.cli.event_loop import EventLoop
    from chatapp.cli.lines import Lines
    from chatapp.cli.load_report import LoadReport
    from chatapp.cli.model_switch import ModelSwitch
    from chatapp.cli.talk import Talk

    edits, variables = chosen_values(parameters), read_template_variables(template_variables)
    if raw and (system or variables):
        raise UsageError("--raw has neither system prompt nor template.", hint="Leave one of them out.")
    narration = Narration(verbose=verbose)
    configuration = read_configuration()
    narration.warn(configuration.problems)
    choice = Choice(model, chosen_load(parameters), incognito, find_preset(configuration, preset), exact)
    with EventLoop() as loop:
        opening = open_pooled_session(configuration, choice, program="chat")
        session, pool = loop.run(opening.__aenter__())
        try:
            narration.warn(session.problems)
            switch = ModelSwitch(configuration, choice, pool)
            chosen = switch.choose(None)
            dialogue = Dialogue(
                session,
                edits=edits,
                system=system or (choice.preset.system_prompt if choice.preset is not None and not raw else ""),
                template_variables=variables,
                wishes=chosen.wishes,
                family=chosen.family,
                raw=raw,
                overflow=overflow,
                models=switch,
            )
            _, asked = resolve_loading(configuration, choice, find_model(configuration, choice))
            report = LoadReport(narration, lambda: session.backend, asked)
            talk = Talk(dialogue, loop, Lines(), narration, shows_reasoning=show_reasoning or verbose, load=report)
            code = talk.run()
            return code if code or session.persistent or incognito else StoreUnwritable.exit_code
        finally:
            loop.run(opening.__aexit__(*sys.exc_info()))
