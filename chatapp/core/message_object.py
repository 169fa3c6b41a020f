"""A message as JSON objects hold it: `role` and `content`, as OpenAI-compatible servers take it."""

from __future__ import annotations

from chatapp.core.errors import FileProblem
from chatapp.core.messages import Message, ReasoningPart, Role, TextPart

_ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_SHAPE = 'A message is an object such as {"role": "user", "content": "Hello"}.'


def message_of(item: object, where: str) -> Message:
    """The message in a decoded JSON object; raise FileProblem, which begins with `where`."""
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
