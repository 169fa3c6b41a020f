"""What the command line says of a prompt of the library: its variables, its examples, and what that comes to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click
import msgspec

from chatapp.cli.compose import Configuration, make_prompts
from chatapp.cli.question import Question
from chatapp.cli.streams import decode
from chatapp.core.cleaning import clean_line
from chatapp.core.errors import FileProblem, UsageError
from chatapp.core.prompts import PLAIN, Document, Given, Prompt, Variable

if TYPE_CHECKING:
    from chatapp.chat.composition import Composition

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
FILE_LIMIT = 32 * 1024 * 1024


def variables_option(command: Decorated) -> Decorated:
    """`--var NAME=VALUE`."""
    return click.option(
        "--var",
        "variables",
        multiple=True,
        metavar="NAME=VALUE",
        help="A variable of the prompt of the library; NAME=@FILE takes the text of a file, NAME=@@… a text that "
        "begins with @. Repeatable.",
    )(command)


def examples_option(command: Decorated) -> Decorated:
    """`--examples FILE`."""
    return click.option(
        "--examples",
        metavar="FILE",
        help="Put these examples before the question, in place of the prompt's own: csv with a header, jsonl or toml, "
        "with the columns user and assistant, or those that the prompt asks for.",
    )(command)


class PromptWish(NamedTuple):
    """What a command line asks of the library: a prompt by name, NAME=VALUE pairs, a file of examples."""

    template: str | None
    variables: tuple[str, ...]
    examples: str | None

    def check(self, *, continues: bool, raw: bool) -> None:
        """Raise UsageError for options that don't go together."""
        if self.variables and self.template is None:
            raise UsageError("--var goes with --template.", hint="Name a prompt of the library: chatapp prompts list")
        given = "--template" if self.template is not None else "--examples" if self.examples is not None else ""
        if given and continues:
            raise UsageError(
                f"{given} and --continue exclude each other: a prompt of the library begins a conversation.",
                hint="Begin it without --continue; from then on --continue alone goes on.",
            )
        if given and raw:
            raise UsageError(
                f"{given} and --raw exclude each other: the prompt says itself whether it is raw.",
                hint="Leave --raw out; the prompt completion is a raw one.",
            )

    def find(self, configuration: Configuration) -> Prompt | None:
        """The prompt that is asked for, the plain one for examples alone; raise NotFound, or its FileProblem."""
        if self.template is not None:
            return make_prompts(configuration).find(self.template).usable
        return PLAIN if self.examples is not None else None

    def asked(self, prompt: Prompt, question: Question) -> Question:
        """`question`, whose text was typed or piped, as `prompt` asks it; what the command line says stands above."""
        given = read_given(prompt, self.variables, question.prompt)
        composition = asyncio.run(composed(prompt, given, self.examples))
        is_templates_system = question.system is None and bool(composition.system)
        return msgspec.structs.replace(
            question,
            prompt=composition.text,
            system=composition.system if is_templates_system else question.system,
            is_templates_system=is_templates_system,
            prefill=question.prefill or composition.prefill,
            raw=composition.raw,
            template=self.template or "",
            title=_title(composition, question.prompt),
            prompt_values=composition.values_beside(question.edits),
            examples=composition.examples,
        )


def read_given(prompt: Prompt, pairs: Sequence[str], typed: str) -> dict[str, Given]:
    """The values in `pairs` of NAME=VALUE by variable, and `typed` text for the one that it goes to.

    Raise NotFound for an unknown variable, UsageError for one that is given twice or a text that goes nowhere,
    FileProblem for a file that can't be read.
    """
    given: dict[str, Given] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        variable = prompt.variable(name.strip())
        if not equals:
            raise UsageError(f"“{pair}” gives {variable.name} no value.", hint=f"Write --var {variable.name}=VALUE.")
        value = _value(variable, text)
        if variable.name not in given:
            given[variable.name] = value
        elif variable.kind == "files":
            given[variable.name] = (*_documents(given[variable.name]), *_documents(value))
        else:
            raise UsageError(f"The variable {variable.name} is given twice.", hint="Take one of them out.")
    if not typed.strip():
        return given
    if not prompt.input:
        raise UsageError(
            f"The prompt “{prompt.name}” takes no typed or piped text.",
            hint="Give its variables with --var; `chatapp prompts show` names them.",
        )
    if prompt.input in given:
        raise UsageError(
            f"Typed or piped text goes to the variable {prompt.input}, which --var gives, too.",
            hint="Take one of them out.",
        )
    return {**given, prompt.input: typed}


async def composed(prompt: Prompt, given: Mapping[str, Given], examples: str | None) -> Composition:
    """What `prompt` comes to, with the examples of a file in place of its own where one is named."""
    from chatapp.chat.composition import compose
    from chatapp.rendering.renderer import Renderer
    from chatapp.storage.examples import read_examples

    rows = read_examples(Path(examples).expanduser()) if examples is not None else None
    renderer = Renderer()
    try:
        return await compose(prompt, given, rows, renderer=renderer)
    finally:
        await renderer.close()


def _title(composition: Composition, typed: str) -> str:
    """What a conversation is called whose first messages are the prompt's own words."""
    if not composition.prompt or composition.prompt == PLAIN.name:
        return ""
    return f"{composition.title}: {clean_line(typed).strip()[:60]}".removesuffix(": ")


def _value(variable: Variable, text: str) -> Given:
    """A value as it is typed: `@FILE` stands for a file's text; files are named with or without it."""
    if text.startswith("@@"):
        return text[1:]
    if text.startswith("@"):
        document = _document(variable, text[1:])
        return (document,) if variable.kind == "files" else document.text
    if variable.kind in ("file", "files"):
        document = _document(variable, text)
        return (document,) if variable.kind == "files" else document
    return text


def _documents(value: Given) -> tuple[Document, ...]:
    return tuple(value) if isinstance(value, tuple) else ()


def _document(variable: Variable, name: str) -> Document:
    path = Path(name).expanduser()
    where = f"The variable {variable.name}: “{name}”"
    try:
        with path.open("rb") as file:
            content = file.read(FILE_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        hint = f"Check the path; --var {variable.name}=@@… is for a text that begins with @."
        raise FileProblem(f"{where} can't be read: {reason}.", hint=hint) from None
    if len(content) > FILE_LIMIT:
        raise FileProblem(f"{where} is larger than {FILE_LIMIT // 1024**2} MB.", hint="Take a part of it.")
    text, bad_characters = decode(content)
    if bad_characters or "\0" in text:
        raise FileProblem(f"{where} is no text in UTF-8.", hint="Save the file as UTF-8.")
    if not text.strip():
        raise FileProblem(f"{where} is empty.", hint="Check the path.")
    return Document(path.name, text)
