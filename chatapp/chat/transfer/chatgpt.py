"""What ChatGPT's data export holds: conversations.json, a list of trees of messages."""

from __future__ import annotations

from collections.abc import Iterable

from chatapp.chat.transfer.growth import Node, grown
from chatapp.chat.transfer.reading import Reading, as_list, as_object, bounded, finished, moment, thought
from chatapp.chat.transfer.report import Refused
from chatapp.core.conversations import Status
from chatapp.core.messages import Part, TextPart
from chatapp.core.portable import PortableConversation, PortableMessage

FORMAT = "chatgpt"

_STATUSES: dict[object, Status] = {"in_progress": "interrupted", "finished_partial_completion": "stopped"}
_INSTRUCTIONS = "user_editable_context"
"""The user's own standing instructions, which stand there as a message of the user."""

_TEXTS = {
    _INSTRUCTIONS: ("user_profile", "user_instructions"),
    "model_editable_context": ("model_set_context", "repo_summary"),
    "tether_quote": ("title", "url", "text"),
    "tether_browsing_display": ("result", "summary"),
}


def read(item: object, reading: Reading) -> PortableConversation:
    """One conversation; raise Refused."""
    facts = as_object(item, "")
    mapping = as_object(facts.get("mapping"), "mapping")
    nodes = {name: _node(name, node, reading) for name, node in mapping.items()}
    current = facts.get("current_node")
    messages, leaf = grown(nodes, current if isinstance(current, str) else None)
    identity = facts.get("conversation_id") or facts.get("id")
    return finished(
        reading,
        FORMAT,
        identity if isinstance(identity, str) else "",
        messages,
        leaf=leaf,
        title=facts.get("title"),
        created_at=facts.get("create_time"),
        updated_at=facts.get("update_time"),
        model=facts.get("default_model_slug"),
    )


def _node(name: str, value: object, reading: Reading) -> Node:
    at = f"message “{name[:40]}”"
    facts = as_object(value, at)
    parent = facts.get("parent")
    if parent is not None and not isinstance(parent, str):
        raise Refused("what it follows is no name", at)
    message = facts.get("message")
    return Node(parent, _message(as_object(message, at), reading, at) if message is not None else None)


def _message(facts: dict[str, object], reading: Reading, at: str) -> PortableMessage | None:
    """A message; None for one that says nothing."""
    author = as_object(facts.get("author"), f"{at}, author")
    parts = tuple(_parts(as_object(facts.get("content"), f"{at}, content"), reading, at))
    if not any(getattr(part, "text", "").strip() for part in parts):
        return None
    content_type = _hashable(as_object(facts.get("content"), at).get("content_type"))
    named = "system" if content_type == _INSTRUCTIONS else author.get("role")
    role, opening = reading.role(named, at, author.get("name"))
    return PortableMessage(
        role=role,
        parts=(*opening, *parts),
        status=_STATUSES.get(_hashable(facts.get("status")), "complete"),
        created_at=moment(facts.get("create_time")),
    )


def _parts(content: dict[str, object], reading: Reading, at: str) -> Iterable[Part]:
    kind = _hashable(content.get("content_type"))
    text = content.get("text")
    if kind in ("text", "multimodal_text"):
        for part in as_list(content.get("parts") or [], f"{at}, parts"):
            yield from _piece(part, reading, at)
    elif kind == "code" and isinstance(text, str):
        language = content.get("language")
        named = language if isinstance(language, str) and language != "unknown" else ""
        yield TextPart(bounded(f"```{named}\n{text}\n```", at))
    elif kind == "execution_output" and isinstance(text, str):
        yield TextPart(bounded(f"```\n{text}\n```", at))
    elif kind == "thoughts":
        thoughts = [as_object(each, f"{at}, thoughts") for each in as_list(content.get("thoughts"), f"{at}, thoughts")]
        yield from thought("\n\n".join(str(each.get("content") or each.get("summary") or "") for each in thoughts), at)
    elif kind == "reasoning_recap":
        yield from thought(content.get("content"), at)
    elif kind in _TEXTS:
        texts = (content.get(name) for name in _TEXTS[str(kind)])
        yield TextPart(bounded("\n".join(each for each in texts if isinstance(each, str) and each), at))
    else:
        yield reading.kept(kind if isinstance(kind, str) and kind else "content without type", content, at)


def _piece(part: object, reading: Reading, at: str) -> tuple[Part, ...]:
    """A part of a text: text itself, or an object such as an image."""
    if isinstance(part, dict):
        kind, text = part.get("content_type"), part.get("text")
        if kind == "audio_transcription" and isinstance(text, str):
            return (TextPart(bounded(text, at)),)
        return (reading.kept(kind if isinstance(kind, str) and kind else "part", part, at),)
    return reading.content(part, at)


def _hashable(value: object) -> object:
    return value if isinstance(value, str) else None
