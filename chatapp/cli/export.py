"""`chatapp history export`: conversations as files for people, programs and other machines."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatapp.cli.narration import Narration
from chatapp.cli.streams import Output
from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ChatappError, FileProblem, UsageError

if TYPE_CHECKING:
    from chatapp.core.portable import PortableConversation
    from chatapp.storage.store import Store

FORMATS = {
    "json": "everything, all branches, to be imported again",
    "markdown": "to read and to paste",
    "jsonl": "a branch a line, as OpenAI messages",
    "html": "one page, its tokens coloured with --tokens",
}
_ENDINGS = {".json": "json", ".md": "markdown", ".markdown": "markdown", ".jsonl": "jsonl", ".html": "html"}
_ENDINGS[".htm"] = "html"


@click.command()
@click.argument("numbers", metavar="[ID]...", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every conversation outside the trash.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]),
    metavar="DATE",
    help="Those in which something happened since then, as in 2026-01-31.",
)
@click.option("--trash", is_flag=True, help="With --all or --since: those in the trash, too.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(list(FORMATS)),
    help=" ".join(f"{name}: {words};" for name, words in FORMATS.items()).rstrip(";")
    + ".  [default: by the ending of FILE, else json]",
)
@click.option("-o", "--output", "target", metavar="FILE", help="Write to this file instead of standard output.")
@click.option("--force", is_flag=True, help="Overwrite FILE where it is there.")
@click.option("--all-branches", is_flag=True, help="Not only the branch that is shown; json always holds them all.")
@click.option(
    "--tokens",
    is_flag=True,
    help="What is known of each token: figures in json, colours in html, for which the models are loaded.",
)
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="MODEL",
    help="With --tokens: a model that is not among those of `chatapp models list`, by its path. Repeatable.",
)
def export(
    numbers: tuple[int, ...],
    everything: bool,
    since: datetime | None,
    trash: bool,
    format_name: str | None,
    target: str | None,
    force: bool,
    all_branches: bool,
    tokens: bool,
    models: tuple[str, ...],
) -> None:
    """Write conversations to a file or standard output: those with these IDs, all, or those since a date."""
    from chatapp.cli.history import reading_store

    if bool(numbers) + everything + (since is not None) != 1:
        raise UsageError(
            "Say which conversations: by ID, with --all, or with --since.", hint="`chatapp history list` shows the IDs."
        )
    if trash and numbers:
        raise UsageError("--trash goes with --all or --since.", hint="An ID is found in the trash, too.")
    path = Path(target) if target not in (None, "-") else None
    chosen = format_name or (_ENDINGS.get(path.suffix.lower()) if path is not None else None) or "json"
    if tokens and chosen not in ("json", "html"):
        raise UsageError(f"{chosen} has no place for --tokens.", hint="json and html have.")
    if models and not (tokens and chosen == "html"):
        raise UsageError("--model goes with --tokens in html.", hint="It tells how tokens are spelled.")
    if path is not None:
        _check_target(path, force)
    with reading_store() as store:
        found = _found(store, numbers, since, trash=trash)
        conversations = [store.transfer.take(number, details=tokens) for number in found]
    content = _written(conversations, chosen, all_branches=all_branches, models=models)
    if path is None:
        Output().write(content.decode())
    else:
        _to_file(path, content)
    narration = Narration()
    silent = sum(not any(message.parts for message in each.messages) for each in conversations)
    if silent and chosen == "jsonl":
        narration.say(f"{_count(silent, 'conversation')} without messages left out")
    if path is not None or not conversations:
        where = f" to “{target}”" if path is not None else ""
        narration.say(f"{_count(len(conversations), 'conversation')} exported{where}")


def _found(store: Store, numbers: Sequence[int], since: datetime | None, *, trash: bool) -> list[int]:
    """The conversations to export, the latest activity last, so that an import keeps their order."""
    if numbers:
        wanted = {store.conversations.get(number).id for number in numbers}
        trash = True
    listed = store.conversations.list()[::-1] + (store.conversations.list(trash=True)[::-1] if trash else [])
    bound = _seconds(since) if since is not None else 0.0
    return [each.id for each in listed if (each.id in wanted if numbers else each.updated_at >= bound)]


def _seconds(moment: datetime) -> float:
    """A time of this machine's zone as seconds since the epoch; raise UsageError where it has none."""
    try:
        return moment.astimezone().timestamp()
    except (OverflowError, OSError, ValueError):
        raise UsageError(f"There is no time {moment:%Y-%m-%d} here.", hint="Give a date of late.") from None


