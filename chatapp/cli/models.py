"""`chatapp models`: the models at hand and what is in them."""

from __future__ import annotations

import textwrap

import click
import msgspec

from chatapp.cli.compose import make_library, read_configuration
from chatapp.cli.narration import Narration
from chatapp.cli.options import json_option
from chatapp.cli.streams import Output, as_json_text
from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ModelError
from chatapp.core.parameters import PARAMETERS, Value
from chatapp.models.fingerprint import fingerprint
from chatapp.models.gguf import read_header
from chatapp.models.header import GgufHeader, MetadataArray, MetadataValue, short_count, short_size
from chatapp.models.library import POCKET, ModelFile
from chatapp.models.suitability import check_suitable

_SHOWN = 120
"""Characters of one metadata value without --json."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `chatapp models list --json`."""

    name: str
    path: str
    size_bytes: int
    architecture: str = ""
    parameter_count: int = 0
    quantisation: str = ""
    context_length: int = 0
    has_template: bool = False
    problem: str = ""


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """`chatapp models info --json`; arrays too long to keep have `items` null."""

    name: str
    path: str
    architecture: str
    parameter_count: int
    quantisation: str
    size_bytes: int
    context_length: int
    embedding_length: int
    block_count: int
    vocabulary_size: int
    tokenizer: str
    license: str
    tensor_count: int
    gguf_version: int
    fingerprint: str
    sampling: dict[str, Value]
    chat_template: str | None
    metadata: dict[str, MetadataValue]
    problem: str = ""


@click.group()
def models() -> None:
    """List the models at hand and show what is in them."""


@models.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the built-in model and those in the models directory."""
    configuration = read_configuration()
    narration = Narration()
    narration.warn(configuration.problems)
    found = make_library(configuration).list()
    output = Output()
    if as_json:
        output.line(as_json_text([_listed(model) for model in found]))
        return
    width = max((len(clean_line(model.name)) for model in found), default=0)
    for model in found:
        facts = model.header.summary if model.header is not None else ""
        problem = f"  {clean_line(model.problem.message)}" if model.problem is not None else ""
        output.line(
            f"{clean_line(model.name):<{width}}  {short_size(model.size_bytes):>9}  {clean_line(facts)}{problem}"
        )
    if all(model.name == POCKET for model in found):
        narration.say(f"GGUF files in {configuration.paths.models} are listed here; others open by their path")


@models.command()
@click.argument("model", required=False)
@json_option
def info(model: str | None, as_json: bool) -> None:
    """Show what a model is: MODEL is pocket, a name, or a path. Without it, the model that is set."""
    configuration = read_configuration()
    narration = Narration()
    narration.warn(configuration.problems)
    reference = model if model is not None else configuration.settings.model
    header = read_header(make_library(configuration).locate(reference))
    problem = _problem(header)
    output = Output()
    if as_json:
        output.line(as_json_text(msgspec.structs.replace(_described(header), problem=problem)))
        return
    _write(output, header)
    if problem:
        narration.say(problem)


def _described(header: GgufHeader) -> Described:
    return Described(
        name=header.name,
        path=str(header.path),
        architecture=header.architecture,
        parameter_count=header.parameter_count,
        quantisation=header.quantisation,
        size_bytes=header.size_bytes,
        context_length=header.context_length,
        embedding_length=header.embedding_length,
        block_count=header.block_count,
        vocabulary_size=header.vocabulary_size,
        tokenizer=header.tokenizer,
        license=header.license,
        tensor_count=len(header.tensors),
        gguf_version=header.version,
        fingerprint=fingerprint(header.path, header),
        sampling=header.sampling,
        chat_template=header.template,
        metadata=header.metadata,
    )


def _write(output: Output, header: GgufHeader) -> None:
    sampling = ", ".join(f"{name} {PARAMETERS[name].show(value)}" for name, value in header.sampling.items())
    lines = {
        "name": header.name,
        "path": str(header.path),
        "architecture": header.architecture,
        "parameters": f"{header.parameter_count:,} ({short_count(header.parameter_count)})",
        "quantisation": header.quantisation,
        "size": f"{header.size_bytes:,} bytes ({short_size(header.size_bytes)})",
        "trained context": f"{header.context_length:,} tokens",
        "embedding": f"{header.embedding_length:,}",
        "layers": f"{header.block_count:,}",
        "vocabulary": f"{header.vocabulary_size:,} tokens, {header.tokenizer or 'no tokenizer'}",
        "license": header.license or "not named",
        "sampling": sampling or "none of its own",
        "fingerprint": fingerprint(header.path, header),
    }
    for name, text in lines.items():
        output.line(f"{name}: {clean_line(text)}")
    for problem in header.sampling_problems:
        output.line(f"left out: {clean_line(problem)}")
    output.line("\nchat template:")
    output.line(textwrap.indent(header.template or "none", "  "))
    output.line("\nmetadata:")
    for key, value in header.metadata.items():
        if key != "tokenizer.chat_template":
            output.line(f"  {clean_line(key)} = {_short(value)}")


def _short(value: MetadataValue) -> str:
    """A metadata value on one line."""
    if isinstance(value, MetadataArray):
        items = "" if value.items is None or value.length > 16 else f": {', '.join(map(str, value.items))}"
        return clean_line(f"{value.length:,} × {value.kind}{items}")[:_SHOWN]
    text = clean_line(str(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} … ({len(text):,} characters)"


def _problem(header: GgufHeader) -> str:
    try:
        check_suitable(header)
    except ModelError as error:
        return f"{error.message} {error.hint}".strip()
    return ""


def _listed(model: ModelFile) -> Listed:
    problem = f"{model.problem.message} {model.problem.hint}".strip() if model.problem is not None else ""
    if model.header is None:
        return Listed(name=model.name, path=str(model.path), size_bytes=model.size_bytes, problem=problem)
    return Listed(
        name=model.name,
        path=str(model.path),
        size_bytes=model.size_bytes,
        architecture=model.header.architecture,
        parameter_count=model.header.parameter_count,
        quantisation=model.header.quantisation,
        context_length=model.header.context_length,
        has_template=model.header.template is not None,
        problem=problem,
    )
