"""Widgets that show text from outside: whatever it is, they never raise, show no control, and keep to their place.

Others have this in tests of their own: messages (unit/markdown/test_document_properties, transcript), conversation rows
and hits (test_list_rows, unit/ui/test_hit_lines), the tree (unit/ui/test_tree_rows), facts before they are drawn
(unit/ui/test_info), tokens and next-token bars (test_token_widgets).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import ComposeResult
from textual.content import Content
from textual.filter import LineFilter
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static

from chatapp.core.cleaning import clean_line, is_clean
from chatapp.core.errors import ChatappError, FileProblem
from chatapp.core.parameters import PARAMETERS, Values, resolve
from chatapp.core.presets import Preset
from chatapp.ui.context_use import ContextUse
from chatapp.ui.dialogs.model import ModelPalette, Offered
from chatapp.ui.figures import PHASES, Figures
from chatapp.ui.info.fact import Fact, Section, text_facts
from chatapp.ui.linefilter import ControlFilter
from chatapp.ui.palette import Entry, Palette, columns
from chatapp.ui.widgets.banner import Banner
from chatapp.ui.widgets.candidates.bar import Bar
from chatapp.ui.widgets.candidates.bar_list import BarList
from chatapp.ui.widgets.inspector.info_lines import InfoLines
from chatapp.ui.widgets.pane_title import PaneTitle
from chatapp.ui.widgets.parameter_help import ParameterHelp
from chatapp.ui.widgets.parameter_list import ParameterList
from chatapp.ui.widgets.preset_row import PresetRow
from chatapp.ui.widgets.status_line import StatusLine
from chatapp.ui.widgets.top_line import TopLine

from .conftest import Bench
from .test_model_choice import Facts, Place, Shelf
from .test_preset_picker import open_presets
from .test_token_widgets import Stage

TEXTS = st.text(
    st.one_of(
        st.characters(exclude_categories=()),
        st.sampled_from("\x00\x1b\x9b\x7f\r\n\t \u200b\u200d\u202e\u2066\u0301\ufe0f\ufeff\ud800日ש😀🏽🇩👩[]/@=…"),
    ),
    max_size=40,
) | st.sampled_from(["[/]", "[@click=app.quit]x[/]", "[red]", "\x1b]52;c;Zm94\x07", "wide 東京 " * 20, "x" * 300, ""])
WIDTHS = (12, 34, 90)
_MANY = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


class Shelves(Stage):
    """Every widget under test, one below the other."""

    CSS = """
    PaneTitle { display: block; } BarList { height: 4; } InfoLines { height: 8; } ParameterList { height: 20; }
    """

    def __init__(self, *widgets: Widget) -> None:
        super().__init__(Static())
        self._widgets = widgets

    def compose(self) -> ComposeResult:
        yield from self._widgets

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), ControlFilter()]  # as the workbench has it, for what is pasted into fields


def check_line(widget: Widget) -> None:
    """A widget of one line that renders `Content`."""
    content = widget.render()
    assert isinstance(content, Content)
    assert is_clean(content.plain) and "\n" not in content.plain and "\t" not in content.plain
    assert content.cell_length <= widget.size.width, (content.plain, widget.size.width)


def check_rows(widget: Widget) -> None:
    """A widget that draws its lines itself."""
    for y in range(widget.size.height):
        strip = widget.render_line(y)
        assert is_clean(strip.text) and "\n" not in strip.text and "\t" not in strip.text
        assert strip.cell_length == sum(cell_len(segment.text) for segment in strip) == widget.size.width
        assert cell_len(strip.text.rstrip()) <= widget.scrollable_content_region.width  # none below a scrollbar


@pytest.mark.parametrize("width", WIDTHS)
async def test_the_title_of_a_pane(width: int) -> None:
    title = PaneTitle()
    async with Shelves(title).run_test(size=(width, 5)):

        @_MANY
        @given(TEXTS, st.dictionaries(st.sampled_from(["model", "preset", *PARAMETERS]), TEXTS), TEXTS, st.booleans())
        def check(name: str, apart: dict[str, str], state: str, active: bool) -> None:
            title.show("1/4", name, apart, state, active=active)
            check_line(title)

        check()


@pytest.mark.parametrize("width", (24, 60, 120))
async def test_top_line_and_preset_row(width: int) -> None:
    top, row = TopLine(), PresetRow()
    async with Shelves(top, row).run_test(size=(width, 5)):

        @_MANY
        @given(TEXTS, TEXTS, TEXTS, st.integers(0, 60))
        def check(title: str, model: str, device: str, over: int) -> None:
            top.conversation, top.model, top.device = title, model, device
            row.show(model, over)
            check_line(top)
            check_line(row)

        check()


@pytest.mark.parametrize("width", WIDTHS)
async def test_the_status_line(width: int) -> None:
    line = StatusLine()
    figures = st.builds(
        Figures,
        phase=st.sampled_from(list(PHASES)),
        fraction=st.none() | st.floats(0, 1),
        note=TEXTS,
        used=st.none() | st.integers(0, 10**7),
        reused=st.none() | st.integers(0, 10**7),
        first_token_s=st.none() | st.floats(0, 10**5),
        tokens_per_second=st.none() | st.floats(0, 10**6),
    )
    uses = st.builds(
        ContextUse,
        used=st.none() | st.integers(0, 10**7),
        size=st.none() | st.integers(0, 10**7),
        is_estimate=st.booleans(),
        is_cut=st.booleans(),
    )
    async with Shelves(line).run_test(size=(width, 5)):

        @_MANY
        @given(figures, uses, TEXTS, st.integers(0, 9), TEXTS, TEXTS)
        def check(figures: Figures, use: ContextUse, state: str, others: int, hint: str, keys: str) -> None:
            line.show(figures, use, model_state=state, others=others)
            line.hint, line.keys = hint, keys
            check_line(line)
            line.hint = line.keys = ""
            check_line(line)

        check()


@pytest.mark.parametrize("width", WIDTHS)
async def test_problems(width: int) -> None:
    banner = Banner()
    async with Shelves(banner).run_test(size=(width, 5)):

        @_MANY
        @given(TEXTS, TEXTS, TEXTS)
        def check(title: str, message: str, hint: str) -> None:
            banner.add(FileProblem(message, hint=hint, title=title))
            shown = banner.render()
            assert is_clean(shown.plain) and "\n" not in shown.plain
            while banner.dismiss():
                pass

        check()


@pytest.mark.parametrize("width", WIDTHS)
async def test_candidates(width: int) -> None:
    bars = BarList()
    made = st.builds(Bar, TEXTS, st.floats(), TEXTS, st.booleans(), st.booleans())
    async with Shelves(bars).run_test(size=(width, 8)):
        bars.focus()

        @_MANY
        @given(st.lists(made, max_size=8), st.integers(-2, 9))
        def check(shown: list[Bar], cursor: int) -> None:
            bars.show(shown, cursor=cursor)
            check_rows(bars)

        check()


@pytest.mark.parametrize("width", (24, 34, 90))
async def test_facts(width: int) -> None:
    lines = InfoLines()
    facts = st.builds(
        Fact.of, st.sampled_from(["", "name"]), TEXTS, st.sampled_from(["plain", "muted", "control", "warning"])
    )
    sections = st.builds(
        Section,
        st.sampled_from("abc"),
        st.sampled_from(["Model", "Chat template"]),
        st.lists(facts, max_size=4).map(tuple) | TEXTS.map(text_facts),
        st.booleans(),
        st.sampled_from(["", "12 tokens"]),
    )
    async with Shelves(lines).run_test(size=(width, 12)):
        lines.focus()

        @_MANY
        @given(st.lists(sections, max_size=3), st.integers(-3, 9), st.booleans())
        def check(shown: list[Section], steps: int, turn: bool) -> None:
            lines.show(shown)
            lines.action_move(steps)
            if turn:
                lines.action_turn()
            check_rows(lines)

        check()


_WORDS = {name: one for name, one in PARAMETERS.items() if one.kind in ("text", "texts")}


@pytest.mark.parametrize("width", (44, 60, 90))
async def test_values_of_presets_and_models(width: int) -> None:
    rows, told = ParameterList(), ParameterHelp()
    async with Shelves(rows, told).run_test(size=(width, 40)):
        rows.outline.unfold(PARAMETERS)
        rows.lay_out()

        @_MANY
        @given(st.sampled_from(sorted(_WORDS)), TEXTS, st.sampled_from(["edits", "preset", "model"]), TEXTS)
        def check(name: str, text: str, layer: str, problem: str) -> None:
            value = (text,) if _WORDS[name].kind == "texts" else text
            layers: dict[str, Values] = {"edits": {}, layer: {name: value}}
            try:
                resolution = resolve(**layers)
            except ChatappError:
                return
            rows.show(resolution)
            width = rows.size.width
            for parameter in _WORDS.values():
                row = rows.row(parameter)
                for pieces in (row.pieces(focused=True), row.pieces(focused=False), row.typing(problem)):
                    line = "".join(piece for piece, _ in pieces)
                    assert is_clean(line) and "\n" not in line and cell_len(line) <= width

        check()


@given(TEXTS, TEXTS, TEXTS, st.integers(22, 120))
@_MANY
def test_a_line_of_a_list_to_choose_from(label: str, about: str, mark: str, width: int) -> None:
    """What stands in it is cleaned by who offers it; here it keeps to its width."""
    line = columns(Entry("x", clean_line(label), clean_line(about), clean_line(mark)), width)
    assert line.cell_length <= width and is_clean(line.plain)


def check_choice(screen: Palette) -> None:
    """What can be chosen there: every line clean and within the list."""
    options = screen.query_one(OptionList)
    for number in range(options.option_count):
        prompt = options.get_option_at_index(number).prompt
        assert isinstance(prompt, Content) and is_clean(prompt.plain) and "\n" not in prompt.plain
        wraps = options.get_option_at_index(number).disabled  # our own words, where nothing was found
        assert wraps or prompt.cell_length <= options.scrollable_content_region.width
    for below in screen.query(Static):
        assert is_clean(str(below.content))
    assert all(is_clean(strip.text) for strip in screen._compositor.render_strips())


class OddShelf(Shelf):
    """Models of any name, and paths that lead to them."""

    def __init__(self, names: list[str], folder: str, words: list[str]) -> None:
        super().__init__(names=tuple(names), folder=folder)
        self._words = words

    def facts(self, reference: str) -> Facts:
        path, summary, problem = self._words
        return Facts(path, summary=summary, problem=problem)

    def places(self, text: str) -> list[Place]:
        kinds = ("model", "folder", "file", "missing")
        return [Place(word, kind) for word, kind in zip((text, *self._words), kinds, strict=True)] if text else []


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each example opens an app: to make it shorter takes minutes
)
@given(
    st.lists(TEXTS, max_size=4, unique=True), TEXTS, st.lists(TEXTS, min_size=3, max_size=3), TEXTS, TEXTS,
    st.sampled_from([(34, 12), (80, 24), (160, 48)]),
)  # fmt: skip
async def test_models_to_choose_from(
    names: list[str], folder: str, words: list[str], typed: str, missing: str, size: tuple[int, int]
) -> None:
    shelf = OddShelf(names, folder, words)
    offered = [Offered(each.name, each.reference, "● in use", False) for each in shelf.entries()]
    app = Shelves()
    async with app.run_test(size=size) as pilot:
        screen = ModelPalette(shelf, offered, missing=missing)
        await app.push_screen(screen)
        await pilot.pause()
        check_choice(screen)
        screen.query_one(Input).value = typed
        await pilot.pause()
        check_choice(screen)


class OddPreset(NamedTuple):
    """A preset as it was found."""

    name: str
    is_shipped: bool
    preset: Preset | None
    problems: tuple[ChatappError, ...]


@dataclass
class OddBook:
    """Presets of any name and text."""

    found: list[OddPreset]

    def list(self) -> list[OddPreset]:
        return self.found

    def save(self, preset: Preset, *, replace: bool = False) -> object:
        raise NotImplementedError


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (160, 48)])
async def test_presets_to_choose_from(bench: Bench, size: tuple[int, int]) -> None:
    book = OddBook([])
    async with bench(size=size, presets=book) as desk:

        @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, st.booleans()), max_size=4))
        def fill(found: list[tuple[str, str, str, bool]]) -> None:
            book.found += [
                OddPreset(name, is_shipped, None, (FileProblem(text, hint=title),))
                if is_shipped
                else OddPreset(name, is_shipped, Preset(name=name, title=title, description=text), ())
                for name, text, title, is_shipped in found
            ]

        fill()
        assert len(book.found) > 10
        desk.session.preset = next(each.preset for each in book.found if each.preset is not None)
        await open_presets(desk)
        await desk.pilot.pause()
        screen = desk.app.screen
        assert isinstance(screen, Palette) and screen.query_one(OptionList).option_count > 10
        check_choice(screen)
