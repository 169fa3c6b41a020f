"""What the latest replies were really asked with, as long as the program runs."""

from __future__ import annotations

from chatapp.chat.turn import Turn
from chatapp.core.backend import Prepared
from chatapp.core.conversations import Conversation

_KEPT = 8
"""Prompts that are remembered; older ones are put together again where they are asked for."""


class SentRequests:
    """The prompts of the latest replies, and each conversation's system prompt as it was sent last."""

    def __init__(self) -> None:
        self._running: dict[int, Turn] = {}
        self._prepared: dict[int, Prepared] = {}
        self._prompted_anew: set[int] = set()
        self._system_prompts: dict[int, str] = {}

    def see(self, conversation: Conversation) -> None:
        """Take a conversation as it was found: its system prompt was sent unless a turn tells otherwise."""
        self._system_prompts.setdefault(conversation.id, conversation.system_prompt)

    def note(self, turn: Turn) -> None:
        """A reply is being written."""
        if turn.reply.id in self._running:
            return
        self._running[turn.reply.id] = turn
        before = self._system_prompts.get(turn.conversation_id, turn.system_prompt)
        if before.strip() != turn.system_prompt.strip():
            self._prompted_anew.add(turn.reply.id)
        self._system_prompts[turn.conversation_id] = turn.system_prompt

    def is_prompted_anew(self, reply_id: int) -> bool:
        """Whether a reply was asked with another system prompt than the request before it in its conversation."""
        return reply_id in self._prompted_anew

    def end(self, reply_id: int, conversation: Conversation) -> None:
        """A reply has ended: of its turn only the prompt is kept. It may have been too quick to be noted."""
        turn = self._running.pop(reply_id, None)
        if turn is None:
            self._system_prompts[conversation.id] = conversation.system_prompt
        elif turn.prepared is not None:
            self._prepared[reply_id] = turn.prepared
            while len(self._prepared) > _KEPT:
                del self._prepared[next(iter(self._prepared))]

    def prepared(self, reply_id: int) -> Prepared | None:
        """What a reply was asked with, None where it is not known any more, or not yet."""
        turn = self._running.get(reply_id)
        return turn.prepared if turn is not None else self._prepared.get(reply_id)

    def system_prompt(self, conversation_id: int | None) -> str:
        """The system prompt that a conversation was sent with last."""
        return self._system_prompts.get(conversation_id, "") if conversation_id is not None else ""
