"""What was deleted: shown in the list, brought back, or removed for good."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chatapp.core.cleaning import clean_line
from chatapp.core.conversations import Conversation
from chatapp.ui.attempt import attempt
from chatapp.ui.keymap import Keymap
from chatapp.ui.notice import say
from chatapp.ui.screens.about_pane import AboutPane
from chatapp.ui.screens.pane import Pane
from chatapp.ui.widgets.conversation_list import ConversationList
from chatapp.ui.widgets.conversation_rows import UNTITLED

_HINT_S = 4.0


class Trash(AboutPane):
    """The trash of one screen.

    `show` puts a conversation into `pane`, the one that has the focus; `holding` tells which pane shows one;
    `open_list` opens the list and goes there; `hint` says something in the status line for so many seconds.
    """

    def __init__(
        self,
        panel: ConversationList,
        pane: Callable[[], Pane],
        keymap: Keymap,
        *,
        show: Callable[[Conversation | None], None],
        holding: Callable[[int], Pane | None],
        open_list: Callable[[], None],
        hint: Callable[[str, float], None],
    ) -> None:
        super().__init__(pane)
        self._panel = panel
        self._keymap = keymap
        self._show = show
        self._holding = holding
        self._open_list = open_list
        self._hint = hint
        self._deleted: list[int] = []

    @property
    def performers(self) -> Mapping[str, Callable[[], object]]:
        """What the registry's actions call."""
        return {
            "show-trash": self.toggle,
            "delete-for-good": self.ask_to_purge,
            "undo-delete": lambda: attempt(self._pane, self.undo_delete()),
        }

    def take(self, conversation: Conversation) -> None:
        """Let a conversation that was put here leave the panes, and say how it comes back."""
        self._leave_panes(conversation.id)
        self._deleted.append(conversation.id)
        undo, trash = (self._keymap.shown(name) or "the palette" for name in ("undo-delete", "show-trash"))
        say(
            self._pane.app, f"“{_title(conversation)}” is in the trash. {undo} brings it back, {trash} shows the trash."
        )

    def toggle(self) -> None:
        """Show the trash in the list and go there; from the trash, back to the conversations."""
        if self._panel.in_trash and self._panel.has_pseudo_class("focus-within"):
            self._panel.in_trash = False
            return
        self._open_list()
        self._panel.in_trash = True

    async def undo_delete(self) -> None:
        """Bring back what was deleted last."""
        if self._deleted:
            await self.restore(self._deleted[-1])
            return
        trash = self._keymap.shown("show-trash") or "The palette"
        say(self._pane.app, f"Nothing was deleted since chatapp was started. {trash} shows the trash.")

    async def restore(self, conversation_id: int) -> None:
        """Bring a conversation back into the list, and show it where nothing else is shown."""
        conversation = await self._session.restore(conversation_id)
        self._forget(conversation_id)
        pane = self._pane
        if pane.conversation is None and not pane.composer.message.strip():
            self._show(self._session.conversation(conversation_id))
        self._panel.point_at(conversation_id)
        self._hint(f"brought back: {_title(conversation)}", _HINT_S)

    def ask_to_purge(self) -> None:
        """Ask whether the conversation that is highlighted in the trash is to be removed for good."""
        from chatapp.ui.dialogs.confirm_purge import ConfirmPurgeDialog

        conversation = self._panel.rows.highlighted if self._panel.in_trash else None
        if conversation is None:
            trash = self._keymap.shown("show-trash") or "the palette"
            say(self._pane.app, f"Only what lies in the trash can be deleted for good: {trash} shows it.")
            return
        count = len(self._session.tree(conversation.id).messages)

        def take(is_sure: bool | None) -> None:
            if is_sure:
                attempt(self._panel, self._purge(conversation))

        self._pane.app.push_screen(ConfirmPurgeDialog(_title(conversation), count), take)

    async def _purge(self, conversation: Conversation) -> None:
        await self._session.purge(conversation.id)
        self._forget(conversation.id)
        self._leave_panes(conversation.id)
        self._pane.forget(conversation.id)
        self._panel.rows.step_off(conversation.id)
        self._panel.ask()
        self._hint(f"deleted for good: {_title(conversation)}", _HINT_S)

    def _leave_panes(self, conversation_id: int) -> None:
        while (pane := self._holding(conversation_id)) is not None:
            if pane is self._pane:
                self._show(None)
            else:
                pane.open(None)

    def _forget(self, conversation_id: int) -> None:
        if conversation_id in self._deleted:
            self._deleted.remove(conversation_id)


def _title(conversation: Conversation) -> str:
    return clean_line(conversation.title) or UNTITLED
