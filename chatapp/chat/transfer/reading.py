"""What the readers of other programs' formats share: roles, contents and times as they are written elsewhere.

What has no counterpart here is kept as text that says what it was, and noted; nothing goes silently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from chatapp.chat.transfer import limits
from chatapp.chat.transfer.report import Note, Refused
from chatapp.core.messages import Part, ReasoningPart, Role, TextPart
from chatapp.core.portable import LATEST_S, PortableConversation, PortableMessage, unsound
from chatapp.storage.tree import title_of

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "bard": "assistant",
    "bing": "assistant",
}
_KEPT_CHARACTERS = 4000
_MILLISECONDS_FROM = 1e11
_TEXT_PARTS = ("text", "input_text", "output_text")


class Reading:
    """One conversation while it is read: where it stands, and what is noted of it."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.notes: list[Note] = []

    def note(self, text: str, at: str) -> None:
        """Say what became of something that has no counterpart here."""
        self.notes.append(Note(f"{self.place}, {at}", text))

    def role(self, name: object, at: str, who: object = None) -> tuple[Role, tuple[TextPart, ...]]:
        """A role, and what a message of an unknown one begins with; raise Refused where there is none.

        `who` is the name of what spoke in that role.
        """
        if not isinstance(name, str) or not name:
            raise Refused("it has no role", at)
        role = _ROLES.get(name.lower())
        if role is not None:
            return role, ()
        self.note(f"the role “{name}” is unknown here; its text is kept as a reply that begins with [{name}]", at)
        return "assistant", (TextPart(f"[{name} {who}]\n" if isinstance(who, str) and who else f"[{name}]\n"),)

    def content(self, content: object, at: str) -> tuple[Part, ...]:
        """A text or a list of parts; raise Refused for anything else."""
        if content is None:
            return ()
        if isinstance(content, str):
            return (TextPart(bounded(content, at)),) if content else ()
        if not isinstance(content, list):
            raise Refused(f"its content is no text but {_kind(content)}", at)
        return tuple(part for each in content for part in self._part(each, at))

    def kept(self, kind: str, value: object, at: str) -> TextPart:
        """Something that is no text, as text that says what it was."""
        written = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        if len(written) > _KEPT_CHARACTERS:
            self.note(f"{kind} was left out: only its name is kept", at)
            return TextPart(f"[{kind}: {len(written):,} characters, not imported]")
        self.note(f"{kind} is kept as text", at)
        return TextPart(f"[{kind}] {written}")

    def _part(self, part: object, at: str) -> tuple[Part, ...]:
        if isinstance(part, str):
            return (TextPart(bounded(part, at)),) if part else ()
        if not isinstance(part, dict):
            raise Refused(f"a part of its content is {_kind(part)}", at)
        kind = part.get("type")
        text = part.get("text")
        if (kind in _TEXT_PARTS or kind is None) and isinstance(text, str):
            return (TextPart(bounded(text, at)),) if text else ()
        name = kind if isinstance(kind, str) and kind else "a part without type"
        return (self.kept(name, part.get(name, part), at),)


def finished(
    reading: Reading,
    format_name: str,
    identity: str,
    messages: Sequence[PortableMessage],
    *,
    leaf: int | None,
    title: object = None,
    created_at: object = None,
    updated_at: object = None,
    model: object = None,
    system_prompt: str = "",
) -> PortableConversation:
    """The conversation that was read, with an origin that its content alone makes; raise Refused.

    `identity` is its name elsewhere, empty where it has none. Without `system_prompt` a system message at its
    beginning becomes that, if nothing else follows the same place.
    """
    messages = tuple(messages)
    if len(messages) > limits.MESSAGES:
        raise Refused(f"it has more than {limits.MESSAGES:,} messages")
    if not system_prompt and messages and messages[0].role == "system" and _stands_alone(messages):
        system_prompt, leaf = messages[0].text, (leaf - 1 or None) if leaf is not None else None
        messages = tuple(_moved_up(message) for message in messages[1:])
    if not messages and not system_prompt:
        raise Refused("it holds no message")
    content = [(message.parent, message.role, message.parts) for message in messages]
    named_there = [hashlib.sha256(identity.encode()).hexdigest()[:16]] if identity else []
    digest = hashlib.sha256(msgspec.json.encode((identity, system_prompt, content))).hexdigest()
    named = title if isinstance(title, str) and title.strip() else ""
    first = next((message.parts for message in messages if message.role == "user"), ())
    began = moment(created_at)
    conversation = PortableConversation(
        title=bounded(named, "title") or title_of(first),
        messages=messages,
        leaf=leaf,
        created_at=began,
        updated_at=moment(updated_at) or began,
        system_prompt=system_prompt,
        model=model if isinstance(model, str) else "",
        origin=":".join((format_name, *named_there, digest)),
    )
    if reason := unsound(conversation):
        raise Refused(reason)
    return conversation


def chain(turns: Sequence[PortableMessage]) -> tuple[tuple[PortableMessage, ...], int | None]:
    """Messages one below the other, and the number of the last."""
    placed = (msgspec.structs.replace(turn, parent=place or None) for place, turn in enumerate(turns))
    return tuple(placed), len(turns) or None


def thought(text: object, at: str) -> tuple[Part, ...]:
    """Reasoning where there is any."""
    return (ReasoningPart(bounded(text, at)),) if isinstance(text, str) and text.strip() else ()


def moment(value: object) -> float | None:
    """Seconds or milliseconds since the epoch as seconds; None for what is no time."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    seconds = value / 1000 if value > _MILLISECONDS_FROM else float(value)
    return seconds if 0 < seconds <= LATEST_S else None


def bounded(text: str, at: str) -> str:
    """`text`; raise Refused where it is longer than a message may be."""
    if len(text) > limits.TEXT_CHARACTERS:
        raise Refused(f"its text has more than {limits.TEXT_CHARACTERS:,} characters", at)
    return text


def as_object(raw: msgspec.Raw | object, at: str) -> dict[str, object]:
    """An object's fields; raise Refused for anything else."""
    if not isinstance(raw, dict):
        raise Refused(f"it is no object but {_kind(raw)}", at)
    return raw


def as_list(value: object, at: str) -> list[object]:
    """A list; raise Refused for anything else."""
    if not isinstance(value, list):
        raise Refused(f"it is no list but {_kind(value)}", at)
    return value


def _stands_alone(messages: Sequence[PortableMessage]) -> bool:
    """Whether the first message is the only root, and text alone."""
    is_text = all(isinstance(part, TextPart) for part in messages[0].parts)
    return is_text and all(message.parent is not None for message in messages[1:])


def _moved_up(message: PortableMessage) -> PortableMessage:
    parent = message.parent - 1 if message.parent is not None else 0
    return msgspec.structs.replace(message, parent=parent or None)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", int: "a number"}
    return "nothing" if value is None else names.get(type(value), "a number")
