"""Finding what was said: in the conversation that is shown, and from a hit of the list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from chatapp.ui.attempt import attempt
from chatapp.ui.key_order import keys_wait_for
from chatapp.ui.messages import HitChosen
from chatapp.ui.screens.about_pane import AboutPane
from chatapp.ui.screens.pane import Pane

if TYPE_CHECKING:
    from textual.screen import Screen


class Finding(AboutPane):
    """What finds on one screen; `pane` is the one that has the focus, `open_conversation` shows one by its id.

    `fold_panels` closes what lies over the conversation.
    """

    def __init__(
        self,
        screen: Screen[None],
        pane: Callable[[], Pane],
        open_conversation: Callable[[int], None],
        fold_panels: Callable[[], object],
    ) -> None:
        super().__init__(pane)
        self._screen = screen
        self._open_conversation = open_conversation
        self._fold_panels = fold_panels

    @property
    def performers(self) -> Mapping[str, Callable[[], object]]:
        """What the registry's actions call."""
        return {
            "find-in-conversation": lambda: attempt(self._screen, keys_wait_for(self._screen, self._find())),
            "next-match": lambda: attempt(self._screen, self._pane.reader.step(1)),
            "previous-match": lambda: attempt(self._screen, self._pane.reader.step(-1)),
        }

    def close(self) -> bool:
        """Look for nothing any more in the pane that has the focus; whether something was looked for."""
        return self._pane.reader.close()

    def open_hit(self, hit: HitChosen) -> None:
        """Show the message of a hit, on its own branch, with all hits of the same words marked."""
        attempt(self._screen, self._open_hit(hit))

    async def _find(self) -> None:
        self._fold_panels()
        await self._pane.reader.find()

    async def _open_hit(self, hit: HitChosen) -> None:
        self._open_conversation(hit.conversation_id)
        pane = self._pane
        if pane.conversation_id != hit.conversation_id:
            return  # It could not be opened, which was said.
        if all(message.id != hit.message_id for message in pane.transcript.messages):
            await self._session.select(hit.message_id)
            pane.reload()
        await pane.reader.find_from(hit.query, hit.words, hit.message_id)
