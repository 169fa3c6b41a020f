"""`chatapp prompts`: the library, and the exact prompt that a model gets."""

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
from chatapp.cli.prompt_input import PromptWish, composed, examples_option, read_given
from chatapp.cli.prompt_library import check, edit, list_, new, run, show
from chatapp.cli.streams import Output, as_json_text, decode
from chatapp.core.backend import GenerationRequest
from chatapp.core.errors import FileProblem, UsageError


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What `chatapp prompts render --json` writes; `token_ids` is null without a model."""

    prompt: str
    token_ids: tuple[int, ...] | None
    notices: tuple[str, ...]


@click.group()
def prompts() -> None:
    """Show the exact prompt that a model gets.

    The library holds prompts with variables, examples and the settings that fit them: shipped ones, and yours, TOML
    files in the directory `prompts` beside config.toml.
    """


for command in (list_, show, new, edit, check, run):
    prompts.add_command(command)


@prompts.command(cls=SectionedCommand)
@click.argument("messages", metavar="MESSAGES.json|NAME")
@model_option
@click.option("--template", metavar="FILE", help="Render this template instead, without a model.")
@click.option("--bos", metavar="TEXT", default="", help="With --template: the beginning-of-sequence token's text.")
@click.option("--eos", metavar="TEXT", default="", help="With --template: the end-of-sequence token's text.")
@click.option("--prefill", metavar="TEXT", default="", help="The beginning of the reply.")
@click.option(
    "--var",
    "variables",
    multiple=True,
    metavar="NAME=VALUE",
    help="A variable for the chat template, as in enable_thinking=false; for a prompt of the library one of its own, "
    "where NAME=@FILE takes the text of a file. Repeatable.",
)
@template_variables_option("--template-var")
@examples_option
@json_option
@load_options
def render(
    messages: str,
    model: str | None,
    template: str | None,
    bos: str,
    eos: str,
    prefill: str,
    variables: tuple[str, ...],
    template_variables: tuple[str, ...],
    examples: str | None,
    as_json: bool,
    **load: object,
) -> None:
    """Render MESSAGES.json, a list of objects with role and content; - reads standard input.

    NAME, which is no file, is a prompt of the library: it is rendered with its variables and examples.

    Standard output carries the prompt text alone, and with a model its token ids go to standard error; --json
    writes both to standard output.
    """
    if template is not None and model is not None:
        raise UsageError("--template and --model exclude each other.", hint="A model brings its own template.")
    if template is None and (bos or eos):
        raise UsageError("--bos and --eos go with --template.", hint="A model brings its own token texts.")
    if _is_file(messages):
        if examples is not None:
            raise UsageError("--examples goes with a prompt of the library.", hint="Write them into the messages.")
        request = GenerationRequest(
            messages=read_messages(messages),
            template_variables=read_template_variables((*variables, *template_variables)),
            prefill=prefill,
        )
    else:
        wish = PromptWish(messages, variables, examples)
        request = _of_library(wish, read_template_variables(template_variables), prefill)
    if template is not None:
        work = _with_template(_template(template), request, bos=bos, eos=eos)
    else:
        work = _with_model(Choice(model, chosen_load(load)), request)
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


def _is_file(messages: str) -> bool:
    """Whether the argument is a file of messages, there or not, rather than the name of a prompt."""
    path = Path(messages)
    return messages == "-" or path.suffix == ".json" or path.name != messages or path.is_file()


def _of_library(wish: PromptWish, variables: dict[str, TemplateValue], prefill: str) -> GenerationRequest:
    """What a prompt of the library asks of a model."""
    configuration = read_configuration()
    prompt = wish.find(configuration)
    if prompt is None:
        raise UsageError("No prompt is named.", hint="Name one of the library: chatapp prompts list")
    composition = asyncio.run(composed(prompt, read_given(prompt, wish.variables, ""), wish.examples))
    request = composition.request()
    return msgspec.structs.replace(request, template_variables=variables, prefill=prefill or request.prefill)


async def _with_template(template: str, request: GenerationRequest, *, bos: str, eos: str) -> Rendered:
    from chatapp.rendering.renderer import Renderer

    if request.prompt is not None:
        raise UsageError("A raw prompt goes through no chat template.", hint="Leave --template out.")
    renderer = Renderer()
    try:
        prompt = await renderer.render_chat(
            template,
            request.messages,
            bos=bos,
            eos=eos,
            variables=request.template_variables,
            prefill=request.prefill,
            keep_reasoning=True,
        )
    finally:
        await renderer.close()
    return Rendered(prompt=prompt.text, token_ids=None, notices=prompt.notices)


async def _with_model(choice: Choice, request: GenerationRequest) -> Rendered:
    configuration = read_configuration()
    Narration().warn(configuration.problems)
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
