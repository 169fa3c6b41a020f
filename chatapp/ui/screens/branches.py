"""What can be done with the message that is marked, and with the branches of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING

from chatapp.chat.turn import Turn
from chatapp.core.cleaning import clean_line
from chatapp.core.conversations import StoredMessage
from chatapp.core.errors import UsageError
from chatapp.core.messages import Role
from chatapp.ui.actions import ACTIONS
from chatapp.ui.attempt import attempt
from chatapp.ui.keymap import Keymap
from chatapp.ui.messages import ConversationChanged
from chatapp.ui.notice import say
from chatapp.ui.screens.about_pane import AboutPane
from chatapp.ui.screens.message_mark import MessageMark
from chatapp.ui.screens.pane import ALTERNATIVES, Pane
from chatapp.ui.screens.side_by_side import SideBySide
from chatapp.ui.stream import Reply

if TYPE_CHECKING:
    from textual.screen import Screen

    from chatapp.ui.dialogs.message import Written
    from chatapp.ui.tree_rows import TreeRow

_SEARCHED = 500


class Branches(AboutPane):
    """The actions on messages; each means the one that is marked, else the last one.

    `pane` is the one that has the focus, `open_conversation` shows one by its id, `side_by_side` opens panes.
    """

    def __init__(
        self,
        screen: Screen[None],
        pane: Callable[[], Pane],
        keymap: Keymap,
        open_conversation: Callable[[int], None],
        side_by_side: SideBySide,
    ) -> None:
        super().__init__(pane)
        self._screen = screen
        self._side_by_side = side_by_side
        self.mark = MessageMark(screen, pane, keymap)
        self._keymap = keymap
        self._open_conversation = open_conversation
        self._deleted: list[int] = []

    @property
    def performers(self) -> Mapping[str, Callable[[], object]]:
        """What the registry's actions call."""
        return {
            "previous-message": lambda: self.mark.step(-1),
            "next-message": lambda: self.mark.step(1),
            "edit-message": self.edit,
            "answer-message": lambda: self._attempt(self._answer(self.mark.meant)),
            "continue-reply": lambda: self._attempt(self._continue(self.mark.meant)),
            "copy-message": self.copy,
            "fork-conversation": lambda: self._attempt(self._fork(self.mark.meant)),
            "insert-message": self.insert,
            "pin-message": lambda: self._attempt(self._pin(self.mark.meant)),
            "delete-message": lambda: self._attempt(self._delete(self.mark.meant)),
            "undo-delete-message": lambda: self._attempt(self._restore()),
            "version-before": lambda: self.mark.step_version(-1),
            "version-after": lambda: self.mark.step_version(1),
            "show-tree": self.show_tree,
            "toggle-raw": self.toggle_raw,
        }

    # --- words

    def copy(self) -> None:
        """Copy the message as Markdown."""
        self._screen.app.copy_to_clipboard(self.mark.meant.text)

    def edit(self) -> None:
        """Write the message anew, in a version beside it."""
        from chatapp.ui.dialogs.message import Choice, MessageDialog

        message = self.mark.meant
        if message.status == "streaming":
            raise UsageError("This reply is still being written.", hint="Stop it first, or wait for its end.")
        save = Choice("save", "f2", "Save", "a version beside the old one, which keeps what follows it")
        if message.role == "assistant":
            go_on = Choice("go-on", "f3", "Save and go on", "the model continues from the end of your words")
            choices = [save, go_on]
        else:
            answer = Choice("answer", "f2", "Save and answer", "a version beside this one, and a new reply to it")
            choices = [answer, Choice("save", "f3", "Save", "the version alone; the old one and its replies stay")]

        def take(written: Written | None) -> None:
            if written is not None:
                attempt(self._screen, self._edit(message, written))

        self._screen.app.push_screen(MessageDialog("Edit message", message.role, message.text, choices), take)

    async def _edit(self, message: StoredMessage, written: Written) -> None:
        edited = await self._session.edit(message.id, written.text)
        self._show(edited)
        if written.choice == "answer":
            await self._answer(edited)
        elif written.choice == "go-on":
            await self._continue(edited)

    def insert(self) -> None:
        """Put a message behind the marked one."""
        from chatapp.ui.dialogs.message import Choice, MessageDialog

        after = self.mark.meant
        conversation_id = after.conversation_id
        choices = [
            Choice("behind", "f2", "Insert behind", "what follows is kept behind it"),
            Choice("before", "f3", "Insert before", "the same, before the marked message"),
        ]

        def take(written: Written | None) -> None:
            if written is not None:
                place = after.id if written.choice == "behind" else after.parent_id
                attempt(self._screen, self._insert(conversation_id, place, written))

        role: Role = "user" if after.role == "assistant" else "assistant"
        dialog = MessageDialog("Insert a message", role, "", choices, can_choose_role=True)
        self._screen.app.push_screen(dialog, take)

    async def _insert(self, conversation_id: int, after_id: int | None, written: Written) -> None:
        added = await self._session.insert(conversation_id, after_id, written.role, written.text)
        self._show(added)

    # --- replies

    async def _answer(self, message: StoredMessage) -> None:
        """Write a reply to a message, or another version of a reply."""
        if message.role == "assistant":
            await self._begin(lambda: self._session.regenerate(message.id, alternatives=ALTERNATIVES))
        else:
            await self._begin(lambda: self._session.answer(message.id, alternatives=ALTERNATIVES))

    async def _continue(self, message: StoredMessage) -> None:
        """Go on where a reply stopped, and say so where the model has no more to say."""
        reply = await self._begin(lambda: self._session.continue_reply(message.id, alternatives=ALTERNATIVES))
        if reply.task is not None:
            await reply.task
        made = reply.message.generation
        if made is not None and made.stop_reason == "end" and not made.reply_tokens:
            say(self._screen.app, "The model added nothing: to it, the reply ends there.")

    def branch(self, message_id: int, position: int, token_id: int) -> None:
        """Write a reply that begins with the tokens of another one before a position, and then this one."""
        self._attempt(self._branch(message_id, position, token_id))

    async def _branch(self, message_id: int, position: int, token_id: int) -> None:
        await self._begin(lambda: self._session.branch(message_id, position, token_id, alternatives=ALTERNATIVES))

    async def _begin(self, opening: Callable[[], Coroutine[None, None, Turn]]) -> Reply:
        """Let a reply be written in place of one that is; a mark goes to it."""
        pane = self._pane
        is_marked = pane.transcript.marked_message is not None
        reply = await pane.begin(opening)
        if is_marked and reply.turn.conversation_id == pane.conversation_id:
            pane.transcript.put_cursor(reply.message.id)
            pane.transcript.follow = True
        return reply

    # --- branches

    async def _fork(self, message: StoredMessage) -> None:
        made = await self._session.fork(message.id)
        self._open_conversation(made.id)
        self._screen.post_message(ConversationChanged(made.id))
        say(self._screen.app, f"“{clean_line(made.title)}” goes on from here; the other one stays as it is.")

    async def _pin(self, message: StoredMessage) -> None:
        pinned = await self._session.pin_message(message.id, not message.pinned)
        self._pane.transcript.replace(pinned)
        if pinned.pinned:
            text = "Pinned: the model goes on seeing it, with its turn, when older turns are left out."
        else:
            text = "No longer pinned."
        say(self._screen.app, text)

    async def _delete(self, message: StoredMessage) -> None:
        pane = self._pane
        place = pane.transcript.messages.index(message)
        below = len(pane.transcript.messages) - place - 1
        await self._session.delete_message(message.id)
        self._deleted.append(message.id)
        pane.reload()
        self.mark.put_at(place)
        self._screen.post_message(ConversationChanged(message.conversation_id))
        behind = f" and the {below} behind it" if below > 1 else " and the one behind it" if below else ""
        key = self._keymap.shown("undo-delete-message") if self.mark.message is not None else ""
        undo = f"{key} brings it back" if key else f"“{ACTIONS['undo-delete-message'].label}” brings it back"
        say(self._screen.app, f"The message{behind} went out of sight. {undo}, also from the tree.")

    async def _restore(self) -> None:
        if not self._deleted:
            say(self._screen.app, "No message was deleted since chatapp was started. The tree shows all that were.")
            return
        message_id = self._deleted.pop()
        conversation = await self._session.restore_message(message_id)
        self._screen.post_message(ConversationChanged(conversation.id))
        if conversation.id != self._pane.conversation_id:
            self._open_conversation(conversation.id)
        self.mark.put(message_id)

    def show_tree(self) -> None:
        """Show all branches; the chosen one is shown."""
        from chatapp.ui.dialogs.tree import TreeChoice, TreeDialog

        conversation_id = self._pane.conversation_id
        if conversation_id is None:
            say(self._screen.app, "There is no message yet.")
            return
        number = conversation_id

        def search(words: str) -> list[int]:
            hits = self._session.search(words, _SEARCHED, conversation_id=number)
            return [hit.message_id for hit in hits]

        def take(chosen: TreeChoice | None) -> None:
            if chosen is not None:
                attempt(self._screen, self._go_to(chosen.row, beside=chosen.beside))

        at = self.mark.message.id if self.mark.message is not None else None
        self._screen.app.push_screen(TreeDialog(self._session.tree(number), at, search), take)

    async def _go_to(self, row: TreeRow, *, beside: bool) -> None:
        number = row.place.id
        if beside and not await self._side_by_side.add(same=True):
            return
        if row.place.deleted_with is not None:
            conversation = await self._session.restore_message(number)
            self._deleted = [each for each in self._deleted if each != number]
            self._screen.post_message(ConversationChanged(conversation.id))
        elif not row.is_shown:
            await self._session.select(number)
        self.mark.put(number)

    def toggle_raw(self) -> None:
        """Let what is sent be completed as it is, or be a message again."""
        pane = self._pane
        pane.set_raw(not pane.next.raw)
        if pane.next.raw:
            text = "What you send is now continued as it is: no chat template, nothing of what was said before."
        else:
            text = "What you send is a message again."
        say(self._screen.app, text)

    # --- what is shown then

    def _show(self, message: StoredMessage) -> None:
        self._screen.post_message(ConversationChanged(message.conversation_id))
        if message.conversation_id == self._pane.conversation_id:
            self.mark.put(message.id)

    def _attempt(self, work: Coroutine[object, object, None]) -> None:
        attempt(self._screen, work)
