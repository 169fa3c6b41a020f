"""When the conversation no longer fits: the choice in the inspector, and the line above what the model still sees."""

from __future__ import annotations

import msgspec
from textual.widgets import Static

from chatapp.backends.script import Script
from chatapp.core.conversations import View
from chatapp.core.settings import Settings
from chatapp.ui.widgets.inspector.system_tab import SystemPrompt
from chatapp.ui.widgets.overflow_row import OverflowRow

from .conftest import MODEL, SLOW, Bench, Desk

SMALL = msgspec.structs.replace(MODEL, context_size=256)
WORDS = "one two three four five six seven eight nine ten "
COUNTING = (Script(text=WORDS * 2),)
LINE = "above this line: no longer seen by the model"


async def open_row(desk: Desk) -> OverflowRow:
    """Open the inspector and go to the row."""
    await desk.pilot.press("alt+p")
    await desk.until(lambda: isinstance(desk.app.screen.focused, SystemPrompt))
    await desk.pilot.press("tab")
    row = desk.app.screen.focused
    assert isinstance(row, OverflowRow)
    return row


def _help(desk: Desk) -> str:
    return str(desk.app.screen.query_one("#overflow-help", Static).visual)


def _line_of(desk: Desk, text: str) -> str:
    return next(line for line in desk.screen().split("\n") if text in line)


async def talk(desk: Desk, count: int) -> None:
    for number in range(count):
        await desk.ask(f"{number}: {WORDS * 2}")


# --- the choice


async def test_the_row_steps_turns_and_goes_back(bench: Bench) -> None:
    async with bench() as desk:
        row = await open_row(desk)
        assert "default" in _line_of(desk, "▌overflow") and " stop" in _line_of(desk, "▌overflow")
        assert "is refused" in _help(desk)
        await desk.pilot.press("right")
        assert desk.pane.next.overflow == row.choice == "drop_oldest"
        assert "‹ drop_oldest ›  edit ↺" in _line_of(desk, "▌overflow") and "system prompt stays" in _help(desk)
        await desk.pilot.press("right", "right")
        assert desk.pane.next.overflow == "shift"
        await desk.pilot.press("space")
        assert desk.pane.next.overflow == "stop"
        await desk.pilot.press("enter", "left", "left", "enter", "backspace")
        assert desk.pane.next.overflow == "stop" and "default" in _line_of(desk, "▌overflow")
        await desk.pilot.press("up")
        assert isinstance(desk.app.screen.focused, SystemPrompt)


async def test_the_mouse_turns_and_resets(bench: Bench) -> None:
    async with bench(size=(160, 48)) as desk:
        row = await open_row(desk)
        await desk.pilot.click(row, offset=(row.size.width - 15, 0))
        assert desk.pane.next.overflow == "drop_oldest"
        await desk.pilot.click(row, offset=(2, 0))
        assert desk.pane.next.overflow == "drop_oldest"
        await desk.pilot.click(row, offset=(row.size.width - 4, 0))
        assert desk.pane.next.overflow == "stop"


async def test_the_choice_belongs_to_the_conversation(bench: Bench) -> None:
    async with bench(settings=Settings(overflow="shift"), size=(160, 48)) as desk:
        row = await open_row(desk)
        assert desk.pane.next.overflow == "shift" and "default" in _line_of(desk, "▌overflow")
        await desk.pilot.press("left")
        await desk.ask("Hello.")
        (conversation,) = desk.session.conversations()
        assert conversation.overflow == "drop_oldest"
        assert desk.backend.requests[-1].overflow == "drop_oldest"
        await desk.pilot.press("ctrl+n")
        assert desk.pane.next.overflow == row.choice == "shift"
        desk.app.get_default_screen().open_id(conversation.id)
        await desk.pilot.pause()
        assert desk.pane.next.overflow == row.choice == "drop_oldest"
        row.focus()
        await desk.pilot.press("space")
        await desk.until(lambda: desk.session.conversation(conversation.id).overflow == "shift")


async def test_while_a_reply_is_written_it_counts_from_the_next_message(bench: Bench) -> None:
    async with bench((Script(text=WORDS * 40, tokens_per_second=SLOW),)) as desk:
        await desk.say("Count.")
        await desk.until(lambda: bool(desk.pane.stream.writing))
        await open_row(desk)
        await desk.until(lambda: "Counts from the next message on" in _help(desk))
        await desk.pilot.press("right")
        assert desk.backend.requests[-1].overflow == "stop"


# --- the line


async def test_the_line_stands_above_what_is_seen_and_comes_back(bench: Bench) -> None:
    async with bench(COUNTING, card=SMALL, settings=Settings(overflow="drop_oldest"), size=(110, 60)) as desk:
        await talk(desk, 2)
        assert LINE not in desk.screen()
        await talk(desk, 8)
        (conversation,) = desk.session.conversations()
        thread = desk.session.thread(conversation.id)
        generation = thread[-1].generation
        assert generation is not None and generation.view is not None and generation.view.left_out
        shown = desk.screen().split("\n")
        place = next(number for number, line in enumerate(shown) if LINE in line)
        assert f"({generation.view.left_out} messages) ───" in shown[place]
        first = next(message for message in thread if message.id == generation.view.began_at)
        assert "you" in shown[place + 2] and first.text.split(":")[0] + ": one" in shown[place + 3]
        assert desk.screen().count(LINE) == 1

        await desk.pilot.press("ctrl+n")
        assert LINE not in desk.screen()
        desk.app.get_default_screen().open_id(conversation.id)
        await desk.until(lambda: LINE in desk.screen())
        assert [line for line in desk.screen().split("\n") if LINE in line] == [shown[place]]


