"""A few lines of words that change often."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class Words(Static):
    """Draws what it is told; the screen is laid out anew only where that takes more lines, or fewer."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Words { height: auto; }"

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__("", id=id, markup=False)
        self._said = Content()

    @property
    def plain(self) -> str:
        """What stands there, as text."""
        return self._said.plain

    def put(self, content: Content) -> None:
        """Say something else."""
        before, self._said = self._said, content
        if (before.plain, before.spans) == (content.plain, content.spans):
            return
        width = self.content_size.width
        same_height = width > 0 and len(before.wrap(width)) == len(content.wrap(width))
        self.update(content, layout=not same_height)
