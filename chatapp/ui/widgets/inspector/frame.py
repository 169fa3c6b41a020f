"""The frame of the inspector: which tab is shown, and that it is made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from chatapp.ui.messages import TabOpened
from chatapp.ui.widgets.inspector.tab_row import TabRow

TabName: TypeAlias = Literal["sampling", "system", "tokens", "info"]
TabFactory: TypeAlias = Callable[[], Widget]
TABS: dict[TabName, str] = {"sampling": "Sampling", "system": "System", "tokens": "Tokens", "info": "Info"}
"""Every tab with its title, from the left."""


class Inspector(Vertical):
    """Shows one tab at a time; the one shown last is there again when it is opened."""

    def __init__(self, factories: Mapping[TabName, TabFactory], shown: TabName = "sampling") -> None:
        super().__init__(id="inspector")
        self._factories = factories
        self._shown = shown
        self._made: dict[TabName, Widget] = {}
        self._focus_wanted = False
        self._awaiting_focus: list[Callable[[], None]] = []
        self._is_told = False

    def compose(self) -> ComposeResult:
        """The names; the tabs come when they are shown."""
        yield TabRow({name: title for name, title in TABS.items() if name in self._factories})

    async def on_mount(self) -> None:
        """Show the first tab."""
        await self._open_shown()

    @property
    def shown(self) -> TabName:
        """The tab that is shown while the inspector is open."""
        return self._shown

    def shown_tab(self, name: TabName) -> Widget | None:
        """The tab of this name while it is to be seen, else None."""
        return self.tab(name) if name == self._shown and self.display else None

    def tab(self, name: TabName) -> Widget | None:
        """The tab of this name, None as long as it was never shown."""
        return self._made.get(name)

    def show(self, name: TabName) -> None:
        """Show a tab."""
        if name != self._shown:
            self._shown = name
            self.call_later(self._open_shown)

    def take_focus(self, then: Callable[[], None] = lambda: None) -> None:
        """Go to the tab that is shown, as soon as it is there; call `then` when it has the focus."""
        self._awaiting_focus.append(then)
        self._go_there()

    def _go_there(self) -> None:
        tab = self._made.get(self._shown)
        self._focus_wanted = tab is None or not tab.display
        if tab is not None and not self._focus_wanted:
            go_there: Callable[[], object] = getattr(tab, "take_focus", tab.focus)
            go_there()
            awaiting, self._awaiting_focus = self._awaiting_focus, []
            for then in awaiting:
                then()

    @on(TabRow.Chosen)
    def show_chosen(self, event: TabRow.Chosen) -> None:
        """Show the tab whose name was chosen."""
        event.stop()
        self.show(event.name)

    async def _open_shown(self) -> None:
        """Make the tab that is to be shown if it is not there yet, hide the others, and tell of it."""
        name = self._shown
        if name not in self._made:
            tab = self._factories[name]()
            tab.add_class("tab")
            await self.mount(tab)
            self._made[name] = tab
        had_focus = any(tab.has_pseudo_class("focus-within") for tab in self._made.values())
        for other, tab in self._made.items():
            tab.display = other == self._shown
        self.query_one(TabRow).show(self._shown)
        if name == self._shown:
            self._tell()
            if self._focus_wanted or had_focus:
                self._go_there()

    def on_show(self) -> None:
        """What was hidden may be out of date."""
        if not self._is_told and self._shown in self._made:
            self._tell()

    def on_hide(self) -> None:
        """What is hidden is not kept up to date."""
        self._is_told = False

    def _tell(self) -> None:
        self._is_told = True
        self.post_message(TabOpened(self._shown, self._made[self._shown]))
