"""Facts that travel between widgets and screens; requests are plain calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.widget import Widget

from chatapp.core.conversations import StoredMessage
from chatapp.core.errors import ChatappError
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import Value

if TYPE_CHECKING:
    from chatapp.ui.widgets.inspector.frame import TabName


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


class ModelChanged(Message):
    """What answers in a pane is another model or preset, or its model came into memory or left it."""


@dataclass
class ConversationChosen(Message):
    """A conversation was picked in the list."""

    conversation_id: int


@dataclass
class HitChosen(Message):
    """A message that was found by `query` was picked in the list; `words` are what each hit has any of."""

    conversation_id: int
    message_id: int
    query: str
    words: tuple[str, ...]


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


@dataclass
class TabOpened(Message):
    """A tab of the inspector came to be seen, first or again, and wants to be filled; see `widgets/inspector`."""

    name: TabName
    tab: Widget
