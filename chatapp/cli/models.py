"""`chatapp models`: the models at hand and what is in them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import click
import msgspec

from chatapp.cli.compose import Choice, Configuration, make_library, read_configuration, resolve_loading
from chatapp.cli.narration import Narration
from chatapp.cli.options import json_option
from chatapp.cli.streams import Output, as_json_text
from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ModelError, UsageError
from chatapp.core.loading import ChosenSetting
from chatapp.core.parameters import PARAMETERS, Value
from chatapp.core.readable import short_size
from chatapp.engine.holdings import Holdings
from chatapp.models.fingerprint import fingerprint
from chatapp.models.gguf import read_header
from chatapp.models.header import GgufHeader, MetadataArray, MetadataValue, short_count
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


class LoadChoice(msgspec.Struct, frozen=True):
    """A load setting that is asked for, its value as a file holds it, and who asks."""

    name: str
    value: object
    source: str


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
    load: tuple[LoadChoice, ...]
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
@json_option
def ps(as_json: bool) -> None:
    """List the models that are in memory, in any chatapp of yours on this machine, and who holds them.

    MEMORY is what llama.cpp allocated: weights, context and buffers; processes that read a model's weights from its
    file share them. RESIDENT is what the system says of the worker, its share of those weights included.
    """
    from chatapp.cli.memory_table import in_memory, table

    found = [in_memory(holding) for holding in _holdings(read_configuration()).list()]
    output = Output()
    if as_json:
        output.line(as_json_text(found))
    elif found:
        for line in table(found):
            output.line(line)
    else:
        Narration().say("no model is in memory")


@models.command()
@click.argument("model", required=False)
@click.option("--all", "everything", is_flag=True, help="Unload every model.")
def unload(model: str | None, everything: bool) -> None:
    """Free the memory of MODEL in every chatapp of yours; its next message loads it again.

    A model that is busy stays, and the exit code is 1 then.
    """
    from chatapp.cli.unloading import unload as unload_holdings

    if (model is None) is not everything:
        raise UsageError("Name a model, or give --all.", hint="`chatapp models ps` lists those in memory.")
    configuration = read_configuration()
    holdings, narration = _holdings(configuration), Narration()
    found = holdings.list()
    if model is not None:
        path = make_library(configuration).locate(model)
        found = [holding for holding in found if holding.is_of(path)]
    if not found:
        narration.say("no model is in memory" if everything else "that model is not in memory")
        return
    left = unload_holdings(holdings, found)
    for holding in found:
        words = "is busy and stays" if holding in left else "is unloaded"
        narration.say(f"{holding.model} of {holding.program} {holding.owner_pid} {words}")
    if left:
        raise click.exceptions.Exit(1)


def _holdings(configuration: Configuration) -> Holdings:
    return Holdings(configuration.paths.holdings, program="models", keeps=False)


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
    _, asked = resolve_loading(configuration, Choice(reference), header.path)
    problem = _problem(header)
    output = Output()
    if as_json:
        output.line(as_json_text(msgspec.structs.replace(_described(header, asked), problem=problem)))
        return
    _write(output, header, asked)
    if problem:
        narration.say(problem)


def _described(header: GgufHeader, asked: Sequence[ChosenSetting]) -> Described:
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
        load=tuple(LoadChoice(each.name, each.stored, each.source) for each in asked),
        chat_template=header.template,
        metadata=header.metadata,
    )


def _write(output: Output, header: GgufHeader, asked: Sequence[ChosenSetting]) -> None:
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
        "load settings": ", ".join(map(str, asked)) or "all automatic",
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
