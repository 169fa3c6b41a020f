"""The panels: conversations, inspector, and how they fold where there is no room."""

from __future__ import annotations

import pytest
from textual.widgets import Input, Static, TextArea

from chatapp.chat.session import Session
from chatapp.core.conversations import Conversation
from chatapp.core.parameters import PARAMETERS
from chatapp.ui.widgets.conversation_list import ConversationList
from chatapp.ui.widgets.conversation_rows import UNTITLED
from chatapp.ui.widgets.inspector import Inspector, SystemPrompt
from chatapp.ui.widgets.parameter_row import ParameterRow
from chatapp.ui.widgets.top_line import TopLine

from .conftest import Bench, Desk


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
        assert desk.status == used and desk.texts[0] == "hello"


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


# --- the inspector


async def test_a_row_for_every_parameter(bench: Bench) -> None:
    async with bench() as desk:
        await _open_inspector(desk)
        assert [row.parameter.name for row in desk.app.screen.query(ParameterRow)] == list(PARAMETERS)
        assert "temperature" in desk.screen() and "model" in desk.screen()


async def test_values_are_used_from_the_next_message_on(bench: Bench) -> None:
    async with bench() as desk:
        await _open_inspector(desk)
        await desk.pilot.press("right", "down", "4", "0", "enter")
        desk.app.screen.query_one("#system-prompt", TextArea).text = "Be brief."
        await desk.ask("hello")
        request = desk.backend.requests[-1]
        assert request.edits == {"temperature": 0.75, "top_k": 40}
        assert request.messages[0].text == "Be brief."
        stored = desk.session.conversation(desk.pane.conversation_id)
        assert stored.system_prompt == "Be brief." and stored.edits == {"temperature": 0.75, "top_k": 40}


async def test_a_bad_value_says_why_and_keeps_the_old(bench: Bench) -> None:
    async with bench() as desk:
        await _open_inspector(desk)
        await desk.pilot.press("1", "enter", "9", "9", "9", "enter")
        await desk.pilot.pause()
        assert desk.pane.edits == {"temperature": 1.0}
        assert "temperature can't be" in desk.screen()


async def test_keys_of_a_row(bench: Bench) -> None:
    async with bench() as desk:
        await _open_inspector(desk)
        await desk.pilot.press("shift+right")
        assert desk.pane.edits["temperature"] == 1.2
        await desk.pilot.press("0", "home", "enter")
        assert desk.pane.edits["temperature"] == 0.0
        assert "unused" in desk.screen()
        await desk.pilot.press("delete")
        assert desk.pane.edits == {}
        await desk.pilot.press("5", "escape")
        assert desk.pane.edits == {} and desk.app.screen.query_one("#parameter-temperature", ParameterRow).typed is None


async def test_arrows_stay_among_the_parameters_and_tab_leaves_them(bench: Bench) -> None:
    async with bench() as desk:
        await _open_inspector(desk)
        rows = list(desk.app.screen.query(ParameterRow))
        await desk.pilot.press("up")
        assert rows[0].has_focus and "▌temperature" in desk.screen()
        await desk.pilot.press("home", "end", "down", "7", "down")
        assert rows[-1].has_focus and desk.pane.composer.text == ""
        await desk.pilot.press("home", "down", "up")
        assert rows[0].has_focus and "temperature" not in desk.pane.edits
        await desk.pilot.press("shift+tab")
        assert isinstance(desk.app.screen.focused, SystemPrompt)
        await desk.pilot.press("tab", "tab")
        assert not isinstance(desk.app.screen.focused, ParameterRow | SystemPrompt)


async def test_switches_turn_and_unset(bench: Bench) -> None:
    async with bench() as desk:
        await _open_inspector(desk)
        row = desk.app.screen.query_one("#parameter-ignore_eos", ParameterRow)
        row.focus()
        await desk.pilot.press("space")
        assert desk.pane.edits == {"ignore_eos": True}
        await desk.pilot.press("backspace")
        assert desk.pane.edits == {}


async def test_stop_texts_are_edited_in_a_dialog(bench: Bench) -> None:
    async with bench() as desk:
        await _open_inspector(desk)
        desk.app.screen.query_one("#parameter-stop", ParameterRow).focus()
        await desk.pilot.press("enter")
        await desk.pilot.pause()
        await desk.type("User:")
        await desk.pilot.press("ctrl+j")
        await desk.type("\\n\\n")
        await desk.pilot.press("enter")
        await desk.until(lambda: desk.pane.edits == {"stop": ("User:", "\n\n")})


async def test_the_mouse_drags_and_resets(bench: Bench) -> None:
    async with bench(size=(160, 48)) as desk:
        await _open_inspector(desk)
        row = desk.app.screen.query_one("#parameter-top_p", ParameterRow)
        length = row._track_length()
        await desk.pilot.mouse_down(row, offset=(19, 0))
        await desk.pilot.hover(row, offset=(19 + length // 2, 0))
        await desk.pilot.mouse_up(row, offset=(19 + length // 2, 0))
        assert 0.4 <= desk.pane.edits["top_p"] <= 0.6
        await desk.pilot.click(row, offset=(row.size.width - 7, 0))
        await desk.until(lambda: desk.pane.edits == {})


async def test_help_follows_the_focus(bench: Bench) -> None:
    async with bench() as desk:
        await _open_inspector(desk)
        desk.app.screen.query_one("#parameter-max_new_tokens", ParameterRow).focus()
        await desk.pilot.pause()
        help_text = desk.app.screen.query_one("#parameter-help", Static).visual.plain
        assert "max_new_tokens" in help_text and "unset" in help_text


# --- folding


async def test_panels_fold_over_the_conversation_where_it_is_narrow(bench: Bench) -> None:
    async with bench(size=(80, 24), fill=_three) as desk:
        panel = desk.app.screen.query_one(ConversationList)
        assert not panel.display and desk.pane.size.width == 80
        await desk.pilot.press("ctrl+o")
        assert panel.display and desk.pane.size.width == 80
        await desk.pilot.press("escape")
        assert not panel.display and desk.pane.composer.has_focus
        await _open_inspector(desk)
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


async def _open_inspector(desk: Desk) -> None:
    await desk.pilot.press("ctrl+t")
    await desk.until(lambda: isinstance(desk.app.screen.focused, ParameterRow))
