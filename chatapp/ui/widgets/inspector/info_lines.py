"""Facts as lines that one widget draws: to scroll, fold, select and copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from chatapp.ui.info.fact import Section
from chatapp.ui.info.rows import Row, copied, rows_of
from chatapp.ui.markdown.wrap import width_of
from chatapp.ui.widgets.parameter_row import MARK

_ALL = 10**6


class InfoLines(ScrollView, can_focus=True):
    """Sections with a cursor on one line. Folded ones stay so, and the cursor where it is, when other facts come."""

    DEFAULT_CSS = "InfoLines { overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "info--heading", "info--label", "info--plain", "info--muted", "info--control", "info--warning", "info--cursor",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Line above", show=False),
        Binding("down", "move(1)", "Line below", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", f"move(-{_ALL})", "First line", show=False),
        Binding("end", f"move({_ALL})", "Last line", show=False),
        Binding("enter,space", "turn", "Fold or unfold", show=False),
        Binding("left", "fold(True)", "Fold", show=False),
        Binding("right", "fold(False)", "Unfold", show=False),
        Binding("c", "copy_section", "Copy the section", show=False),
    ]

    @dataclass
    class Unfolded(Message):
        """A section is unfolded, by its name."""

        name: str

    def __init__(self) -> None:
        super().__init__(id="info-lines")
        self._sections: Sequence[Section] = ()
        self._unfolded: set[str] = set()
        self._rows: list[Row] = []
        self._cursor = 0

    # --- what is shown

    @property
    def rows(self) -> Sequence[Row]:
        """Every row, from the top."""
        return self._rows

    @property
    def text(self) -> str:
        """All that is shown."""
        return "\n".join(row.text for row in self._rows)

    def is_unfolded(self, name: str) -> bool:
        """Whether the section of this name shows its facts."""
        return name in self._unfolded

    def show(self, sections: Sequence[Section]) -> None:
        """Show other facts."""
        if sections != self._sections:
            self._sections = sections
            self._lay_out()

    def on_resize(self) -> None:
        """Wrap anew."""
        self._lay_out()

    def _lay_out(self) -> None:
        width = self.size.width
        if not width:
            return
        at = self._rows[self._cursor] if self._rows else None
        if self.text_selection is not None:
            self.screen.clear_selection()
        self._rows = rows_of(self._sections, self._unfolded, width)
        self._cursor = self._place_of(at)
        self.virtual_size = Size(width, len(self._rows))
        self.refresh()

    def _place_of(self, row: Row | None) -> int:
        """Where a row of other facts or another width would stand now."""
        if row is None:
            return 0
        places = [y for y, other in enumerate(self._rows) if other.section == row.section and other.can_hold_cursor]
        return next((y for y in places if self._rows[y].fact == row.fact), places[0] if places else 0)

    # --- drawing

    def render_line(self, y: int) -> Strip:
        """One row."""
        place, width = y + self.scroll_offset.y, self.size.width
        base = self.rich_style
        if place >= len(self._rows):
            return Strip.blank(width, base)
        row = self._rows[place]
        under_cursor = self.has_focus and place == self._cursor
        if under_cursor:
            base += Style(bgcolor=self.get_component_rich_style("info--cursor", partial=True).bgcolor)
        strip = Strip([Segment(text, base + self._style(tone)) for text, tone in _pieces(row, under_cursor) if text])
        strip = strip.adjust_cell_length(width, base)
        selection = self.text_selection
        span = selection.get_span(place) if selection is not None else None
        if span is not None:
            strip = self._selected(strip, row, *span)
        return strip.apply_offsets(0, place)

    def _style(self, tone: str) -> Style:
        return self.get_component_rich_style(f"info--{tone}", partial=True)

    def _selected(self, strip: Strip, row: Row, start: int, end: int) -> Strip:
        """The strip with the characters from `start` to `end` marked; -1 is the end of the row."""
        text = row.text
        first = width_of(text[:start])
        last = width_of(text if end < 0 else text[:end])
        style = self.screen.get_component_rich_style("screen--selection")
        before, marked, after = strip.divide([first, max(first, last), strip.cell_length])[:3]
        return Strip.join([before, marked.apply_style(style), after])

    # --- keys and pointer

    def action_move(self, steps: int) -> None:
        """Go so many lines down, at most to the last."""
        places = [y for y, row in enumerate(self._rows) if row.can_hold_cursor]
        if places:
            place = places.index(self._cursor) if self._cursor in places else 0
            self._put_cursor(places[min(max(place + steps, 0), len(places) - 1)])

    def action_page(self, pages: int) -> None:
        """Go a page down or up."""
        self.action_move(pages * max(1, self.size.height - 2))

    def action_turn(self) -> None:
        """Fold or unfold the section under the cursor."""
        section = self._section
        if section is not None and section.folds:
            self._fold(section, section.name in self._unfolded)

    def action_fold(self, fold: bool) -> None:
        """Fold the section under the cursor, or unfold it."""
        section = self._section
        if section is not None and section.folds and (section.name in self._unfolded) == fold:
            self._fold(section, fold)

    def action_copy_section(self) -> None:
        """Copy the section under the cursor."""
        if self._section is not None:
            self.app.copy_to_clipboard(self._section.copied)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there; on a heading, fold or unfold."""
        place = event.y + self.scroll_offset.y
        if place >= len(self._rows) or self.text_selection is not None:
            return
        if self._rows[place].can_hold_cursor:
            self._put_cursor(place)
        if self._rows[place].is_heading:
            self.action_turn()

    @property
    def _section(self) -> Section | None:
        return self._sections[self._rows[self._cursor].section] if self._rows else None

    def _fold(self, section: Section, fold: bool) -> None:
        if fold:
            self._unfolded.discard(section.name)
        else:
            self._unfolded.add(section.name)
            self.post_message(self.Unfolded(section.name))
        self._lay_out()
        self._follow_cursor()

    def _put_cursor(self, place: int) -> None:
        before, self._cursor = self._cursor, place
        self.refresh_lines(before, 1)
        self.refresh_lines(place, 1)
        self._follow_cursor()

    def _follow_cursor(self) -> None:
        """Scroll until the line is to be seen, and all rows that it goes on in."""
        last = self._cursor
        while last + 1 < len(self._rows) and self._rows[last + 1].joint is not None:
            last += 1
        height = min(last - self._cursor + 1, self.size.height)
        self.scroll_to_region(Region(0, self._cursor, self.size.width, height), animate=False, force=True)

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh_lines(self._cursor, 1)

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh_lines(self._cursor, 1)

    # --- selecting

    @property
    def selected_text(self) -> str:
        """What is selected, as it was before it was wrapped; empty without a selection."""
        selection = self.text_selection
        if selection is None:
            return ""
        start = (selection.start.y, selection.start.x) if selection.start is not None else (0, 0)
        end = (selection.end.y, selection.end.x) if selection.end is not None else (len(self._rows), _ALL)
        return copied(self._rows, start, end)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What is selected."""
        del selection
        text = self.selected_text
        return (text, "\n") if text else None

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw another selection."""
        del selection
        self.refresh()


def _pieces(row: Row, under_cursor: bool) -> list[tuple[str, str]]:
    """A row's text with the names of its styles; the cursor's mark takes the place of the first space."""
    pieces = [
        (row.label, "label"),
        *((text, "heading" if row.is_heading and tone == "plain" else tone) for text, tone in row.runs),
    ]
    first = next((place for place, (text, _) in enumerate(pieces) if text), None)
    if under_cursor and first is not None:
        text, style = pieces[first]
        pieces[first] = (text[1:], style)
        pieces.insert(first, (MARK, "heading"))
    return pieces
