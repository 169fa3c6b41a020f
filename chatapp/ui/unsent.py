"""What was written and not sent, of all panes: a draft in each conversation, and messages in line behind a reply."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chatapp.ui.drafts import Drafts

MOST_PANES = 4
"""How many panes stand side by side at most."""


def place_of(conversation_id: int | None, pane: int, *, is_second: bool = False) -> str:
    """The name under which something waits: the conversation, or the pane in which one comes to be.

    A second pane on a conversation has a place of its own.
    """
    if conversation_id is not None:
        return f"{conversation_id} {pane}" if is_second else str(conversation_id)
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

    def gather(self, conversation_id: int) -> None:
        """Bring to a conversation's own place what its second panes left."""
        place = place_of(conversation_id, 0)
        for pane in range(1, MOST_PANES + 1):
            second = place_of(conversation_id, pane, is_second=True)
            if left := "\n".join([*self.take(second), self.drafts.get(second)]).strip():
                self.give_back(place, left)
                self.drafts.put(second, "")

    def give_back(self, place: str, text: str) -> None:
        """Put a message that was not answered before the draft of its place."""
        typed = self.drafts.get(place)
        self.drafts.put(place, f"{text}\n{typed}" if typed.strip() else text)
