"""`chatapp prompts render`: the exact prompt that a model gets."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import msgspec

from chatapp.cli.compose import Choice, find_model, open_backend, read_configuration, resolve_loading
from chatapp.cli.load_option import SectionedCommand, chosen_load, load_options
from chatapp.cli.load_report import LoadReport
from chatapp.cli.message_file import read_messages
from chatapp.cli.narration import Narration
from chatapp.cli.options import (
    TemplateValue,
    json_option,
    model_option,
    read_template_variables,
    template_variables_option,
)
from chatapp.cli.streams import Output, as_json_text, decode
from chatapp.core.errors import FileProblem, UsageError
from chatapp.core.messages import Message


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What `chatapp prompts render --json` writes; `token_ids` is null without a model."""

    prompt: str
    token_ids: tuple[int, ...] | None
    notices: tuple[str, ...]


@click.group()
def prompts() -> None:
    """Show the exact prompt that a model gets."""


@prompts.command(cls=SectionedCommand)
@click.argument("messages", metavar="MESSAGES.json")
@model_option
@click.option("--template", metavar="FILE", help="Render this template instead, without a model.")
@click.option("--bos", metavar="TEXT", default="", help="With --template: the beginning-of-sequence token's text.")
@click.option("--eos", metavar="TEXT", default="", help="With --template: the end-of-sequence token's text.")
@click.option("--prefill", metavar="TEXT", default="", help="The beginning of the reply.")
@template_variables_option("--var")
@json_option
@load_options
def render(
    messages: str,
    model: str | None,
    template: str | None,
    bos: str,
    eos: str,
    prefill: str,
    template_variables: tuple[str, ...],
    as_json: bool,
    **load: object,
) -> None:
    """Render MESSAGES.json, a list of objects with role and content; - reads standard input.

    Standard output carries the prompt text alone, and with a model its token ids go to standard error; --json
    writes both to standard output.
    """
    if template is not None and model is not None:
        raise UsageError("--template and --model exclude each other.", hint="A model brings its own template.")
    if template is None and (bos or eos):
        raise UsageError("--bos and --eos go with --template.", hint="A model brings its own token texts.")
    variables = read_template_variables(template_variables)
    turns = read_messages(messages)
    if template is not None:
        work = _with_template(_template(template), turns, bos=bos, eos=eos, variables=variables, prefill=prefill)
    else:
        work = _with_model(Choice(model, chosen_load(load)), turns, variables=variables, prefill=prefill)
    rendered = asyncio.run(work)
    output, narration = Output(), Narration()
    if as_json:
        output.line(as_json_text(rendered))
        return
    for notice in rendered.notices:
        narration.say(notice)
    output.write(rendered.prompt)
    if output.is_terminal:
        output.end_line()
    if rendered.token_ids is not None:
        narration.say(f"{len(rendered.token_ids)} tokens: {' '.join(map(str, rendered.token_ids))}")


async def _with_template(
    template: str,
    messages: tuple[Message, ...],
    *,
    bos: str,
    eos: str,
    variables: dict[str, TemplateValue],
    prefill: str,
) -> Rendered:
    from chatapp.rendering.renderer import Renderer

    renderer = Renderer()
    try:
        prompt = await renderer.render_chat(
            template, messages, bos=bos, eos=eos, variables=variables, prefill=prefill, keep_reasoning=True
        )
    finally:
        await renderer.close()
    return Rendered(prompt=prompt.text, token_ids=None, notices=prompt.notices)


async def _with_model(
    choice: Choice, messages: tuple[Message, ...], *, variables: dict[str, TemplateValue], prefill: str
) -> Rendered:
    from chatapp.core.backend import GenerationRequest

    configuration = read_configuration()
    Narration().warn(configuration.problems)
    request = GenerationRequest(messages=messages, template_variables=variables, prefill=prefill)
    model = find_model(configuration, choice)
    _, asked = resolve_loading(configuration, choice, model)
    async with open_backend(configuration, model, choice, program="prompts") as backend:
        prepared = await backend.prepare(request)
        LoadReport(Narration(), lambda: backend, asked).tell()
    return Rendered(prompt=prepared.prompt, token_ids=prepared.token_ids, notices=prepared.notices)


def _template(source: str) -> str:
    try:
        return decode(Path(source).read_bytes())[0]
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FileProblem(f"“{source}” can't be read: {reason}.", hint="Check the path.") from None
