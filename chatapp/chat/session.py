"""Everything that one does with conversations, for the screen, the command line and programs alike."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from chatapp.chat.autosave import Sleep
from chatapp.chat.context import Context
from chatapp.chat.draft import Draft
from chatapp.chat.edits import stored_edits, values_of
from chatapp.chat.turn import Turn
from chatapp.chat.window import prepare
from chatapp.core.backend import Backend, Prepared, TemplateVariables
from chatapp.core.conversations import Conversation, Generation, Hit, StoredMessage
from chatapp.core.details import Details
from chatapp.core.errors import ChatappError, EmptyPrompt, Unsupported, UsageError
from chatapp.core.messages import Part, TextPart
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import Values, check
from chatapp.core.presets import Preset

if TYPE_CHECKING:
    from chatapp.storage.store import Store


class Session:
    """The use cases of one store and one backend; it owns neither, and closes neither.

    Reads are quick and synchronous and show running replies as they are now. Several turns may run at the same
    time, in different conversations or on different branches of one; a branch whose reply is still being written
    takes no new message. `preset` holds for every message that is sent while it is set, below the edits of its
    conversation; conversations that are begun without a system prompt get the preset's, and those begun without a
    choice get `overflow`. With `exact` each reply is computed alone and anew. `clock` gives monotonic seconds, `sleep`
    paces the saving.
    """

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

    @property
    def problems(self) -> tuple[ChatappError, ...]:
        """What is wrong with the store."""
        return self.store.problems

    @property
    def persistent(self) -> bool:
        """Whether anything is kept after the end."""
        return self.store.persistent

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns that run, and those whose last text is not saved yet."""
        return tuple(self._turns.values())

    @property
    def opening_prompt(self) -> str:
        """The system prompt of a conversation that is begun without one: the preset's."""
        return self.preset.system_prompt if self.preset is not None else ""

    def conversations(self, *, filter: str = "", trash: bool = False, limit: int | None = None) -> list[Conversation]:  # noqa: A002
        """List conversations, newest first; `filter` are words in title or messages."""
        return self.store.conversations.list(filter=filter, trash=trash, limit=limit)

    def conversation(self, conversation_id: int) -> Conversation:
        """Read one; raise NotFound."""
        return self.store.conversations.get(conversation_id)

    def latest(self) -> Conversation | None:
        """Find the conversation that was touched last."""
        return self.store.conversations.latest()

    def thread(self, conversation_id: int, leaf_id: int | None = None) -> list[StoredMessage]:
        """Read a branch from root to leaf, the shown one where no leaf is given."""
        return self._now(self.store.conversations.thread(conversation_id, leaf_id))

    def siblings(self, message_id: int) -> list[StoredMessage]:
        """Read a message and all that stand beside it, oldest first."""
        return self._now(self.store.conversations.siblings(message_id))

    def token_details(self, message_id: int) -> Details | None:
        """Read what is known of each token of a reply; None where nothing is.

        Of a reply that still runs, it is what was told so far, and grows with it.
        """
        turn = self._turns.get(message_id)
        return turn.details if turn is not None else self.store.conversations.token_details(message_id)

    def search(self, query: str, limit: int = 50) -> list[Hit]:
        """Find messages, newest first."""
        return self.store.search.search(query, limit=limit)

    async def create(
        self, *, system_prompt: str = "", edits: Values | None = None, overflow: Overflow | None = None
    ) -> Conversation:
        """Begin an empty conversation; without a system prompt it gets the preset's, without `overflow` the default."""
        model = self.backend.model
        return await self.store.conversations.create(
            system_prompt=self._system_prompt(system_prompt),
            edits=stored_edits(edits or {}),
            model=model.name if model is not None else "",
            overflow=overflow or self.overflow,
        )

    async def rename(self, conversation_id: int, title: str) -> Conversation:
        """Give a conversation another title."""
        return await self.store.conversations.rename(conversation_id, title)

    async def delete(self, conversation_id: int) -> Conversation:
        """Move a conversation to the trash; what still runs in it is stopped."""
        for turn in self.turns:
            if turn.conversation_id == conversation_id:
                await turn.stop()
        return await self.store.conversations.delete(conversation_id)

    async def restore(self, conversation_id: int) -> Conversation:
        """Take a conversation out of the trash."""
        return await self.store.conversations.restore(conversation_id)

    async def pin(self, conversation_id: int, pinned: bool) -> Conversation:
        """Pin a conversation, or unpin it."""
        return await self.store.conversations.pin(conversation_id, pinned)

    async def set_system_prompt(self, conversation_id: int, text: str) -> Conversation:
        """Give a conversation a system prompt, from the next message on."""
        return await self.store.conversations.set_system_prompt(conversation_id, text)

    async def set_edits(self, conversation_id: int, edits: Values) -> Conversation:
        """Set all the parameters of a conversation, from the next message on."""
        return await self.store.conversations.set_edits(conversation_id, stored_edits(edits))

    async def set_overflow(self, conversation_id: int, overflow: Overflow) -> Conversation:
        """Choose what happens when a conversation no longer fits the context, from the next message on."""
        return await self.store.conversations.set_overflow(conversation_id, overflow)

    async def select(self, message_id: int) -> Conversation:
        """Show the branch that goes through a message."""
        return await self.store.conversations.select(message_id)

    async def send(
        self,
        conversation_id: int,
        text: str,
        *,
        edits: Values | None = None,
        prefill: str = "",
        alternatives: int = 0,
        template_variables: TemplateVariables | None = None,
    ) -> Turn:
        """Store `text` at the end of the shown branch with an empty reply, and return the turn that writes it.

        `edits` stand in for the conversation's own; `alternatives` are told of each token. Raise EmptyPrompt, or
        UsageError where a reply is still being written on this branch; nothing is stored then.
        """
        if not text.strip():
            raise EmptyPrompt("The message is empty.", hint="Write something to send.")
        conversation = self.conversation(conversation_id)
        context = self._context(conversation, edits)
        context = msgspec.structs.replace(
            context, prefill=prefill, alternatives=alternatives, template_variables=dict(template_variables or {})
        )
        return await self._opened(self._ask(conversation_id, text, context))

    async def complete(
        self,
        conversation_id: int,
        prompt: str,
        *,
        edits: Values | None = None,
        prefill: str = "",
        alternatives: int = 0,
    ) -> Turn:
        """Continue `prompt` as it is, without chat template and without what was said before.

        The prompt is stored as the user's message, the continuation as the reply.
        """
        if not prompt:
            raise EmptyPrompt("The prompt is empty.", hint="Write a beginning for the model to continue.")
        context = self._context(self.conversation(conversation_id), edits)
        context = msgspec.structs.replace(context, prompt=prompt, prefill=prefill, alternatives=alternatives)
        return await self._opened(self._ask(conversation_id, prompt, context))

    async def regenerate(self, message_id: int, *, alternatives: int = 0) -> Turn:
        """Write another reply beside the reply `message_id`, with the conversation's settings as they are now."""
        reply = self.store.conversations.message(message_id)
        if reply.role != "assistant" or reply.parent_id is None:
            raise UsageError("Only a reply to a message can be written again.", hint="Choose a reply of the model.")
        conversation = self.conversation(reply.conversation_id)
        thread = tuple(self.thread(conversation.id, reply.parent_id))
        is_raw = reply.generation is not None and reply.generation.raw
        context = msgspec.structs.replace(
            self._context(conversation, None),
            thread=thread,
            prompt=thread[-1].text if is_raw else None,
            alternatives=alternatives,
        )
        self._check_capabilities(context)
        return await self._opened(self._open(thread[-1], context))

    async def preview(
        self,
        text: str,
        *,
        conversation_id: int | None = None,
        system_prompt: str = "",
        edits: Values | None = None,
        prefill: str = "",
        raw: bool = False,
        template_variables: TemplateVariables | None = None,
        overflow: Overflow | None = None,
    ) -> Prepared:
        """Resolve what `send`, or with `raw` `complete`, would ask; nothing is stored and nothing generated.

        Without `conversation_id` it is asked in a new conversation, which would have `system_prompt`. `overflow` stands
        in for the conversation's own.
        """
        if conversation_id is None:
            conversation = _new_conversation(self._system_prompt(system_prompt), self.overflow)
        else:
            conversation = self.conversation(conversation_id)
        before = self.thread(conversation.id) if conversation.leaf_id is not None else []
        context = msgspec.structs.replace(
            self._context(conversation, edits),
            thread=(*before, _unsent(conversation.id, text)),
            prompt=text if raw else None,
            prefill=prefill,
            template_variables=dict(template_variables or {}),
            overflow=overflow or conversation.overflow,
        )
        self._check_capabilities(context)
        prepared, _ = await prepare(self.backend, context)
        return prepared

    async def close(self) -> None:
        """Stop all that runs and store its text; call it before the store and the backend are closed."""
        await asyncio.gather(*(turn.close() for turn in self.turns))

    async def _opened(self, opening: Coroutine[None, None, Turn]) -> Turn:
        """Let a turn be stored as a whole: where the caller is cancelled meanwhile, the turn is closed at once."""
        task = asyncio.create_task(opening)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            with suppress(ChatappError):
                await (await task).close()
            raise

    async def _ask(self, conversation_id: int, text: str, context: Context) -> Turn:
        """Store the question, then open the turn; one at a time, so that two can't take the same place."""
        self._check_capabilities(context)
        async with self._opening:
            thread = self.thread(conversation_id)
            if any(message.status == "streaming" for message in thread):
                raise UsageError(
                    "A reply is still being written here.", hint="Wait for its end, or stop it and send again."
                )
            parent_id = thread[-1].id if thread else None
            user = await self.store.conversations.add_message(conversation_id, parent_id, "user", (TextPart(text),))
            # What the store took is what the model gets: it replaces what no file can hold.
            prompt = user.text if context.prompt is not None else None
            return await self._open(user, msgspec.structs.replace(context, thread=(*thread, user), prompt=prompt))

    async def _open(self, user: StoredMessage, context: Context) -> Turn:
        """Store an empty reply to `user` and make the turn that fills it."""
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
        parts: tuple[Part, ...] = (TextPart(context.prefill),) if context.prefill else ()
        reply = await self.store.conversations.add_message(
            user.conversation_id, user.id, "assistant", parts, status="streaming", generation=generation
        )
        turn = Turn(
            backend=self.backend,
            context=msgspec.structs.replace(context, prefill=reply.text),
            user=user,
            draft=Draft(reply, generation, self._clock),
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

    def _now(self, messages: Sequence[StoredMessage]) -> list[StoredMessage]:
        """Show what turns hold in memory instead of the rows, which are a little older."""
        return [self._turns[row.id].over(row) if row.id in self._turns else row for row in messages]

    def _system_prompt(self, text: str) -> str:
        """The system prompt of a new conversation: `text`, else the preset's."""
        return text if text.strip() else self.opening_prompt or text

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
        if context.prefill and not capabilities.prefill:
            raise Unsupported("This model's replies can't be begun for it.", hint="Leave the prefill out.")
        if context.exact and not capabilities.exact:
            raise Unsupported("This model's replies can't be made exactly again.", hint="Leave exact mode out.")


def _new_conversation(system_prompt: str, overflow: Overflow) -> Conversation:
    return Conversation(id=0, title="", created_at=0.0, updated_at=0.0, system_prompt=system_prompt, overflow=overflow)


def _unsent(conversation_id: int, text: str) -> StoredMessage:
    return StoredMessage(
        id=0,
        conversation_id=conversation_id,
        parent_id=None,
        role="user",
        parts=(TextPart(text),),
        status="complete",
        created_at=0.0,
    )
