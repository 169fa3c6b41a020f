"""What the Tokens tab and the next-token bars are filled with, and what they ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from textual.screen import Screen
from textual.timer import Timer

from chatapp.core.backend import ModelCard
from chatapp.core.conversations import StoredMessage
from chatapp.core.details import UNTOLD, Details
from chatapp.core.errors import ChatappError
from chatapp.core.parameters import Values
from chatapp.ui.attempt import attempt
from chatapp.ui.layers import Layers
from chatapp.ui.screens.about_pane import AboutPane
from chatapp.ui.screens.pane import Pane
from chatapp.ui.token_texts import TokenTexts
from chatapp.ui.widgets.tokens.messages import (
    BarsOpened,
    CandidatesWanted,
    TextsWanted,
    TokenChosen,
    TokenMessage,
)

if TYPE_CHECKING:
    from textual.widget import Widget

    from chatapp.ui.widgets.candidates.next_token import NextToken
    from chatapp.ui.widgets.candidates.odds import Place
    from chatapp.ui.widgets.tokens.reply_tokens import ReplyTokens
    from chatapp.ui.widgets.tokens.tokens_tab import TokensTab

W = TypeVar("W", bound="Widget")
_CANDIDATES = 200
"""How many of the likeliest tokens the model is asked for: as many as decide most settings from then on."""
_SETTINGS_PAUSE_S = 0.25


class Tokens(AboutPane):
    """The tokens of one reply of the pane that has the focus: the one that is marked, else the last one.

    `refresh` shows what holds now. It is to be called for every change and costs nothing while neither tab nor bars
    are to be seen.
    """

    def __init__(self, screen: Screen[None], pane: Callable[[], Pane]) -> None:
        super().__init__(pane)
        self._screen = screen
        self._texts = TokenTexts(lambda: self._session.backend)
        self._tab: TokensTab | None = None
        self._bars: NextToken | None = None
        self._place: tuple[int, int] | None = None
        self._read: tuple[StoredMessage, Details | None] | None = None
        self._reply: ReplyTokens | None = None
        self._pause: Timer | None = None
        self._waiting = ""

    def make_tab(self) -> Widget:
        """Make the Tokens tab."""
        from chatapp.ui.widgets.tokens.tokens_tab import TokensTab

        self._tab = TokensTab(self._texts.text)
        return self._tab

    def make_bars(self) -> NextToken:
        """Make the next-token bars."""
        from chatapp.ui.widgets.candidates.next_token import NextToken

        self._bars = NextToken(self._texts.text)
        return self._bars

    def refresh(self) -> None:
        """Show what holds now, where it is to be seen."""
        tab, bars = _seen(self._tab), _seen(self._bars)
        if tab is None and bars is None:
            return
        message = self._message()
        reply, words = self._tokens_of(message)
        if tab is not None:
            card = self._model.card
            tab.judge(self._values, card.vocabulary_size or None if card is not None else None)
            tab.show(reply, words)
        if bars is not None:
            bars.show(self._place_in(message, reply), words)

    def settings_changed(self) -> None:
        """Show what other settings make of the tokens, once they rest for a moment."""
        if self._pause is not None:
            self._pause.stop()
        self._pause = self._screen.set_timer(_SETTINGS_PAUSE_S, self.refresh)

    def answer(self, event: TokenMessage) -> None:
        """Do what tab or bars ask for."""
        match event:
            case TokenChosen():
                self._place = event.message_id, event.position
                self.refresh()
            case TextsWanted():
                attempt(self._screen, self._learn(event.token_ids))
            case CandidatesWanted():
                attempt(self._screen, self._ask_model())
            case BarsOpened():
                self.refresh()

    # --- what is shown

    @property
    def _values(self) -> Values:
        """The settings in force for the next token."""
        return Layers(self._pane.next.edits, self._model.below).resolution.values

    def _message(self) -> StoredMessage | None:
        """The reply that is shown, with all of it that has come."""
        transcript = self._pane.transcript
        marked = transcript.marked_message
        replies = [message for message in transcript.messages if message.role == "assistant"]
        message = marked if marked is not None and marked.role == "assistant" else next(reversed(replies), None)
        running = self._pane.reply
        return (
            running.message
            if running is not None and message is not None and running.message.id == message.id
            else message
        )

    def _details(self, message: StoredMessage) -> Details | None:
        """What is known of each token; read once of a reply that has ended."""
        if message.status == "streaming":
            self._read = None
            return self._session.token_details(message.id)
        if self._read is None or self._read[0] != message:
            self._read = message, self._session.token_details(message.id)
        return self._read[1]

    def _tokens_of(self, message: StoredMessage | None) -> tuple[ReplyTokens | None, str]:
        """A message's tokens as far as their texts are known, and why there are none."""
        if message is None:
            return None, "There is no reply here yet."
        details = self._details(message)
        if (why := self._untold(message, self._model.card)) or not (ids := _ids(message, details)):
            return None, why or _missing(message)
        texts = [text for token_id in ids if (text := self._texts.text(token_id)) is not None]
        if len(texts) < len(ids):
            attempt(self._screen, self._learn(ids))
            texts = [self._texts.text(token_id) or "" for token_id in ids[: _known(ids, self._texts.text)]]
            if not texts:
                resting = "The tokens' texts are read once the model is loaded again."
                reading = resting if self._session.backend.unloaded else "The tokens' texts are being read."
                return None, self._waiting or reading
        return self._shown(message, ids[: len(texts)], texts, details), ""

    def _shown(
        self, message: StoredMessage, ids: tuple[int, ...], texts: list[str], details: Details | None
    ) -> ReplyTokens:
        from chatapp.ui.widgets.tokens.reply_tokens import ReplyTokens
        from chatapp.ui.widgets.tokens.spelling import spelled

        running = message.status == "streaming"
        before = self._reply
        if before is not None and before.message_id == message.id and before.token_ids == ids and not running:
            return before._replace(details=details, is_running=False)
        spellings = spelled(texts, message.reasoning + message.text)
        self._reply = ReplyTokens(message.id, ids, texts, spellings, details, running)
        return self._reply

    def _untold(self, message: StoredMessage, card: ModelCard | None) -> str:
        """Why the texts of a reply's tokens can't be told, empty where they can."""
        if card is None:
            return "The tokens are shown once the model is loaded."
        made_by = message.generation.model_fingerprint if message.generation is not None else ""
        if made_by and card.fingerprint and made_by != card.fingerprint:
            name = message.generation.model_name if message.generation is not None else ""
            return f"Another model wrote this reply ({name}), and only that one tells what its tokens are."
        return ""

    def _place_in(self, message: StoredMessage | None, reply: ReplyTokens | None) -> Place | None:
        """The place that the bars are about: the token that was chosen, else the last one."""
        from chatapp.ui.widgets.candidates.odds import Place
        from chatapp.ui.widgets.tokens.facts import text_of

        if message is None or reply is None or not reply.details:
            return None
        position = self._position(reply)
        detail = reply.details[position] if position < len(reply.details) else None
        if detail is None:
            return None
        is_chosen = self._place is not None and self._place[0] == reply.message_id
        name = f"{f'token {position + 1:,}' if is_chosen else 'the last one'}, {text_of(reply, position)}"
        card = self._model.card
        return Place(name, detail, card.vocabulary_size or None if card is not None else None)

    def _position(self, reply: ReplyTokens) -> int:
        last = len(reply.spellings) - 1
        if self._place is not None and self._place[0] == reply.message_id:
            return min(self._place[1], last)
        return last

    # --- what is asked for

    async def _learn(self, token_ids: tuple[int, ...]) -> None:
        """Ask for texts, and show them; what goes wrong is told where they would stand, for it is tried again."""
        try:
            has_more = await self._texts.learn(token_ids)
        except ChatappError as error:
            self._waiting = error.message
            return
        self._waiting = ""
        if has_more:
            self.refresh()
            if (tab := _seen(self._tab)) is not None:
                tab.texts_known()
            if (bars := _seen(self._bars)) is not None:
                bars.texts_known()

    async def _ask_model(self) -> None:
        """Let the model tell the chances at the place that the bars show, where it has nothing else to do."""
        backend, bars, reply = self._session.backend, _seen(self._bars), self._reply
        message = self._message()
        idle = not self._pane.stream.writing and not backend.unloaded and self._model.card is not None
        if bars is None or bars.place is None or reply is None or message is None or message.id != reply.message_id:
            return
        if not (idle and backend.capabilities.candidates):
            return
        place, values, position = bars.place, bars.values, self._position(reply)
        try:
            prompt_ids = await self._session.prompt_ids(message.id)
            given = {name: value for name, value in values.items() if value is not None}
            found = await backend.candidates((*prompt_ids, *reply.token_ids[:position]), given, limit=_CANDIDATES)
        except ChatappError as error:
            bars.refuse(values, error.message)
            return
        if bars.place == place:
            bars.learn(values, found)


def _seen(widget: W | None) -> W | None:
    """The widget where it is to be seen."""
    if widget is None or not widget.is_attached:
        return None
    return widget if all(node.display for node in widget.ancestors_with_self) else None


def _missing(message: StoredMessage) -> str:
    """Why no token of a reply is known."""
    if message.status == "streaming":
        return "The first token is not there yet."
    if message.edited:
        return "This reply was edited, so it has no tokens that a model chose."
    return "Nothing was kept of this reply's tokens."


def _ids(message: StoredMessage, details: Details | None) -> tuple[int, ...]:
    """The ids of a reply's tokens, as far as they are known from the first on."""
    kept = message.generation.token_ids if message.generation is not None else ()
    told = tuple(details.token_ids) if details is not None else ()
    ids = [kept[at] if each == UNTOLD and at < len(kept) else each for at, each in enumerate(told)]
    ids += kept[len(ids) :]
    return tuple(ids[: ids.index(UNTOLD)] if UNTOLD in ids else ids)


def _known(ids: tuple[int, ...], text_of: Callable[[int], str | None]) -> int:
    """How many tokens from the first on have a known text."""
    return next((at for at, token_id in enumerate(ids) if text_of(token_id) is None), len(ids))
