"""The token view and the next-token bars alone: whatever they are told, they hold their shape."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.widget import Widget

from chatapp.core.backend import Candidate
from chatapp.core.cleaning import is_clean
from chatapp.core.details import Details
from chatapp.core.events import TokenDetail
from chatapp.core.parameters import Value, resolve
from chatapp.ui.theme import DARK, LIGHT, VARIABLES, ThemeSet
from chatapp.ui.widgets.candidates.next_token import NextToken
from chatapp.ui.widgets.candidates.odds import Place
from chatapp.ui.widgets.tokens.counterfactual import CUT_SIGN
from chatapp.ui.widgets.tokens.measure import SCALES
from chatapp.ui.widgets.tokens.messages import BranchWanted, CandidatesWanted, TextsWanted
from chatapp.ui.widgets.tokens.reply_tokens import ReplyTokens
from chatapp.ui.widgets.tokens.spelling import spelled
from chatapp.ui.widgets.tokens.token_text import TokenText
from chatapp.ui.widgets.tokens.tokens_tab import TokensTab

NASTY = st.text(
    st.one_of(st.characters(), st.sampled_from("\x00\x1b\x9b\r\n\t \u200b\u200d\u202e\u0301\ufe0f\ufffd日ש😀🏽🇩")),
    max_size=9,
)
OPEN: dict[str, Value] = {"temperature": 1.0, "top_k": 0, "top_p": 1.0}


class Stage(App[None]):
    """A widget and nothing else; `told` are its messages."""

    CSS = "NextToken { height: 100%; max-height: 100%; border-top: none; }"

    def __init__(self, widget: Widget, theme: str = DARK) -> None:
        self._themes = ThemeSet()
        super().__init__()
        for each in self._themes.themes.values():
            self.register_theme(each)
        self.theme = theme
        self._widget = widget
        self.told: list[object] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        base = self._themes.themes[DARK if self.current_theme.dark else LIGHT]
        return {name: base.variables[name] for name in VARIABLES}

    def compose(self) -> ComposeResult:
        yield self._widget

    def on_branch_wanted(self, event: BranchWanted) -> None:
        self.told.append((event.message_id, event.position, event.token_id))

    def on_texts_wanted(self, event: TextsWanted) -> None:
        self.told.append(event.token_ids)

    def on_candidates_wanted(self, event: CandidatesWanted) -> None:
        self.told.append("candidates")

    @property
    def lines(self) -> list[str]:
        return [strip.text for strip in self.screen._compositor.render_strips()[: self.size.height]]

    @property
    def styles_at(self) -> list[list[tuple[str, object]]]:
        strips = self.screen._compositor.render_strips()[: self.size.height]
        return [[(segment.text, segment.style) for segment in strip] for strip in strips]


def values(**edits: Value) -> Mapping[str, Value]:
    return resolve(edits={**OPEN, **edits}).values


def place(*shares: float, chosen: int = 0) -> TokenDetail:
    """A place whose tokens are numbered by rank; what is missing to 1 is not listed."""
    logprobs = [math.log(share) for share in shares]
    return TokenDetail(
        chosen, logprobs[chosen], chosen, -sum(share * math.log(share) for share in shares),
        alternatives=tuple(enumerate(logprobs)),
    )  # fmt: skip


def reply(texts: list[str], details: Details | None = None, *, running: bool = False, number: int = 1) -> ReplyTokens:
    ids = tuple(range(len(texts)))
    if details is None:
        details = Details(place(*([0.5, 0.3, 0.1] + [0.001] * 60)) for _ in texts)
    return ReplyTokens(number, ids, tuple(texts), tuple(spelled(texts, "".join(texts))), details, running)


WORDS = {0: " fox", 1: " hen", 2: " wolf", 3: "\n", 4: "\x1b["}.get


# --- next-token bars


async def test_bars_say_which_stage_cut_what() -> None:
    bars = NextToken(WORDS)
    async with Stage(bars).run_test(size=(48, 16)) as pilot:
        bars.follow(values(top_k=2))
        bars.show(Place("the last one", place(0.6, 0.3, 0.07, 0.02, 0.01), 5))
        await pilot.pause()
        lines = bars.plain.splitlines()
        assert lines[0] == "next token  the last one"
        assert "␣fox" in lines[1] and "66.7 %" in lines[1] and lines[1].startswith("█") and "written" in lines[1]
        assert "␣wolf" in lines[3] and lines[3].startswith("░") and "7.0 %  cut by top_k" in lines[3]
        bars.follow(values(top_k=0, temperature=0.0))
        assert "100 %" in bars.plain and bars.plain.count("cut by temperature") == 4


async def test_where_the_chances_are_open_what_is_certain_is_told_and_the_model_is_asked() -> None:
    bars, detail = NextToken(WORDS), place(0.5, 0.2, 0.1)
    stage = Stage(bars)
    async with stage.run_test(size=(60, 16)) as pilot:
        bars.follow(values(top_k=40, min_p=0.3))
        bars.show(Place("here", detail, 512))
        await pilot.pause()
        assert "exact ones" not in bars.plain
        bars.follow(values(top_k=40))
        assert "exact ones can't be told: top_k: 40 tokens stay, and fewer are listed." in " ".join(bars.plain.split())
        await pilot.pause(0.6)
        assert stage.told == ["candidates"]
        found = [Candidate(0, " fox", math.log(0.5), 0.7), Candidate(1, " hen", math.log(0.2), 0.3)]
        bars.learn(bars.values, found)
        assert "70.0 %" in bars.plain and "exact ones" not in bars.plain
        bars.follow(values(top_k=30))
        assert "exact ones" in bars.plain
        bars.refuse(bars.values, "The model is busy.")
        assert "The model is busy." in " ".join(bars.plain.split())


async def test_a_longer_list_from_the_model_decides_what_follows_at_once() -> None:
    bars = NextToken(WORDS)
    stage = Stage(bars)
    shares = [0.5, 0.2, 0.1, 0.1, 0.05, 0.05]
    async with stage.run_test(size=(60, 20)):
        bars.show(Place("here", place(*shares[:2]), 6))
        bars.follow(values(top_k=4))
        assert "exact ones" in bars.plain
        whole = [Candidate(at, "", math.log(share), share) for at, share in enumerate(shares)]
        bars.learn(values(top_k=3), whole)
        assert "exact ones" not in bars.plain and bars.plain.count("cut by top_k") == 2
        bars.show(Place("here", place(*shares[:2]), 6))
        assert "exact ones" not in bars.plain


async def test_some_that_are_cut_are_always_seen() -> None:
    bars = NextToken(lambda token_id: f"t{token_id}")
    async with Stage(bars).run_test(size=(48, 12)):
        bars.follow(values(top_k=20))
        bars.show(Place("here", place(*([1 / 40] * 40)), 40))
        assert bars.plain.count("cut by top_k") == 3 and "all others 65.0 % · 17 more cut" in bars.plain


async def test_bars_without_a_place_say_why() -> None:
    bars = NextToken(WORDS)
    async with Stage(bars).run_test(size=(48, 16)):
        assert "once there is a reply" in " ".join(bars.plain.split())
        bars.show(None, "Another model wrote this reply.")
        assert "Another model wrote this reply." in bars.plain


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    texts=st.lists(NASTY, min_size=6, max_size=6),
    width=st.integers(8, 70),
    height=st.integers(1, 20),
    edits=st.sampled_from([{}, {"top_k": 2}, {"top_k": 40}, {"repeat_penalty": 1.2}, {"temperature": 0.0}]),
    name=NASTY,
)
async def test_bars_hold_any_text(
    texts: list[str], width: int, height: int, edits: dict[str, Value], name: str
) -> None:
    bars = NextToken(dict(enumerate(texts)).get)
    async with Stage(bars).run_test(size=(width, height)):
        bars.follow(values(**edits))
        bars.show(Place(name, place(0.5, 0.2, 0.1, 0.05), 512))
        for y in range(bars.size.height):
            strip = bars.render_line(y)
            assert strip.cell_length == bars.size.width and is_clean(strip.text) and "\n" not in strip.text


# --- the token view


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    texts=st.lists(NASTY, max_size=30),
    width=st.integers(6, 60),
    height=st.integers(4, 40),
    measure=st.sampled_from(list(SCALES)),
    position=st.integers(0, 40),
)
async def test_the_view_holds_any_text(texts: list[str], width: int, height: int, measure: str, position: int) -> None:
    tab = TokensTab(dict(enumerate(texts)).get)
    async with Stage(tab).run_test(size=(width, height)) as pilot:
        tab.judge(values(top_k=2), 512)
        tab.show(reply(texts))
        tab.action_shade(measure)  # type: ignore[arg-type]
        text = tab.query_one(TokenText)
        text.put_cursor(position)
        await pilot.pause()
        for y in range(text.size.height):
            strip = text.render_line(y)
            assert strip.cell_length == text.scrollable_content_region.width
            assert is_clean(strip.text) and "\n" not in strip.text
        assert all(is_clean(line) for line in stage_lines(pilot.app))


def stage_lines(app: App[None]) -> list[str]:
    assert isinstance(app, Stage)
    return app.lines


async def test_a_step_is_told_by_a_sign_as_well_as_by_a_shade() -> None:
    tab = TokensTab(WORDS)
    details = Details(
        [place(0.95, 0.05), place(0.6, 0.4), place(0.3, 0.1), place(0.9, 0.07, chosen=1), place(0.97, 0.01, chosen=1)]
    )
    stage = Stage(tab)
    async with stage.run_test(size=(40, 30)) as pilot:
        tab.show(reply(["sure", " even", " maybe", " hardly", " never"], details))
        await pilot.pause()
        text = tab.query_one(TokenText)
        text.put_cursor(0)
        await pilot.pause()
        shown = [text.render_line(y).text.rstrip() for y in (0, 1)]
        assert shown == ["sure even maybe hardly never", "▲   ▁▁▁▁ ▂▂▂▂▂ ▄▄▄▄▄▄ ▆▆▆▆▆"]
        shades = {style.bgcolor for _, style, *_ in list(text.render_line(0))[:5] if style is not None}
        assert len(shades) == 5


async def test_tokens_that_the_settings_would_cut_are_marked() -> None:
    tab = TokensTab(WORDS)
    details = Details([place(0.6, 0.4), place(0.7, 0.2, 0.1, chosen=2)])
    async with Stage(tab).run_test(size=(60, 30)) as pilot:
        tab.show(reply(["One", " two"], details))
        tab.judge(values(top_k=2), 3)
        await pilot.pause(0.2)
        assert "would have cut 1 of 2 tokens (top_k 1)." in tab.head
        text = tab.query_one(TokenText)
        assert CUT_SIGN in text.render_line(1).text
        struck = [segment.text for segment in text.render_line(0) if segment.style is not None and segment.style.strike]
        assert struck == [" two"]
        tab.judge(values(), 3)
        await pilot.pause(0.2)
        assert "none of 2 tokens" in tab.head and CUT_SIGN not in text.render_line(1).text


async def test_up_and_down_go_by_rows_and_to_the_ends() -> None:
    tab = TokensTab(WORDS)
    async with Stage(tab).run_test(size=(30, 40)) as pilot:
        tab.show(reply([" word"] * 20))
        tab.take_focus()
        await pilot.press("right", "right", "down")
        per_row = (30 - 3 - 1) // 5
        assert tab.chosen == 2 + per_row
        await pilot.press("up", "up")
        assert tab.chosen == 0
        await pilot.press("end", "down")
        assert tab.chosen == 19


async def test_a_long_reply_is_scrolled_to_the_cursor_and_draws_what_is_in_view() -> None:
    tab = TokensTab(WORDS)
    async with Stage(tab).run_test(size=(60, 40)) as pilot:
        tab.show(reply([f" w{number}" for number in range(3000)]))
        tab.take_focus()
        await pilot.press("end")
        text = tab.query_one(TokenText)
        assert "w2999" in "".join(stage_lines(pilot.app))
        assert len(text._strips) <= 3 * text.size.height


async def test_the_chosen_alternative_is_told_with_its_place() -> None:
    tab = TokensTab(WORDS)
    stage = Stage(tab)
    async with stage.run_test(size=(60, 40)) as pilot:
        tab.show(reply(["One", " two", " three"], Details([place(0.5, 0.3, 0.2)] * 3), number=7))
        tab.take_focus()
        await pilot.press("right", "enter", "down", "down", "enter")
        await pilot.pause()
        assert stage.told == [(7, 1, 2)]


async def test_a_digit_goes_to_an_alternative_and_n_to_what_is_odd() -> None:
    tab = TokensTab(WORDS)
    stage = Stage(tab)
    odd = place(0.9, 0.05, 0.01, chosen=2)
    async with stage.run_test(size=(60, 40)) as pilot:
        tab.show(reply(["One", " two", " three", " four"], Details([place(0.9), odd, place(0.9), odd]), number=7))
        tab.take_focus()
        await pilot.press("n")
        assert tab.chosen == 1
        await pilot.press("n", "N", "N", "n", "n")
        assert tab.chosen == 3
        await pilot.press("2", "enter")
        await pilot.pause()
        assert stage.told[-1] == (7, 3, 1)


async def test_texts_that_are_not_known_are_asked_for() -> None:
    known: dict[int, str] = {}
    tab = TokensTab(known.get)
    stage = Stage(tab)
    async with stage.run_test(size=(60, 40)) as pilot:
        tab.show(reply(["One"], Details([place(0.5, 0.3, 0.2)])))
        await pilot.pause()
        assert stage.told == [(0, 1, 2)]
        known.update({0: "One", 1: " hen", 2: " wolf"})
        tab.texts_known()
        await pilot.pause()
        assert "␣wolf" in "".join(stage.lines)


async def test_a_reply_that_grows_keeps_its_cursor_and_its_rows() -> None:
    tab = TokensTab(WORDS)
    details = Details([place(0.5, 0.3)] * 40)
    async with Stage(tab).run_test(size=(40, 40)):
        tab.show(reply([" a"] * 10, details, running=True))
        text = tab.query_one(TokenText)
        assert text.cursor == 9
        text.put_cursor(3)
        tab.show(reply([" a"] * 30, details, running=True))
        assert text.cursor == 3 and tab.chosen == 3
        tab.show(reply([" a"] * 2, details, running=True))
        assert text.cursor == 1


@pytest.mark.parametrize("theme", [DARK, LIGHT, "high-contrast", "high-contrast-light"])
async def test_every_theme_shades_the_steps_apart(theme: str) -> None:
    tab = TokensTab(WORDS)
    async with Stage(tab, theme).run_test(size=(60, 40)):
        text = tab.query_one(TokenText)
        for kind in ("odd", "open"):
            shades = [text.ink.shade(f"{kind}-{step}").bgcolor for step in range(1, 5)]
            assert len({shade.name for shade in shades if shade is not None}) == 4
