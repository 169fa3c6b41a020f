"""The reply in source text, a shade and a sign for each token, and a cursor on one of them, as lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from chatapp.ui.widgets.tokens.counterfactual import CUT_SIGN
from chatapp.ui.widgets.tokens.layout import Cell, Layout
from chatapp.ui.widgets.tokens.measure import SCALES, SHADES, SIGNS, STEPS, UNTOLD_SIGN, Measure, step_of
from chatapp.ui.widgets.tokens.reply_tokens import ReplyTokens
from chatapp.ui.widgets.tokens.token_ink import Ink

CURSOR_SIGN = "▲"
LINES = 2
"""Lines of the screen for a row: the text, and the signs under it."""


class TokenLines(ScrollView, can_focus=True):
    """Draws the rows in view from cached strips; one widget, whatever the reply's length."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    TokenLines { height: 1fr; overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }
    TokenLines > .token--plain { color: $foreground; }
    TokenLines > .token--sign { color: $faint; }
    TokenLines > .token--cut { color: $error; text-style: bold; }
    TokenLines > .token--cursor { background: $primary; color: $background; text-style: bold; }
    TokenLines > .token--rest { background: $panel; color: $foreground; text-style: bold; }
    """ + "".join(
        f"TokenLines > .token--{kind}-{step} {{ background: {shade}; color: {shade.split()[0]} 72%; }}\n"
        for kind, shades in SHADES.items()
        for step, shade in enumerate(shades, 1)
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "token--plain", "token--sign", "token--cut", "token--cursor", "token--rest",
        *(f"token--{kind}-{step}" for kind in SHADES for step in range(1, STEPS)),
    }  # fmt: skip

    @dataclass
    class CursorMoved(Message):
        """The cursor stands on another token."""

        position: int

    def __init__(self) -> None:
        super().__init__(id="token-text")
        self._reply: ReplyTokens | None = None
        self.page = Layout(1)
        self._measure: Measure = "probability"
        self._cut_by: Mapping[int, str] = {}
        self._strips: dict[int, tuple[Strip, Strip]] = {}
        self.ink = Ink(self)
        self._wanted: tuple[int, int] | None = None
        self.cursor = 0
        self.is_chosen = False
        """Whether somebody put the cursor where it is; else it goes along with a reply that is being written."""

    # --- what is shown

    @property
    def measure(self) -> Measure:
        """What the tokens are shaded by."""
        return self._measure

    @measure.setter
    def measure(self, measure: Measure) -> None:
        self._measure = measure
        self._draw_anew()

    def show(self, reply: ReplyTokens | None) -> None:
        """Show a reply, or what it has grown to; where the cursor was put by hand it stays."""
        before, self._reply = self._reply, reply
        is_other = before is None or reply is None or before.message_id != reply.message_id
        if is_other:
            self.is_chosen, self.cursor, self._cut_by = False, 0, {}
            self.page = Layout(self.page.width)
            self._strips.clear()
        count = len(reply.spellings) if reply is not None else 0
        self.cursor = max(0, min(self.cursor, count - 1))
        if reply is not None and reply.is_running and not self.is_chosen:
            self.cursor = max(0, count - 1)
        self._lay_out()
        if is_other or (reply is not None and reply.is_running):
            self._follow_cursor()
        self._take_wanted()

    def is_unexpected(self, token: int) -> bool:
        """Whether a token stands in one of the last steps, or would have been cut."""
        return token in self._cut_by or (self._step(token) or 0) >= STEPS - 2

    def want_cursor(self, position: int) -> None:
        """Put the cursor there as soon as another reply is shown that goes so far."""
        if self._reply is not None:
            self._wanted = self._reply.message_id, position

    def mark_cut(self, cut_by: Mapping[int, str]) -> None:
        """Mark the tokens that the current settings would have cut."""
        before, self._cut_by = self._cut_by, dict(cut_by)
        changed = {self.page.row_of(token) for token in before.keys() ^ cut_by.keys() if token < len(self.page)}
        for row in changed:
            # A token may go on in the next rows, as many as it takes.
            while row < len(self.page.rows):
                self._strips.pop(row, None)
                self.refresh(Region(0, row * LINES - self.scroll_offset.y, self.size.width, LINES))
                row += 1
                if row < len(self.page.rows) and self.page.rows[row][0].offset == 0:
                    break

    def put_cursor(self, position: int) -> None:
        """Put the cursor on a token by hand."""
        if self._reply is None or not self._reply.spellings:
            return
        before, self.cursor = self.cursor, max(0, min(position, len(self._reply.spellings) - 1))
        self.is_chosen, self._wanted = True, None
        for token in (before, self.cursor):
            self._redraw(token)
        self._follow_cursor()
        self.post_message(self.CursorMoved(self.cursor))

    def _take_wanted(self) -> None:
        if self._wanted is not None and self._reply is not None:
            message_id, position = self._wanted
            if self._reply.message_id != message_id and position < len(self._reply.spellings):
                self.put_cursor(position)

    def watch_has_focus(self, has_focus: bool) -> None:
        """Draw the cursor otherwise with the focus than without it."""
        super().watch_has_focus(has_focus)
        self._redraw(self.cursor)

    def on_resize(self) -> None:
        """Fit the rows to another width."""
        if self.scrollable_content_region.width != self.page.width:
            self.page = Layout(self.scrollable_content_region.width)
            self._strips.clear()
            self._lay_out()
            self._follow_cursor()

    # --- drawing

    def notify_style_update(self) -> None:
        """Another theme."""
        self.ink.clear()
        self._strips.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """A row's text, or the signs under it."""
        row, line = divmod(y + self.scroll_offset.y, LINES)
        width = self.scrollable_content_region.width
        if self._reply is None or row >= len(self.page.rows):
            return Strip.blank(width, self.rich_style)
        cells = self.page.rows[row]
        if cells[0].token <= self.cursor <= cells[-1].token:
            return self._drawn(cells, width)[line]
        if row not in self._strips:
            self._strips[row] = self._drawn(cells, width)
        return self._strips[row][line]

    def _drawn(self, cells: list[Cell], width: int) -> tuple[Strip, Strip]:
        text, signs = [], []
        for cell in cells:
            step = self._step(cell.token)
            name = self._shade_name(step)
            is_cursor, is_cut = cell.token == self.cursor, cell.token in self._cut_by
            style = self.ink.style("cursor" if self.has_focus else "rest") if is_cursor else self.ink.shade(name)
            text.append(Segment(cell.text, style + Style(strike=True) if is_cut else style))
            first, bar = _signs(cell, step, is_cursor=is_cursor, is_cut=is_cut)
            signs.append(Segment(first, self.ink.style("cut" if is_cut else "plain")))
            signs.append(Segment(bar, self.ink.style(name if step else "sign")))
        base = self.rich_style
        return Strip(text).adjust_cell_length(width, base), Strip(signs).adjust_cell_length(width, base)

    def _step(self, token: int) -> int | None:
        return step_of(self._measure, self._reply.details if self._reply is not None else None, token)

    def _shade_name(self, step: int | None) -> str:
        if not step:
            return "plain"
        return f"{SCALES[self._measure].shade}-{step}"

    # --- rows

    def _lay_out(self) -> None:
        """Lay out from where something changed on."""
        first = self.page.show(self._reply.spellings if self._reply is not None else ())
        if first is not None:
            self._strips = {row: strips for row, strips in self._strips.items() if row < first}
        size = Size(self.page.width, len(self.page.rows) * LINES)
        if size != self.virtual_size:
            # Assigned, it would lay the whole screen out anew, several times a second while a reply runs.
            self.set_reactive(Widget.virtual_size, size)
            if self.is_attached and self.show_vertical_scrollbar:
                self.vertical_scrollbar.window_virtual_size = size.height
                self.vertical_scrollbar.window_size = self.size.height
            if self.scroll_y > self.max_scroll_y:
                self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
        self.refresh()

    def _draw_anew(self) -> None:
        self._strips.clear()
        self.refresh()

    def _redraw(self, token: int) -> None:
        """Draw again the row on which a token begins, and the next one: it may go on there."""
        if token < len(self.page):
            y = self.page.row_of(token) * LINES - self.scroll_offset.y
            self.refresh(Region(0, y, self.size.width, 2 * LINES))

    def _follow_cursor(self) -> None:
        """Scroll until the cursor is to be seen, a row of its neighbours beside it."""
        if self.cursor >= len(self.page) or not self.size.height:
            return
        top = self.page.row_of(self.cursor) * LINES
        height, above = self.size.height, self.scroll_offset.y
        spare = LINES if height >= 3 * LINES else 0
        if top - spare < above:
            self.scroll_to(y=max(0, top - spare), animate=False, force=True)
        elif top + LINES + spare > above + height:
            self.scroll_to(y=top + LINES + spare - height, animate=False, force=True)


def _signs(cell: Cell, step: int | None, *, is_cursor: bool, is_cut: bool) -> tuple[str, str]:
    """What stands under a token: a mark, and a bar that leaves its last cell free, so that it is seen to end."""
    first = CURSOR_SIGN if is_cursor else CUT_SIGN if is_cut else UNTOLD_SIGN if step is None else ""
    first = first if cell.offset == 0 else ""
    room = cell.width - len(first)
    if not step:
        dot = step == 0 and cell.offset == 0 and not first
        return first, (SIGNS[0] if dot else "").ljust(room)
    return first, (SIGNS[step] * (room - 1 if cell.width > 1 else room)).ljust(room)
