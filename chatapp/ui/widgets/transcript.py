"""The conversation as lines: one scroll view, one record a message, drawn from cached strips.

Nothing here costs more in a long conversation than in a short one: only messages in view are laid out, the rest
have estimated heights, and of a growing reply only the last block is laid out again.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from chatapp.core.cleaning import clean
from chatapp.core.conversations import StoredMessage, View
from chatapp.ui.markdown.warmup import warm_up
from chatapp.ui.widgets.transcript_cursor import MarkedLines
from chatapp.ui.widgets.transcript_entry import Entry


class Transcript(MarkedLines):
    """A conversation from its first message to its last, following the end while the reader is there.

    Streamed text is buffered; `flush` draws it. Messages are named by their ids, and a method that gets the id of
    one that is not shown raises KeyError.
    """

    class SiblingRequested(Message):
        """Somebody wants to see the version `step` places away from that of message `message_id`."""

        def __init__(self, message_id: int, step: int) -> None:
            super().__init__()
            self.message_id = message_id
            self.step = step

    class LinkActivated(Message):
        """Somebody clicked a link; `href` is its real address (http, https or mailto)."""

        def __init__(self, href: str) -> None:
            super().__init__()
            self.href = href

    class CodeCopied(Message):
        """Somebody wants the text of a block of code."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._indices: dict[int, int] = {}
        self._changed: set[int] = set()
        self._marked: tuple[int, int] | None = None

    def show(self, messages: Sequence[StoredMessage]) -> None:
        """Show these messages instead of all others, from their end."""
        self._indices = {message.id: index for index, message in enumerate(messages)}
        self._changed.clear()
        self._marked = None
        self.begin(messages)
        self.follow = True
        if self.marked_message is not None:
            self.put_cursor(self.marked_message.id)

    def add(self, message: StoredMessage) -> None:
        """Append a message."""
        self._indices[message.id] = len(self.messages)
        self.messages.append(message)
        self.viewport.heights.append(1)
        self.draw(len(self.messages) - 1)

    def replace(self, message: StoredMessage) -> None:
        """Show a new snapshot of a message; what was streamed into it before is part of that."""
        index = self._indices[message.id]
        self.messages[index] = message
        self._changed.discard(index)
        self.entry(index).replace(message)
        self.draw(index)

    def remove_from(self, message_id: int) -> None:
        """Drop this message and all after it."""
        first = self._indices[message_id]
        self._indices = {known: index for known, index in self._indices.items() if index < first}
        self._changed = {index for index in self._changed if index < first}
        if self._marked is not None and self._marked[0] not in self._indices:
            self._marked = None
        self.cut(first)
        self.settle()

    def mark_view(self, view: View | None) -> None:
        """Draw the line above which the model sees nothing, where it does not see all, in place of the one before."""
        before, self._marked = self._marked, None
        if view is not None and view.left_out and view.began_at is not None and view.began_at in self._indices:
            self._marked = view.began_at, view.left_out
        if self._marked == before:
            return
        for message_id, unseen in filter(None, ((before[0], 0) if before is not None else None, self._marked)):
            index = self._indices[message_id]
            self.entry(index).unseen = unseen
            self.draw(index)

    def holds(self, message_id: int) -> bool:
        """Whether a message is shown."""
        return message_id in self._indices

    def append_text(self, message_id: int, text: str) -> None:
        """Let the answer grow."""
        self._change(message_id).add_text(text)

    def append_reasoning(self, message_id: int, text: str) -> None:
        """Let the thoughts grow."""
        self._change(message_id).add_reasoning(text)

    def withdraw(self, message_id: int, characters: int) -> None:
        """Take back the last `characters` of the answer."""
        self._change(message_id).withdraw(characters)

    def set_progress(self, message_id: int, text: str) -> None:
        """Say in words what a reply that is being written waits for; empty for nothing."""
        self._change(message_id).progress = text

    def flush(self) -> None:
        """Draw what came since the last flush."""
        changed, self._changed = sorted(self._changed), set()
        for index in changed:
            entry = self.entry(index)
            answer_begins = not entry.text
            entry.take_added()
            if answer_begins and entry.text and entry.reasoning and not self.follow and self.is_in_view(index):
                entry.unfolded = True  # Folding would pull the text away from under the reader.
            self.draw(index)

    def toggle_thoughts(self) -> None:
        """Unfold all thoughts, or fold them again."""
        self.fold_thoughts = not self.fold_thoughts
        for index in list(self._entries):
            self.entry(index).unfolded = None
        self.look_again()

    def code(self, message_id: int, number: int) -> str | None:
        """The text of a message's block of code, counted from 1; None where there is none."""
        index = self._indices[message_id]
        self.measure(index)
        codes = self.entry(index).codes
        return clean(codes[number - 1]) if 0 < number <= len(codes) else None

    def warm_up(self) -> None:
        """Load what highlighting needs, in a thread; to be called after the first paint."""
        self.run_worker(warm_up, thread=True, group="warm-up", exit_on_error=False)

    def on_click(self, event: events.Click) -> None:
        """Do what the clicked words stand for: a version, thoughts, a link, a block of code."""
        offset = event.get_content_offset(self)
        rows = self.viewport.rows
        if offset is None or offset.y >= len(rows) or self.text_selection is not None:
            return
        index, number = rows[offset.y]
        message = self.messages[index]
        match event.style.meta:
            case {"sibling": int(step)}:
                self.post_message(self.SiblingRequested(message.id, step))
            case {"header": True}:
                self.put_cursor(message.id)
                self.focus()
            case {"thoughts": True}:
                entry = self.entry(index)
                entry.unfolded = not entry.thoughts_shown
                self.draw(index)
            case {"link": int(start)}:
                part, _ = self.entry(index).line(number)
                if href := self.entry(index).link(part, start):
                    self.post_message(self.LinkActivated(href))
            case {"code": int(block)}:
                if (text := self.code(message.id, block)) is not None:
                    self.post_message(self.CodeCopied(text))

    def _change(self, message_id: int) -> Entry:
        """The record of a message that the next flush draws."""
        index = self._indices[message_id]
        self._changed.add(index)
        return self.entry(index)
