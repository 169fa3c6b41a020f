"""What holds for any text at all, however hostile."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from chatapp.core.cleaning import is_clean
from chatapp.ui.markdown.document import Document
from chatapp.ui.markdown.palette import Palette

PALETTE = Palette(Style(), {"code": Style(bold=True), "code-keyword": Style(italic=True)})

CONSTRUCTS = st.sampled_from(
    [
        "# ", "## ", "- ", "* ", "+ ", "1. ", "12) ", "> ", "    ", "\t", "  ", " ", "\n", "\n\n", "\r\n",
        "\r", "```",
        "```python\n", "~~~", "\n```\n",
        "---", "===", "***", "**", "*", "_", "__", "~~", "`", "``", "|", "|-|-|\n",
        "| a | b |\n|---|:-:|\n", "[", "](", ")", "![", "][", "]: ", "[a]: http://x.y\n", "<http://a.b>",
        "<br>", "&amp;",
        "&#27;", "&#x202e;", "\\", "\\|", "https://e.x/a_b(c)", "mailto:",
        "word", "a longer word of prose ", "def f():",
        "中文字", "日本語。", "한국어", "👩‍👩‍👧‍👦", "❤️", "e\u0301", "\u0301" * 9, "\u200d", "\ufe0f", "\u202e",
        "\x1b[31m", "\x1b]52;c;AAAA\x07", "\x9b", "\x00", "\x7f", "\ud800", "\u2028", "\ufeff", "\U000e0041",
        "x" * 50,
    ]
)  # fmt: skip
HOSTILE = st.lists(CONSTRUCTS | st.text(max_size=6), max_size=24).map("".join)
WIDTHS = st.sampled_from([12, 20, 21, 40, 80])
TEXT_WIDTHS = st.sampled_from([None, 12, 30])
LENIENT = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def rendered(text: str, width: int, *, text_width: int | None = None, plain: bool = False) -> Document:
    document = Document(PALETTE, width, text_width=text_width, plain=plain)
    document.update(text)
    return document


@given(HOSTILE, WIDTHS, TEXT_WIDTHS, st.booleans())
@LENIENT
def test_every_line_is_as_wide_as_the_view_and_clean(
    text: str, width: int, text_width: int | None, plain: bool
) -> None:
    for line in rendered(text, width, text_width=text_width, plain=plain).lines:
        assert cell_len(line.text) == width
        assert sum(cell_len(segment.text) for segment in line.segments) == width
        assert is_clean(line.text)
        assert "\n" not in line.text
        assert "\t" not in line.text


@given(HOSTILE, WIDTHS, st.booleans())
@LENIENT
def test_spans_lie_in_the_line_and_in_the_source_and_rise(text: str, width: int, plain: bool) -> None:
    for line in rendered(text, width, plain=plain).lines:
        assert 0 <= line.source <= len(text)
        column = source = 0
        for span in line.spans:
            assert column <= span.start < span.end <= len(line.text)
            assert source <= span.source_start <= span.source_end <= len(text)
            column, source = span.end, span.source_end


@given(HOSTILE, WIDTHS)
@LENIENT
def test_a_span_of_equal_lengths_shows_its_source(text: str, width: int) -> None:
    for line in rendered(text, width).lines:
        for span in line.spans:
            shown, meant = line.text[span.start : span.end], text[span.source_start : span.source_end]
            if len(shown) == len(meant) and meant.isprintable() and "&" not in meant and "\\" not in meant:
                assert (
                    shown == meant or set(shown) <= set("─ •◦▪") or "image: ".startswith(shown) or shown[:-1].isdigit()
                )


@given(HOSTILE, st.lists(st.integers(1, 40), max_size=30), WIDTHS, TEXT_WIDTHS)
@LENIENT
def test_streamed_in_any_cuts_it_equals_the_whole(
    text: str, cuts: list[int], width: int, text_width: int | None
) -> None:
    streamed = Document(PALETTE, width, text_width=text_width)
    position = 0
    for cut in cuts:
        position += cut
        streamed.update(text[:position])
        so_far = rendered(text[:position], width, text_width=text_width)
        assert [line.text for line in streamed.lines] == [line.text for line in so_far.lines]
        assert [line.spans for line in streamed.lines] == [line.spans for line in so_far.lines]
        assert streamed.links == so_far.links
        assert streamed.codes == so_far.codes
    streamed.update(text, final=True)
    whole = rendered(text, width, text_width=text_width)
    assert [line.segments for line in streamed.lines] == [line.segments for line in whole.lines]
    assert [line.spans for line in streamed.lines] == [line.spans for line in whole.lines]
    assert streamed.wraps == whole.wraps


@given(HOSTILE, WIDTHS)
@LENIENT
def test_unchanged_lines_keep_their_objects(text: str, width: int) -> None:
    document = Document(PALETTE, width)
    for end in range(0, len(text), 5):
        before = [(line, line.text) for line in document.lines]
        changed = document.update(text[:end])
        assert all(line is old for line, (old, _) in zip(document.lines[:changed], before, strict=False))
        assert all(line.text == shown for line, shown in before)


@given(HOSTILE, WIDTHS, TEXT_WIDTHS)
@LENIENT
def test_plain_text_ends_at_its_width(text: str, width: int, text_width: int | None) -> None:
    for line in rendered(text, width, text_width=text_width, plain=True).lines:
        assert cell_len(line.text.rstrip()) <= min(width, text_width or width)
