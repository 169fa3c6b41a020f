"""What is said above a message and of how it came about, alike in every format for people."""

from __future__ import annotations

from datetime import UTC, datetime

from chatapp.core.cleaning import clean_line
from chatapp.core.conversations import STATUSES, Generation
from chatapp.core.events import STOP_REASONS
from chatapp.core.portable import PortableConversation, PortableMessage


def title(conversation: PortableConversation) -> str:
    """The title on one line."""
    return clean_line(conversation.title).strip() or "(no title)"


def facts(conversation: PortableConversation) -> list[str]:
    """When it began and what holds for all of it."""
    found = [f"begun {moment(conversation.created_at)}"] if conversation.created_at is not None else []
    if conversation.updated_at is not None:
        found.append(f"last changed {moment(conversation.updated_at)}")
    found += [f"{len(conversation.messages):,} messages" if len(conversation.messages) != 1 else "1 message"]
    words = (("pinned", conversation.pinned), ("in the trash", conversation.deleted_at is not None))
    found += [word for word, holds in words if holds]
    return found + [f"{name} {value}" for name, value in sorted(conversation.edits.items())]


def headings(conversation: PortableConversation, *, placed: bool) -> list[str]:
    """Role, model and marks of each message; with `placed` its number and the one that it follows, too."""
    return [
        _heading(message, number, version, placed)
        for number, (message, version) in enumerate(zip(conversation.messages, conversation.versions, strict=True), 1)
    ]


def _heading(message: PortableMessage, number: int, version: tuple[int, int], placed: bool) -> str:
    parts = [f"{number}"] if placed else []
    parts.append(message.role)
    if version[1] > 1:
        parts.append(f"version {version[0]} of {version[1]}")
    if placed and message.parent != (number - 1 or None):
        parts.append(f"follows {message.parent}" if message.parent is not None else "begins anew")
    generation = message.generation
    if generation is not None and generation.model_name:
        parts.append(clean_line(generation.model_name))
    marks = (("pinned", message.pinned), ("edited", message.edited), ("deleted", message.deleted_with is not None))
    parts += [word for word, holds in marks if holds]
    if STATUSES[message.status]:
        parts.append(STATUSES[message.status])
    elif generation is not None and generation.stop_reason not in (None, "end", "stop_text", "stop_token"):
        parts.append(STOP_REASONS[generation.stop_reason])
    if generation is not None and generation.error:
        parts.append(clean_line(generation.error))
    return " · ".join(parts)


def circumstances(generation: Generation) -> list[str]:
    """Seed, counts, speed and the settings that are no defaults."""
    found = [f"seed {generation.seed}"]
    if generation.reply_tokens is not None:
        found.append(f"{generation.reply_tokens:,} tokens")
    if generation.tokens_per_second is not None:
        found.append(f"{generation.tokens_per_second:.1f} tokens/s")
    if generation.preset:
        found.append(f"preset {clean_line(generation.preset)}")
    chosen = (setting for setting in generation.settings if setting.source != "default" and not setting.moot)
    return found + [f"{setting.name} {clean_line(str(setting.value))}" for setting in chosen]


def moment(seconds: float) -> str:
    """A time as everybody reads it alike, whatever the machine's zone: in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
