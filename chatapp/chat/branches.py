"""What one does with a single message: write it again, go on from it, edit, insert, pin, delete, fork."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chatapp.chat.context import Begun, has_exact_tokens
from chatapp.chat.replies import Replies
from chatapp.chat.turn import Turn
from chatapp.core.conversations import Conversation, Generation, StoredMessage, Tree
from chatapp.core.details import Details
from chatapp.core.errors import EmptyPrompt, Unsupported, UsageError
from chatapp.core.messages import Part, ReasoningPart, Role, TextPart

_HALF_CHARACTER = "\ufffd"


class Branches(Replies):
    """The use cases that make, change and show branches; nothing that was said is ever changed or lost by them."""

    def tree(self, conversation_id: int) -> Tree:
        """Read all branches of a conversation, with what is deleted; raise NotFound."""
        leaf_id = self.conversation(conversation_id).leaf_id
        return msgspec.structs.replace(self.store.conversations.tree(conversation_id), leaf_id=leaf_id)

    async def select(self, message_id: int) -> Conversation:
        """Show the branch that goes through a message."""
        return self._shown(await self.store.conversations.select(message_id))

    # Replies beside a reply

    async def regenerate(self, message_id: int, *, alternatives: int = 0) -> Turn:
        """Write another reply beside the reply `message_id`, with the conversation's settings as they are now."""
        return await self._beside(self._reply(message_id), alternatives)

    async def branch(self, message_id: int, position: int, token_id: int, *, alternatives: int = 0) -> Turn:
        """Write a reply beside `message_id` that begins with its tokens before `position` and then `token_id`.

        Nothing of these is computed again where the model still has them in its cache, but for the new token. The
        new reply is whole: its text comes with the first event, and it has the tokens taken over and what is known of
        them, the new one's figures from the alternatives that were stored. Parameters see all of them as part of the
        reply: penalties, min_new_tokens, exponential decay and the reasoning budget count them, while max_new_tokens,
        max_time and loop_limit count from the new token on. Raise UsageError where the tokens of the reply are not
        known, or the model that is loaded is another one.
        """
        reply = self._settled(self._reply(message_id).id)
        generation = reply.generation
        if not self.backend.capabilities.token_ids:
            raise Unsupported("This model's replies can't be branched at a token.", hint="Continue the reply instead.")
        if generation is None or not generation.token_ids:
            raise UsageError("The tokens of this reply are not known.", hint="Continue the reply from its text.")
        if not 0 <= position <= len(generation.token_ids):
            raise UsageError(f"The reply has no token {position}.", hint="Choose one of its tokens.")
        begun = Begun(
            token_ids=(*generation.token_ids[:position], token_id),
            model_fingerprint=generation.model_fingerprint,
            needs_tokens=True,
        )
        if self.backend.model is not None:
            begun.tokens_for(self.backend.model.fingerprint)
        details = _details_with(self.token_details(reply.id), position, token_id)
        return await self._beside(reply, alternatives, begun, details)

    async def continue_reply(self, message_id: int, *, alternatives: int = 0) -> Turn:
        """Write a reply beside `message_id` that begins with all of it and goes on where it stopped.

        Its tokens are taken over where this model made them and they are exactly its text; otherwise, as for an
        edited reply, the text is read anew. Parameters see it as `branch` says, but where the text is read anew it is
        prompt to them.
        """
        reply = self._settled(self._reply(message_id).id)
        generation = reply.generation
        is_exact = not reply.edited and generation is not None and has_exact_tokens(generation)
        thought = [part.seconds for part in reply.parts if isinstance(part, ReasoningPart)]
        begun = Begun(text=reply.text, reasoning=reply.reasoning, seconds=sum(each or 0.0 for each in thought) or None)
        details = None
        if is_exact and generation is not None:
            # A reply that was stopped within a character ends in a stand-in for it; its tokens give the whole.
            begun = msgspec.structs.replace(
                begun,
                text=begun.text.rstrip(_HALF_CHARACTER),
                reasoning=begun.reasoning.rstrip(_HALF_CHARACTER),
                token_ids=generation.token_ids,
                model_fingerprint=generation.model_fingerprint,
            )
            details = _taken(self.token_details(reply.id), len(generation.token_ids))
        return await self._beside(reply, alternatives, begun, details)

    async def answer(self, message_id: int, *, alternatives: int = 0) -> Turn:
        """Write a reply to a message of the user, or to a system message; raise UsageError for a reply.

        Where it stands in for a prompt that was completed raw, it is completed so, too.
        """
        message = self._settled(message_id)
        if message.role == "assistant":
            raise UsageError("A reply is not answered.", hint="Continue it, or choose a message of yours.")
        context = msgspec.structs.replace(
            self._context(self.conversation(message.conversation_id), None),
            thread=tuple(self.thread(message.conversation_id, message.id)),
            prompt=message.text if self._was_raw(message) else None,
            alternatives=alternatives,
        )
        self._check_capabilities(context)
        return await self._opened(self._open(message, context))

    # Messages

    async def edit(self, message_id: int, text: str) -> StoredMessage:
        """Put `text` in place of a message's own: in a version beside it, which is shown from now on.

        Attachments and thoughts stay. An edited reply claims no tokens. The same text changes nothing. Raise
        EmptyPrompt where there is none.
        """
        message = self._settled(message_id)
        if not text.strip():
            raise EmptyPrompt("The message is empty.", hint="Write something, or delete the message.")
        if text == message.text:
            return message
        kept: list[Part] = [part for part in message.parts if not isinstance(part, TextPart)]
        edited = await self.store.conversations.add_message(
            message.conversation_id,
            message.parent_id,
            message.role,
            (*kept, TextPart(text)),
            generation=_edited(message.generation) if message.generation is not None else None,
            edited=True,
        )
        self._show(edited.conversation_id, edited.id)
        return edited

    async def insert(self, conversation_id: int, after_message_id: int | None, role: Role, text: str) -> StoredMessage:
        """Put a message behind another one, None for the beginning; what is shown behind that follows as copies."""
        if not text.strip():
            raise EmptyPrompt("The message is empty.", hint="Write something to insert.")
        async with self._opening:
            self._check_settled(self.thread(conversation_id))
            await self._store_branch(conversation_id)
            added = await self.store.conversations.insert_message(
                conversation_id, after_message_id, role, (TextPart(text),)
            )
            self._shown(self.store.conversations.get(conversation_id))
        return added

    async def fork(self, message_id: int) -> Conversation:
        """Begin a conversation with a copy of the branch down to a message, and with the same settings."""
        message = self._settled(message_id)
        self._check_settled(self.thread(message.conversation_id, message.id))
        return await self.store.conversations.fork(message.id, like=self.conversation(message.conversation_id))

    async def pin_message(self, message_id: int, pinned: bool) -> StoredMessage:
        """Keep a message, with its turn, in the model's view when older turns are left out; or let it go."""
        return self._now([await self.store.conversations.pin_message(message_id, pinned)])[0]

    async def delete_message(self, message_id: int) -> Conversation:
        """Take a message and all that follows it out of sight; what still runs there is stopped.

        The version beside it is shown, else the message before it. `restore_message` brings it back at any time.
        """
        conversation_id = self.store.conversations.message(message_id).conversation_id
        for turn in self.turns:
            branch = self.thread(conversation_id, turn.reply.id) if turn.conversation_id == conversation_id else []
            if any(message.id == message_id for message in branch):
                await turn.stop()
        async with self._opening:
            await self._store_branch(conversation_id)
            return self._shown(await self.store.conversations.delete_message(message_id))

    async def restore_message(self, message_id: int) -> Conversation:
        """Bring a deleted message back with what was deleted with it, and show it."""
        return self._shown(await self.store.conversations.restore_message(message_id))

    # Parts of these

    async def _beside(
        self, reply: StoredMessage, alternatives: int, begun: Begun | None = None, details: Details | None = None
    ) -> Turn:
        """Open a reply to the message that `reply` answers, with the conversation's settings as they are now."""
        thread = tuple(self.thread(reply.conversation_id, reply.parent_id))
        is_raw = reply.generation is not None and reply.generation.raw
        context = msgspec.structs.replace(
            self._context(self.conversation(reply.conversation_id), None),
            thread=thread,
            prompt=thread[-1].text if is_raw else None,
            begun=begun,
            alternatives=alternatives,
        )
        self._check_capabilities(context)
        return await self._opened(self._open(thread[-1], context, details))

    async def _store_branch(self, conversation_id: int) -> None:
        """Let the store show the branch that is looked at, for what it does next is about the one that it shows."""
        leaf_id = self.conversation(conversation_id).leaf_id
        if leaf_id != self.store.conversations.get(conversation_id).leaf_id:
            await self.store.conversations.show(conversation_id, leaf_id)

    def _shown(self, stored: Conversation) -> Conversation:
        """Look at the branch that a conversation was stored with; the conversation as it is looked at."""
        self._show(stored.id, stored.leaf_id)
        return self.conversation(stored.id)

    def _reply(self, message_id: int) -> StoredMessage:
        """The reply of that id; raise UsageError where it is none that can be written again."""
        reply = self.store.conversations.message(message_id)
        if reply.role != "assistant" or reply.parent_id is None:
            raise UsageError("Only a reply to a message can be written again.", hint="Choose a reply of the model.")
        return reply

    def _settled(self, message_id: int) -> StoredMessage:
        (message,) = self._now([self.store.conversations.message(message_id)])
        self._check_settled([message])
        return message

    def _check_settled(self, messages: Sequence[StoredMessage]) -> None:
        if any(message.status == "streaming" for message in messages):
            raise UsageError("A reply is still being written here.", hint="Wait for its end, or stop it.")

    def _was_raw(self, message: StoredMessage) -> bool:
        """Whether the newest reply to a message, or to another version of it, completed it as a raw prompt."""
        versions = {version.id for version in self.store.conversations.siblings(message.id)}
        places = self.tree(message.conversation_id).messages
        replies = [place.id for place in places if place.parent_id in versions and place.role == "assistant"]
        generation = self.store.conversations.message(replies[-1]).generation if replies else None
        return generation is not None and generation.raw


