"""Replies in the making: opened on the store, written by the backend, kept in sight until they are saved."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import msgspec

from chatapp.chat.autosave import Sleep
from chatapp.chat.context import Context
from chatapp.chat.draft import Draft
from chatapp.chat.edits import values_of
from chatapp.chat.turn import Turn
from chatapp.core.backend import Backend
from chatapp.core.conversations import Conversation, Generation, StoredMessage
from chatapp.core.details import Details
from chatapp.core.errors import ChatappError, Unsupported
from chatapp.core.messages import Part, ReasoningPart, TextPart
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import Values, check
from chatapp.core.presets import Preset

if TYPE_CHECKING:
    from chatapp.storage.store import Store


_LOOKED_AT = ("leaf_id", "system_prompt", "edits", "overflow")
"""What of a conversation may be another thing to each who looks at it."""


class Replies:
    """One store, one backend, and the turns that run: what all use cases that write replies stand on."""

    def __init__(
        self,
        store: Store,
        backend: Backend,
        *,
        preset: Preset | None = None,
        overflow: Overflow = "stop",
        exact: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.store = store
        self.backend = backend
        self.preset = preset
        self.overflow = overflow
        self.exact = exact
        self._clock = clock
        self._sleep = sleep
        self._turns: dict[int, Turn] = {}
        self._opening = asyncio.Lock()
        self._look: Conversation | None = None

    def beside(self) -> Self:
        """Another one over the same store and the same running turns; backend, preset and `look` are its own."""
        other = copy.copy(self)
        other._look = None
        return other

    def look(self, conversation: Conversation | None) -> None:
        """Take a conversation as it is given: its branch, system prompt, edits and overflow.

        They hold here until they are changed here, whatever others over the same store show of it. None ends that.
        """
        self._look = conversation

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns that run, and those whose last text is not saved yet."""
        return tuple(self._turns.values())

    def conversation(self, conversation_id: int) -> Conversation:
        """Read one, as it is looked at; raise NotFound."""
        row = self.store.conversations.get(conversation_id)
        if self._look is None or self._look.id != conversation_id:
            return row
        look = self._look
        if look.leaf_id is not None and self.store.conversations.message(look.leaf_id).deleted_with is not None:
            look = self._look = msgspec.structs.replace(look, leaf_id=row.leaf_id)  # somebody else deleted the branch
        return msgspec.structs.replace(row, **{name: getattr(look, name) for name in _LOOKED_AT})

    def thread(self, conversation_id: int, leaf_id: int | None = None) -> list[StoredMessage]:
        """Read a branch from root to leaf, the shown one where no leaf is given."""
        leaf = leaf_id if leaf_id is not None else self.conversation(conversation_id).leaf_id
        return self._now(self.store.conversations.thread(conversation_id, leaf)) if leaf is not None else []

    def token_details(self, message_id: int) -> Details | None:
        """Read what is known of each token of a reply; None where nothing is.

        Of a reply that still runs, it is what was told so far, and grows with it.
        """
        turn = self._turns.get(message_id)
        return turn.details if turn is not None else self.store.conversations.token_details(message_id)

    async def _opened(self, opening: Coroutine[None, None, Turn]) -> Turn:
        """Let a turn be stored as a whole: where the caller is cancelled meanwhile, the turn is closed at once."""
        task = asyncio.create_task(opening)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            with suppress(ChatappError):
                await (await task).close()
            raise

    async def _open(self, user: StoredMessage, context: Context, details: Details | None = None) -> Turn:
        """Store a reply to `user` with what it begins with, and make the turn that fills it.

        `details` tell of the tokens that it begins with.
        """
        card = self.backend.model
        generation = Generation(
            model_name=card.name if card is not None else "",
            model_fingerprint=card.fingerprint if card is not None else "",
            template_sha256="",
            settings=(),
            seed=0,
            notices=context.notices,
            raw=context.prompt is not None,
            preset=self.preset.name if self.preset is not None else "",
        )
        reply = await self.store.conversations.add_message(
            user.conversation_id,
            user.id,
            "assistant",
            _beginning(context),
            status="streaming",
            generation=generation,
        )
        self._show(reply.conversation_id, reply.id)
        if context.begun is None:
            # What the store took is what the model gets: it replaces what no file can hold.
            context = msgspec.structs.replace(context, prefill=reply.text)
        turn = Turn(
            backend=self.backend,
            context=context,
            user=user,
            draft=Draft(reply, generation, self._clock, details),
            save=self._save,
            stored=self._forget,
            sleep=self._sleep,
        )
        self._turns[reply.id] = turn
        return turn

    async def _save(self, reply: StoredMessage, details: Details | None) -> None:
        await self.store.conversations.update_message(
            reply.id, parts=reply.parts, status=reply.status, generation=reply.generation, details=details
        )

    def _forget(self, turn: Turn) -> None:
        self._turns.pop(turn.reply.id, None)

    def _show(self, conversation_id: int, leaf_id: int | None) -> None:
        """Let the branch that the store has come to show be the one that is looked at."""
        if self._look is not None and self._look.id == conversation_id:
            self._look = msgspec.structs.replace(self._look, leaf_id=leaf_id)

    def _now(self, messages: Sequence[StoredMessage]) -> list[StoredMessage]:
        """Show what turns hold in memory instead of the rows, which are a little older."""
        return [self._turns[row.id].over(row) if row.id in self._turns else row for row in messages]

    def _context(self, conversation: Conversation, edits: Values | None) -> Context:
        """What holds for every request in a conversation; `edits` stand in for its own."""
        return Context(
            system_prompt=conversation.system_prompt,
            edits=values_of(conversation.edits) if edits is None else check(edits),
            preset=self.preset.sampling if self.preset is not None else {},
            thinking=self.preset.thinking if self.preset is not None else {},
            overflow=conversation.overflow,
            exact=self.exact,
        )

    def _check_capabilities(self, context: Context) -> None:
        capabilities = self.backend.capabilities
        if context.prompt is not None and not capabilities.raw_prompt:
            raise Unsupported("This model can't continue a raw prompt.", hint="Send it as a message instead.")
        if _beginning(context) and not capabilities.prefill:
            raise Unsupported("This model's replies can't be begun for it.", hint="Leave the prefill out.")
        if context.exact and not capabilities.exact:
            raise Unsupported("This model's replies can't be made exactly again.", hint="Leave exact mode out.")


def _beginning(context: Context) -> tuple[Part, ...]:
    """What a reply holds before the model has written anything."""
    if context.begun is None:
        return (TextPart(context.prefill),) if context.prefill else ()
    thoughts, answer = context.begun.reasoning, context.begun.text
    parts = (ReasoningPart(thoughts, context.begun.seconds), TextPart(answer))
    return tuple(part for part in parts if part.text)
