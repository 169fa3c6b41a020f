"""The models of the panes: loaded after the first paint, and changed between."""

from __future__ import annotations

from collections.abc import Callable

from textual.screen import Screen

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ChatappError
from chatapp.ui.attempt import attempt
from chatapp.ui.model_shelf import ModelShelf
from chatapp.ui.notice import say, say_error
from chatapp.ui.screens.about_pane import AboutPane
from chatapp.ui.screens.pane import Pane

_NOTICE_S = 12.0
"""How long a notice of a load stays."""


class Models(AboutPane):
    """Loads models and gives panes others. `failed` is told what goes wrong, `loaded` when a model is there."""

    def __init__(
        self,
        screen: Screen[None],
        shelf: ModelShelf,
        pane: Callable[[], Pane],
        *,
        failed: Callable[[ChatappError], None],
        loaded: Callable[[], None],
    ) -> None:
        super().__init__(pane)
        self._screen = screen
        self._shelf = shelf
        self._failed = failed
        self._loaded = loaded

    def load(self) -> None:
        """Load the model of the pane that has the focus."""
        attempt(self._screen, self._load(self._pane))

    def choose(self) -> None:
        """Offer the models at hand; the chosen one answers in this pane from the next message on."""
        from chatapp.ui.palette import Entry, Palette

        pane = self._pane
        entries = [
            Entry(entry.name, clean_line(entry.name), clean_line(entry.about), _mark(entry.name, pane, entry.is_held))
            for entry in self._shelf.entries()
        ]

        def take(name: str | None) -> None:
            if name is not None and name != pane.model.name:
                self._use(pane, name)

        self._screen.app.push_screen(Palette("Model", entries, nothing="No model is called so"), take)

    def _use(self, pane: Pane, name: str) -> None:
        try:
            opened = self._shelf.choose(name)
        except ChatappError as error:
            say_error(self._screen.app, error)
            return
        pane.model.take(opened)
        said = f"{opened.name} answers from the next message on."
        if pane.stream.reply(pane.conversation_id) is not None:
            said += " The reply that is being written is the other's to the end."
        say(self._screen.app, said)
        attempt(self._screen, self._load(pane))

    async def _load(self, pane: Pane) -> None:
        try:
            await pane.model.load()
        except ChatappError as error:
            self._failed(error)
        for notice in pane.session.backend.notices:
            say(self._screen.app, notice, title="The model is loaded", seconds=_NOTICE_S)
        self._loaded()
        await pane.model.follow()


def _mark(name: str, pane: Pane, is_held: bool) -> str:
    told = ("● in use" if name == pane.model.name else "", "in memory" if is_held else "")
    return " · ".join(filter(None, told))
