"""Facts that travel between widgets and screens; requests are plain calls."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from chatapp.core.conversations import StoredMessage
from chatapp.core.errors import ChatappError
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import Value


@dataclass
class ReplyEnded(Message):
    """A reply is finished, stopped or failed; `error` says why it failed, `prompt` what had been asked."""

    conversation_id: int
    reply: StoredMessage
    error: ChatappError | None
    prompt: str


@dataclass
class FiguresChanged(Message):
    """The figures of a conversation's reply moved."""

    conversation_id: int


@dataclass
class ConversationChosen(Message):
    """A conversation was picked in the list."""

    conversation_id: int


@dataclass
class ConversationChanged(Message):
    """A conversation came to be, or has new messages or another title."""

    conversation_id: int


@dataclass
class SystemPromptEdited(Message):
    """The conversation's system prompt was changed."""

    text: str


@dataclass
class EditsChanged(Message):
    """The conversation's own parameter values were changed: `edits` are all of them, `name` is the one that changed."""

    edits: dict[str, Value]
    name: str


@dataclass
class OverflowChosen(Message):
    """Another overflow was chosen for the conversation."""

    overflow: Overflow


class InspectorOpened(Message):
    """The inspector is there and wants to be filled."""
