"""The filter behind all widgets lets no control character through."""

from __future__ import annotations

from rich.segment import ControlType, Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.color import Color
from textual.filter import LineFilter
from textual.widgets import Static

from chatapp.core.cleaning import is_clean
from chatapp.ui.linefilter import ControlFilter

BLACK = Color(0, 0, 0)


def test_clean_lines_pass_as_they_are() -> None:
    segments = [Segment("plain ", Style(bold=True)), Segment("漢字 👩‍👩‍👧 é")]
    assert ControlFilter().apply(segments, BLACK) is segments


def test_control_characters_become_visible_and_the_width_stays() -> None:
    segments = [Segment("a\x1b]52;c;x\x07b"), Segment("\u202e\x9b\n\t", Style(bold=True)), Segment("tail")]
    filtered = ControlFilter().apply(segments, BLACK)
    text = "".join(segment.text for segment in filtered)
    assert is_clean(text)
    assert "\n" not in text
    assert text.startswith("a␛]52;c;x␇b")
    assert Segment.get_line_length(filtered) == Segment.get_line_length(segments)


def test_textual_s_own_control_segments_pass() -> None:
    segments = [Segment("\x1b[2J", None, [(ControlType.CLEAR,)]), Segment("\x1b")]
    filtered = ControlFilter().apply(segments, BLACK)
    assert filtered[0] is segments[0]


async def test_an_app_with_the_filter_draws_no_escape() -> None:
    class Careless(App[None]):
        def compose(self) -> ComposeResult:
            yield Static("x\x1b]52;c;QQ==\x1b\\y", markup=False)

        def get_line_filters(self) -> list[LineFilter]:
            return [*super().get_line_filters(), ControlFilter()]

    app = Careless()
    async with app.run_test(size=(30, 3)):
        strips = app.screen._compositor.render_strips()
        assert any("x␛" in strip.text for strip in strips)
        assert all(is_clean(strip.text) for strip in strips)
