"""The Tokens tab: a reply as its tokens, and what is known of the one under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.timer import Timer

from chatapp.core.parameters import Values
from chatapp.ui.widgets.candidates.bar_list import BarList
from chatapp.ui.widgets.tokens.counterfactual import Counterfactual
from chatapp.ui.widgets.tokens.head import TokensHead
from chatapp.ui.widgets.tokens.measure import SCALES, Measure
from chatapp.ui.widgets.tokens.messages import BranchWanted, TokenChosen
from chatapp.ui.widgets.tokens.reply_tokens import ReplyTokens
from chatapp.ui.widgets.tokens.token_panel import TokenPanel
from chatapp.ui.widgets.tokens.token_text import TokenText

_SLICE_S = 0.006
_PAUSE_S, _RUNNING_PAUSE_S = 0.02, 0.12
"""How long tokens are looked at in a row, and how long everything else has its turn then: longer beside a reply."""
NOTHING = "There is no reply here yet."


class TokensTab(Vertical):
    """`show` fills it, `judge` tells it the settings in force. It draws and reckons only while it is to be seen.

    `text_of` gives a token's text where it is known by now; for others `TextsWanted` is posted, and `show` or
    `texts_known` is expected. `TokenChosen` tells where the cursor is, `BranchWanted` what a branch shall begin with.
    """

    DEFAULT_CSS = """
    TokensTab { height: 1fr; padding: 0 1 0 2; }
    TokensTab > #tokens-head { margin: 0 0 1 0; }
    TokensTab.-low > #tokens-head { margin: 0; }
    TokensTab.-low BarList { max-height: 5; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(SCALES[one].key, f"shade('{one}')", f"Shade by {one}", show=False) for one in SCALES),
        *(Binding(str(one), f"alternative({one})", f"Alternative {one}", show=False) for one in range(1, 10)),
    ]

    def __init__(self, text_of: Callable[[int], str | None]) -> None:
        super().__init__(id="tokens-tab")
        self._text_of = text_of
        self._reply: ReplyTokens | None = None
        self._words = NOTHING
        self._values: Values | None = None
        self._vocabulary_size: int | None = None
        self._judged: Counterfactual | None = None
        self._timer: Timer | None = None
        self._said = ""

    def compose(self) -> ComposeResult:
        """Measures, text, the token under the cursor, its alternatives."""
        yield TokensHead()
        yield TokenText()
        yield TokenPanel(self._text_of)

    @property
    def reply(self) -> ReplyTokens | None:
        """What is shown."""
        return self._reply

    @property
    def chosen(self) -> int | None:
        """The position that somebody put the cursor on, None where nobody did."""
        text = self._text
        return text.cursor if self._reply is not None and text.is_chosen else None

    @property
    def head(self) -> str:
        """What stands above the tokens."""
        return self.query_one(TokensHead).plain

    def show(self, reply: ReplyTokens | None, words: str = "") -> None:
        """Show a reply, or what it has grown to; `words` say what keeps its tokens from being told."""
        before, self._reply, self._words = self._reply, reply, words
        self._text.show(reply)
        if self._judged is not None and (reply is None or before is None or reply.details is not before.details):
            self._judged = None
            self._said = "" if reply is None or before is None or reply.message_id != before.message_id else self._said
        elif self._judged is not None and reply is not None and before is not None:
            self._judged.forget_from(_common(before.token_ids, reply.token_ids))
        self._describe()
        self._reckon()

    def judge(self, values: Values, vocabulary_size: int | None) -> None:
        """Tell which tokens these settings would have cut."""
        if values != self._values or vocabulary_size != self._vocabulary_size:
            self._values, self._vocabulary_size = dict(values), vocabulary_size
            self._judged, self._said = None, ""
            self._reckon()
            self._describe()

    def texts_known(self) -> None:
        """Texts that were wanted are known now."""
        self._describe()

    def take_focus(self) -> None:
        """Go to the tokens."""
        self._text.focus()

    def on_resize(self) -> None:
        """Keep room for the text on a low screen."""
        self.set_class(self.size.height < 30, "-low")

    # --- keys and pointer

    @on(TokensHead.MeasureChosen)
    def measure_clicked(self, event: TokensHead.MeasureChosen) -> None:
        """Shade by what was clicked."""
        event.stop()
        self.action_shade(event.measure)

    def action_shade(self, measure: Measure) -> None:
        """Shade the tokens by another measure."""
        self._text.measure = measure
        self._describe_reply()

    def action_alternative(self, number: int) -> None:
        """Go to an alternative, counted from 1."""
        self.query_one(TokenPanel).take_focus(number - 1)

    @on(TokenText.CursorMoved)
    def cursor_moved(self, event: TokenText.CursorMoved) -> None:
        """Tell of another token."""
        event.stop()
        self._describe()
        if self._reply is not None:
            self.post_message(TokenChosen(self._reply.message_id, event.position))

    @on(TokenText.Left)
    def to_alternatives(self, event: TokenText.Left) -> None:
        """Go to what else could have stood there."""
        event.stop()
        self.query_one(TokenPanel).take_focus()

    @on(BarList.Left)
    def to_text(self, event: BarList.Left) -> None:
        """Go back to the tokens."""
        event.stop()
        self._text.focus()

    @on(TokenPanel.AlternativeChosen)
    def alternative_chosen(self, event: TokenPanel.AlternativeChosen) -> None:
        """Ask for a branch that begins with it."""
        event.stop()
        if self._reply is not None:
            self.post_message(BranchWanted(self._reply.message_id, self._text.cursor, event.token_id))
            self._text.want_cursor(self._text.cursor)
            self._text.focus()

    # --- what the settings would have cut

    def _reckon(self) -> None:
        """Begin to look at the tokens, or go on."""
        reply = self._reply
        if self._judged is None and reply is not None and reply.details and self._values is not None:
            self._judged = Counterfactual(reply.details, self._values, self._vocabulary_size)
        if self._judged is not None and not self._judged.is_done and self._timer is None:
            pause = _RUNNING_PAUSE_S if reply is not None and reply.is_running else _PAUSE_S
            self._timer = self.set_timer(pause, self._reckon_on)
        self._describe_reply()

    def _reckon_on(self) -> None:
        """Look at some tokens, unless nobody sees it."""
        self._timer = None
        if self._judged is None or not all(node.display for node in self.ancestors_with_self):
            return
        until = perf_counter() + _SLICE_S
        self._judged.work(lambda: perf_counter() < until)
        self._reckon()
        if self._judged.is_done:
            self._describe()

    # --- drawing

    @property
    def _text(self) -> TokenText:
        return self.query_one(TokenText)

    def _describe_reply(self) -> None:
        """Say what the tokens are shaded by and what would have been cut."""
        judged = self._judged
        words = self._words
        if self._reply is not None and judged is not None and not words:
            # Of a reply that grows, what was found before stands until all of it is looked at again.
            self._said = judged.words if judged.is_done or not self._said else self._said
            words = self._said
        self._text.mark_cut(judged.cut_by if judged is not None else {})
        self.query_one(TokensHead).show(self._text.measure, words)

    def _describe(self) -> None:
        """Tell of the token under the cursor."""
        panel = self.query_one(TokenPanel)
        panel.show(self._reply, self._text.cursor, self._judged, self._values, self._vocabulary_size)


def _common(one: Sequence[int], two: Sequence[int]) -> int:
    """How many tokens two replies have in common from the first on."""
    pairs = enumerate(zip(one, two, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(two)))
