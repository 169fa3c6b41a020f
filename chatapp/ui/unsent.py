"""What was written and not sent, of all panes: a draft in each conversation, and messages in line behind a reply."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chatapp.ui.drafts import Drafts


def place_of(conversation_id: int | None, pane: int) -> str:
    """The name under which something waits: the conversation, or the pane in which one comes to be."""
    if conversation_id is not None:
        return str(conversation_id)
    return "new" if pane == 1 else f"new {pane}"


class Unsent:
    """Drafts and lines by place. Drafts outlive the program where there is a file; lines end with it."""

    def __init__(self, file: Path | None = None) -> None:
        self.drafts = Drafts(file)
        self._lines: dict[str, list[str]] = {}

    def line(self, place: str) -> Sequence[str]:
        """What waits to be sent, the next one first."""
        return tuple(self._lines.get(place, ()))

    def wait(self, place: str, *texts: str) -> None:
        """Put messages at the end of a line."""
        self._lines.setdefault(place, []).extend(texts)

    def take(self, place: str) -> list[str]:
        """Empty a line and return what stood in it."""
        return self._lines.pop(place, [])

    def give_back(self, place: str, text: str) -> None:
        """Put a message that was not answered before the draft of its place."""
        typed = self.drafts.get(place)
        self.drafts.put(place, f"{text}\n{typed}" if typed.strip() else text)
