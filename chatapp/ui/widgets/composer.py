"""Where messages are written."""

from __future__ import annotations

from textual import events
from textual.actions import SkipAction
from textual.content import Content
from textual.widgets import TextArea

from chatapp.core.cleaning import clean
from chatapp.ui.input_history import InputHistory
from chatapp.ui.keymap import Keymap
from chatapp.ui.paste import Pastes


class Composer(TextArea):
    """A text area that recalls what was typed before and folds long pastes.

    Its height follows the text up to a share of the pane. Sending is the screen's business: `take` gives the
    whole message and empties it.
    """

    def __init__(self, keymap: Keymap, history: InputHistory) -> None:
        super().__init__(
            id="composer",
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            highlight_cursor_line=False,
            placeholder=Content("Message"),
        )
        keymap.bind(self, "screen.perform('{id}')", "composer")
        self.pastes = Pastes()
        self._recall = history
        self._recalled: str | None = None
        self.border_subtitle = Content(_hint(keymap))

    @property
    def message(self) -> str:
        """The whole message, with long pastes unfolded."""
        return self.pastes.unfold(self.text)

    def show_raw(self, raw: bool) -> None:
        """Say whether what is written here is continued as it is."""
        self.placeholder = Content("A beginning for the model to continue" if raw else "Message")
        self.border_title = Content("raw completion" if raw else "")

    def take(self) -> str:
        """Give the whole message, remember it and empty the composer."""
        message = self.message
        self._recall.add(message)
        self.put("")
        return message

    def put(self, text: str) -> None:
        """Show `text` in place of what is there, the cursor at its end."""
        self.load_text(clean(text))
        self.move_cursor(self.document.end)
        self._recalled = None

    def give_back(self, text: str) -> None:
        """Put a message that could not be sent before what has been typed since."""
        typed = self.text
        folded = self.pastes.fold(text)
        self.put(f"{folded}\n{typed}" if typed.strip() and typed.strip() != folded.strip() else folded)

    def new_line(self) -> None:
        """Begin a new line at the cursor."""
        start, end = self.selection
        self._replace_via_keyboard("\n", start, end)

    async def _on_key(self, event: events.Key) -> None:
        """Obey keys in the order in which they were typed.

        Textual lets a key that is no character travel up through every parent before it looks for what it is
        bound to, so that letters behind it overtake it. What is bound here is done at once.
        """
        bound = self._bindings.key_to_bindings
        for binding in (binding for key in event.aliases for binding in bound.get(key, ())):
            if await self.app.run_action(binding.action, self):
                event.stop()
                event.prevent_default()
                return
        if event.key.startswith("alt+"):
            event.prevent_default()  # A shortcut of somebody else; its letter is not typed.

    async def _on_paste(self, event: events.Paste) -> None:
        """Insert what was pasted, cleaned, and folded where it is long."""
        event.stop()
        event.prevent_default()
        start, end = self.selection
        if result := self._replace_via_keyboard(self.pastes.fold(event.text), start, end):
            self.move_cursor(result.end_location)

    def action_cursor_up(self, select: bool = False) -> None:
        """Move up; on the first line recall an older message."""
        if not select and self._row == 0 and self._recall_from(self._recall.older(self.text)):
            return
        super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Move down; on the last line recall a newer message."""
        last = self.wrapped_document.height - 1
        if not select and self._row == last and self._recalled is not None and self._recall_from(self._recall.newer()):
            return
        super().action_cursor_down(select)

    def action_undo(self) -> None:
        """Undo; where there is nothing to undo, the key means what it means elsewhere."""
        if not self.history.undo_stack:
            raise SkipAction
        super().action_undo()

    def action_delete_left(self) -> None:
        """Delete to the left, a folded paste as a whole."""
        row, column = self.cursor_location
        if self.selection.is_empty and (token := self.pastes.ending(self.document.get_line(row)[:column])):
            self.delete((row, column - len(token)), (row, column))
        else:
            super().action_delete_left()

    def on_text_area_changed(self) -> None:
        """Typing ends a walk through what was typed before."""
        if self._recalled is not None and self.text != self._recalled:
            self._recalled = None
            self._recall.rest()

    @property
    def _row(self) -> int:
        """The row of the cursor on the screen."""
        return self.wrapped_document.location_to_offset(self.cursor_location).y

    def _recall_from(self, text: str | None) -> bool:
        if text is None:
            return False
        self.put(text)
        self._recalled = self.text
        return True


def _hint(keymap: Keymap) -> str:
    parts = [("send-message", "send"), ("new-line", "new line"), ("open-palette", "all actions")]
    return "  ".join(f"{keymap.shown(action)} {word}" for action, word in parts if keymap.shown(action))
