"""`chatapp history`: what was said, listed, shown and searched."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import click

from chatapp.cli.compose import open_store, read_configuration
from chatapp.cli.export import export
from chatapp.cli.import_ import import_
from chatapp.cli.narration import Narration
from chatapp.cli.options import json_option
from chatapp.cli.streams import Output, as_json_text
from chatapp.core.cleaning import clean_line
from chatapp.core.conversations import STATUSES, StoredMessage
from chatapp.core.errors import NotFound
from chatapp.core.events import STOP_REASONS

if TYPE_CHECKING:
    from chatapp.storage.store import Store


@click.group()
def history() -> None:
    """List, show and search what was said."""


history.add_command(export)
history.add_command(import_)


@history.command("list")
@click.argument("words", nargs=-1)
@click.option("-n", "--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@click.option("--trash", is_flag=True, help="What was deleted instead.")
@json_option
def list_(words: tuple[str, ...], limit: int, trash: bool, as_json: bool) -> None:
    """List conversations, the latest first; WORDS keep those with them in title or messages."""
    with reading_store() as store:
        found = store.conversations.list(filter=" ".join(words), trash=trash, limit=limit)
    output = Output()
    if as_json:
        output.line(as_json_text(found))
        return
    for conversation in found:
        pinned = " *" if conversation.pinned else "  "
        output.line(
            f"{conversation.id:>6}{pinned}{_time(conversation.updated_at)}  {conversation.message_count:>5}  "
            f"{clean_line(conversation.title) or '(no title)'}"
        )
    if not found:
        Narration().say("nothing in the trash" if trash else "no conversation" + (" has these words" if words else ""))


@history.command()
@click.argument("number", metavar="[ID]", type=int, required=False)
@json_option
def show(number: int | None, as_json: bool) -> None:
    """Show the branch of a conversation that was shown last; without ID, of the latest conversation."""
    with reading_store() as store:
        if number is None:
            latest = store.conversations.latest()
            if latest is None:
                raise NotFound("There is no conversation yet.", hint="`chatapp ask` or `chatapp` begins one.")
            number = latest.id
        conversation = store.conversations.get(number)
        thread = store.conversations.thread(number)
        deleted = sum(place.deleted_with is not None for place in store.conversations.tree(number).messages)
    output = Output()
    if as_json:
        output.line(as_json_text({"conversation": conversation, "messages": thread, "deleted_messages": deleted}))
        return
    output.line(f"# {clean_line(conversation.title) or '(no title)'}")
    if conversation.system_prompt:
        output.line(f"\n## system\n\n{conversation.system_prompt}")
    for message in thread:
        output.line(f"\n## {_heading(message)}\n\n{message.text}")
    if deleted:
        told = "One deleted message is" if deleted == 1 else f"{deleted:,} deleted messages are"
        Narration().say(f"{told} not shown; the tree of branches in the workbench brings back what was deleted.")


@history.command()
@click.argument("words", nargs=-1, required=True)
@click.option("-n", "--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@json_option
def search(words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find messages that hold all WORDS, the newest first. The exit code is 1 where there is none."""
    with reading_store() as store:
        hits = store.search.search(" ".join(words), limit=limit)
    output = Output()
    if as_json:
        output.line(as_json_text(hits))
    else:
        for hit in hits:
            title = clean_line(hit.conversation_title)
            output.line(f"{hit.conversation_id:>6}  {_time(hit.created_at)}  {hit.role}  {title}")
            output.line(f"        {clean_line(hit.excerpt)}")
    if not hits:
        Narration().say("nothing found")
        raise click.exceptions.Exit(1)


@contextmanager
def reading_store() -> Iterator[Store]:
    """The store for reading; its problems are told. Raise StorageError where nothing of it can be read."""
    configuration = read_configuration()
    narration = Narration()
    narration.warn(configuration.problems)
    store = open_store(configuration)
    try:
        if _nothing_read(store):
            raise store.problems[-1]
        narration.warn(store.problems)
        yield store
    finally:
        asyncio.run(store.close())


def _nothing_read(store: Store) -> bool:
    """Whether the file can't be used and not even a copy of what it holds was to be had."""
    return not store.persistent and not any(store.conversations.list(trash=trash, limit=1) for trash in (False, True))


def _heading(message: StoredMessage) -> str:
    """Role, model, and what is to be said about a message."""
    generation = message.generation
    parts: list[str] = [message.role]
    if message.siblings > 1:
        parts.append(f"{message.sibling}/{message.siblings}")
    if generation is not None and generation.model_name:
        parts.append(clean_line(generation.model_name))
    parts += [word for word, holds in (("pinned", message.pinned), ("edited", message.edited)) if holds]
    if generation is not None and generation.begun_tokens:
        parts.append(f"its first {generation.begun_tokens:,} tokens taken from another version")
    if STATUSES[message.status]:
        parts.append(STATUSES[message.status])
    elif generation is not None and generation.stop_reason not in (None, "end", "stop_text", "stop_token"):
        parts.append(STOP_REASONS[generation.stop_reason])
    if generation is not None and generation.error:
        parts.append(clean_line(generation.error))
    return " · ".join(parts)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
