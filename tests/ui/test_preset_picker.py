"""Presets in the inspector: which is in use, another chosen, what is set saved as one, one kept as the default."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from chatapp.backends.script import Script
from chatapp.core.presets import Preset
from chatapp.core.settings import Settings
from chatapp.storage.presets import Presets
from chatapp.ui.dialogs.save_preset import SavePresetDialog
from chatapp.ui.palette import Palette
from chatapp.ui.widgets.inspector.system_tab import SystemPrompt
from chatapp.ui.widgets.parameter_list import ParameterList
from chatapp.ui.widgets.preset_row import PresetRow

from .conftest import SLOW, Bench, Desk

WIDE = (160, 48)
LONG = (Script(text="Once there was a fox who knew three things. " * 400, tokens_per_second=SLOW),)
SOBER = Preset(name="sober", description="Calm and short.", sampling={"top_k": 5}, system_prompt="Be sober.")


@pytest.fixture
def book(tmp_path: Path) -> Presets:
    presets = Presets(tmp_path / "presets")
    presets.save(SOBER)
    (tmp_path / "presets" / "broken.toml").write_text("top_k = [/]\x1b]52;c;", encoding="utf-8")
    return presets


async def _open_sampling(desk: Desk) -> PresetRow:
    await desk.pilot.press("alt+s")
    await desk.until(lambda: isinstance(desk.app.screen.focused, ParameterList))
    return desk.app.screen.query_one(PresetRow)


async def open_presets(desk: Desk) -> Input:
    """Open the list and return the line to type in."""
    desk.app.get_default_screen().action_perform("choose-preset")
    await desk.until(lambda: isinstance(desk.app.screen, Palette) and bool(desk.app.screen.query(Input)))
    return desk.app.screen.query_one(Input)


async def _choose(desk: Desk, words: str) -> None:
    """Choose an entry of the list by a few letters."""
    (await open_presets(desk)).value = words
    await desk.pilot.pause()
    await desk.pilot.press("enter")
    await desk.until(lambda: not isinstance(desk.app.screen, Palette))


async def _save(desk: Desk, name: str) -> None:
    """Type a name in the dialog and confirm it."""
    await desk.until(lambda: isinstance(desk.app.screen, SavePresetDialog) and bool(desk.app.screen.query(Input)))
    desk.app.screen.query_one(Input).value = name
    await desk.pilot.pause()
    await desk.pilot.press("enter")
    await desk.pilot.pause()


@pytest.mark.parametrize("size", [WIDE, (80, 24)])
async def test_the_row_opens_the_list_and_another_counts_from_the_next_message_on(
    bench: Bench, book: Presets, size: tuple[int, int]
) -> None:
    async with bench(presets=book, size=size) as desk:
        row = await _open_sampling(desk)
        assert "preset  none ▾" in desk.screen()
        row.focus()
        await desk.pilot.press("enter")
        await desk.until(lambda: "Calm and short." in desk.screen())
        assert "balanced" in desk.screen() and "Varied and coherent" in desk.screen() and "● in use" in desk.screen()
        desk.app.screen.query_one(Input).value = "sober"
        await desk.pilot.pause()
        await desk.pilot.press("enter")
        await desk.until(lambda: "preset  sober ▾" in desk.screen())
        assert desk.session.preset == SOBER and "sober counts from the next message on." in desk.notices
        await desk.until(lambda: "5  preset" in desk.screen())
        await desk.ask("hello")
        request = desk.backend.requests[-1]
        assert request.preset == {"top_k": 5} and request.messages[0].text == "Be sober."


async def test_a_click_opens_the_list(bench: Bench, book: Presets) -> None:
    async with bench(presets=book, size=WIDE) as desk:
        row = await _open_sampling(desk)
        await desk.pilot.click(row, offset=(12, 0))
        await desk.until(lambda: isinstance(desk.app.screen, Palette))
        await desk.pilot.press("escape")
        await desk.until(lambda: not isinstance(desk.app.screen, Palette))
        assert desk.session.preset is None


async def test_values_set_here_stand_above_it_and_that_is_said(bench: Bench, book: Presets) -> None:
    async with bench(presets=book, size=WIDE) as desk:
        rows = await _open_sampling(desk)
        desk.app.screen.query_one(ParameterList).go_to("top_k")
        await desk.pilot.press("9", "enter")
        await desk.until(lambda: desk.pane.next.edits == {"top_k": 9})
        await _choose(desk, "sober")
        await desk.until(lambda: "1 set over it" in rows.render().plain)
        assert "Set here, above it: top_k." in desk.notices
        desk.app.screen.query_one(ParameterList).focus()
        await desk.pilot.press("delete")
        await desk.until(lambda: "set over it" not in rows.render().plain)


async def test_a_running_reply_keeps_its_values(bench: Bench, book: Presets) -> None:
    async with bench(LONG, presets=book, size=WIDE) as desk:
        await desk.say("Tell me more.")
        await desk.until(lambda: bool(desk.pane.stream.writing))
        await _choose(desk, "sober")
        await desk.until(lambda: "The reply that is being written keeps its values." in desk.notices)
        assert desk.backend.requests[-1].preset == {}


async def test_an_empty_conversation_gets_the_prompt_and_one_that_is_written_keeps_its_own(
    bench: Bench, book: Presets
) -> None:
    async with bench(presets=book, size=WIDE) as desk:
        await desk.pilot.press("alt+p")
        await desk.until(lambda: isinstance(desk.app.screen.focused, SystemPrompt))
        await _choose(desk, "sober")
        await desk.until(lambda: desk.app.screen.query_one(SystemPrompt).text == "Be sober.")
        assert "from the preset sober" in desk.screen()
        await _choose(desk, "none")
        await desk.until(lambda: desk.pane.next.system_prompt == "")
        await desk.ask("hello")
        await _choose(desk, "sober")
        assert desk.pane.next.system_prompt == "" and desk.app.screen.query_one(SystemPrompt).text == ""


async def test_a_broken_one_says_why_and_changes_nothing(bench: Bench, book: Presets) -> None:
    async with bench(presets=book) as desk:
        await _choose(desk, "broken")
        await desk.until(lambda: "broken.toml" in desk.notices)
        assert desk.session.preset is None


async def test_what_is_in_force_is_saved_under_a_name(bench: Bench, book: Presets) -> None:
    async with bench(presets=book, size=WIDE) as desk:
        await _choose(desk, "sober")
        await _open_sampling(desk)
        desk.app.screen.query_one(ParameterList).go_to("temperature")
        await desk.pilot.press("1", "enter")
        await desk.until(lambda: desk.pane.next.edits == {"temperature": 1.0})
        desk.app.get_default_screen().action_perform("save-preset")
        await _save(desk, "Not A Name")
        assert "can't be called" in " ".join(desk.screen().split()) and isinstance(desk.app.screen, SavePresetDialog)
        await _save(desk, "lively")
        await desk.until(lambda: "Saved as the preset “lively”." in desk.notices)
        saved = book.find("lively").usable
        assert saved.sampling == {"top_k": 5, "temperature": 1.0} and saved.system_prompt == "Be sober."


async def test_a_name_that_is_taken_is_replaced_only_when_confirmed(bench: Bench, book: Presets) -> None:
    async with bench(presets=book) as desk:
        desk.pane.next.change(system_prompt="Be merry.")
        desk.app.get_default_screen().action_perform("save-preset")
        await _save(desk, "sober")
        assert "There is a preset “sober” of yours already." in " ".join(desk.screen().split())
        assert book.find("sober").usable == SOBER
        await desk.pilot.press("enter")
        await desk.until(lambda: "Saved as" in desk.notices)
        assert book.find("sober").usable.system_prompt == "Be merry."
        desk.app.get_default_screen().action_perform("save-preset")
        await _save(desk, "balanced")
        await desk.until(lambda: "hides the shipped one" in desk.notices)


async def test_where_nothing_is_set_nothing_is_saved(bench: Bench, book: Presets) -> None:
    async with bench(presets=book) as desk:
        desk.app.get_default_screen().action_perform("save-preset")
        await desk.until(lambda: "There is nothing to save" in desk.notices)
        desk.app.get_default_screen().action_perform("choose-preset")
        await desk.until(lambda: "experimental" in desk.screen())
        assert "Save as a preset" not in desk.screen() and "Begin with" not in desk.screen()


async def test_the_one_in_use_is_kept_as_the_default(bench: Bench, book: Presets) -> None:
    async with bench(presets=book, settings=Settings(preset="balanced")) as desk:
        await _choose(desk, "sober")
        await _choose(desk, "begin with sober")
        assert desk.saved == {"preset": "sober"} and "begins with the preset sober" in desk.notices
        desk.app.get_default_screen().action_perform("choose-preset")
        await desk.until(lambda: "default · ● in use" in desk.screen())
        await desk.pilot.press("escape")
        await _choose(desk, "none")
        await _choose(desk, "begin with none")
        assert desk.saved == {"preset": None}


async def test_without_a_book_there_is_none_to_choose(bench: Bench) -> None:
    async with bench() as desk:
        desk.pane.next.change(system_prompt="Be merry.")
        desk.app.get_default_screen().action_perform("save-preset")
        await _save(desk, "merry")
        assert "no place to keep" in " ".join(desk.screen().split())
