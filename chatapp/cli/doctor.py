"""`chatapp doctor`: what is installed, what is wrong and how to mend it."""

from __future__ import annotations

import asyncio

import click

from chatapp.cli.compose import Choice, read_configuration
from chatapp.cli.load_option import SectionedCommand, chosen_load, load_options
from chatapp.cli.options import json_option, model_option
from chatapp.cli.streams import Output, as_json_text


@click.command(cls=SectionedCommand)
@model_option
@json_option
@load_options
def doctor(model: str | None, as_json: bool, **load: object) -> None:
    """Say what is installed, which device is really used, what is wrong and how to mend it.

    A few tokens are generated with the built-in model, or with MODEL. The exit code is 1 where anything is wrong.
    """
    from chatapp.cli.examination import examine

    findings = asyncio.run(examine(read_configuration(), Choice(model, chosen_load(load))))
    output = Output()
    if as_json:
        output.line(as_json_text(findings))
    else:
        width = max(len(finding.subject) for finding in findings)
        for finding in findings:
            output.line(f"{'   ' if finding.is_well else ' ! '}{finding.subject:<{width}}  {finding.text}")
            if finding.hint and not finding.is_well:
                output.line(f"   {'':<{width}}  → {finding.hint}")
        wrong = sum(not finding.is_well for finding in findings)
        output.line("\nAll is well." if not wrong else f"\n{wrong} to mend, marked with !")
    if not all(finding.is_well for finding in findings):
        raise click.exceptions.Exit(1)
