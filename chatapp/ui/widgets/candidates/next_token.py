"""The next-token bars: what could stand at a place under the settings in force, and what cuts the others."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from chatapp.core.backend import Candidate
from chatapp.core.cleaning import clean_line
from chatapp.core.distribution import Chance, Unknown
from chatapp.core.parameters import Values
from chatapp.ui.widgets.candidates.bar import Bar, Columns, fitted, percent, pieces_of
from chatapp.ui.widgets.candidates.bar_list import BAR_CLASSES, BAR_CSS
from chatapp.ui.widgets.candidates.odds import Odds, Place, shown_of
from chatapp.ui.widgets.tokens.messages import BarsOpened, CandidatesWanted, TextsWanted
from chatapp.ui.widgets.tokens.spelling import quoted

_ASK_PAUSE_S = 0.4
_CUT_SHOWN = 3
"""How many of those that are cut are shown where there is no room for all."""
_FEW = 3
"""Lines below which none is given to words about all others."""
NOTHING = "What could come next is shown here once there is a reply."


class NextToken(Widget):
    """`show` tells it the place, `follow` the values: it is drawn anew at once, without the model.

    Where what is stored does not decide the chances, it posts `CandidatesWanted` once the values rest, and `learn`
    brings what the model says. `text_of` gives a token's text where it is known by now; for others `TextsWanted` is
    posted.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    NextToken { height: 12; max-height: 27%; padding: 0 2; border-top: solid $hairline; }
    NextToken.-empty { height: 4; }
    NextToken > .bar--heading { color: $muted; text-style: bold; }
    NextToken > .bar--words { color: $muted; }
    """ + BAR_CSS.replace("    .", "NextToken > .")
    COMPONENT_CLASSES: ClassVar[set[str]] = BAR_CLASSES | {"bar--heading", "bar--words"}

    def __init__(self, text_of: Callable[[int], str | None]) -> None:
        super().__init__(id="next-token", classes="-empty")
        self._text_of = text_of
        self._told: Place | None = None
        self._odds: Odds | None = None
        self._words = NOTHING
        self._values: Values = {}
        self._refused: tuple[Values, str] = ({}, "")
        self._lines: list[list[tuple[str, str]]] | None = None
        self._pause: Timer | None = None

    # --- what is shown

    @property
    def place(self) -> Place | None:
        """The place that is shown, as it was told."""
        return self._told

    @property
    def values(self) -> Values:
        """The settings in force."""
        return self._values

    @property
    def is_exact(self) -> bool:
        """Whether a place is shown, and its chances are those under the settings in force."""
        return self._odds is not None and self._odds.unknown is None

    @property
    def plain(self) -> str:
        """What is drawn, as text."""
        return "\n".join("".join(text for text, _ in line).rstrip() for line in self._drawn())

    def show(self, place: Place | None, words: str = "") -> None:
        """Show another place; None with `words` that say why there is none."""
        if place != self._told or words != self._words:
            self._told, self._words = place, words
            self._odds = Odds(place) if place is not None else None
            if place is not None:
                self.remove_class("-empty")  # it stays away: the parameters above shall not jump
            self._reckon()

    def follow(self, values: Values) -> None:
        """Show the chances under these values."""
        if values != self._values:
            self._values = dict(values)
            self._reckon()

    def learn(self, values: Values, candidates: Sequence[Candidate]) -> None:
        """Take what the model says of this place under `values`."""
        if self._odds is not None and candidates:
            self._odds.learn(values, candidates)
            self._reckon()

    def refuse(self, values: Values, why: str) -> None:
        """Say why the model does not tell the chances under `values`."""
        self._refused = (dict(values), why)
        self._draw_anew()

    def texts_known(self) -> None:
        """Texts that were wanted are known now."""
        self._draw_anew()

    # --- reckoning

    @property
    def _unknown(self) -> Unknown | None:
        return self._odds.unknown if self._odds is not None else None

    def _reckon(self) -> None:
        if self._odds is not None:
            self._odds.reckon(self._values)
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        if self._unknown is not None:
            self._pause = self.set_timer(_ASK_PAUSE_S, self._ask)
        self._draw_anew()

    def _ask(self) -> None:
        self._pause = None
        if self._unknown is not None:
            self.post_message(CandidatesWanted())

    # --- drawing

    def on_show(self) -> None:
        """Ask for what holds now."""
        self.post_message(BarsOpened())

    def on_resize(self) -> None:
        """Fit the lines to another size."""
        self._draw_anew()

    def render_line(self, y: int) -> Strip:
        """One line."""
        lines, base = self._drawn(), self.rich_style
        segments = [
            Segment(text, base + self.get_component_rich_style(f"bar--{name}", partial=True))
            for text, name in (lines[y] if y < len(lines) else ())
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _draw_anew(self) -> None:
        self._lines = None
        self.refresh()

    def _drawn(self) -> list[list[tuple[str, str]]]:
        if self._lines is None:
            self._lines = self._made(max(1, self.size.width), max(1, self.size.height))
        return self._lines

    def _made(self, width: int, height: int) -> list[list[tuple[str, str]]]:
        """The lines: which place, what can't be told, bars, and all others."""
        if self._odds is None:
            return [[("next token", "heading")], *_worded(self._words or NOTHING, width)][:height]
        why = _worded(self._why(self._unknown), width)[: max(0, height - 4)] if self._unknown is not None else []
        # where there is no room for the reason, the title alone says what the bars are
        title = "next token before the samplers" if self._unknown is not None and not why else "next token"
        heading = fitted(f"{title}  {clean_line(self._odds.place.name)}", width)
        lines: list[list[tuple[str, str]]] = [[(heading, "heading")], *why]
        room = max(1, height - len(lines))
        bars, others = self._bars(self._odds, room - 1 if room > _FEW else room)
        columns = Columns.of(bars, width)
        lines += [[(text, name) for text, name in pieces_of(bar, columns)] for bar in bars]
        if others:
            lines.append([(fitted(others, width), "faint")])
        return lines[:height]

    def _why(self, unknown: Unknown) -> str:
        stage = f"{unknown.stage}: " if unknown.stage else ""
        refused = f" {self._refused[1]}" if self._refused[1] and self._refused[0] == self._values else ""
        return f"The model's own chances; exact ones can't be told: {stage}{unknown.reason}.{refused}"

    def _bars(self, odds: Odds, room: int) -> tuple[list[Bar], str]:
        """As many candidates as have room, and what there is to say of all others."""
        chances = odds.chances
        shown = shown_of(chances, room, _CUT_SHOWN, odds.place.detail.token_id)
        missing = tuple(one.token_id for one in shown if self._text_of(one.token_id) is None)
        if missing:
            self.post_message(TextsWanted(missing))
        rest = max(0.0, 1.0 - math.fsum(one.probability for one in shown))
        words = [f"all others {percent(rest)}"] if rest >= 0.0005 else []
        if cut := sum(bool(one.cut_by) for one in chances) - sum(bool(one.cut_by) for one in shown):
            words.append(f"{cut} more cut")
        return [self._bar(one, odds.place.detail.token_id) for one in shown], " · ".join(words)

    def _bar(self, chance: Chance, written: int) -> Bar:
        text = self._text_of(chance.token_id)
        is_cut, is_written = bool(chance.cut_by), chance.token_id == written
        note = f"cut by {chance.cut_by}" if is_cut else "written" if is_written else ""
        share = math.exp(chance.logprob) if is_cut else chance.probability
        return Bar(quoted(text) if text is not None else "…", share, note, is_cut, is_written)


def _worded(words: str, width: int) -> list[list[tuple[str, str]]]:
    return [[(line, "words")] for line in wrap(clean_line(words), max(8, width))]
