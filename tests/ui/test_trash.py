"""The trash: shown in the list, brought back from, emptied one by one."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from chatapp.chat.session import Session
from chatapp.core.errors import NotFound
from chatapp.core.settings import Settings
from chatapp.ui.dialogs.confirm_purge import ConfirmPurgeDialog
from chatapp.ui.widgets.conversation_list import ConversationList

from .conftest import Bench, Desk

TITLES = ("Capitals", "Story of a fox", "Regex [/] for dates")


async def _three_deleted(session: Session) -> None:
    for title in (*TITLES, "Kept"):
        conversation = await session.create()
        await session.rename(conversation.id, title)
        if title in TITLES:
            await session.delete(conversation.id)


async def open_trash(desk: Desk, *titles: str) -> ConversationList:
    """Show the trash with these titles in it, from the top."""
    await desk.pilot.press("alt+x")
    panel = desk.app.screen.query_one(ConversationList)
    await desk.until(lambda: panel.in_trash and [row.title for row in desk.rows.conversations] == list(titles))
    return panel


def listed(desk: Desk) -> list[str]:
    return [row.title for row in desk.rows.conversations]


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_the_trash_says_what_it_is(bench: Bench, size: tuple[int, int]) -> None:
    async with bench(fill=_three_deleted, size=size) as desk:
        await open_trash(desk, *TITLES[::-1])
        shown = desk.screen()
        assert "✕ TRASH" in shown and "Deleted today" in shown and "✕ Story of a fox" in shown
        assert "⏎ restore  Del delete for good" in shown and "Kept" not in shown and "+ New" not in shown
        await desk.pilot.press("escape")
        await desk.pilot.press("ctrl+o")
        await desk.until(lambda: listed(desk) == ["Kept"])
        assert "TRASH" not in desk.screen() and "✕ " not in desk.screen()


async def test_an_empty_trash_says_so(bench: Bench) -> None:
    async with bench() as desk:
        await desk.ask("hello")
        await open_trash(desk)
        await desk.until(lambda: "The trash is empty" in desk.screen())
        await desk.pilot.press("enter", "delete", "alt+x")
        await desk.until(lambda: listed(desk) == ["hello"])


async def test_enter_brings_back_and_the_trash_stays_open(bench: Bench) -> None:
    async with bench(fill=_three_deleted) as desk:
        await desk.ask("hello")
        await open_trash(desk, *TITLES[::-1])
        await desk.pilot.press("down", "enter")
        await desk.until(lambda: listed(desk) == ["Regex [/] for dates", "Capitals"])
        assert desk.texts[0] == "hello"
        assert "brought back: Story of a fox" in desk.status
        await desk.pilot.press("enter", "escape")
        await desk.until(lambda: set(listed(desk)) == {"hello", "Kept", "Story of a fox", "Regex [/] for dates"})
        assert "↩ Regex [/] for dates" in desk.screen()


async def test_what_comes_back_is_opened_only_where_nothing_is(bench: Bench) -> None:
    async with bench() as desk:
        for text in ("one", "two"):
            await desk.pilot.press("ctrl+n")
            await desk.ask(text)
        await desk.pilot.press("ctrl+o", "delete")
        await desk.until(lambda: listed(desk) == ["one"] and desk.pane.conversation is None)
        await desk.pilot.press("escape", "d", "alt+z")
        await desk.until(lambda: listed(desk) == ["two", "one"])
        assert desk.pane.conversation is None and desk.pane.composer.text == "d"
        assert "↩ two" in desk.screen() and "brought back: two" in desk.status
        await desk.pilot.press("ctrl+o", "delete", "escape", "backspace", "alt+z")
        await desk.until(lambda: desk.texts[:1] == ["two"])
        assert "▌ two" in desk.screen() and "↩" not in desk.screen()
        await desk.pilot.press("alt+z")
        await desk.until(lambda: "Alt+X" in desk.notices)


async def test_deleting_for_good_asks_and_says_how_much(bench: Bench) -> None:
    async with bench() as desk:
        await desk.ask("hello")
        await desk.ask("again")
        number = desk.pane.conversation_id or 0
        await desk.pilot.press("ctrl+o", "delete")
        await desk.until(lambda: listed(desk) == [])
        await open_trash(desk, "hello")
        for keep in ("enter", "escape", "n"):
            await desk.pilot.press("delete")
            await desk.until(lambda: isinstance(desk.app.screen, ConfirmPurgeDialog))
            assert "4 messages" in desk.screen() and "hello" in desk.screen()
            await desk.pilot.press(keep)
            await desk.until(lambda: not isinstance(desk.app.screen, ConfirmPurgeDialog))
        assert listed(desk) == ["hello"]
        await desk.pilot.press("shift+delete", "y")
        await desk.until(lambda: listed(desk) == [])
        assert "deleted for good: hello" in desk.status and "The trash is empty" in desk.screen()
        with pytest.raises(NotFound):
            desk.session.conversation(number)
        await desk.pilot.press("alt+z")
        await desk.until(lambda: "Nothing was deleted" in desk.notices)


async def test_the_mouse_deletes_for_good(bench: Bench) -> None:
    async with bench(fill=_three_deleted) as desk:
        await open_trash(desk, *TITLES[::-1])
        await desk.pilot.press("shift+delete")
        await desk.until(lambda: isinstance(desk.app.screen, ConfirmPurgeDialog))
        assert "Regex [/] for dates" in desk.screen() and "0 messages" in desk.screen()
        await desk.pilot.click("#purge")
        await desk.until(lambda: listed(desk) == ["Story of a fox", "Capitals"])


async def test_outside_of_the_trash_nothing_goes_for_good(bench: Bench) -> None:
    async with bench() as desk:
        await desk.ask("hello")
        await desk.pilot.press("ctrl+o", "shift+delete")
        await desk.until(lambda: "Only what lies in the trash" in desk.notices)
        assert listed(desk) == ["hello"]


async def test_the_trash_is_filtered_by_title(bench: Bench) -> None:
    async with bench(fill=_three_deleted) as desk:
        panel = await open_trash(desk, *TITLES[::-1])
        await desk.type("fox")
        await desk.until(lambda: listed(desk) == ["Story of a fox"])
        await desk.type("x")
        await desk.until(lambda: "Nothing found in the trash" in desk.screen())
        await desk.pilot.press("escape", "ctrl+o")
        await desk.until(lambda: listed(desk) == ["Kept"])
        assert not panel.in_trash and panel.query_one(Input).value == ""


async def test_the_trash_opens_a_list_that_was_closed(bench: Bench) -> None:
    async with bench(fill=_three_deleted, settings=Settings(show_conversations=False)) as desk:
        await open_trash(desk, *TITLES[::-1])
        assert desk.app.focused is desk.app.screen.query_one("#conversation-filter")
        await desk.pilot.click("#new-conversation")
        await desk.until(lambda: listed(desk) == ["Kept"])
        assert desk.pane.conversation is None


async def test_the_last_deleted_stands_first(bench: Bench) -> None:
    async with bench(fill=_three_deleted) as desk:
        (capitals,) = [row for row in desk.session.conversations(trash=True) if row.title == "Capitals"]
        await desk.session.restore(capitals.id)
        await desk.session.delete(capitals.id)
        await open_trash(desk, "Capitals", "Regex [/] for dates", "Story of a fox")


async def test_what_was_typed_for_it_goes_for_good_too(bench: Bench) -> None:
    async with bench() as desk:
        await desk.ask("hello")
        place = desk.pane.place
        await desk.type("a secret half")
        await desk.pilot.press("ctrl+o", "delete")
        await desk.until(lambda: desk.pane.conversation is None)
        assert desk.pane._unsent.drafts.get(place) == "a secret half"
        await open_trash(desk, "hello")
        await desk.pilot.press("shift+delete", "y")
        await desk.until(lambda: "deleted for good" in desk.status)
        assert desk.pane._unsent.drafts.get(place) == ""
