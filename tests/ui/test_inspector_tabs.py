"""The frame of the inspector: which tab is shown, when it is made, and where the keys go."""

from __future__ import annotations

import pytest

from chatapp.chat.session import Session
from chatapp.core.settings import Settings
from chatapp.ui.widgets.chain_row import ChainRow
from chatapp.ui.widgets.inspector import Inspector, TabName
from chatapp.ui.widgets.inspector.info_lines import InfoLines
from chatapp.ui.widgets.inspector.system_tab import SystemPrompt
from chatapp.ui.widgets.inspector.tab_row import TabRow
from chatapp.ui.widgets.overflow_row import OverflowRow
from chatapp.ui.widgets.parameter_filter import ParameterFilter
from chatapp.ui.widgets.parameter_list import ParameterList
from chatapp.ui.widgets.preset_row import PresetRow
from chatapp.ui.widgets.tokens.token_text import TokenText

from .conftest import Bench, Desk

WIDE = (160, 48)


def inspector(desk: Desk) -> Inspector:
    return desk.app.get_default_screen().query_one(Inspector)


async def focused(desk: Desk, kind: type[object]) -> None:
    """Wait until such a widget has the focus."""
    await desk.until(lambda: isinstance(desk.app.screen.focused, kind))


@pytest.mark.parametrize(
    ("key", "tab", "kind"),
    [("alt+s", "sampling", ParameterList), ("alt+p", "system", SystemPrompt), ("alt+i", "info", InfoLines)],
)
@pytest.mark.parametrize("size", [WIDE, (80, 24)])
async def test_a_key_opens_the_inspector_at_a_tab(
    bench: Bench, key: str, tab: TabName, kind: type[object], size: tuple[int, int]
) -> None:
    async with bench(size=size) as desk:
        await desk.pilot.press(key)
        await focused(desk, kind)
        assert inspector(desk).shown == tab and inspector(desk).display
        await desk.pilot.press(key)
        await focused(desk, kind)
        assert inspector(desk).display
        await desk.pilot.press("ctrl+t")
        assert not inspector(desk).display and desk.pane.composer.has_focus


