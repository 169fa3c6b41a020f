"""The branches of a conversation drawn as lines, so that ten thousand messages cost what ten do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from chatapp.core.cleaning import clean_line
from chatapp.core.conversations import STATUSES
from chatapp.core.messages import Role
from chatapp.core.readable import moment
from chatapp.ui.tree_rows import TreeRow

_ROLES: dict[Role, str] = {"user": "you", "assistant": "reply", "system": "system"}
_MOST_GLYPHS = 24
_TIME_FROM = 70
"""A narrower tree shows no times."""


class TreeLines(ScrollView, can_focus=True):
    """Rows of a tree; a highlight moves with the keys, enter or a click chooses."""

    DEFAULT_CSS = "TreeLines { overflow-x: hidden; overflow-y: auto; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "tree--lines", "tree--user", "tree--assistant", "tree--system", "tree--text", "tree--other", "tree--mark",
        "tree--cursor",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "move(-10000000)", "First", show=False),
        Binding("end", "move(10000000)", "Last", show=False),
        Binding("enter", "choose", "Show", show=False),
    ]

    class Chosen(Message):
        """A message of the tree is to be shown."""

        def __init__(self, row: TreeRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self) -> None:
        super().__init__(id="tree-lines")
        self._rows: Sequence[TreeRow] = ()
        self._is_flat = False
        self._cursor = 0
        self.empty_text = "Nothing here has these words"

    def show(self, rows: Sequence[TreeRow], *, at: int | None = None, flat: bool = False) -> None:
        """Show these rows, the highlight on the message `at` where it is among them; `flat` leaves the glyphs out."""
        self._rows, self._is_flat = rows, flat
        self.virtual_size = Size(0, len(rows))
        self._cursor = next((number for number, row in enumerate(rows) if row.place.id == at), 0)
        self._bring_into_view()
        self.refresh()

    @property
    def highlighted(self) -> TreeRow | None:
        """The row under the highlight."""
        return self._rows[self._cursor] if self._cursor < len(self._rows) else None

    def action_move(self, steps: int) -> None:
        """Move the highlight."""
        self._cursor = min(max(self._cursor + steps, 0), max(0, len(self._rows) - 1))
        self._bring_into_view()
        self.refresh()

    def action_page(self, pages: int) -> None:
        """Move the highlight by a screenful."""
        self.action_move(pages * max(1, self.size.height - 1))

    def action_choose(self) -> None:
        """Tell what was chosen."""
        if (row := self.highlighted) is not None:
            self.post_message(self.Chosen(row))

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked."""
        number = event.y + self.scroll_offset.y
        if number < len(self._rows):
            event.stop()
            self._cursor = number
            self.refresh()
            self.action_choose()

    def on_resize(self) -> None:
        """Keep the highlight in view."""
        self._bring_into_view()

    def _bring_into_view(self) -> None:
        top, height = self.scroll_offset.y, self.size.height
        if not height:
            self.call_after_refresh(self._bring_into_view_once)
        elif self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, force=True)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False, force=True)

    def _bring_into_view_once(self) -> None:
        if self.size.height:
            self._bring_into_view()

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        number, width, base = y + self.scroll_offset.y, self.size.width, self.rich_style
        if not self._rows and y == 0:
            style = base + self._style("other")
            return Strip([Segment(f"  {self.empty_text}", style)]).adjust_cell_length(width, base)
        if number >= len(self._rows):
            return Strip.blank(width, base)
        is_cursor = number == self._cursor
        if is_cursor:
            base += self._style("cursor")
        segments = self._segments(self._rows[number], base, width, is_cursor=is_cursor)
        return Strip(segments).adjust_cell_length(width, base)

    def _segments(self, row: TreeRow, base: Style, width: int, *, is_cursor: bool) -> list[Segment]:
        place = row.place
        lines = "" if self._is_flat else row.lines
        if len(lines) > _MOST_GLYPHS:
            lines = "…" + lines[-_MOST_GLYPHS:]
        versions = f" ‹{row.sibling}/{row.siblings}›" if row.siblings > 1 and place.deleted_with is None else ""
        marks = "".join(f" · {word}" for word in _words(row))
        when = f"  {moment(place.created_at)} " if width >= _TIME_FROM else " "
        name = _ROLES[place.role]
        bar = "▌" if is_cursor else " "
        head = f"{bar}{'•' if row.is_shown else ' '} "
        room = width - sum(map(cell_len, (head, lines, name, versions, marks, when))) - 1
        text = _cut(clean_line(place.opening) or "(empty)", room)
        gap = " " * max(0, room - cell_len(text))
        told = base + self._style("text" if row.is_shown else "other")
        return [
            Segment(head, base + self._style("mark")),
            Segment(lines, base + self._style("lines")),
            Segment(name, base + self._style(place.role)),
            Segment(versions, base + self._style("mark")),
            Segment(f" {text}", told),
            Segment(marks, base + self._style("mark")),
            Segment(gap + when, base + self._style("other")),
        ]

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"tree--{name}", partial=True)


def _words(row: TreeRow) -> list[str]:
    """What is to be said about a message, shortly."""
    place = row.place
    if place.deleted_with is not None:
        return [f"deleted, {row.hidden:,} messages" if row.hidden > 1 else "deleted"]
    status = STATUSES[place.status].partition(":")[0]
    return [word for word, holds in ((status, status), ("pinned", place.pinned), ("edited", place.edited)) if holds]


def _cut(text: str, room: int) -> str:
    if cell_len(text) <= room:
        return text
    return set_cell_size(text, room - 1).rstrip() + "…" if room > 1 else ""
