"""What the next message of a pane is sent with, kept true to what its conversation has stored."""

from __future__ import annotations

from typing import NamedTuple

from textual.dom import DOMNode

from chatapp.chat.edits import values_of
from chatapp.chat.session import Session
from chatapp.core.conversations import Conversation
from chatapp.core.errors import ChatappError
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import Value
from chatapp.ui.attempt import attempt
from chatapp.ui.notice import say_error


class Wishes(NamedTuple):
    """What is stored with a conversation for its next message."""

    system_prompt: str
    edits: dict[str, Value]
    overflow: Overflow


class NextMessage:
    """System prompt, parameter values and overflow of the conversation that `host` shows, or will begin.

    What is changed is stored at once where there is a conversation, and in any case before a message is sent. `raw`
    lets what is sent be continued as it is; nothing stores that.
    """

    def __init__(self, session: Session, host: DOMNode) -> None:
        self._session = session
        self._host = host
        self._number: int | None = None
        self._is_saved = True
        self.raw = False
        self.wishes = Wishes(session.opening_prompt, {}, session.overflow)

    @property
    def system_prompt(self) -> str:
        """What its prompt begins with."""
        return self.wishes.system_prompt

    @property
    def edits(self) -> dict[str, Value]:
        """The parameter values that are set for it."""
        return self.wishes.edits

    @property
    def overflow(self) -> Overflow:
        """What happens when the conversation no longer fits the context."""
        return self.wishes.overflow

    def open(self, conversation: Conversation | None) -> None:
        """Take what a conversation has stored; None begins one with what the session begins with."""
        self._is_saved = True
        if conversation is None:
            self._number = None
            self.wishes = Wishes(self._session.opening_prompt, {}, self._session.overflow)
        else:
            self._number = conversation.id
            self.wishes = Wishes(conversation.system_prompt, self._edits_of(conversation), conversation.overflow)

    def change(
        self,
        *,
        system_prompt: str | None = None,
        edits: dict[str, Value] | None = None,
        overflow: Overflow | None = None,
    ) -> None:
        """Send it with what is given here."""
        before = self.wishes
        self.wishes = Wishes(
            before.system_prompt if system_prompt is None else system_prompt,
            before.edits if edits is None else dict(edits),
            before.overflow if overflow is None else overflow,
        )
        if self.wishes != before:
            self._save_soon()

    async def save(self) -> None:
        """Store with the conversation what is not stored yet."""
        if self._number is not None and not self._is_saved:
            await self._save(self._number, self.wishes)

    def _save_soon(self) -> None:
        self._is_saved = False
        if self._number is not None:  # named here, for another conversation may be shown before the work begins
            attempt(self._host, self._save(self._number, self.wishes))

    async def _save(self, number: int, wishes: Wishes) -> None:
        await self._session.set_system_prompt(number, wishes.system_prompt)
        await self._session.set_edits(number, wishes.edits)
        await self._session.set_overflow(number, wishes.overflow)
        if (number, wishes) == (self._number, self.wishes):
            self._is_saved = True

    async def begin(self, wishes: Wishes) -> Conversation:
        """Store the conversation that it begins, with these."""
        conversation = await self._session.create(**wishes._asdict())
        if conversation.system_prompt != wishes.system_prompt:  # one that was cleared: the preset's came in its place
            conversation = await self._session.set_system_prompt(conversation.id, wishes.system_prompt)
        return conversation

    def belongs_to(self, conversation: Conversation) -> None:
        """Go on with the conversation that `begin` stored; what was changed meanwhile is stored, too."""
        self._number = conversation.id
        stored = Wishes(conversation.system_prompt, self._edits_of(conversation), conversation.overflow)
        if self.wishes != stored:
            self._save_soon()

    def _edits_of(self, conversation: Conversation) -> dict[str, Value]:
        """The conversation's own values; where they can't be read, none, and it is said."""
        try:
            return values_of(conversation.edits)
        except ChatappError as error:
            say_error(self._host.app, error)
            return {}
