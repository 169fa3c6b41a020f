"""Reads the messages of `chatapp prompts render`: a JSON list as OpenAI-compatible servers take it."""

from __future__ import annotations

import json
from pathlib import Path

from chatapp.cli.streams import decode, read_input
from chatapp.core.errors import FileProblem
from chatapp.core.messages import Message, ReasoningPart, Role, TextPart

_SHAPE = 'It holds a list such as [{"role": "user", "content": "Hello"}], or an object with that list as “messages”.'
_ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


def read_messages(source: str) -> tuple[Message, ...]:
    """The messages in the file `source`, or on standard input for `-`; raises FileProblem with line and reason."""
    text = read_input()[0] if source == "-" else _content(source)
    where = "standard input" if source == "-" else f"“{source}”"
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise FileProblem(
            f"{where}, line {error.lineno}, column {error.colno}: this is no JSON ({error.msg}).", hint=_SHAPE
        ) from None
    except (RecursionError, ValueError):
        raise FileProblem(f"{where} is nested too deeply, or holds a number too long.", hint=_SHAPE) from None
    items = document.get("messages") if isinstance(document, dict) else document
    if not isinstance(items, list):
        raise FileProblem(f"{where} holds no list of messages.", hint=_SHAPE)
    return tuple(_message(item, f"{where}, message {number}") for number, item in enumerate(items, 1))


def _message(item: object, where: str) -> Message:
    if not isinstance(item, dict):
        raise FileProblem(f"{where} is no object.", hint=_SHAPE)
    role = _ROLES.get(str(item.get("role")))
    if role is None:
        raise FileProblem(f"{where} has the role {item.get('role')!r}.", hint="Roles are system, user and assistant.")
    reasoning = item.get("reasoning_content")
    thoughts = (ReasoningPart(reasoning),) if isinstance(reasoning, str) and reasoning else ()
    return Message(role, (*thoughts, TextPart(_text(item.get("content"), where))))


def _text(content: object, where: str) -> str:
    """Content as text: a string, or a list of text parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise FileProblem(f"{where} has no text as its content.", hint=_SHAPE)
    texts = [part.get("text") if isinstance(part, dict) else part for part in content]
    if not all(isinstance(text, str) for text in texts):
        raise FileProblem(f"{where} holds something else than text.", hint="Only text can be rendered.")
    return "".join(str(text) for text in texts)


def _content(source: str) -> str:
    try:
        return decode(Path(source).read_bytes())[0]
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FileProblem(f"“{source}” can't be read: {reason}.", hint="Check the path.") from None
