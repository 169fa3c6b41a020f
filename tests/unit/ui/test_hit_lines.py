from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from chatapp.core.cleaning import is_clean
from chatapp.core.conversations import Hit
from chatapp.core.folding import folded
from chatapp.storage.excerpt import excerpt
from chatapp.storage.segment import terms
from chatapp.ui.widgets.hit_lines import hit_lines, rows_taken, segments_of

ODD = st.text("ab fox é\u0301ß…東京👩\u200d\ufe0f🇩🇪한\u1100\u1161 \n\t\x1b\u202e\ud800", max_size=300)


def hit(text: str, *spans: tuple[int, int]) -> Hit:
    return Hit(
        conversation_id=1, conversation_title="", message_id=1, role="user", created_at=0.0, excerpt=text, spans=spans
    )


def found(text: str, query: str) -> Hit:
    return hit(*excerpt(text, terms(query))[:1], *excerpt(text, terms(query))[1])


def test_the_word_is_seen() -> None:
    long = "many words that come before it, and more of them, and then the red fox and what it does after that"
    for text in (long, "x" * 60 + " fox", "the fox"):
        lines = hit_lines(found(text, "fox"), 24)
        assert [line.text[start:end] for line in lines for start, end in line.spans] == ["fox"]
        assert len(lines) <= 2 and all(cell_len(line.text) <= 24 for line in lines)
    lines = hit_lines(found(long, "fox"), 24)
    assert [line.text for line in lines] == ["…it, and more of them,", "and then the red fox an…"]
    lines = hit_lines(found(long, "fox"), 16)
    assert [line.text for line in lines] == ["…red fox and", "what it does af…"]


def test_what_is_cut_says_so() -> None:
    lines = hit_lines(found("a fox " + "and so on " * 10, "fox"), 20)
    assert len(lines) == 2 and lines[-1].text.endswith("…") and not lines[0].text.endswith("…")


def test_a_word_on_the_second_line_is_marked_there() -> None:
    lines = hit_lines(found("fox words words words words fox", "fox"), 24)
    assert [(line.text, [line.text[a:b] for a, b in line.spans]) for line in lines] == [
        ("fox words words words", ["fox"]),
        ("words fox", ["fox"]),
    ]


@given(ODD, ODD, st.integers(1, 40))
def test_no_line_is_too_wide_or_holds_a_control(text: str, query: str, width: int) -> None:
    made = found(text, query or "fox")
    lines = hit_lines(made, width)
    assert 1 <= len(lines) <= rows_taken(made, width) <= 2
    for line in lines:
        assert cell_len(line.text) <= max(4, width)
        assert is_clean(line.text) and "\n" not in line.text and "\t" not in line.text
        segments = segments_of(line.text, line.spans, Style(), Style(bold=True))
        assert "".join(segment.text for segment in segments) == line.text
        assert sum(cell_len(segment.text) for segment in segments) == cell_len(line.text)
        for start, end in line.spans:
            assert 0 <= start < end <= len(line.text)


@given(st.lists(st.sampled_from(["fox", "Fóx", "hen", "東京", "a"]), min_size=1, max_size=60), st.integers(6, 40))
def test_the_places_of_the_words_are_true(words: list[str], width: int) -> None:
    made = found(" ".join(words), "fox")
    assert len(hit_lines(made, width)) == rows_taken(made, width)
    for line in hit_lines(made, width):
        for start, end in line.spans:
            assert "fox".startswith(folded(line.text[start:end]))


def test_a_text_that_is_not_clean_loses_its_marks_and_not_more() -> None:
    (line,) = hit_lines(hit("a \x1b[31m fox", (8, 11)), 40)
    assert line.text == "a ␛[31m fox" and line.spans == ()
