"""Conversations as Markdown, for people to read and to paste."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chatapp.chat.transfer.heading import facts, headings, title
from chatapp.core.messages import AttachmentPart
from chatapp.core.portable import PortableConversation, PortableMessage


def write(conversations: Iterable[PortableConversation], *, all_branches: bool) -> bytes:
    """The shown branch of each conversation, or with `all_branches` every message, numbered in order of time."""
    return "\n---\n\n".join(_conversation(each, all_branches) for each in conversations).encode()


def _conversation(conversation: PortableConversation, all_branches: bool) -> str:
    blocks = [f"# {title(conversation)}", f"*{' · '.join(facts(conversation))}*"]
    if conversation.system_prompt:
        blocks.append(f"## system\n\n{conversation.system_prompt.rstrip()}")
    heads = headings(conversation, placed=all_branches)
    shown = range(1, len(conversation.messages) + 1) if all_branches else conversation.branch()
    for number in shown:
        said = list(_said(conversation.messages[number - 1]))
        blocks.append("\n\n".join((f"## {heads[number - 1]}", *said)))
    return "\n\n".join(blocks) + "\n"


def _said(message: PortableMessage) -> Iterator[str]:
    if message.reasoning.strip():
        yield "\n".join(f"> {line}".rstrip() for line in message.reasoning.strip().split("\n"))
    yield from (f"*attached: {part.name}*" for part in message.parts if isinstance(part, AttachmentPart))
    if message.text.strip():
        yield message.text.strip("\n")
