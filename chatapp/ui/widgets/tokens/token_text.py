"""The keys and the pointer on a reply that is shown as its tokens."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from chatapp.ui.widgets.tokens.token_lines import LINES, TokenLines


class TokenText(TokenLines):
    """A reply over which one moves token by token."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Token before", show=False),
        Binding("right", "move(1)", "Token after", show=False),
        Binding("up", "move_rows(-1)", "Row above", show=False),
        Binding("down", "move_rows(1)", "Row below", show=False),
        Binding("pageup", "move_page(-1)", "Page up", show=False),
        Binding("pagedown", "move_page(1)", "Page down", show=False),
        Binding("home", "move_to(0)", "First token", show=False),
        Binding("end", "move_to(-1)", "Last token", show=False),
        Binding("n", "move_to_odd(1)", "Next odd token", show=False),
        Binding("N", "move_to_odd(-1)", "Odd token before", show=False),
        Binding("enter", "leave", "To the alternatives", show=False),
    ]

    class Left(Message):
        """Somebody wants to go to the alternatives."""

    def action_move(self, steps: int) -> None:
        """Go so many tokens on."""
        self.put_cursor(self.cursor + steps)

    def action_move_to(self, position: int) -> None:
        """Go to a token, counted from the end below 0."""
        self.put_cursor(position if position >= 0 else len(self.page) + position)

    def action_move_rows(self, rows: int) -> None:
        """Go to the token that stands so many rows below; at the edge to the first or the last token."""
        if not len(self.page):
            return
        row = self.page.row_of(self.cursor)
        cell = next(cell for cell in self.page.rows[row] if cell.token == self.cursor)
        target = self.page.token_at(max(0, min(row + rows, len(self.page.rows) - 1)), cell.x)
        if target is not None:
            at_edge = not 0 <= row + rows < len(self.page.rows)
            self.put_cursor((0 if rows < 0 else len(self.page) - 1) if at_edge else target)

    def action_move_page(self, pages: int) -> None:
        """Go a page on."""
        self.action_move_rows(pages * max(1, self.size.height // LINES - 1))

    def action_move_to_odd(self, step: int) -> None:
        """Go to the next token, or with -1 to the one before, that was hardly expected or would have been cut."""
        end = len(self.page) if step > 0 else -1
        found = next((token for token in range(self.cursor + step, end, step) if self.is_unexpected(token)), None)
        if found is not None:
            self.put_cursor(found)

    def action_leave(self) -> None:
        """Ask for the alternatives."""
        self.post_message(self.Left())

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the token that was clicked."""
        offset = event.get_content_offset(self)
        if offset is not None:
            row = (offset.y + self.scroll_offset.y) // LINES
            token = self.page.token_at(row, offset.x)
            if token is not None:
                self.put_cursor(token)
