"""Tokens as they are shown: their spelling, their rows, their shades, and what other settings would have cut."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from chatapp.core.cleaning import is_clean
from chatapp.core.details import Details
from chatapp.core.distribution import Chance
from chatapp.core.events import TokenDetail
from chatapp.core.parameters import resolve
from chatapp.ui.widgets.candidates.bar import Bar, Columns, fill, percent, pieces_of
from chatapp.ui.widgets.candidates.odds import shown_of
from chatapp.ui.widgets.tokens import facts
from chatapp.ui.widgets.tokens.counterfactual import Counterfactual
from chatapp.ui.widgets.tokens.layout import Layout
from chatapp.ui.widgets.tokens.measure import SCALES, step_of
from chatapp.ui.widgets.tokens.reply_tokens import ReplyTokens
from chatapp.ui.widgets.tokens.spelling import PART, quoted, spelled, visible

NASTY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x00\x07\x1b\x9b\r\n\t \u200b\u200d\u202e\u0301\ufe0f\ufffd\u1161\u3000日ש😀🏽🇩\U000e0041"),
    ),
    max_size=12,
)


# --- spelling


@given(NASTY)
def test_a_spelling_is_clean_and_never_empty(text: str) -> None:
    shown = visible(text)
    assert shown and is_clean(shown) and "\t" not in shown
    assert all(cell_len(line) > 0 for line in shown.removesuffix("\n").split("\n"))
    assert "\n" not in quoted(text) and is_clean(quoted(text)) and cell_len(quoted(text)) > 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (" fox", " fox"),
        ("", "∅"),
        ("\n", "↵\n"),
        ("a\n\n", "a↵\n↵\n"),
        ("\t", "⇥"),
        ("\x1b[31m", "␛[31m"),
        ("\r", "␍"),
        ("\u0301", "◌\u0301"),
        ("e\u0301", "e\u0301"),
        ("\u200d", "⟦200D⟧"),
        ("❤\ufe0f", "❤"),
        ("\u202e", "⟦202E⟧"),
    ],
)
def test_what_has_no_shape_is_seen(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"), [(" fox", "␣fox"), ("  ", "␣␣"), ("a b", "a b"), ("x ", "x␣"), (" ↵", "␣↵"), ("\n", "↵")]
)
def test_the_spaces_around_a_token_are_seen_in_a_list(text: str, shown: str) -> None:
    assert quoted(text) == shown


def test_a_character_in_parts_is_shown_once() -> None:
    texts = ["Hi", " \ufffd", "\ufffd", "\ufffd", " you", "\ufffd", "\ufffd", "\ufffd", "\ufffd"]
    assert spelled(texts, "Hi 😀 you日本") == ["Hi", " 😀"[0], "😀", PART, " you", "日", PART, "本", PART]


def test_parts_whose_character_is_not_known_stay_symbols() -> None:
    assert spelled(["a", "\ufffd", "b"], "something else") == ["a", "\ufffd", "b"]


@given(st.lists(NASTY, max_size=12), NASTY)
def test_every_token_is_spelled(texts: list[str], source: str) -> None:
    shown = spelled(texts, source)
    assert len(shown) == len(texts) and all(each and is_clean(each) for each in shown)


# --- rows


def _rows(layout: Layout) -> list[str]:
    return ["".join(cell.text for cell in row) for row in layout.rows]


@given(st.lists(NASTY.map(visible), max_size=20), st.integers(0, 24))
def test_rows_hold_every_token_in_order_and_never_more_than_fits(tokens: list[str], width: int) -> None:
    layout = Layout(width)
    layout.show(tokens)
    cells = [cell for row in layout.rows for cell in row]
    assert [cell.token for cell in cells] == sorted(cell.token for cell in cells)
    assert {cell.token for cell in cells} == set(range(len(tokens)))
    for number, text in enumerate(tokens):
        assert "".join(cell.text for cell in cells if cell.token == number) == text.replace("\n", "")
        assert any(cell.token == number and cell.offset == 0 for cell in layout.rows[layout.row_of(number)])
    for row in layout.rows:
        assert sum(cell.width for cell in row) <= layout.width
        assert [cell.x for cell in row] == [sum(cell.width for cell in row[:at]) for at in range(len(row))]
        assert all(cell.width == cell_len(cell.text) for cell in row)


@given(
    st.lists(
        st.lists(st.sampled_from(["a", " b", "cde", " fgh", "日", "-", "↵\n", " ", "a long token "]), max_size=25)
    ),
    st.integers(2, 14),
)
def test_what_is_laid_out_bit_by_bit_is_as_if_at_once(states: list[list[str]], width: int) -> None:
    layout = Layout(width)
    before: list[list[object]] = []
    for tokens in states:
        first = layout.show(tokens)
        anew = Layout(width)
        anew.show(tokens)
        assert layout.rows == anew.rows
        assert [layout.row_of(at) for at in range(len(tokens))] == [anew.row_of(at) for at in range(len(tokens))]
        same = len(layout.rows) if first is None else first
        assert layout.rows[:same] == before[:same]
        before = [list(row) for row in layout.rows]


def test_rows_break_between_words() -> None:
    layout = Layout(12)
    layout.show(["One", " red", " fo", "x", " ran", "↵\n", "Off"])
    assert _rows(layout) == ["One red fox", " ran↵", "Off"]


def test_an_end_that_grows_is_laid_out_from_its_last_row() -> None:
    layout = Layout(10)
    tokens = [" word"] * 500
    layout.show(tokens)
    assert layout.show([*tokens, " more"]) == 249
    assert layout.show([*tokens, " more"]) is None


# --- shades


def detail(token_id: int = 1, share: float = 0.5, rank: int = 0, entropy: float = 0.5, *others: float) -> TokenDetail:
    listed = [(100 + at, math.log(other)) for at, other in enumerate(others)]
    listed.insert(rank, (token_id, math.log(share)))
    return TokenDetail(token_id, math.log(share), rank, entropy, alternatives=tuple(listed))


@pytest.mark.parametrize(("share", "step"), [(0.99, 0), (0.6, 1), (0.3, 2), (0.1, 3), (0.01, 4)])
def test_the_less_likely_a_token_the_further_its_step(share: float, step: int) -> None:
    assert step_of("probability", Details([detail(share=share)]), 0) == step


@pytest.mark.parametrize(("rank", "step"), [(0, 0), (1, 1), (4, 2), (19, 3), (20, 4)])
def test_ranks_have_steps(rank: int, step: int) -> None:
    assert step_of("rank", Details([TokenDetail(1, -3.0, rank, 0.5)]), 0) == step


@pytest.mark.parametrize(("entropy", "step"), [(0.0, 0), (0.3, 1), (1.0, 2), (2.0, 3), (9.0, 4)])
def test_entropies_have_steps(entropy: float, step: int) -> None:
    assert step_of("entropy", Details([detail(entropy=entropy)]), 0) == step


def test_nothing_is_said_of_what_was_not_told() -> None:
    details = Details()
    details.replace_from(1, [detail()])
    assert [step_of(measure, details, 0) for measure in SCALES] == [None] * 3
    assert step_of("rank", details, 2) is None and step_of("rank", None, 0) is None


# --- what the settings would have cut

CUTS = {"temperature": 1.0, "top_k": 0, "top_p": 1.0}


def _values(**edits: float) -> dict[str, object]:
    return dict(resolve(edits={**CUTS, **edits}).values)


def test_tokens_that_would_have_been_cut_are_counted_with_their_stage() -> None:
    details = Details([detail(1, 0.6, 0, 0.9, 0.3), detail(2, 0.1, 1, 0.9, 0.85), detail(3, 0.2, 1, 0.9, 0.7)])
    judged = Counterfactual(details, _values(top_k=1), 512)  # type: ignore[arg-type]
    judged.work(lambda: True)
    assert judged.is_done and judged.cut_by == {1: "top_k", 2: "top_k"} and not judged.unknown
    assert judged.words == "✕ The current settings would have cut 2 of 3 tokens (top_k 2)."


def test_what_can_not_be_told_says_why() -> None:
    judged = Counterfactual(Details([detail(), detail()]), _values(repeat_penalty=1.2))  # type: ignore[arg-type]
    judged.work(lambda: True)
    assert "can't be told: penalties: it depends on the text before" in judged.words


def test_it_is_found_out_in_slices_and_goes_on_with_what_came() -> None:
    details = Details([detail()] * 3)
    judged = Counterfactual(details, _values(), 512)  # type: ignore[arg-type]
    assert judged.work(lambda: False) == range(1) and "1 of 3 tokens looked at" in judged.words
    judged.work(lambda: True)
    assert "none of 3 tokens" in judged.words
    details.replace_from(2, [detail(), detail(9, 0.01, 1, 0.5, 0.9)])
    judged.forget_from(2)
    assert not judged.is_done and judged.work(lambda: True) == range(2, 4)
    assert "none of 4" in judged.words


def test_a_hole_in_the_details_is_no_fault() -> None:
    details = Details()
    details.replace_from(1, [detail()])
    judged = Counterfactual(details, _values(), 512)  # type: ignore[arg-type]
    judged.work(lambda: True)
    assert list(judged.unknown) == [0] and "nothing was told of the token" in judged.words


# --- one token


def _reply(*details: TokenDetail, texts: tuple[str, ...] = (" fox", " ran")) -> ReplyTokens:
    ids = tuple(each.token_id for each in details)
    return ReplyTokens(1, ids, texts, tuple(visible(text) for text in texts), Details(details))


def test_the_facts_of_a_token() -> None:
    reply = _reply(detail(7, 0.25, 1, 1.2, 0.6), detail())
    assert facts.facts_of(reply, 0) == ("“␣fox”", "token 1 of 2 · id 7", "25.0 % · rank 2 · entropy 1.20 nats")
    judged = Counterfactual(reply.details or Details(), _values(top_k=1), 512)  # type: ignore[arg-type]
    judged.work(lambda: True)
    assert facts.facts_of(reply, 0, judged)[2].endswith("cut by top_k now")


def test_alternatives_say_what_is_written_and_what_is_cut() -> None:
    reply = _reply(detail(7, 0.25, 1, 1.2, 0.6), detail())
    found = facts.alternatives_of(reply, 0, {7: " fox"}, _values(top_k=1), 512)  # type: ignore[arg-type]
    assert [each.token_id for each in found] == [100, 7]
    assert [each.bar.text for each in found] == ["…", "␣fox"]
    assert [each.bar.note for each in found] == ["", "written, cut by top_k"]


def test_a_reply_without_details_is_told_so() -> None:
    reply = _reply(detail(), detail())._replace(details=None)
    assert facts.facts_of(reply, 1)[2] == facts.NOT_KEPT and facts.alternatives_of(reply, 1, {}) == []
    assert facts.ids_at(reply, 0) == []


# --- bars


@given(
    st.lists(st.builds(Bar, NASTY, st.floats(allow_nan=True), NASTY, st.booleans(), st.booleans()), max_size=6),
    st.integers(16, 80),
)
def test_bars_stand_in_their_width(bars: list[Bar], width: int) -> None:
    columns = Columns.of(bars, width)
    for bar in bars:
        text = "".join(piece for piece, _ in pieces_of(bar, columns))
        assert cell_len(text) <= width and is_clean(text) and "\n" not in text


@pytest.mark.parametrize(
    ("share", "shown"), [(1.0, "100 %"), (0.9996, "100 %"), (0.624, "62.4 %"), (0.0001, "<0.1 %"), (0.0, "0.0 %")]
)
def test_shares_in_per_cent(share: float, shown: str) -> None:
    assert percent(share) == shown and percent(math.nan) == "?"


def test_a_bar_fills_its_share_and_little_is_not_nothing() -> None:
    assert fill(0.5, 8) == "████" and fill(1.0, 3) == "███" and fill(0.0, 8) == "" and fill(1e-6, 8) == "▏"
    assert fill(0.5, 8, is_cut=True) == "░░░░" and fill(0.0, 8, is_cut=True) == "░"


# --- which candidates have room


def chances(kept: int, cut: int) -> list[Chance]:
    """So many that may be drawn, likeliest first, and behind them so many that are cut."""
    return [Chance(number, -float(number), 0.1, "" if number < kept else "top_p") for number in range(kept + cut)]


def test_of_little_room_what_may_be_drawn_has_the_most() -> None:
    shown = shown_of(chances(8, 8), 3, 3, written=0)
    assert [bool(one.cut_by) for one in shown] == [False, False, True]
    assert sum(bool(one.cut_by) for one in shown_of(chances(8, 8), 9, 3, written=0)) == 3


def test_the_one_that_was_written_is_always_shown() -> None:
    assert [one.token_id for one in shown_of(chances(8, 8), 3, 3, written=6)] == [0, 6, 8]
    assert [one.token_id for one in shown_of(chances(8, 8), 3, 3, written=12)] == [0, 1, 12]
    assert [one.token_id for one in shown_of(chances(8, 0), 1, 3, written=5)] == [5]
    assert [one.token_id for one in shown_of(chances(8, 0), 2, 3, written=99)] == [0, 1]


@given(st.integers(0, 12), st.integers(0, 12), st.integers(1, 30), st.integers(0, 30))
def test_candidates_fill_the_room_in_their_order(kept: int, cut: int, room: int, written: int) -> None:
    every = chances(kept, cut)
    shown = shown_of(every, room, 3, written)
    assert len(shown) == min(room, len(every)) and shown == sorted(shown, key=every.index)
    assert written >= len(every) or any(one.token_id == written for one in shown)
