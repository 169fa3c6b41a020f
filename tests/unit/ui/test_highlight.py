"""Hits drawn in a transcript: whatever the text, a line keeps its width and its letters."""

from __future__ import annotations

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from chatapp.core.cleaning import is_clean
from chatapp.core.conversations import StoredMessage
from chatapp.core.folding import FoldedText, Sought, folded
from chatapp.core.messages import ReasoningPart, Role, TextPart
from chatapp.ui.markdown.palette import Palette
from chatapp.ui.matches import Match
from chatapp.ui.widgets.transcript_entry import Entry
from chatapp.ui.widgets.transcript_frame import Look
from chatapp.ui.widgets.transcript_search import line_of
from chatapp.ui.widgets.transcript_selection import highlight

PALETTE = Palette(Style(), {"code": Style(bold=True)})
MARK = Style(reverse=True)
PIECES = st.sampled_from(
    [
        "fox ", "Fóx", "fo\u0301x", "**fox**", "`fox`", "f", "o", "x", " ", "\n", "\n\n", "- ", "> ", "# ",
        "```\nfox\n```\n", "| fox | b |\n|---|---|\n| fox fox | x |\n", "中fox文", "👩\u200d👩\u200d👧fox",
        "❤\ufe0f", "🇩🇪", "한국", "\u1100\u1161", "\x1b[31m", "\u202e", "\u0301" * 6, "\t",
        "[fox](http://fox.example)", "a longer word of prose ",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=20).map("".join)
LENIENT = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def entry_of(text: str, width: int, *, role: Role = "assistant", reasoning: str = "") -> Entry:
    parts = ((ReasoningPart(reasoning),) if reasoning else ()) + (TextPart(text),)
    message = StoredMessage(
        id=1, conversation_id=1, parent_id=None, role=role, parts=parts, status="complete", created_at=0.0
    )
    entry = Entry(message)
    entry.unfolded = True
    entry.lay_out(Look(PALETTE, width, width))
    return entry


def marked_pieces(text: str, word: str, width: int, *, role: Role = "assistant") -> list[str]:
    """What is marked of each line, in order."""
    entry = entry_of(text, width, role=role)
    ranges = Sought([word]).ranges(FoldedText(text))
    found: list[str] = []
    for number in range(entry.height):
        part, line = entry.line(number)
        if part == "text":
            found += [piece.text for piece in highlight(line, [(ranges, MARK)]) if _is_marked(piece)]
    return found


def _is_marked(segment: Segment) -> bool:
    return bool(segment.style and segment.style.reverse)


def test_hits_are_marked_across_lines_and_marks() -> None:
    assert marked_pieces("a red fox", "fox", 40) == ["fox"]
    assert marked_pieces("some words and a red fox", "a red fox", 20) == ["a", "red fox"]
    assert marked_pieces("the **red** `fox`", "red** `fox", 40) == ["red", " ", "fox"]
    assert marked_pieces("e\u0301te\u0301 ete", "été", 40) == ["e\u0301te\u0301", "ete"]
    assert marked_pieces("| fox | a |\n|---|---|\n| x | fox |", "fox", 40) == ["fox", "fox"]
    assert marked_pieces("```\nx = fox\n```", "fox", 40) == ["fox"]
    assert marked_pieces("東京都の天気", "都の", 40) == ["都の"]


def test_a_joined_emoji_is_marked_as_a_whole() -> None:
    assert marked_pieces("a 👩\u200d👩\u200d👧 b", "👧", 40) == ["👩\u200d👩\u200d👧"]


@given(TEXTS, st.sampled_from(["fox", "f", "o", "ó", "x\n", "👩", "中", "b |", "\u1100"]), st.integers(14, 50))
@example("👩\u200d👩\u200d👧fox", "👩", 20)
@LENIENT
def test_a_marked_line_is_as_wide_and_as_clean_as_before(text: str, word: str, width: int) -> None:
    entry = entry_of(text, width, reasoning=text)
    ranges = Sought([word]).ranges(FoldedText(text))
    for number in range(entry.height):
        part, line = entry.line(number)
        if part not in ("thoughts", "text"):
            continue
        strip = highlight(line, [(ranges, MARK), (ranges[:1], Style(bold=True))])
        assert strip.text == line.strip.text and is_clean(strip.text)
        assert sum(cell_len(segment.text) for segment in strip) == width == strip.cell_length
        if not ranges:
            assert strip is line.strip


@given(st.lists(st.sampled_from(["fox", "Fóx", "fo\u0301x", "words", "東京", "and"]), max_size=30), st.integers(14, 50))
@LENIENT
def test_in_plain_text_exactly_the_hits_are_marked(words: list[str], width: int) -> None:
    text = " ".join(words)
    expected = [word for word in words if folded(word) == "fox"]
    assert marked_pieces(text, "fox", width, role="user") == expected


@given(TEXTS, st.integers(14, 50))
@LENIENT
def test_the_line_of_a_hit_shows_it(text: str, width: int) -> None:
    entry = entry_of(text, width)
    for start, end in Sought(["fox"]).ranges(FoldedText(text)):
        number = line_of(entry, Match(0, 1, start, end))
        assert 0 <= number < entry.height
        shown = any(entry.line(other)[1].columns_of(start, end) for other in range(entry.height))
        assert not shown or entry.line(number)[1].columns_of(start, end)
