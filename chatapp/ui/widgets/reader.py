"""A transcript with the line below it in which one looks for words, while that is open."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from chatapp.core.folding import Sought
from chatapp.ui.widgets.find_bar import FindBar
from chatapp.ui.widgets.transcript import Transcript


class Reader(Vertical):
    """Lets words be found in its transcript; the line for them is made when it is first asked for."""

    BLANK = True
    DEFAULT_CSS = "Reader { height: 1fr; }"

    def __init__(self, transcript: Transcript) -> None:
        super().__init__()
        self.transcript = transcript
        self._bar: FindBar | None = None
        self._opening = asyncio.Lock()
        self._came_from: Widget | None = None

    def compose(self) -> ComposeResult:
        """The transcript."""
        yield self.transcript

    @property
    def is_finding(self) -> bool:
        """Whether words are being looked for."""
        return self._bar is not None and self._bar.display

    async def find(self) -> None:
        """Let words be typed; those of the last time are there to be looked for again."""
        bar = await self._open()
        if not self.transcript.is_searching and bar.sought:
            self.transcript.look_for(bar.sought)
        bar.take_focus()

    async def find_from(self, text: str, words: Sequence[str], message_id: int) -> None:
        """Show the hits of `words` that were found with `text`, from a message on."""
        bar = await self._open()
        bar.put(text)
        bar.field.focus()
        self.transcript.look_for(Sought(words, at_beginnings=True), message_id=message_id)

    async def step(self, step: int) -> None:
        """Go to the next hit, or with -1 to the one before."""
        if self.is_finding:
            self.transcript.step_match(step)
        else:
            await self.find()

    def close(self) -> bool:
        """Put the line away; whether it was there."""
        if self._bar is None or not self.is_finding:
            return False
        had_focus = self._bar.has_pseudo_class("focus-within")
        self._bar.display = False
        self.transcript.end_search()
        if had_focus and self._came_from is not None and self._came_from in self.screen.focus_chain:
            self._came_from.focus()
        return True

    async def _open(self) -> FindBar:
        async with self._opening:
            if self._bar is None:
                self._bar = FindBar()
                await self.mount(self._bar)
        bar = self._bar
        bar.display = True
        if not bar.has_pseudo_class("focus-within"):
            self._came_from = self.screen.focused
        return bar

    @on(FindBar.Typed)
    def find_typed(self, event: FindBar.Typed) -> None:
        """Look for other words."""
        event.stop()
        self.transcript.look_for(event.sought)

    @on(FindBar.Stepped)
    def step_asked(self, event: FindBar.Stepped) -> None:
        """Go to another hit."""
        event.stop()
        self.transcript.step_match(event.step)

    @on(FindBar.Left)
    def leave(self, event: FindBar.Left) -> None:
        """Put the line away."""
        event.stop()
        self.close()

    @on(Transcript.MatchesChanged)
    def show_count(self, event: Transcript.MatchesChanged) -> None:
        """Show how many hits there are."""
        event.stop()
        if self._bar is not None and self._bar.is_mounted:
            self._bar.show(event.number, event.total, finished=event.finished)