def _edited(generation: Generation) -> Generation:
    """What still holds of how a reply came about when a person has changed its text."""
    return msgspec.structs.replace(
        generation,
        stop_reason=None,
        stop_text=None,
        prompt_tokens=None,
        cached_tokens=None,
        cached_reason="",
        processed_tokens=None,
        reply_tokens=None,
        timings=None,
        token_ids=(),
        error="",
        changes=(),
        missing_words=(),
        rewinds=0,
        shifts=(),
        exact=False,
        begun_tokens=0,
    )


def _taken(details: Details | None, length: int) -> Details:
    """A copy of what is known of the first tokens of a reply."""
    taken = details.without_alternatives_before(0) if details is not None else Details()
    taken.cut(length)
    return taken


def _details_with(details: Details | None, position: int, token_id: int) -> Details:
    """What is known of the tokens before `position`, then of `token_id` there: from what stood beside the old one."""
    taken = _taken(details, position)
    old = details[position] if details is not None and position < len(details) else None
    if old is None:
        return taken
    if old.token_id == token_id:
        taken.replace_from(position, [old])
        return taken
    rank = next((rank for rank, (other, _) in enumerate(old.alternatives) if other == token_id), None)
    if rank is not None:
        logprob = old.alternatives[rank][1]
        taken.replace_from(position, [msgspec.structs.replace(old, token_id=token_id, logprob=logprob, rank=rank)])
    return taken
