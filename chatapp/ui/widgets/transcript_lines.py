"""Messages drawn as lines: which of them are laid out, how they are drawn and selected."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.selection import Selection
from textual.strip import Strip

from chatapp.core.cleaning import clean
from chatapp.core.conversations import StoredMessage
from chatapp.core.settings import Settings
from chatapp.ui.markdown.line import RenderedLine
from chatapp.ui.markdown.wrap import width_of, wrap
from chatapp.ui.widgets.transcript_entry import Entry, Part, typical_height
from chatapp.ui.widgets.transcript_frame import INDENT, Look
from chatapp.ui.widgets.transcript_look import COMPONENTS, STYLE_SHEET, palette_of
from chatapp.ui.widgets.transcript_scroll import LineScroll
from chatapp.ui.widgets.transcript_selection import Mark, SourceRange, encode_row, highlight, range_of, selected_text
from chatapp.ui.widgets.transcript_viewport import Row

_LAID_OUT = 200
"""So many messages keep their lines; more than a screen can show."""

_MARGIN = 1


class MessageLines(LineScroll):
    """Messages in order; those in view are laid out, the others have an estimated height.

    `empty_text` is shown while there are none. `text_width` is the most that prose takes, 0 for no limit; it, and
    `fold_thoughts` and `simple_emoji`, hold from the next layout on.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS)
    DEFAULT_CSS = STYLE_SHEET

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.empty_text = ""
        self.text_width = Settings().text_width
        self.fold_thoughts = True
        self.simple_emoji = False
        self.messages: list[StoredMessage] = []
        self._entries: dict[int, Entry] = {}
        self._laid_out: OrderedDict[int, None] = OrderedDict()
        self._look: Look | None = None
        self._range: SourceRange | None = None

    def begin(self, messages: Sequence[StoredMessage]) -> None:
        """Hold these messages and no others, none of them laid out."""
        self.messages = list(messages)
        self._entries.clear()
        self._laid_out.clear()
        self.forget_selection()
        self.viewport.start_again(
            len(self.messages), typical_height(self.messages, self._text_width(self._line_width()))
        )

    def cut(self, first: int) -> None:
        """Drop the messages from index `first` on."""
        for index in range(first, len(self.messages)):
            self._entries.pop(index, None)
            self._laid_out.pop(index, None)
        del self.messages[first:]
        self.viewport.heights.truncate(first)
        self.forget_selection()

    def entry(self, index: int) -> Entry:
        """The record of a message."""
        found = self._entries.get(index)
        if found is None:
            found = self._entries[index] = Entry(self.messages[index])
        return found

    def measure(self, index: int) -> int:
        """Bring a message's lines up to date and return how many there are."""
        self._lay_out(index)
        return self.entry(index).height

    def draw(self, index: int) -> None:
        """Draw what changed of a message, as far as it is in view."""
        entry, rows = self.entry(index), self.viewport.rows
        if self._look is None or not self.viewport.height:
            return
        in_view = self.is_in_view(index) or len(rows) < self.viewport.height
        if not in_view and not (self.follow and index == len(self.messages) - 1):
            estimate = entry.estimate(self._look.text_width)
            self.viewport.heights[index] = max(self.viewport.heights[index], estimate)
            self._sync(0.0)
            return
        first = self._lay_out(index)
        if entry.height != self.viewport.heights[index] or not self.is_in_view(index):
            self.settle()
            return
        changed = [number for number, row in enumerate(rows) if row.message == index and row.line >= first]
        if changed:
            self.refresh_rows(changed[0], changed[-1] + 1)

    def is_in_view(self, index: int) -> bool:
        """Whether any line of a message is in view."""
        rows = self.viewport.rows
        return bool(rows) and rows[0].message <= index <= rows[-1].message

    def look_again(self) -> None:
        """Lay everything out anew, keeping the line at the top where it is."""
        rows = self.viewport.rows
        top = (rows[0].message, *self.entry(rows[0].message).line(rows[0].line)) if rows and not self.follow else None
        self._look = self._current_look()
        self.viewport.start_again(
            len(self.messages), typical_height(self.messages, self._text_width(self._line_width()))
        )
        if top is not None:
            index, part, line = top
            self.measure(index)
            self.viewport.anchor = Row(index, self.entry(index).find(part, line.source))
        self.settle()

    def on_resize(self) -> None:
        """Wrap anew where the width changed."""
        self.viewport.height = self.size.height
        if self._look is None or self._look.width != self._line_width():
            self.look_again()
        else:
            self.settle()

    def notify_style_update(self) -> None:
        """Notice another theme."""
        super().notify_style_update()
        if self._look is not None:
            self.call_later(self._notice_style)

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        rows = self.viewport.rows
        if y >= len(rows):
            return self._line_of_nothing(y)
        index, number = rows[y]
        entry = self.entry(index)
        part, line = entry.line(number)
        return highlight(line, self.marks(index, part, line)).apply_offsets(0, encode_row(index, number))

    def marks(self, index: int, part: Part, line: RenderedLine) -> Sequence[Mark]:
        """What is drawn in another style on a line of a message: the selection."""
        bounds = self._range.within(index, part) if self._range is not None else None
        return [([bounds], self.selection_style)] if bounds is not None else ()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The Markdown source of what is selected."""
        text = self.selected_markdown()
        return (text, "\n") if text is not None else None

    def selection_updated(self, selection: Selection | None) -> None:
        """Turn Textual's selection of lines into a range of the source."""
        self._range = None
        if selection is not None:
            self._range = range_of(selection.start, selection.end, len(self.messages), self._measured_entry)
        self.refresh()

    def forget_selection(self) -> None:
        """Drop the selection, since what it named is gone."""
        if self._range is not None:
            self._range = None
            self.screen.clear_selection()

    def selected_markdown(self) -> str | None:
        """The Markdown source of what is selected, with control characters made visible; None without a selection."""
        if self._range is None:
            return None
        return selected_text(self._range, lambda index: self._entries.get(index) or Entry(self.messages[index]))

    def _measured_entry(self, index: int) -> Entry:
        self.measure(index)
        return self.entry(index)

    def _lay_out(self, index: int) -> int:
        """Bring a message's lines up to date; return the first that changed."""
        if self._look is None:
            self._look = self._current_look()
        entry = self.entry(index)
        if entry.is_current(self._look):
            return entry.height
        first = entry.lay_out(self._look)
        self._laid_out[index] = None
        self._laid_out.move_to_end(index)
        if len(self._laid_out) > _LAID_OUT:
            oldest, _ = self._laid_out.popitem(last=False)
            self.entry(oldest).release()
        return first

    def _line_width(self) -> int:
        return max(1, self.size.width - _MARGIN)

    def _text_width(self, width: int) -> int:
        return min(width, len(INDENT) + self.text_width) if self.text_width else width

    def _current_look(self) -> Look:
        width = self._line_width()
        return Look(palette_of(self), width, self._text_width(width), not self.fold_thoughts, self.simple_emoji)

    def _notice_style(self) -> None:
        if self._look is not None and self._look != self._current_look():
            self.look_again()

    def _line_of_nothing(self, y: int) -> Strip:
        """A row below the last message, or one of the words shown where there is no message."""
        style, width = self.rich_style, self.size.width
        if self.messages or not self.empty_text:
            return Strip.blank(width, style)
        room = max(2, width - 4)
        lines = [line[start:end] for line in clean(self.empty_text).split("\n") for start, end in wrap(line, room)]
        number = y - max(0, (self.viewport.height - len(lines)) // 2)
        if not 0 <= number < len(lines):
            return Strip.blank(width, style)
        text = lines[number]
        shown = style + self.get_component_rich_style("transcript--empty", partial=True)
        left = max(0, (width - width_of(text)) // 2)
        return Strip([Segment(" " * left, style), Segment(text, shown)]).adjust_cell_length(width, style)
