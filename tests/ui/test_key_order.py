"""Keys that come in one burst: each is obeyed where the one before it leads."""

from __future__ import annotations

import pytest
from textual import events
from textual.widgets import Input, TextArea

from chatapp.backends.script import Script
from chatapp.ui.palette import Palette

from .conftest import Bench, Desk

LETTERS = "preset"


def burst(desk: Desk, *keys: str) -> None:
    """Let all keys come before any of them is looked at."""
    for key in keys:
        desk.app.post_message(events.Key(key, key if len(key) == 1 else None))


def typed(desk: Desk) -> str:
    """What stands in the field that has the focus."""
    field = desk.app.focused
    return field.value if isinstance(field, Input) else field.text if isinstance(field, TextArea) else ""


@pytest.mark.parametrize("key", ["ctrl+p", "ctrl+l", "ctrl+f", "ctrl+o", "alt+p", "alt+n", "f2"])
async def test_letters_go_to_what_the_key_before_them_opens(bench: Bench, key: str) -> None:
    async with bench(size=(120, 36)) as desk:
        await desk.ask("hello")
        composer = desk.pane.composer
        burst(desk, key, *LETTERS)
        await desk.until(lambda: typed(desk) == LETTERS)
        assert composer.text == "" and desk.app.focused is not composer


async def test_a_palette_that_is_resized_while_one_types_finds_what_was_typed(bench: Bench) -> None:
    async with bench() as desk:
        await desk.pilot.press("ctrl+p")
        palette = desk.app.screen
        assert isinstance(palette, Palette)
        palette.on_resize()
        burst(desk, *"theme")
        await desk.until(lambda: typed(desk) == "theme")
        await desk.until(lambda: palette.chosen is not None and palette.chosen.id == "action:switch-theme")


async def test_what_is_chosen_in_the_palette_gets_what_is_typed_behind_it(bench: Bench) -> None:
    async with bench() as desk:
        burst(desk, "a", "ctrl+p", *"theme", "enter", *"light")
        await desk.until(lambda: isinstance(desk.app.screen, Palette) and typed(desk) == "light")
        burst(desk, "escape", "b")
        await desk.until(lambda: desk.pane.composer.text == "ab")


async def test_keys_act_where_they_were_typed(bench: Bench) -> None:
    async with bench([Script(text="Yes.")]) as desk:
        await desk.ask("one")
        burst(desk, "ctrl+n", *"two", "enter", "ctrl+f", *"yes", "escape", *"three")
        await desk.until(lambda: desk.pane.composer.text == "three")
        await desk.until(lambda: len(desk.session.conversations()) == 2)
        await desk.quiet()
        assert {chat.title for chat in desk.session.conversations()} == {"one", "two"}


async def test_a_paste_keeps_its_place_among_keys(bench: Bench) -> None:
    async with bench() as desk:
        for event in (events.Key("a", "a"), events.Key("ctrl+p", None), events.Paste("the"), events.Key("m", "m")):
            desk.app.post_message(event)
        await desk.until(lambda: typed(desk) == "them")
        assert desk.pane.composer.text == "a"


async def test_keys_that_wait_in_vain_are_obeyed_in_the_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatapp.ui.key_order._GLANCE_S", 0.001)
    async with bench() as desk:
        hold = desk.app.key_order.hold()
        burst(desk, "a")
        await desk.until(lambda: desk.pane.composer.text == "a")
        hold.release()
        burst(desk, "b")
        await desk.until(lambda: desk.pane.composer.text == "ab")