async def test_every_tab_has_its_key(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        await desk.pilot.press("alt+t")
        await desk.until(lambda: "▌Tokens" in desk.screen())
        for name in ("Sampling", "System", "Tokens", "Info"):
            assert name in desk.screen().split("\n")[2]


async def test_a_tab_is_made_when_it_is_first_shown_and_hidden_ones_are_not_displayed(bench: Bench) -> None:
    async with bench(size=WIDE, settings=Settings(show_inspector=True)) as desk:
        await desk.until(lambda: bool(desk.app.screen.query(ParameterList)))
        assert inspector(desk).tab("system") is None and inspector(desk).tab("info") is None
        await desk.pilot.press("alt+p")
        await focused(desk, SystemPrompt)
        sampling = inspector(desk).tab("sampling")
        assert sampling is not None and not sampling.display
        assert inspector(desk).shown_tab("sampling") is None
        await desk.pilot.press("alt+s")
        await focused(desk, ParameterList)
        assert inspector(desk).tab("sampling") is sampling and inspector(desk).shown_tab("sampling") is sampling


async def test_the_tab_used_last_is_there_again(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        await desk.pilot.press("alt+i")
        await focused(desk, InfoLines)
        await desk.pilot.press("ctrl+t")
        assert inspector(desk).shown_tab("info") is None
        await desk.pilot.press("ctrl+t")
        await focused(desk, InfoLines)
        assert "▌Info" in desk.screen()


async def test_names_are_clicked_and_stepped_through(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        await desk.pilot.press("alt+s")
        await focused(desk, ParameterList)
        row = desk.app.screen.query_one(TabRow)
        await desk.pilot.click(row, offset=(row.render().plain.index("Info") + 1, 0))
        await desk.until(lambda: "▌Info" in desk.screen())
        assert inspector(desk).shown == "info"
        row.focus()
        await desk.pilot.press("right", "left")
        await desk.until(lambda: inspector(desk).shown == "tokens")
        await desk.pilot.press("left")
        await desk.until(lambda: inspector(desk).shown == "system" and inspector(desk).tab("system") is not None)
        await desk.pilot.press("down")
        await focused(desk, SystemPrompt)


async def test_all_of_the_sampling_tab_is_reached_by_keys(bench: Bench) -> None:
    async with bench(size=(80, 24)) as desk:
        await desk.pilot.press("alt+s")
        await focused(desk, ParameterList)
        for kind in (ParameterFilter, ChainRow, PresetRow, TabRow):
            await desk.pilot.press("shift+tab")
            await focused(desk, kind)
        await desk.pilot.press("right", "tab")
        await focused(desk, SystemPrompt)
        await desk.pilot.press("tab")
        await focused(desk, OverflowRow)


async def test_what_changed_while_it_was_hidden_is_shown(bench: Bench) -> None:
    async def two(session: Session) -> None:
        await session.create(system_prompt="Be brief.", edits={"top_k": 3})
        await session.create(system_prompt="Be kind.", edits={"top_k": 7})

    async with bench(size=WIDE, fill=two) as desk:
        kind, brief = desk.rows.conversations
        desk.app.get_default_screen().open_id(brief.id)
        await desk.pilot.press("alt+p")
        await focused(desk, SystemPrompt)
        editor = desk.app.screen.query_one(SystemPrompt)
        assert editor.text == "Be brief."
        await desk.pilot.press("ctrl+t")
        desk.app.get_default_screen().open_id(kind.id)
        await desk.pilot.press("ctrl+t")
        await desk.until(lambda: editor.text == "Be kind.")
        await desk.pilot.press("alt+s")
        await desk.until(lambda: "7  edit" in desk.screen())
        desk.app.get_default_screen().open_id(brief.id)
        await desk.until(lambda: "3  edit" in desk.screen())
        await desk.pilot.press("alt+p")
        await desk.until(lambda: editor.text == "Be brief.")
        stored = {one.id: one.system_prompt for one in desk.session.conversations()}
        assert stored == {kind.id: "Be kind.", brief.id: "Be brief."}


async def test_what_is_typed_counts_though_the_tab_is_left_at_once(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        await desk.ask("hello")
        await desk.pilot.press("alt+p")
        await focused(desk, SystemPrompt)
        await desk.type("Be brief.")
        await desk.pilot.press("alt+s", "ctrl+n")
        first = desk.session.conversations()[-1]
        await desk.until(lambda: desk.session.conversation(first.id).system_prompt == "Be brief.")
        assert desk.pane.next.system_prompt == ""
        await desk.pilot.press("alt+p")
        await focused(desk, SystemPrompt)
        assert desk.app.screen.query_one(SystemPrompt).text == ""


async def test_letters_that_mean_nothing_in_the_tokens_go_to_the_composer(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        await desk.ask("hello")
        await desk.pilot.press("alt+t")
        await focused(desk, TokenText)
        await desk.pilot.press("r", "n", "1", "space")
        assert "● rank" in desk.screen() and desk.pane.composer.text == ""
        await desk.type("What now?")
        await desk.until(lambda: desk.pane.composer.text == "What now?")
        assert desk.pane.composer.has_focus and inspector(desk).display


async def test_letters_on_the_names_and_on_the_overflow_go_to_the_composer(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        await desk.pilot.press("alt+p")
        await focused(desk, SystemPrompt)
        await desk.pilot.press("shift+tab")
        await focused(desk, TabRow)
        await desk.type("ab")
        await desk.pilot.press("alt+p")
        await focused(desk, SystemPrompt)
        await desk.type("Be brief.")
        await desk.pilot.press("tab")
        await focused(desk, OverflowRow)
        assert "←→ choose" in desk.screen()
        await desk.pilot.press("right", "c")
        await desk.until(lambda: desk.pane.composer.text == "abc")
        assert desk.pane.next.overflow == "drop_oldest" and desk.pane.next.system_prompt == "Be brief."


async def test_what_is_in_another_tab_is_told_where_one_looks_for_it(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        await desk.pilot.press("alt+s")
        await focused(desk, ParameterList)
        await desk.type("overf")
        await desk.until(lambda: "overflow: in the System tab" in desk.screen())
        await desk.pilot.press("escape")
        await desk.until(lambda: "in the System tab" not in desk.screen())
