"""What can be done with whole conversations: list, rename, delete, bring back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from chatapp.core.cleaning import clean_line
from chatapp.core.conversations import Conversation
from chatapp.ui.attempt import attempt
from chatapp.ui.messages import ConversationChanged
from chatapp.ui.notice import say
from chatapp.ui.screens.about_pane import AboutPane
from chatapp.ui.screens.pane import Pane
from chatapp.ui.widgets.conversation_list import FIRST_PAGE, ConversationList
from chatapp.ui.widgets.conversation_rows import UNTITLED

if TYPE_CHECKING:
    from chatapp.ui.keymap import Keymap


class Shelf(AboutPane):
    """The list panel, kept true to the session.

    `show` puts another conversation into `pane`, the one that has the focus; `holding` tells which pane shows one.
    """

    def __init__(
        self,
        panel: ConversationList,
        pane: Callable[[], Pane],
        keymap: Keymap,
        *,
        show: Callable[[Conversation | None], None],
        holding: Callable[[int], Pane | None],
    ) -> None:
        super().__init__(pane)
        self._holding = holding
        self._panel = panel
        self._keymap = keymap
        self._show = show
        self._deleted: list[Conversation] = []
        self._asked = 0

    @property
    def performers(self) -> Mapping[str, Callable[[], object]]:
        """What the registry's actions call."""
        return {
            "rename-conversation": self.rename,
            "delete-conversation": lambda: attempt(self._pane, self.delete()),
            "undo-delete": lambda: attempt(self._pane, self.undo_delete()),
        }

    def refresh(self, words: str = "", limit: int | None = None) -> None:
        """Show the conversations as they are now."""
        if limit is None:
            self._panel.ask()
            return
        self._asked += 1
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
        if is_wanted():
            self._panel.show(listed, found, query=words)
            self.mark()

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
        """Move the chosen conversation to the trash, and say how it comes back."""
        conversation = self._chosen()
        if conversation is None:
            say(self._pane.app, "There is nothing to delete yet.")
            return
        await self._session.delete(conversation.id)
        self._deleted.append(conversation)
        self._panel.rows.step_off(conversation.id)
        if (pane := self._holding(conversation.id)) is self._pane:
            self._show(None)
        elif pane is not None:
            pane.open(None)
        self.refresh()
        key = self._keymap.shown("undo-delete")
        title = clean_line(conversation.title) or UNTITLED
        say(
            self._pane.app,
            f"“{title}” is in the trash. {key} brings it back.".replace(".  brings", ". The palette brings"),
        )

    async def undo_delete(self) -> None:
        """Bring back what was deleted last."""
        if not self._deleted:
            say(self._pane.app, "Nothing was deleted since chatapp was started.")
            return
        conversation = self._deleted.pop()
        await self._session.restore(conversation.id)
        self._show(self._session.conversation(conversation.id))
        self.refresh()

    async def _rename(self, conversation: Conversation, title: str) -> None:
        await self._session.rename(conversation.id, title)
        self._pane.post_message(ConversationChanged(conversation.id))

    def _chosen(self) -> Conversation | None:
        """The highlighted conversation while the list has the focus, else the open one."""
        if self._panel.has_pseudo_class("focus-within"):
            return self._panel.rows.highlighted
        return self._pane.conversation
