"""Which side panels are open: beside the conversation where there is room, else folded over it."""

from __future__ import annotations

from textual.screen import Screen
from textual.widget import Widget

LIST_FITS = 96
BOTH_FIT = 126
SHORT = 32
"""Lines below which the screen leaves out blank lines and shows less help."""
SMALLEST_WIDTH, SMALLEST_HEIGHT = 30, 8


class Panels:
    """The conversation list and the inspector.

    A panel that is folded over the conversation closes when it has served; one beside it stays.
    """

    def __init__(self, screen: Screen[None], *, list_open: bool, inspector_open: bool) -> None:
        self._screen = screen
        self._size = (0, 0)
        self._beside = {"list": list_open, "inspector": inspector_open}
        self._over: str | None = None
        self._widgets: dict[str, Widget] = {}

    def add(self, name: str, widget: Widget) -> None:
        """Take charge of a panel."""
        self._widgets[name] = widget
        self._apply()

    def resize(self, width: int, height: int) -> None:
        """Fit the panels to another size; too small a screen is said in words."""
        if (width, height) == self._size:
            return
        self._size = (width, height)
        self._screen.set_class(width < SMALLEST_WIDTH or height < SMALLEST_HEIGHT, "-too-small")
        self._screen.set_class(width < LIST_FITS, "-narrow")
        self._screen.set_class(height < SHORT, "-short")
        self._apply()

    def is_over(self, name: str) -> bool:
        """Whether a panel would be folded over the conversation."""
        needed = LIST_FITS if name == "list" or not self._beside["list"] else BOTH_FIT
        return self._size[0] < needed

    def is_open(self, name: str) -> bool:
        """Whether a panel is to be seen."""
        return self._over == name if self.is_over(name) else self._beside[name]

    def open(self, name: str) -> None:
        """Show a panel."""
        if self.is_over(name):
            self._over = name
        else:
            self._beside[name] = True
        self._apply()

    def close(self, name: str) -> None:
        """Hide a panel."""
        if self.is_over(name):
            self._over = None
        else:
            self._beside[name] = False
        self._apply()

    def fold(self) -> bool:
        """Close the panel that lies over the conversation; whether there was one."""
        was_open = self._over is not None and self.is_over(self._over)
        self._over = None
        self._apply()
        return was_open

    def leave(self) -> bool:
        """Close the panel that lies over the conversation; whether there was one, or one beside it has the focus."""
        has_focus = any(widget.has_pseudo_class("focus-within") for widget in self._widgets.values())
        return self.fold() or has_focus

    def _apply(self) -> None:
        for name, widget in self._widgets.items():
            over = self.is_over(name)
            widget.set_class(over, "-over")
            widget.display = self.is_open(name)
