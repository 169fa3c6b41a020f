"""The panels: conversations, and how the panels fold where there is no room."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from chatapp.chat.session import Session
from chatapp.core.conversations import Conversation
from chatapp.ui.widgets.conversation_list import ConversationList
from chatapp.ui.widgets.conversation_rows import UNTITLED
from chatapp.ui.widgets.inspector import Inspector
from chatapp.ui.widgets.top_line import TopLine

from .conftest import Bench
from .test_inspector import open_inspector


async def _three(session: Session) -> None:
    for title in ("Capitals", "Story of a fox", "Regex [/] for dates"):
        conversation = await session.create()
        await session.rename(conversation.id, title)


# --- conversations


async def test_typing_filters_and_enter_opens(bench: Bench) -> None:
    async with bench(fill=_three) as desk:
        assert [row.title for row in desk.rows.conversations][::-1] == [
            "Capitals",
            "Story of a fox",
            "Regex [/] for dates",
        ]
        await desk.pilot.press("ctrl+o")
        await desk.type("fox")
        await desk.until(lambda: len(desk.rows.conversations) == 1)
        await desk.pilot.press("enter")
        await desk.until(lambda: desk.pane.conversation is not None)
        assert desk.pane.conversation.title == "Story of a fox"
        assert desk.pane.composer.has_focus


async def test_what_was_said_is_found(bench: Bench) -> None:
    async with bench() as desk:
        await desk.ask("hello")
        await desk.pilot.press("ctrl+o")
        await desk.type("once")
        await desk.until(lambda: len(desk.rows.conversations) == 1)
        desk.app.screen.query_one("#conversation-filter", Input).value = "zebra"
        await desk.until(lambda: desk.rows.conversations == [])
        assert "Nothing found" in desk.screen()


async def test_rename(bench: Bench) -> None:
    async with bench(fill=_three) as desk:
        await desk.pilot.press("ctrl+o", "down", "f2")
        await desk.pilot.pause()
        desk.app.screen.query_one(Input).value = "Another [red]name[/]"
        await desk.pilot.press("enter")
        await desk.until(lambda: "Another [red]name[/]" in [row.title for row in desk.rows.conversations])
        assert "Another [red]name" in desk.screen()


async def test_delete_and_undo(bench: Bench) -> None:
    async with bench() as desk:
        await desk.ask("hello")
        number = desk.pane.conversation_id
        await desk.pilot.press("ctrl+o", "tab", "delete")
        await desk.until(lambda: desk.rows.conversations == [])
        assert desk.pane.conversation_id is None and "Alt+Z" in desk.notices
        await desk.pilot.press("alt+z")
        await desk.until(lambda: desk.pane.conversation_id == number)
        assert desk.texts == ["hello", "Once there was a fox."]


async def test_the_header_follows_rename_delete_and_undo(bench: Bench) -> None:
    async with bench(fill=_three) as desk:
        top = desk.app.screen.query_one(TopLine)
        await desk.ask("hello")
        await desk.until(lambda: top.conversation == "hello")
        await desk.pilot.press("f2")
        await desk.type("Greeting")
        await desk.pilot.press("enter")
        await desk.until(lambda: top.conversation == "Greeting")
        used = desk.status
        await desk.pilot.press("ctrl+o", "delete")
        await desk.until(lambda: top.conversation == UNTITLED)
        assert " 0/2,048" not in used and " 0/2,048" in desk.status and desk.texts == []
        await desk.pilot.press("alt+z")
        await desk.until(lambda: top.conversation == "Greeting")
        assert desk.status.partition("ctx")[2] == used.partition("ctx")[2] and desk.texts[0] == "hello"


async def test_delete_works_from_the_filter_unless_it_deletes_a_letter(bench: Bench) -> None:
    async with bench(fill=_three) as desk:
        await desk.pilot.press("ctrl+o", "down", "delete")
        await desk.until(lambda: len(desk.rows.conversations) == 2)
        assert [row.title for row in desk.rows.conversations] == ["Regex [/] for dates", "Capitals"]
        assert desk.rows.highlighted is not None and desk.rows.highlighted.title == "Capitals"
        await desk.type("xc")
        await desk.pilot.press("home", "delete")
        assert desk.app.screen.query_one("#conversation-filter", Input).value == "c"
        await desk.pilot.pause(0.2)
        assert len(desk.session.conversations()) == 2


async def test_closing_the_list_ends_the_filter(bench: Bench) -> None:
    async with bench(fill=_three) as desk:
        await desk.pilot.press("ctrl+o")
        await desk.type("zebra")
        await desk.until(lambda: not desk.rows.conversations)
        await desk.pilot.press("ctrl+o", "ctrl+o")
        await desk.until(lambda: len(desk.rows.conversations) == 3)
        assert desk.app.screen.query_one("#conversation-filter", Input).value == ""


async def test_the_open_conversation_is_marked_at_once(bench: Bench) -> None:
    async with bench(fill=_three) as desk:
        await desk.pilot.press("ctrl+o", "down", "enter")
        await desk.until(lambda: desk.pane.conversation is not None)
        assert "▌ Story of a fox" in desk.screen()


async def test_a_click_opens(bench: Bench) -> None:
    async with bench(fill=_three) as desk:
        line = next(y for y, text in enumerate(desk.screen().split("\n")) if "Capitals" in text)
        await desk.pilot.click(offset=(6, line))
        await desk.until(lambda: desk.pane.conversation is not None)
        assert desk.pane.conversation.title == "Capitals"


async def test_ten_thousand_rows_draw_only_what_is_seen(bench: Bench) -> None:
    conversations = [
        Conversation(id=number, title=f"Conversation {number}", created_at=0.0, updated_at=1e9 - number)
        for number in range(10_000)
    ]
    async with bench() as desk:
        rows = desk.rows
        rows.show(conversations)
        await desk.pilot.pause()
        assert len(desk.app.screen.query("*")) < 60
        rows.focus()
        await desk.pilot.press("end")
        await desk.pilot.pause()
        assert rows.highlighted is not None and rows.highlighted.id == 9_999
        assert "Conversation 9999" in desk.screen()


async def test_more_rows_are_asked_for_near_the_end(bench: Bench) -> None:
    async def many(session: Session) -> None:
        for number in range(230):
            conversation = await session.create()
            await session.rename(conversation.id, f"Number {number}")

    async with bench(fill=many) as desk:
        assert len(desk.rows.conversations) == 200
        await desk.pilot.press("ctrl+o", *["pagedown"] * 20)
        await desk.until(lambda: len(desk.rows.conversations) == 230)


# --- folding


async def test_panels_fold_over_the_conversation_where_it_is_narrow(bench: Bench) -> None:
    async with bench(size=(80, 24), fill=_three) as desk:
        panel = desk.app.screen.query_one(ConversationList)
        assert not panel.display and desk.pane.size.width == 80
        await desk.pilot.press("ctrl+o")
        assert panel.display and desk.pane.size.width == 80
        await desk.pilot.press("escape")
        assert not panel.display and desk.pane.composer.has_focus
        await open_inspector(desk)
        inspector = desk.app.screen.query_one(Inspector)
        assert inspector.display and not panel.display
        await desk.pilot.press("ctrl+t")
        assert not inspector.display


async def test_resizing_loses_nothing(bench: Bench) -> None:
    async with bench() as desk:
        await desk.ask("hello")
        await desk.type("half a sentence")
        for width, height in ((20, 5), (300, 90), (29, 24), (80, 7), (31, 9), (80, 24), (1, 1), (120, 36)):
            await desk.pilot.resize_terminal(width, height)
            await desk.pilot.pause()
            if width >= 29 and (width < 30 or height < 8):
                assert "chatapp needs" in desk.screen()
        assert desk.pane.composer.text == "half a sentence"
        assert "Once there was a fox." in desk.screen()
        assert desk.app.screen.query_one(ConversationList).display


@pytest.mark.parametrize("size", [(20, 5), (1, 1)])
async def test_a_start_in_a_tiny_terminal_recovers(bench: Bench, size: tuple[int, int]) -> None:
    async with bench(size=size) as desk:
        await desk.type("hello")
        await desk.pilot.resize_terminal(80, 24)
        await desk.pilot.pause()
        assert desk.pane.composer.text == "hello" and "hello" in desk.screen()
