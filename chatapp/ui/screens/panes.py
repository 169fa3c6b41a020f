"""One to four conversations side by side, one of which has the focus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message

from chatapp.core.parameters import PARAMETERS
from chatapp.ui.screens.pane import Pane
from chatapp.ui.unsent import MOST_PANES
from chatapp.ui.widgets.conversation_rows import UNTITLED
from chatapp.ui.widgets.transcript_scroll import LineScroll

NARROWEST = 34
"""Columns below which a pane is no longer shown beside another."""


class Panes(Horizontal):
    """The panes in their order. Where they have not all room, those around the active one are shown."""

    BLANK = True

    class Activated(Message):
        """Another pane has the focus."""

    def __init__(self, make: Callable[[int], Pane]) -> None:
        super().__init__(id="panes")
        self._make = make
        self._panes = [make(1)]
        self._active = self._panes[0]
        self._adding = asyncio.Lock()
        self.together = False
        """Whether scrolling one pane scrolls all."""

    def compose(self) -> ComposeResult:
        """The first pane."""
        yield self._active

    @property
    def active(self) -> Pane:
        """The pane that has the focus, or had it last."""
        return self._active

    @property
    def all(self) -> tuple[Pane, ...]:
        """Every pane, from left to right."""
        return tuple(self._panes)

    def holding(self, conversation_id: int | None) -> Pane | None:
        """The pane that shows a conversation."""
        if conversation_id is None:
            return None
        return next((pane for pane in self._panes if pane.conversation_id == conversation_id), None)

    def of_reply(self, conversation_id: int, message_id: int) -> list[Pane]:
        """The panes that show a reply, else the one with its conversation, else the active one."""
        showing = [pane for pane in self._panes if pane.transcript.holds(message_id)]
        return showing or [self.holding(conversation_id) or self._active]

    async def add(self) -> Pane:
        """Put an empty pane beside the active one."""
        async with self._adding:
            taken = {pane.number for pane in self._panes}
            pane = self._make(next(number for number in range(1, MOST_PANES + 1) if number not in taken))
            before = self._active
            await self.mount(pane, after=before)  # it is one of the panes once all that is in it is there
            place = self._panes.index(before) + 1 if before in self._panes else len(self._panes)
            self._panes.insert(place, pane)
        return pane

    async def remove_active(self) -> None:
        """Close the active pane; its neighbour gets the focus. The last one stays."""
        if len(self._panes) == 1:
            return
        closed = self._active
        place = self._panes.index(closed)
        self.activate(self._panes[place - 1] if place else self._panes[1])
        self._panes.remove(closed)
        closed.leave()
        await closed.remove()
        self._show_those_with_room()

    def activate(self, pane: Pane) -> None:
        """Give a pane the focus."""
        self._become_active(pane)
        self.screen.set_focus(pane.composer)  # at once, so that what is typed behind the key goes there

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane that is typed or clicked into becomes the active one."""
        pane = next((node for node in event.widget.ancestors if isinstance(node, Pane)), None)
        if pane is not None and event.widget is self.screen.focused:  # else the focus has gone on meanwhile
            self._become_active(pane)

    def on_resize(self) -> None:
        """Show as many panes as have room."""
        self._show_those_with_room()

    @on(LineScroll.Scrolled)
    def scroll_together(self, event: LineScroll.Scrolled) -> None:
        """Let the others show the same place where they scroll together."""
        if self.together:
            self.align(event.view)

    def align(self, view: LineScroll) -> None:
        """Let every pane show the place that `view` shows."""
        for pane in self._panes:
            if pane.transcript is view:
                continue
            if view.follow:
                pane.transcript.follow = True
            else:
                pane.transcript.place = view.place

    def show_titles(self) -> None:
        """Say above each pane what it shows and what sets it apart; nothing where there is one only."""
        several = len(self._panes) > 1
        apart = settings_apart(self._panes)
        of = "" if all(pane.display for pane in self._panes) else f"/{len(self._panes)}"
        for number, pane in enumerate(self._panes, 1):
            pane.title.display = several
            if several:
                title = pane.conversation.title if pane.conversation is not None else UNTITLED
                state = pane.state if pane.display else ""
                pane.title.show(f"{number}{of}", title, apart[pane], state, active=pane is self._active)

    def _become_active(self, pane: Pane) -> None:
        if pane is self._active or pane not in self._panes:
            return
        self._active = pane
        self._show_those_with_room()
        self.post_message(self.Activated())

    def _show_those_with_room(self) -> None:
        count = len(self._panes)
        room = max(1, min(count, self.size.width // NARROWEST)) if self.size.width else count
        place = self._panes.index(self._active)
        first = min(max(0, place - room // 2), count - room)
        for number, pane in enumerate(self._panes):
            pane.display = first <= number < first + room
            pane.set_class(number > first, "-beside")
        self.show_titles()


def settings_apart(panes: list[Pane]) -> dict[Pane, dict[str, str]]:
    """What the panes do not share of model, preset and parameters, as text by name, for each pane."""
    apart: dict[Pane, dict[str, str]] = {pane: {} for pane in panes}
    if len({id(pane.session.backend) for pane in panes}) > 1:
        for pane in panes:
            apart[pane]["model"] = pane.model.name or "–"
    presets = {pane: pane.session.preset.name if pane.session.preset is not None else "–" for pane in panes}
    if len(set(presets.values())) > 1:
        for pane in panes:
            apart[pane]["preset"] = presets[pane]
    names = {name for pane in panes for name in pane.next.edits}
    differing = [
        name
        for name in PARAMETERS
        if name in names and any(pane.next.edits.get(name) != panes[0].next.edits.get(name) for pane in panes)
    ]
    for pane in panes:
        for name in differing:
            apart[pane][name] = PARAMETERS[name].show(pane.next.edits[name]) if name in pane.next.edits else "–"
    return apart