async def test_the_line_is_there_while_the_reply_is_written(bench: Bench) -> None:
    scripts = (*COUNTING * 8, Script(text=WORDS * 2, tokens_per_second=SLOW / 10))
    async with bench(scripts, card=SMALL, settings=Settings(overflow="drop_oldest"), size=(110, 60)) as desk:
        for _ in range(8):
            await desk.ask(WORDS)
        before = desk.session.thread(desk.pane.conversation_id or 0)[-1].generation
        await desk.say(WORDS * 6)
        await desk.until(lambda: bool(desk.backend.generations[8:]))
        left_out = desk.backend.generations[-1].prepared.left_out
        assert before is not None and before.view is not None and left_out > before.view.left_out
        await desk.until(lambda: f"({left_out} messages)" in desk.screen())
        assert desk.pane.stream.writing


async def test_a_sibling_that_saw_everything_has_no_line(bench: Bench) -> None:
    async with bench(COUNTING, card=SMALL, settings=Settings(overflow="drop_oldest"), size=(110, 60)) as desk:
        await talk(desk, 7)
        assert LINE in desk.screen()
        desk.backend._card = MODEL
        await desk.pilot.press("ctrl+r")
        await desk.until(lambda: desk.pane.transcript.messages[-1].siblings == 2)
        await desk.quiet()
        await desk.until(lambda: LINE not in desk.screen())
        await desk.pilot.press("alt+left")
        await desk.until(lambda: LINE in desk.screen())


async def test_where_the_line_has_no_room_its_words_stand_below(bench: Bench) -> None:
    async with bench(COUNTING, card=SMALL, settings=Settings(overflow="drop_oldest"), size=(40, 50)) as desk:
        await talk(desk, 7)
        shown = desk.screen().split("\n")
        place = next(number for number, line in enumerate(shown) if "above this line" in line)
        assert "─────" in shown[place - 1] and "messages)" in shown[place + 1]


async def test_a_line_above_messages_that_are_gone_goes_too(bench: Bench) -> None:
    async with bench(COUNTING, card=SMALL, settings=Settings(overflow="drop_oldest"), size=(110, 60)) as desk:
        await talk(desk, 7)
        transcript = desk.pane.transcript
        first = transcript.messages[0].id
        transcript.mark_view(View(began_at=transcript.messages[-1].id, left_out=3))
        await desk.until(lambda: "(3 messages)" in desk.screen())
        transcript.remove_from(transcript.messages[-1].id)
        transcript.mark_view(View(began_at=10**9, left_out=3))
        await desk.until(lambda: LINE not in desk.screen())
        transcript.mark_view(View(began_at=first, left_out=1))
        transcript.action_scroll_home()
        await desk.until(lambda: "(1 message)" in desk.screen())


# --- while the reply runs


async def test_a_shift_is_said_below_the_reply_and_counted(bench: Bench) -> None:
    async with bench((Script(text=WORDS * 40),), card=SMALL, settings=Settings(overflow="shift")) as desk:
        await desk.ask("Count.")
        await desk.until(lambda: "shifted" in desk.screen())
        generation = desk.session.thread(desk.pane.conversation_id or 0)[-1].generation
        assert generation is not None and len(generation.shifts) > 1
        said = " ".join(desk.screen().split())
        assert f"shifted {len(generation.shifts)} times; from token {generation.shifts[-1].offset:,}" in said
        assert f"no longer sees {generation.forgotten_tokens:,} older tokens" in said
        used = (generation.prompt_tokens or 0) + (generation.reply_tokens or 0) - generation.forgotten_tokens
        assert used <= 256 and f"{used}/256" in desk.status
        number = desk.pane.conversation_id or 0
        await desk.pilot.press("ctrl+n")
        desk.app.get_default_screen().open_id(number)
        await desk.until(lambda: "shifted" in desk.screen())
        assert f"{used}/256" in desk.status


async def test_a_full_context_says_what_else_there_is(bench: Bench) -> None:
    async with bench(COUNTING, card=SMALL, size=(160, 70)) as desk:
        await talk(desk, 6)
        await desk.until(lambda: "drop_oldest or shift" in desk.notices)
        await desk.quiet()
        assert desk.pane.composer.text.strip() == f"5: {WORDS * 2}".strip()
        await open_row(desk)
        await desk.pilot.press("right")
        desk.pane.composer.focus()
        await desk.pilot.press("enter")
        await desk.until(lambda: LINE in desk.screen())
        await desk.quiet()
        assert desk.session.thread(desk.pane.conversation_id or 0)[-1].status == "complete"