def _written(
    conversations: Sequence[PortableConversation], chosen: str, *, all_branches: bool, models: Sequence[str]
) -> bytes:
    from chatapp.chat.transfer import markdown, openai, own, page

    if chosen == "json":
        return own.encode(conversations)
    if chosen == "markdown":
        return markdown.write(conversations, all_branches=all_branches)
    if chosen == "jsonl":
        return openai.write(conversations, all_branches=all_branches)
    texts = asyncio.run(_token_texts(conversations, models))
    return page.write(conversations, all_branches=all_branches, token_texts=lambda model: texts.get(model, {}))


async def _token_texts(
    conversations: Sequence[PortableConversation], models: Sequence[str]
) -> dict[str, Mapping[int, str]]:
    """The texts of all tokens of which something is known, by their model's fingerprint; what is missing is told."""
    wanted: dict[str, set[int]] = {}
    names: dict[str, str] = {}
    for conversation in conversations:
        for message in conversation.messages:
            if message.details is not None and message.generation is not None:
                model = message.generation.model_fingerprint
                names[model] = message.generation.model_name
                ids = wanted.setdefault(model, set())
                ids.update(each for each in message.details.token_ids if each >= 0)
                ids.update(message.details.alternative_ids)
    spelled: dict[str, Mapping[int, str]] = {}
    for model, ids in wanted.items():
        spelled[model] = await _spelled(model, names[model], sorted(ids), models)
    return spelled


async def _spelled(model: str, name: str, ids: Sequence[int], models: Sequence[str]) -> dict[int, str]:
    """The texts of tokens of the model with this fingerprint, none where it is not at hand, which is told."""
    from chatapp.cli.compose import Choice, make_library, open_backend, read_configuration
    from chatapp.models.fingerprint import fingerprint

    configuration, narration = read_configuration(), Narration()
    library = make_library(configuration)
    for path in (*(library.find(each) for each in models), *(path for _, path in library.files())):
        try:
            if fingerprint(path) != model:
                continue
            choice = Choice(load={"context_size": 256})
            async with open_backend(configuration, path, choice, program="chatapp history export") as backend:
                return dict(zip(ids, await backend.token_texts(ids), strict=True))
        except (ChatappError, OSError) as error:
            narration.say(f"“{clean_line(str(path))}” can't be used: {error}")
    narration.say(f"without colours in what “{clean_line(name)}” wrote, which is not at hand; --model names its file")
    return {}


def _check_target(path: Path, force: bool) -> None:
    """Raise FileProblem where nothing can be put there."""
    if path.is_dir():
        raise FileProblem(f"“{path}” is a folder.", hint="Name a file in it.")
    if path.exists() and not path.is_file():
        raise FileProblem(f"“{path}” is no ordinary file.", hint="Without -o it goes to standard output.")
    if path.exists() and not force:
        raise FileProblem(f"“{path}” is there already.", hint="Choose another name, or add --force.")
    if not path.parent.is_dir():
        raise FileProblem(f"There is no folder “{path.parent}”.", hint="Make it first.")


def _to_file(path: Path, content: bytes) -> None:
    from chatapp.storage.atomic import write_private

    try:
        write_private(path, content)
    except OSError as error:
        raise FileProblem(
            f"“{path}” can't be written: {error.strerror or error}.", hint="Choose another place; nothing was changed."
        ) from None


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
