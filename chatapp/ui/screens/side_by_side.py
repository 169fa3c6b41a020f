"""What can be done with several panes at once: open, close, go to, ask all."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import partial

from textual.screen import Screen

from chatapp.core.errors import UsageError
from chatapp.ui.attempt import attempt
from chatapp.ui.differences import own_words
from chatapp.ui.key_order import keys_wait_for
from chatapp.ui.notice import say
from chatapp.ui.screens.panes import Panes
from chatapp.ui.unsent import MOST_PANES


class SideBySide:
    """The actions on the panes of one screen."""

    def __init__(self, screen: Screen[None], panes: Panes) -> None:
        self._screen = screen
        self._panes = panes
        self._compares = False

    @property
    def performers(self) -> Mapping[str, Callable[[], object]]:
        """What each action of the registry calls."""
        return {
            "add-pane": lambda: self._open(self._add()),
            "close-pane": lambda: attempt(self._screen, self.close()),
            "show-beside": lambda: self._open(self._show_beside()),
            "send-to-all": self.send_to_all,
            "scroll-together": self.scroll_together,
            "show-differences": self.show_differences,
            **{f"show-pane-{number}": partial(self.go_to, number) for number in range(1, MOST_PANES + 1)},
        }

    def _open(self, opening: Coroutine[object, object, None]) -> None:
        """Let a pane come to be; keys that come meanwhile are its own."""
        attempt(self._screen, keys_wait_for(self._screen, opening))

    async def add(self, *, same: bool = False) -> bool:
        """Open a pane that is set as the active one, so that both can be asked the same; whether there was room.

        With `same` it shows the active one's conversation, to take another branch of it.
        """
        if len(self._panes.all) == MOST_PANES:
            say(self._screen.app, f"There are {MOST_PANES} panes at most.", severity="warning")
            return False
        model = self._panes.active
        pane = await self._panes.add()
        pane.open(model.conversation if same else None, is_second=same)
        pane.take_settings_of(model)
        self._panes.activate(pane)
        return True

    async def _add(self) -> None:
        await self.add()

    async def _show_beside(self) -> None:
        """Show the conversation in another pane, the mark on the same message."""
        pane = self._panes.active
        if pane.conversation is None:
            raise UsageError("There is no message yet.", hint="Say something first.")
        marked = pane.transcript.marked_message
        if await self.add(same=True) and marked is not None:
            transcript = self._panes.active.transcript
            transcript.put_cursor(marked.id)
            transcript.focus()

    async def close(self) -> None:
        """Close the active pane."""
        if len(self._panes.all) == 1:
            say(self._screen.app, "This is the only pane.")
        await self._panes.remove_active()

    def go_to(self, number: int) -> None:
        """Give the pane at a place, counted from 1, the focus; one that is not there yet is opened."""
        if number <= len(self._panes.all):
            self._panes.activate(self._panes.all[number - 1])
        else:
            self._open(self._add())

    def scroll_together(self) -> None:
        """Let the panes scroll together, or each alone again."""
        panes = self._panes
        panes.together = not panes.together
        if panes.together:
            panes.align(panes.active.transcript)
        say(self._screen.app, "The panes scroll together." if panes.together else "Each pane scrolls alone.")

    def show_differences(self) -> None:
        """Mark the words in which the panes' last replies differ, or mark nothing again."""
        self._compares = not self._compares
        self.compare()
        if not self._compares:
            say(self._screen.app, "Differences are no longer marked.")
        elif len(self._panes.all) == 1:
            say(self._screen.app, "Differences will be marked where there are two panes.")
        else:
            say(self._screen.app, "Words that another pane's last reply lacks are underlined.")

    def compare(self) -> None:
        """Mark the differences of the last replies as they are now, where that was asked for."""
        panes = self._panes.all
        replies = [pane.last_reply() for pane in panes] if self._compares and len(panes) > 1 else [None] * len(panes)
        texts = [reply.text for reply in replies if reply is not None and reply.status != "streaming"]
        for pane, reply in zip(panes, replies, strict=True):
            if reply is None or reply.text not in texts:
                pane.transcript.mark_differences({})
            else:
                others = [*texts]
                others.remove(reply.text)
                pane.transcript.mark_differences({reply.id: own_words(reply.text, others)})

    def send_to_all(self) -> None:
        """Send what is written in the active pane in every pane."""
        active = self._panes.active
        if not active.composer.message.strip():
            return
        text = active.composer.take()
        for pane in self._panes.all:
            pane.send(text)
