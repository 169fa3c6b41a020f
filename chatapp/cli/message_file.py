"""Reads the messages of `chatapp prompts render`: a JSON list as OpenAI-compatible servers take it."""

from __future__ import annotations

import json
from pathlib import Path

from chatapp.cli.streams import decode, read_input
from chatapp.core.errors import FileProblem
from chatapp.core.message_object import message_of
from chatapp.core.messages import Message

_SHAPE = 'It holds a list such as [{"role": "user", "content": "Hello"}], or an object with that list as “messages”.'


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
    return tuple(message_of(item, f"{where}, message {number}") for number, item in enumerate(items, 1))


def _content(source: str) -> str:
    try:
        return decode(Path(source).read_bytes())[0]
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FileProblem(f"“{source}” can't be read: {reason}.", hint="Check the path.") from None
