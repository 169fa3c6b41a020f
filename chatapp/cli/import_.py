"""`chatapp history import`: conversations from files of this and other programs, all of them or none."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from chatapp.cli.narration import Narration
from chatapp.cli.options import json_option
from chatapp.cli.streams import Output, as_json_text
from chatapp.core.cleaning import clean_line
from chatapp.core.errors import FileProblem

if TYPE_CHECKING:
    from chatapp.chat.transfer.incoming import Harvest
    from chatapp.chat.transfer.report import Incoming, Note, Refusal
    from chatapp.chat.transfer.source import Source
    from chatapp.storage.store import Store
    from chatapp.storage.transfer import Landing

FORMATS = ("chatapp", "openai", "sharegpt", "chatgpt", "llama-web")
_TOLD = 20


class Landed(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation of the import: where it stood and which one it is here; `id` is null with --dry-run.

    `other_version` is one that came from the same conversation elsewhere, before or after something was said there.
    """

    place: str
    id: int | None
    title: str
    messages: int
    in_trash: bool = False
    other_version: int | None = None


class Remark(msgspec.Struct, frozen=True):
    """A place in a file, and what is to be said of it."""

    place: str
    reason: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `chatapp history import --json` writes."""

    dry_run: bool
    imported: tuple[Landed, ...]
    already_there: tuple[Landed, ...]
    refused: tuple[Remark, ...]
    notes: tuple[Remark, ...]


@click.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    help="What the files are: chatapp's own JSON, OpenAI messages, ShareGPT, ChatGPT's data export as .zip or "
    "conversations.json, or an export of llama.cpp's web interface.  [default: told by what they hold]",
)
@click.option("--dry-run", is_flag=True, help="Change nothing and say what would be imported.")
@click.option("--skip-refused", is_flag=True, help="Import the others where some can't be taken over.")
@json_option
def import_(files: tuple[str, ...], format_name: str | None, dry_run: bool, skip_refused: bool, as_json: bool) -> None:
    """Add the conversations in FILES, all of them or none; - reads standard input.

    What is there already is not added again.
    """
    from chatapp.chat.transfer import incoming
    from chatapp.cli.history import reading_store

    harvest = incoming.read((source for name in files for source in _sources(name)), format_name)
    narration = Narration()
    if harvest.refused and not skip_refused:
        raise FileProblem(
            f"{_count(len(harvest.refused), 'conversation')} of {_all(harvest):,} can't be imported:\n"
            f"{_listed(harvest.refused)}\nNothing was changed.",
            hint="--skip-refused imports the others.",
        )
    with reading_store() as store:
        landed = asyncio.run(_put(store, harvest.conversations, dry_run=dry_run))
        if not store.persistent:
            narration.warn(store.problems[-1:])
    report = _report(harvest, landed, dry_run=dry_run)
    output = Output()
    if as_json:
        output.line(as_json_text(report))
        return
    for refusal in harvest.refused[:_TOLD]:
        narration.say(f"{refusal.place}: {refusal.reason}")
    _tell_notes(narration, harvest.notes)
    output.line(_summary(report))


def _sources(name: str) -> tuple[Source, ...]:
    """What a file holds, or standard input; raise FileProblem."""
    from chatapp.chat.transfer.source import read_file, read_stream

    if name != "-":
        return read_file(Path(name))
    if sys.stdin is None:
        raise FileProblem("There is no standard input.", hint="Name a file.")
    return read_stream(sys.stdin.buffer, "standard input")


async def _put(store: Store, conversations: Sequence[Incoming], *, dry_run: bool) -> list[Landing]:
    """Add them; raise StorageError where that can't last."""
    if not store.persistent:
        raise store.problems[-1]
    return await store.transfer.put([each.conversation for each in conversations], dry_run=dry_run)


def _report(harvest: Harvest, landed: Sequence[Landing], *, dry_run: bool) -> Report:
    rows = [
        (
            landing.is_new,
            Landed(
                place=each.place,
                id=None if dry_run and landing.is_new else landing.conversation_id,
                title=each.conversation.title,
                messages=len(each.conversation.messages),
                in_trash=landing.in_trash,
                other_version=landing.other_version,
            ),
        )
        for each, landing in zip(harvest.conversations, landed, strict=True)
    ]
    return Report(
        dry_run=dry_run,
        imported=tuple(row for is_new, row in rows if is_new),
        already_there=tuple(row for is_new, row in rows if not is_new),
        refused=tuple(Remark(each.place, each.reason) for each in harvest.refused),
        notes=tuple(Remark(each.place, each.text) for each in harvest.notes),
    )


def _summary(report: Report) -> str:
    """The counts, in one line."""
    messages = sum(row.messages for row in report.imported)
    done = "to import" if report.dry_run else "imported"
    parts = [f"{_count(len(report.imported), 'conversation')} with {_count(messages, 'message')} {done}"]
    if report.already_there:
        trashed = sum(row.in_trash for row in report.already_there)
        parts.append(
            f"{len(report.already_there):,} already there" + (f", {trashed:,} in the trash" if trashed else "")
        )
    versions = sum(row.other_version is not None for row in report.imported)
    if versions:
        parts.append(f"{versions:,} of them beside an earlier import, since their content differs")
    parts.append(f"{len(report.refused):,} refused")
    return " · ".join(parts)


def _tell_notes(narration: Narration, notes: Sequence[Note]) -> None:
    """Say what has no counterpart here: each kind once, with how often it came and where first."""
    first: dict[str, str] = {}
    for note in notes:
        first.setdefault(note.text, note.place)
    counted = Counter(note.text for note in notes).most_common()
    for text, count in counted[:_TOLD]:
        where = f"{count:,} times, first in {first[text]}" if count > 1 else first[text]
        narration.say(f"{text} ({where})")
    if len(counted) > _TOLD:
        narration.say(f"{len(counted) - _TOLD:,} more; --json has them all")


def _listed(refused: Sequence[Refusal]) -> str:
    lines = [clean_line(f"{each.place}: {each.reason}") for each in refused[:_TOLD]]
    more = [f"and {len(refused) - _TOLD:,} more"] if len(refused) > _TOLD else []
    return "\n".join(lines + more)


def _all(harvest: Harvest) -> int:
    return len(harvest.refused) + len(harvest.conversations)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
