"""The mark that the keys move over the messages of a conversation and act on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from chatapp.core.conversations import StoredMessage
from chatapp.core.errors import UsageError
from chatapp.ui.attempt import attempt
from chatapp.ui.keymap import Keymap
from chatapp.ui.notice import say
from chatapp.ui.screens.about_pane import AboutPane
from chatapp.ui.screens.pane import Pane
from chatapp.ui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from textual.screen import Screen

_TOLD = (
    ("edit-message", "edit"),
    ("answer-message", "answer"),
    ("continue-reply", "go on"),
    ("copy-message", "copy"),
    ("fork-conversation", "fork"),
    ("insert-message", "insert"),
    ("pin-message", "pin"),
    ("delete-message", "delete"),
    ("show-tree", "tree"),
    ("show-beside", "beside"),
)
"""Keys that the bottom line tells while a message is marked, in words of its own."""


class MessageMark(AboutPane):
    """The mark in the pane that has the focus."""

    def __init__(self, screen: Screen[None], pane: Callable[[], Pane], keymap: Keymap) -> None:
        super().__init__(pane)
        self._screen = screen
        self._keymap = keymap

    @property
    def message(self) -> StoredMessage | None:
        """The message that is marked."""
        return self._pane.transcript.marked_message

    @property
    def meant(self) -> StoredMessage:
        """The message that an action means: without a mark the last one; raise UsageError where there is none."""
        messages = self._pane.transcript.messages
        if not messages:
            raise UsageError("There is no message yet.", hint="Say something first.")
        return self.message or messages[-1]

    def step(self, steps: int) -> None:
        """Mark another message, and let the keys act on it."""
        transcript = self._pane.transcript
        if not transcript.messages:
            say(self._screen.app, "There is no message yet.")
            return
        transcript.step_cursor(steps)
        transcript.focus()

    def leave(self) -> bool:
        """Take the mark away; whether there was one."""
        is_marked = self.message is not None
        self._pane.transcript.put_cursor(None)
        return is_marked

    def show_keys(self) -> None:
        """Tell what the keys do while a message is marked."""
        keys = ""
        if self.message is not None:
            known = [(self._keymap.shown(name), word) for name, word in _TOLD]
            keys = "  ".join(f"{key} {word}" for key, word in known if key)
        self._screen.query_one(StatusLine).keys = keys

    def step_version(self, steps: int) -> None:
        """Show another version of the marked message, else of the last one that has several."""
        attempt(self._screen, self._step_version(steps))

    async def _step_version(self, steps: int) -> None:
        pane, marked = self._pane, self.message
        place = pane.transcript.messages.index(marked) if marked is not None else None
        await pane.step_sibling(steps, marked.id if marked is not None else None)
        if place is not None and place < len(pane.transcript.messages):
            pane.transcript.put_cursor(pane.transcript.messages[place].id)

    def put(self, message_id: int) -> None:
        """Show the conversation as it is now, with the mark on a message."""
        pane = self._pane
        pane.refresh_conversation()
        pane.reload()
        pane.transcript.put_cursor(message_id)
        pane.transcript.focus()

    def put_at(self, place: int) -> None:
        """Mark what stands where a message stood, else the last one."""
        messages = self._pane.transcript.messages
        if messages:
            self._pane.transcript.put_cursor(messages[min(place, len(messages) - 1)].id)
        else:
            self._pane.composer.focus()
