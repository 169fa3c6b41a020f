"""What can be done with whole conversations: list, rename, delete."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from chatapp.core.conversations import Conversation
from chatapp.ui.attempt import attempt
from chatapp.ui.messages import ConversationChanged
from chatapp.ui.notice import say
from chatapp.ui.screens.about_pane import AboutPane
from chatapp.ui.screens.pane import Pane
from chatapp.ui.screens.trash import Trash
from chatapp.ui.widgets.conversation_list import FIRST_PAGE, ConversationList


class Shelf(AboutPane):
    """The list panel, kept true to the session; `trash` takes what is deleted."""

    def __init__(
        self,
        panel: ConversationList,
        pane: Callable[[], Pane],
        trash: Trash,
    ) -> None:
        super().__init__(pane)
        self._panel = panel
        self.trash = trash
        self._asked = 0

    @property
    def performers(self) -> Mapping[str, Callable[[], object]]:
        """What the registry's actions call."""
        return {
            "rename-conversation": self.rename,
            "delete-conversation": lambda: attempt(self._pane, self.delete()),
            **self.trash.performers,
        }

    def refresh(self) -> None:
        """Show the conversations as they are now."""
        self._panel.ask()

    def answer(self, words: str, limit: int, in_trash: bool) -> None:
        """Show in the list what it asks for."""
        self._asked += 1
        if in_trash != self._panel.in_trash:
            return  # It asks anew.
        if in_trash:
            attempt(self._panel, self._look_into_trash(words, limit, self._asked))
            return
        if words or limit > FIRST_PAGE:
            attempt(self._panel, self._look_up(words, limit, self._asked))
        else:
            self._panel.show(self._session.conversations(limit=limit))
            self.mark()

    async def _look_up(self, words: str, limit: int, number: int) -> None:
        """Show what a thread finds, unless something else has been asked for meanwhile."""

        def is_wanted() -> bool:
            return number == self._asked

        listed, found = await asyncio.to_thread(self._session.look_up, words, limit=limit, is_wanted=is_wanted)
        if is_wanted() and not self._panel.in_trash:
            self._panel.show(listed, found, query=words)
            self.mark()

    async def _look_into_trash(self, words: str, limit: int, number: int) -> None:
        found = await asyncio.to_thread(self._session.conversations, filter=words, trash=True, limit=limit)
        if number == self._asked and self._panel.in_trash:
            self._panel.show(found, query=words)

    def mark(self) -> None:
        """Mark the open conversation and those being written."""
        self._panel.mark(self._pane.conversation_id, self._pane.stream.writing)

    def rename(self) -> None:
        """Ask for another title of the chosen conversation."""
        from chatapp.ui.dialogs.rename import RenameDialog

        conversation = self._chosen()
        if conversation is None:
            say(self._pane.app, "There is nothing to rename yet.")
            return

        def take(title: str | None) -> None:
            if title is not None:
                attempt(self._pane, self._rename(conversation, title))

        self._pane.app.push_screen(RenameDialog(conversation.title), take)

    async def delete(self) -> None:
        """Move the chosen conversation to the trash; one that lies there is removed for good, after a question."""
        conversation = self._chosen()
        if conversation is None:
            say(self._pane.app, "There is nothing to delete yet.")
            return
        if conversation.deleted_at is not None:
            self.trash.ask_to_purge()
            return
        await self._session.delete(conversation.id)
        self._panel.rows.step_off(conversation.id)
        self.trash.take(conversation)
        self.refresh()

    async def _rename(self, conversation: Conversation, title: str) -> None:
        await self._session.rename(conversation.id, title)
        self._pane.post_message(ConversationChanged(conversation.id))

    def _chosen(self) -> Conversation | None:
        """The highlighted conversation while the list has the focus, else the open one."""
        if self._panel.has_pseudo_class("focus-within"):
            return self._panel.rows.highlighted
        return self._pane.conversation
