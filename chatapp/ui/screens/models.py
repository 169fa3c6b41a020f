"""The models of the panes: loaded after the first paint, changed between, and told apart from those who wrote."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary, WeakSet

from rich.cells import cell_len, set_cell_size
from textual.screen import Screen

from chatapp.chat.author import author_of
from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ChatappError
from chatapp.ui.attempt import attempt
from chatapp.ui.context_use import ContextUse
from chatapp.ui.keymap import Keymap
from chatapp.ui.messages import ModelChanged
from chatapp.ui.model_shelf import ModelEntry, ModelShelf, OpenModel
from chatapp.ui.notice import say, say_error
from chatapp.ui.screens.about_pane import AboutPane
from chatapp.ui.screens.pane import Pane
from chatapp.ui.widgets.status_line import StatusLine

_NOTICE_S = 12.0
"""How long a notice of a load stays."""
_HINT_S = 10.0
_NAME = 28
"""Cells of a model's name in a hint."""
_CHARACTERS = 16
"""So many for each token of the context are counted; of a longer text, the rest is taken to be like them."""


class Models(AboutPane):
    """Loads models and gives panes others. `failed` is told what goes wrong, `loaded` when a model is there.

    `hint` says something in the status line for so many seconds.
    """

    def __init__(
        self,
        screen: Screen[None],
        shelf: ModelShelf,
        pane: Callable[[], Pane],
        keymap: Keymap,
        *,
        failed: Callable[[ChatappError], None],
        loaded: Callable[[], None],
        hint: Callable[[str, float], None],
    ) -> None:
        super().__init__(pane)
        self._screen = screen
        self._shelf = shelf
        self._keymap = keymap
        self._failed = failed
        self._loaded = loaded
        self._hint = hint
        self._hinted = ""
        self._just_opened: WeakSet[Pane] = WeakSet()
        self._counts: WeakKeyDictionary[Pane, tuple[object, int | None]] = WeakKeyDictionary()

    def load(self) -> None:
        """Load the model of the pane that has the focus."""
        pane = self._pane
        pane.model.call(self._shelf.name_of(pane.session.backend))
        self._tell_author(pane)
        attempt(self._screen, self._load(pane))

    # --- whose a conversation is

    def opened(self) -> None:
        """Say once where another model wrote the conversation that was opened than would go on with it."""
        self._take_back_hint()
        self._just_opened.add(self._pane)
        self._tell_author(self._pane)

    def context(self) -> ContextUse:
        """How much of the context is taken in the pane that has the focus, as far as its own model can know."""
        pane = self._pane
        size = pane.model.card.context_size if pane.model.card is not None else None
        figures, reply = pane.figures, pane.reply
        if reply is not None:
            prepared = reply.turn.prepared
            return ContextUse(figures.used, prepared.context_size if prepared is not None else size)
        is_cut = pane.next.overflow != "stop"
        if not pane.transcript.messages:
            return ContextUse(0, size)
        if figures.author is None or pane.model.author is None or figures.author.is_same(pane.model.author):
            return ContextUse(figures.used, size, is_cut=is_cut)
        return ContextUse(self._counted(pane), size, is_estimate=True, is_cut=is_cut)

    def _tell_author(self, pane: Pane) -> None:
        own = pane.model.author
        if pane not in self._just_opened or own is None:
            return
        self._just_opened.discard(pane)
        if foreign := _foreign(pane):
            key = self._keymap.shown("choose-model")
            change = f"; {key} changes that" if key else ""
            self._hinted = f"{_short(foreign)} wrote this, {_short(own.name)} answers next{change}"
            self._hint(self._hinted, _HINT_S)

    def _take_back_hint(self) -> None:
        """Say no longer what was said of another conversation or model."""
        if self._hinted and self._screen.query_one(StatusLine).hint == self._hinted:
            self._hint("", 0)

    def _counted(self, pane: Pane) -> int | None:
        """How many tokens the pane's own model makes of what another one wrote; None until it has counted."""
        messages, card = pane.transcript.messages, pane.model.card
        key = (messages[-1].id, len(messages), pane.next.system_prompt, card.fingerprint if card is not None else "")
        known, count = self._counts.get(pane, (None, None))
        if known != key and pane.model.is_there and card is not None:
            self._counts[pane] = (key, None)
            texts = [pane.next.system_prompt, *(message.text for message in messages)]
            attempt(self._screen, self._count(pane, key, "\n".join(texts), card.context_size))
        return count if known == key else None

    async def _count(self, pane: Pane, key: object, text: str, context_size: int) -> None:
        begun = text[: context_size * _CHARACTERS]
        count = await pane.model.count(begun)
        if count is not None and begun and self._counts.get(pane, (None, None))[0] == key:
            self._counts[pane] = (key, round(count * len(text) / len(begun)))
            pane.post_message(ModelChanged())

    # --- choosing another

    def choose(self, typed: str = "") -> None:
        """Offer the models at hand, and any file; the chosen one answers in this pane from the next message on."""
        from chatapp.ui.dialogs.model import ModelPalette, Offered

        pane = self._pane
        foreign = _foreign(pane)
        entries = sorted(self._shelf.entries(), key=lambda entry: entry.name != foreign)
        offered = [
            Offered(entry.name, entry.reference, _mark(entry, pane, foreign), entry.is_held) for entry in entries
        ]
        missing = foreign if all(entry.name != foreign for entry in entries) else ""

        def take(reference: str | None) -> None:
            if reference is not None:
                self._use(pane, reference)

        self._screen.app.push_screen(ModelPalette(self._shelf, offered, missing=missing, typed=typed), take)

    def _use(self, pane: Pane, reference: str) -> None:
        try:
            opened = self._shelf.choose(reference)
        except ChatappError as error:
            say_error(self._screen.app, error)
            if all(entry.reference != reference for entry in self._shelf.entries()):
                self.choose(reference)  # a path that can be mended
            return
        before = pane.model.opened
        if opened.backend is before.backend:
            return
        self._just_opened.discard(pane)
        self._take_back_hint()
        pane.model.take(opened)
        said = f"{opened.name} answers from the next message on."
        if pane.reply is not None:
            said += " The reply that is being written is the other's to the end."
        say(self._screen.app, said)
        attempt(self._screen, self._load(pane, before))

    async def _load(self, pane: Pane, before: OpenModel | None = None) -> None:
        """Load what is to answer in a pane; where that fails, what answered `before` does so again."""
        wanted = pane.session.backend
        try:
            await pane.model.load()
        except ChatappError as error:
            self._failed(error)
            if before is not None and before.name and pane.session.backend is wanted:
                pane.model.take(before)
                say(self._screen.app, f"{before.name} answers here as before.")
                return
        for notice in pane.session.backend.notices:
            say(self._screen.app, notice, title="The model is loaded", seconds=_NOTICE_S)
        self._tell_author(pane)
        self._loaded()
        await pane.model.follow()


def _foreign(pane: Pane) -> str:
    """The name of the model that wrote the conversation, empty where that is the pane's own or nobody knows."""
    author, own = author_of(pane.conversation, pane.transcript.messages), pane.model.author
    is_own = author is None or (own is not None and (author.name == own.name or author.is_same(own)))
    return "" if author is None or is_own else author.name


def _mark(entry: ModelEntry, pane: Pane, foreign: str) -> str:
    told = (
        "this conversation's" if entry.name == foreign else "",
        "● in use" if entry.backend is pane.session.backend else "in memory" if entry.is_held else "",
    )
    return " · ".join(filter(None, told))


def _short(name: str) -> str:
    name = clean_line(name)
    return name if cell_len(name) <= _NAME else set_cell_size(name, _NAME - 1).rstrip() + "…"
