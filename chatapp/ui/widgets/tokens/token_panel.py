"""Below the tokens: what is known of the one under the cursor, and what else could have stood there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from chatapp.core.cleaning import clean_line
from chatapp.core.parameters import Values
from chatapp.ui.widgets.candidates.bar_list import BarList
from chatapp.ui.widgets.tokens import facts
from chatapp.ui.widgets.tokens.counterfactual import Counterfactual
from chatapp.ui.widgets.tokens.facts import Alternative
from chatapp.ui.widgets.tokens.messages import TextsWanted
from chatapp.ui.widgets.tokens.reply_tokens import ReplyTokens
from chatapp.ui.widgets.tokens.words import Words

_TEXT_KEYS = "←→ token · n unlikely · ⏎ alternatives · Esc leave"
_BAR_KEYS = "↑↓ choose · ⏎ go on from it in a new branch · ← back"
"""What the keys do on the tokens, and on the alternatives."""


class TokenPanel(Vertical):
    """`text_of` gives a token's text where it is known by now; for others `TextsWanted` is posted."""

    DEFAULT_CSS = """
    TokenPanel { height: auto; border-top: solid $hairline; border-title-color: $faint; }
    TokenPanel.-empty { display: none; }
    TokenPanel > BarList { max-height: 12; }
    """

    @dataclass
    class AlternativeChosen(Message):
        """One of the tokens that could have stood there was chosen."""

        token_id: int

    def __init__(self, text_of: Callable[[int], str | None]) -> None:
        super().__init__(id="token-panel", classes="-empty")
        self.border_title = Content(_TEXT_KEYS)
        self._text_of = text_of
        self._alternatives: list[Alternative] = []
        self._facts = Words("token-facts")

    def compose(self) -> ComposeResult:
        """Facts, alternatives."""
        yield self._facts
        yield BarList()

    def show(
        self,
        reply: ReplyTokens | None,
        position: int,
        judged: Counterfactual | None,
        values: Values | None,
        vocabulary_size: int | None,
    ) -> None:
        """Tell of the token at `position`, and what the settings `values` make of it."""
        is_empty = reply is None or position >= len(reply.spellings)
        self.set_class(is_empty, "-empty")
        if reply is None or is_empty:
            self._facts.put(Content())
            self._alternatives = []
            self._bars.show(())
            return
        ids = facts.ids_at(reply, position)
        texts = {token_id: text for token_id in ids if (text := self._text_of(token_id)) is not None}
        if len(texts) < len(ids):
            self.post_message(TextsWanted(tuple(token_id for token_id in ids if token_id not in texts)))
        text, place, figures = facts.facts_of(reply, position, judged)
        self._facts.put(
            Content.assemble(
                (clean_line(text), "bold"), (f"   {clean_line(place)}", "$muted"), "\n", (clean_line(figures), "$muted")
            )
        )
        before = [each.token_id for each in self._alternatives]
        self._alternatives = facts.alternatives_of(reply, position, texts, values, vocabulary_size)
        now, written = [each.token_id for each in self._alternatives], reply.token_ids[position]
        start = now.index(written) if written in now else 0
        self._bars.show([each.bar for each in self._alternatives], cursor=None if now == before else start)

    def on_descendant_focus(self) -> None:
        """Say what the keys do on the alternatives."""
        self.border_title = Content(_BAR_KEYS)

    def on_descendant_blur(self) -> None:
        """Say what they do on the tokens."""
        self.border_title = Content(_TEXT_KEYS)

    @property
    def plain(self) -> str:
        """What is told of the token, as text."""
        return self._facts.plain

    def take_focus(self, number: int | None = None) -> None:
        """Go to the alternatives, where there are any: to the one of that number, counted from 0."""
        if self._alternatives:
            self._bars.focus()
            if number is not None:
                self._bars.put_cursor(number)

    @on(BarList.Chosen)
    def bar_chosen(self, event: BarList.Chosen) -> None:
        """Tell which token was chosen."""
        event.stop()
        if event.number < len(self._alternatives):
            self.post_message(self.AlternativeChosen(self._alternatives[event.number].token_id))

    @property
    def _bars(self) -> BarList:
        return self.query_one(BarList)
