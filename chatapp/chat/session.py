"""Everything that one does with conversations, for the screen, the command line and programs alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from chatapp.chat.branches import Branches
from chatapp.chat.context import Context
from chatapp.chat.edits import stored_edits
from chatapp.chat.turn import Turn
from chatapp.chat.window import prepare
from chatapp.core.backend import Prepared, TemplateVariables
from chatapp.core.conversations import Conversation, Found, Hit, StoredMessage
from chatapp.core.errors import ChatappError, EmptyPrompt, Unsupported, UsageError
from chatapp.core.messages import Message, Role, TextPart
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import Values, check


class Session(Branches):
    """The use cases of one store and one backend; it owns neither, and closes neither.

    Reads are quick and synchronous and show running replies as they are now. Several turns may run at the same
    time, in different conversations or on different branches of one; a branch whose reply is still being written
    takes no new message. `preset` holds for every message that is sent while it is set, below the edits of its
    conversation; conversations that are begun without a system prompt get the preset's, and those begun without a
    choice get `overflow`. With `exact` each reply is computed alone and anew. `clock` gives monotonic seconds, `sleep`
    paces the saving.
    """

    @property
    def problems(self) -> tuple[ChatappError, ...]:
        """What is wrong with the store."""
        return self.store.problems

    @property
    def persistent(self) -> bool:
        """Whether anything is kept after the end."""
        return self.store.persistent

    @property
    def opening_prompt(self) -> str:
        """The system prompt of a conversation that is begun without one: the preset's."""
        return self.preset.system_prompt if self.preset is not None else ""

    def conversations(self, *, filter: str = "", trash: bool = False, limit: int | None = None) -> list[Conversation]:  # noqa: A002
        """List conversations, newest first; `filter` are words in title or messages."""
        return self.store.conversations.list(filter=filter, trash=trash, limit=limit)

    def latest(self) -> Conversation | None:
        """Find the conversation that was touched last."""
        return self.store.conversations.latest()

    def siblings(self, message_id: int) -> list[StoredMessage]:
        """Read a message and all that stand beside it, oldest first."""
        return self._now(self.store.conversations.siblings(message_id))

    def search(self, query: str, limit: int = 50, *, conversation_id: int | None = None) -> list[Hit]:
        """Find messages, newest first; those of one conversation where one is given."""
        return self.store.search.search(query, limit=limit, conversation_id=conversation_id)

    def look_up(self, words: str, *, limit: int, is_wanted: Callable[[], bool]) -> tuple[list[Conversation], Found]:
        """Find conversations as `conversations` does, and messages in them, newest first and a few of each.

        It takes a while, so it is made for a thread, and gives up when it `is_wanted` no longer.
        """
        listed = self.store.conversations.list(filter=words, limit=limit, is_wanted=is_wanted)
        return listed, self.store.search.find_in_each(words, limit=limit, is_wanted=is_wanted)

    async def create(
        self,
        *,
        system_prompt: str = "",
        edits: Values | None = None,
        overflow: Overflow | None = None,
        title: str = "",
        messages: Sequence[Message] = (),
    ) -> Conversation:
        """Begin a conversation; without a system prompt it gets the preset's, without `overflow` the default.

        It is empty but for `messages`, which were said in it already, as examples are. Without a `title` it gets one
        from the first message of the user.
        """
        model = self.backend.model
        conversation = await self.store.conversations.create(
            title=title,
            system_prompt=self._system_prompt(system_prompt),
            edits=stored_edits(edits or {}),
            model=model.name if model is not None else "",
            overflow=overflow or self.overflow,
        )
        parent_id = None
        for message in messages:
            added = await self.store.conversations.add_message(conversation.id, parent_id, message.role, message.parts)
            parent_id = added.id
        return self.store.conversations.get(conversation.id) if messages else conversation

    async def rename(self, conversation_id: int, title: str) -> Conversation:
        """Give a conversation another title."""
        return await self.store.conversations.rename(conversation_id, title)

    async def delete(self, conversation_id: int) -> Conversation:
        """Move a conversation to the trash; what still runs in it is stopped."""
        await self._stop_all(conversation_id)
        return await self.store.conversations.delete(conversation_id)

    async def restore(self, conversation_id: int) -> Conversation:
        """Take a conversation out of the trash."""
        return await self.store.conversations.restore(conversation_id)

    async def purge(self, conversation_id: int) -> None:
        """Remove a conversation for good, with all that was said in it; what still runs in it is stopped."""
        await self._stop_all(conversation_id)
        await self.store.conversations.purge(conversation_id)

    async def pin(self, conversation_id: int, pinned: bool) -> Conversation:
        """Pin a conversation, or unpin it."""
        return await self.store.conversations.pin(conversation_id, pinned)

    async def set_system_prompt(self, conversation_id: int, text: str) -> Conversation:
        """Give a conversation a system prompt, from the next message on."""
        return self._set(await self.store.conversations.set_system_prompt(conversation_id, text), "system_prompt")

    async def set_edits(self, conversation_id: int, edits: Values) -> Conversation:
        """Set all the parameters of a conversation, from the next message on."""
        return self._set(await self.store.conversations.set_edits(conversation_id, stored_edits(edits)), "edits")

    async def set_overflow(self, conversation_id: int, overflow: Overflow) -> Conversation:
        """Choose what happens when a conversation no longer fits the context, from the next message on."""
        return self._set(await self.store.conversations.set_overflow(conversation_id, overflow), "overflow")

    async def send(
        self,
        conversation_id: int,
        text: str,
        *,
        edits: Values | None = None,
        prefill: str = "",
        alternatives: int = 0,
        template_variables: TemplateVariables | None = None,
        prompt_values: Values | None = None,
    ) -> Turn:
        """Store `text` at the end of the shown branch with an empty reply, and return the turn that writes it.

        Where the branch ends in a message that got no word of an answer but a failure, it is stored as a version
        beside that message: what is sent again does not stand there twice.
        `edits` stand in for the conversation's own, `prompt_values` are those of a prompt of the library;
        `alternatives` are told of each token. Raise EmptyPrompt, or UsageError where a reply is still being written on
        this branch; nothing is stored then.
        """
        if not text.strip():
            raise EmptyPrompt("The message is empty.", hint="Write something to send.")
        conversation = self.conversation(conversation_id)
        context = self._context(conversation, edits)
        context = msgspec.structs.replace(
            context,
            prefill=prefill,
            alternatives=alternatives,
            template_variables=dict(template_variables or {}),
            prompt_values=check(prompt_values or {}),
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
        prompt_values: Values | None = None,
    ) -> Turn:
        """Continue `prompt` as it is, without chat template and without what was said before.

        The prompt is stored as the user's message, the continuation as the reply.
        """
        if not prompt:
            raise EmptyPrompt("The prompt is empty.", hint="Write a beginning for the model to continue.")
        context = self._context(self.conversation(conversation_id), edits)
        context = msgspec.structs.replace(
            context,
            prompt=prompt,
            prefill=prefill,
            alternatives=alternatives,
            prompt_values=check(prompt_values or {}),
        )
        return await self._opened(self._ask(conversation_id, prompt, context))

    async def prompt_ids(self, message_id: int) -> tuple[int, ...]:
        """Tell the tokens of the prompt before the reply `message_id`, as it would be asked with the settings of now.

        Raise Unsupported where the backend does not know them.
        """
        prepared = await self.prompt_of(message_id)
        if prepared.token_ids is None:
            raise Unsupported("This model's tokens are not known.")
        return prepared.token_ids

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
        prompt_values: Values | None = None,
        messages: Sequence[Message] = (),
    ) -> Prepared:
        """Resolve what `send`, or with `raw` `complete`, would ask; nothing is stored and nothing generated.

        Without `conversation_id` it is asked in a new conversation, which would have `system_prompt` and begin with
        `messages`. `overflow` stands in for the conversation's own.
        """
        if conversation_id is None:
            conversation = _new_conversation(self._system_prompt(system_prompt), self.overflow)
        else:
            conversation = self.conversation(conversation_id)
        before = _without_unanswered(self.thread(conversation.id)) if conversation.leaf_id is not None else []
        before += [_unsent(conversation.id, message.text, message.role) for message in messages]
        context = msgspec.structs.replace(
            self._context(conversation, edits),
            thread=(*before, _unsent(conversation.id, text)),
            prompt=text if raw else None,
            prefill=prefill,
            template_variables=dict(template_variables or {}),
            overflow=overflow or conversation.overflow,
            prompt_values=check(prompt_values or {}),
        )
        self._check_capabilities(context)
        prepared, _ = await prepare(self.backend, context)
        return prepared

    async def prompt_of(self, message_id: int) -> Prepared:
        """Put the prompt before a reply together again, with the settings of now; nothing is stored or generated.

        It is what was sent as long as nothing that it is made of has changed since.
        """
        reply = self.store.conversations.message(message_id)
        thread = tuple(self.thread(reply.conversation_id, reply.parent_id)) if reply.parent_id is not None else ()
        is_raw = reply.generation is not None and reply.generation.raw
        context = msgspec.structs.replace(
            self._context(self.conversation(reply.conversation_id), None),
            thread=thread,
            prompt=thread[-1].text if is_raw and thread else None,
        )
        prepared, _ = await prepare(self.backend, context)
        return prepared

    async def close(self) -> None:
        """Stop all that runs and store its text; call it before the store and the backend are closed."""
        await asyncio.gather(*(turn.close() for turn in self.turns))

    async def _ask(self, conversation_id: int, text: str, context: Context) -> Turn:
        """Store the question, then open the turn; one at a time, so that two can't take the same place."""
        self._check_capabilities(context)
        async with self._opening:
            thread = _without_unanswered(self.thread(conversation_id))
            if any(message.status == "streaming" for message in thread):
                raise UsageError(
                    "A reply is still being written here.", hint="Wait for its end, or stop it and send again."
                )
            parent_id = thread[-1].id if thread else None
            user = await self.store.conversations.add_message(conversation_id, parent_id, "user", (TextPart(text),))
            self._show(conversation_id, user.id)
            # What the store took is what the model gets: it replaces what no file can hold.
            prompt = user.text if context.prompt is not None else None
            return await self._open(user, msgspec.structs.replace(context, thread=(*thread, user), prompt=prompt))

    async def _stop_all(self, conversation_id: int) -> None:
        for turn in self.turns:
            if turn.conversation_id == conversation_id:
                await turn.stop()

    def _set(self, stored: Conversation, name: str) -> Conversation:
        """Take over a setting as it was stored; the conversation as it is looked at."""
        if self._look is not None and self._look.id == stored.id:
            self._look = msgspec.structs.replace(self._look, **{name: getattr(stored, name)})
        return self.conversation(stored.id)

    def _system_prompt(self, text: str) -> str:
        """The system prompt of a new conversation: `text`, else the preset's."""
        return text if text.strip() else self.opening_prompt or text


def _without_unanswered(thread: list[StoredMessage]) -> list[StoredMessage]:
    """The branch without a last message that was answered by a failure and no word."""
    if len(thread) < 2 or (thread[-2].role, thread[-1].status) != ("user", "failed") or thread[-1].parts:
        return thread
    return thread[:-2]


def _new_conversation(system_prompt: str, overflow: Overflow) -> Conversation:
    return Conversation(id=0, title="", created_at=0.0, updated_at=0.0, system_prompt=system_prompt, overflow=overflow)


def _unsent(conversation_id: int, text: str, role: Role = "user") -> StoredMessage:
    return StoredMessage(
        id=0,
        conversation_id=conversation_id,
        parent_id=None,
        role=role,
        parts=(TextPart(text),),
        status="complete",
        created_at=0.0,
    )
