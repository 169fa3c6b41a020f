"""What stands in the inspector: which tabs there are, and what each is filled with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from textual import events
from textual.screen import Screen

from chatapp.ui.attempt import attempt
from chatapp.ui.key_order import hold_keys
from chatapp.ui.messages import TabOpened
from chatapp.ui.preset_book import PresetBook
from chatapp.ui.recomputation import Recomputation
from chatapp.ui.running import Running
from chatapp.ui.screens.about_pane import AboutPane
from chatapp.ui.screens.information import Information
from chatapp.ui.screens.pane import Pane
from chatapp.ui.screens.panels import Panels
from chatapp.ui.screens.preset_choice import PresetChoice
from chatapp.ui.screens.tokens import Tokens
from chatapp.ui.sent_requests import SentRequests

if TYPE_CHECKING:
    from textual.widget import Widget

    from chatapp.ui.widgets.inspector import Inspector, TabFactory, TabName
    from chatapp.ui.widgets.inspector.sampling_tab import SamplingTab
    from chatapp.ui.widgets.inspector.system_tab import SystemTab


W = TypeVar("W", bound="Widget")


class Inspection(AboutPane):
    """The inspector of one screen, about the conversation that has the focus.

    It is made when it is first asked for, and each of its tabs when that is first shown: the first paint shows none.
    `book` holds the presets.
    """

    def __init__(
        self,
        screen: Screen[None],
        panels: Panels,
        pane: Callable[[], Pane],
        *,
        book: PresetBook,
        default_preset: str,
        save_setting: Callable[[str, object], None],
    ) -> None:
        super().__init__(pane)
        self._screen = screen
        self._panels = panels
        self._inspected = pane()
        self._requests = SentRequests()
        self._information = Information(screen, self._requests, pane)
        self._presets = PresetChoice(
            screen,
            book,
            pane,
            default=default_preset,
            save_setting=save_setting,
            changed=self._show_preset,
        )
        self.tokens = Tokens(screen, pane)
        self._inspector: Inspector | None = None
        self._was_there = False
        self._running: Running | None = None
        self._sampling: SamplingTab | None = None
        self._system: SystemTab | None = None

    @property
    def performers(self) -> Mapping[str, Callable[[], object]]:
        """What the registry's actions call."""
        return {
            **{f"inspector-{name}": partial(self.open, name) for name in self.factories},
            "choose-preset": self.choose_preset,
            "save-preset": self.save_preset,
        }

    @property
    def factories(self) -> Mapping[TabName, TabFactory]:
        """What makes each tab."""
        return {
            "sampling": self._make_sampling,
            "system": self._make_system,
            "tokens": self.tokens.make_tab,
            "info": self._information.make,
        }

    @property
    def panel(self) -> Inspector:
        """The inspector; made when it is first asked for."""
        if self._inspector is None:
            from chatapp.ui.widgets.inspector import Inspector

            self._inspector = Inspector(self.factories)
            self._screen.query_one("#columns").mount(self._inspector)
            self._panels.add("inspector", self._inspector)
        return self._inspector

    def make(self) -> None:
        """Make the inspector, since it is open from the start."""
        _ = self.panel

    @property
    def has_focus(self) -> bool:
        """Whether the keys are the inspector's."""
        return self._inspector is not None and self._inspector.has_pseudo_class("focus-within")

    def passes_on(self, event: events.Key) -> bool:
        """Whether a key that came by here means nothing in the inspector; a blank never begins a message."""
        bound = self._screen.active_bindings
        return self.has_focus and event.key != "space" and not any(key in bound for key in event.aliases)

    def shown_tab(self, name: TabName) -> Widget | None:
        """The tab of this name while it is to be seen, else None."""
        return self._inspector.shown_tab(name) if self._inspector is not None else None

    def open(self, name: TabName) -> None:
        """Open the inspector at a tab and go there."""
        panel = self.panel
        panel.show(name)
        self._panels.open("inspector")
        self._screen.call_after_refresh(panel.take_focus, hold_keys(panel))

    def choose_preset(self) -> None:
        """Offer the presets."""
        self.take_system_prompt()
        self._presets.choose()

    def save_preset(self) -> None:
        """Save what is set as a preset."""
        self.take_system_prompt()
        self._presets.save()

    # --- what is shown

    def tab_opened(self, event: TabOpened) -> None:
        """Fill a tab that came to be seen."""
        match event.name:
            case "sampling":
                self._fill_sampling()
            case "system":
                self.take_system_prompt()
                self._fill_system()
            case "tokens":
                self.tokens.refresh()
            case "info":
                self._fill_info()

    def show_conversation(self) -> None:
        """Show the conversation that came into view, or that another one has the focus."""
        self._inspected = self._pane
        if self._pane.conversation is not None:
            self._requests.see(self._pane.conversation)
        if self._system is not None:
            self._system.forget()
        self._fill_sampling()
        self._fill_system()
        self._information.forget()
        self._fill_info()
        self.tokens.refresh()

    def show_edits(self) -> None:
        """Show how many values are set over the preset."""
        if (tab := self._seen(self._sampling)) is not None:
            preset = self._session.preset
            over = len(self._pane.next.edits.keys() & preset.sampling.keys()) if preset is not None else 0
            tab.show_preset(preset.name if preset is not None else "", over)

    def show_model(self) -> None:
        """Show what the model that was loaded asks for and can tell."""
        self.show_below()
        self._fill_info()
        if (tab := self._seen(self._system)) is not None:
            tab.recount()

    def end_reply(self, conversation_id: int, reply_id: int) -> None:
        """Show what is known of a reply that has ended."""
        self._requests.end(reply_id, self._session.conversation(conversation_id))
        self._show_recomputation()
        self._fill_info()

    def show_below(self) -> None:
        """Show what preset and model ask for."""
        if (tab := self._seen(self._sampling)) is not None:
            tab.show_below(self._model.below)
            if not self._model.is_asked:
                attempt(self._screen, self._ask_model())

    def show_figures(self) -> None:
        """Show whether a reply is being written, and what is known of it."""
        for reply in self._pane.stream.replies:
            self._requests.note(reply.turn)
        replying = self._pane.reply is not None
        if (sampling := self._seen(self._sampling)) is not None:
            sampling.replying = replying
        if (system := self._seen(self._system)) is not None:
            system.replying = replying
        if self._model.is_there != self._was_there:
            self._was_there = self._model.is_there
            self._fill_info()
        if (running := Running.of(self._pane.reply)) != self._running:
            self._running = running
            self._show_recomputation()
            self._fill_info()
        self.tokens.refresh()

    def take_system_prompt(self) -> None:
        """Take over a system prompt that is still being typed, into the pane whose prompt it is."""
        if self._system is not None and self._system.is_filled:
            self._inspected.next.change(system_prompt=self._system.system_prompt)

    # --- the tabs

    def _seen(self, tab: W | None) -> W | None:
        """The tab where it is there and to be seen."""
        is_seen = tab is not None and self._inspector is not None and tab.is_mounted
        return tab if is_seen and tab is self.panel.shown_tab(self.panel.shown) else None

    def _make_sampling(self) -> SamplingTab:
        from chatapp.ui.widgets.inspector.sampling_tab import SamplingTab

        bars = self.tokens.make_bars()
        self._sampling = SamplingTab(lambda edits: self._model.examine(edits), self.choose_preset, bars)
        return self._sampling

    def _make_system(self) -> SystemTab:
        from chatapp.ui.widgets.inspector.system_tab import SystemTab

        self._system = SystemTab(lambda text: self._model.count(text))
        return self._system

    def _fill_sampling(self) -> None:
        if (tab := self._seen(self._sampling)) is not None:
            tab.show(self._pane.next.edits, self._model.below)
            self.show_edits()
            self.show_figures()
            self.show_below()

    def _fill_system(self) -> None:
        if (tab := self._seen(self._system)) is not None:
            tab.show(
                self._pane.next.system_prompt,
                overflow=self._pane.next.overflow,
                default_overflow=self._session.overflow,
                preset=self._session.preset,
            )
            self._show_recomputation()
            self.show_figures()

    def _fill_info(self) -> None:
        if self.shown_tab("info") is not None:
            self._information.fill()

    def _show_preset(self) -> None:
        """Show what another preset brings."""
        self.show_edits()
        self.show_below()
        self._fill_system()

    def _show_recomputation(self) -> None:
        """Show what another system prompt would cost."""
        if (tab := self._seen(self._system)) is None:
            return
        number = self._pane.conversation_id
        tab.show_recomputation(
            Recomputation.of(
                self._session.thread(number) if number is not None else (),
                self._requests.system_prompt(number),
                exact=self._session.exact,
                running=Running.of(self._pane.reply),
            )
        )

    async def _ask_model(self) -> None:
        """Learn what preset and model ask for, and show it."""
        await self._model.ask()
        self.show_below()
