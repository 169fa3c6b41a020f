"""All branches of a conversation, to look at, to search and to go to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import ClassVar, NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, Static

from chatapp.core.conversations import Tree
from chatapp.ui.attempt import attempt
from chatapp.ui.tree_rows import TreeRow, matching, tree_rows
from chatapp.ui.widgets.tree_lines import TreeLines

_SEARCH_PAUSE_S = 0.15


class TreeChoice(NamedTuple):
    """A row that was chosen; `beside` asks for it in another pane."""

    row: TreeRow
    beside: bool


class TreeDialog(ModalScreen[TreeChoice | None]):
    """Answers with what was chosen, None where nothing was.

    `search` finds the ids of messages that hold words; it takes a while, so it runs in a thread.
    """

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialog.tcss", "tree.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", show=False, priority=True),
        Binding("alt+n", "choose_beside", "Show beside", show=False, priority=True),
        *(
            Binding(key, f"pass_on('{key}')", key, show=False, priority=True)
            for key in ("up", "down", "pageup", "pagedown")
        ),
    ]

    def __init__(self, tree: Tree, at: int | None, search: Callable[[str], Sequence[int]]) -> None:
        super().__init__()
        self._rows = tree_rows(tree)
        self._at = at if at is not None else tree.leaf_id
        self._search = search
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        """A line to type in above the branches."""
        with Vertical(id="tree"):
            yield Static(self._title(), classes="dialog-title", markup=False)
            yield Input(placeholder="type to search in all branches", id="tree-input", compact=True)
            yield TreeLines()
            yield Static(
                "⏎ show · alt+n in another pane · • on the branch that is shown · Esc close",
                classes="dialog-hint",
                markup=False,
            )

    def on_mount(self) -> None:
        """Show everything at first."""
        self.query_one(TreeLines).show(self._rows, at=self._at)

    def _title(self) -> str:
        count = sum(row.place.deleted_with is None for row in self._rows)
        ends = {row.place.parent_id for row in self._rows}
        branches = sum(row.place.id not in ends and row.place.deleted_with is None for row in self._rows)
        return f"{branches:,} branch{'es' if branches != 1 else ''}, {count:,} message{'s' if count != 1 else ''}"

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Show at once what begins with the words, and soon what holds them anywhere."""
        event.stop()
        if self._pause is not None:
            self._pause.stop()
        words = event.value.strip()
        self._show(words, frozenset())
        if words:
            self._pause = self.set_timer(_SEARCH_PAUSE_S, lambda: attempt(self, self._look_deeper(words)))

    async def _look_deeper(self, words: str) -> None:
        found = frozenset(await asyncio.to_thread(self._search, words))
        if self.is_attached and self.query_one(Input).value.strip() == words and found:
            self._show(words, found)

    def _show(self, words: str, found: frozenset[int]) -> None:
        lines = self.query_one(TreeLines)
        before = lines.highlighted
        at = before.place.id if before is not None else self._at
        lines.show(matching(self._rows, words, found) if words else self._rows, at=at, flat=bool(words))

    @on(Input.Submitted)
    def accept(self, event: Input.Submitted) -> None:
        """Answer with the highlighted row."""
        event.stop()
        self.query_one(TreeLines).action_choose()

    @on(TreeLines.Chosen)
    def choose(self, event: TreeLines.Chosen) -> None:
        """Answer with it."""
        event.stop()
        self.dismiss(TreeChoice(event.row, beside=False))

    def action_choose_beside(self) -> None:
        """Answer with the highlighted row, to be shown in another pane."""
        if (row := self.query_one(TreeLines).highlighted) is not None:
            self.dismiss(TreeChoice(row, beside=True))

    def on_click(self, event: events.Click) -> None:
        """A click beside the tree closes it."""
        if event.widget is self:
            self.dismiss(None)

    def action_pass_on(self, key: str) -> None:
        """Move the highlight, wherever the focus is."""
        lines = self.query_one(TreeLines)
        if key in ("up", "down"):
            lines.action_move(1 if key == "down" else -1)
        else:
            lines.action_page(1 if key == "pagedown" else -1)

    def action_leave(self) -> None:
        """Show all again; then leave."""
        field = self.query_one(Input)
        if field.value:
            field.value = ""
        else:
            self.dismiss(None)
