"""A scroll view of lines that never lays the screen out anew.

Textual would do so for every change of the virtual size; what it needs for that is set here behind its back, so
this is the one place to look at when Textual is upgraded.
"""

from __future__ import annotations

from textual._animator import EasingFunction
from textual._types import AnimationLevel, CallbackType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.widget import Widget

from chatapp.ui.widgets.transcript_viewport import Row, Viewport

_NEAR_PAGES = 3


class LineScroll(ScrollView, can_focus=True):
    """Scrolls a `Viewport`; a subclass measures its messages and draws the rows in view."""

    DEFAULT_CSS = """
    LineScroll { overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }
    """

    class Scrolled(Message):
        """The reader scrolled."""

        def __init__(self, view: LineScroll) -> None:
            super().__init__()
            self.view = view

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.viewport = Viewport(self.measure)

    def measure(self, index: int) -> int:
        """Lay message `index` out and return its height in lines."""
        raise NotImplementedError

    @property
    def follow(self) -> bool:
        """Whether the end stays in view while the conversation grows; set, it goes there."""
        return self.viewport.follow

    @follow.setter
    def follow(self, follow: bool) -> None:
        self.viewport.follow = follow
        if follow:
            self.settle()

    @property
    def at_end(self) -> bool:
        """Whether the last line is in view."""
        return self.viewport.at_end

    @property
    def place(self) -> tuple[int, float]:
        """The message at the top of the view, and how far it is scrolled through, from 0 to 1."""
        index, line = self.viewport.anchor
        return index, line / self.viewport.heights[index] if len(self.viewport.heights) else 0.0

    @place.setter
    def place(self, place: tuple[int, float]) -> None:
        count = len(self.viewport.heights)
        if count:
            index = min(place[0], count - 1)
            fraction = place[1] if index == place[0] else 1.0
            self.viewport.go_to(Row(index, min(self.measure(index) - 1, round(fraction * self.measure(index)))))
            self._sync(0.0)
            self.refresh()

    def settle(self) -> None:
        """Find out what is in view and draw all of it."""
        self.viewport.settle()
        self._sync(0.0)
        self.refresh()

    def refresh_rows(self, first: int, last: int) -> None:
        """Draw the rows from `first` to before `last` again."""
        if first < last:
            self.refresh(Region(0, first, self.outer_size.width, last - first))

    def action_scroll_home(self) -> None:
        """Go to the first line."""
        self.place = (0, 0.0)
        self.post_message(self.Scrolled(self))

    def action_scroll_end(self) -> None:
        """Go to the last line and follow it."""
        self.follow = True
        self.post_message(self.Scrolled(self))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Move the viewport where Textual was told to scroll to."""
        line = round(new_value)
        lines = line - self.viewport.top
        if self.size.height != self.viewport.height or not lines:
            return  # In a resize, which settles by itself, or within a line.
        if line <= 0:
            self.viewport.go_to(Row(0, 0))
        elif abs(lines) <= _NEAR_PAGES * self.viewport.height:
            self.viewport.scroll_by(lines)
        else:
            self.viewport.jump_to(line)
        self._sync(new_value - line)
        self.refresh()
        self.post_message(self.Scrolled(self))

    def _sync(self, fraction: float) -> None:
        """Tell Textual where the viewport is and how much there is to scroll."""
        total, top = self.viewport.heights.total, self.viewport.top
        size = Size(self.size.width, total)
        if size != self.virtual_size:
            self.set_reactive(Widget.virtual_size, size)
        scroll_y = max(0.0, min(top + fraction, float(self.max_scroll_y)))
        self.set_reactive(Widget.scroll_y, scroll_y)
        self.set_reactive(Widget.scroll_target_y, scroll_y)
        if self.is_attached and self.show_vertical_scrollbar:
            bar = self.vertical_scrollbar
            bar.window_virtual_size = total
            bar.window_size = self.viewport.height
            bar.position = top

    def _scroll_to(
        self,
        x: float | None = None,
        y: float | None = None,
        *,
        animate: bool = True,
        speed: float | None = None,
        duration: float | None = None,
        easing: EasingFunction | str | None = None,
        force: bool = False,
        on_complete: CallbackType | None = None,
        level: AnimationLevel = "basic",
        release_anchor: bool = True,
    ) -> bool:
        """Scroll at once: an animation would fight the corrections of estimated heights, and cost frames."""
        return super()._scroll_to(
            x, y, animate=False, force=force, on_complete=on_complete, level=level, release_anchor=release_anchor
        )
