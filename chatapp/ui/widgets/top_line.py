"""The top line: the program, the conversation, the model and where it runs."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from chatapp.core.cleaning import clean_line


class TopLine(Widget):
    """One line; the title gives way first, then the device."""

    DEFAULT_CSS = "TopLine { height: 1; }"

    conversation: reactive[str] = reactive("")
    model: reactive[str] = reactive("")
    device: reactive[str] = reactive("")

    def __init__(self) -> None:
        super().__init__(id="top-line")

    def render(self) -> Content:
        """Name and title at the left, model at the right."""
        name, width = " chatapp", self.size.width
        model, device = clean_line(self.model), clean_line(self.device)
        right = f"{model} · {device}" if device else model
        if cell_len(right) > width - len(name) - 16:
            right = model
        if cell_len(right) > width // 2:
            right = set_cell_size(right, max(0, width // 2 - 1)).rstrip() + "…"
        room = width - len(name) - cell_len(right) - 5
        title = clean_line(self.conversation)
        if cell_len(title) > room:
            title = set_cell_size(title, max(0, room - 1)).rstrip() + "…" if room > 4 else ""
        gap = width - len(name) - 3 - cell_len(title) - cell_len(right) - 1
        return Content.assemble(
            (name, "bold $primary"), "   ", (title, "$foreground"), " " * max(0, gap), (right, "$muted"), " "
        )
