"""Messages as OpenAI-compatible servers take them: a list of objects with role and content, written and read."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from chatapp.chat.transfer.reading import Reading, as_list, as_object, chain, finished, moment, thought
from chatapp.core.messages import AttachmentPart
from chatapp.core.portable import PortableConversation, PortableMessage

FORMAT = "openai"


def read(item: object, reading: Reading) -> PortableConversation:
    """A list of messages, or an object that has one as `messages`; raise Refused."""
    facts = item if isinstance(item, dict) else {"messages": item}
    turns = [
        _message(each, reading, f"message {number}")
        for number, each in enumerate(as_list(facts.get("messages"), "messages"), 1)
    ]
    for name in sorted(facts.keys() & {"tools", "functions", "response_format"}):
        reading.note(f"{name} was left out", name)
    messages, leaf = chain([turn for turn in turns if turn.parts])
    if len(messages) < len(turns):
        reading.note(f"{len(turns) - len(messages)} messages without content were left out", "messages")
    identity = facts.get("id")
    return finished(
        reading,
        FORMAT,
        identity if isinstance(identity, str) else "",
        messages,
        leaf=leaf,
        title=facts.get("title") or facts.get("name"),
        created_at=facts.get("created_at") or facts.get("created"),
        updated_at=facts.get("updated_at"),
        model=facts.get("model"),
    )


def write(conversations: Iterable[PortableConversation], *, all_branches: bool) -> bytes:
    """One line for each conversation's shown branch, or for each of its branches; those without messages have none."""
    lines = []
    for conversation in conversations:
        ends = conversation.leaves if all_branches else (conversation.leaf,)
        for end in ends:
            messages = [_written(conversation.messages[number - 1]) for number in conversation.branch(end)]
            said = [message for message in messages if len(message) > 1]
            if end is not None and said:
                prompt = conversation.system_prompt
                head = [{"role": "system", "content": prompt}] if prompt else []
                lines.append(msgspec.json.encode({"messages": head + said}) + b"\n")
    return b"".join(lines)


def _message(each: object, reading: Reading, at: str) -> PortableMessage:
    facts = as_object(each, at)
    role, opening = reading.role(facts.get("role"), at, facts.get("name") or facts.get("tool_call_id"))
    parts = (
        *opening,
        *thought(facts.get("reasoning_content") or facts.get("reasoning"), at),
        *reading.content(facts.get("content"), at),
    )
    for name in ("refusal", "tool_calls", "function_call", "audio"):
        if facts.get(name):
            parts = (*parts, reading.kept(name, facts[name], at))
    created = facts.get("created_at") or facts.get("timestamp")
    return PortableMessage(role=role, parts=parts, created_at=moment(created))


def _written(message: PortableMessage) -> dict[str, object]:
    """A message; only its role where it says nothing."""
    written: dict[str, object] = {"role": message.role}
    files = [part for part in message.parts if isinstance(part, AttachmentPart)]
    if files:
        named = [{"type": "file", "file": {"filename": part.name}} for part in files]
        written["content"] = [{"type": "text", "text": message.text}, *named]
    elif message.text or message.reasoning:
        written["content"] = message.text
    if message.reasoning:
        written["reasoning_content"] = message.reasoning
    return written
