"""The mark on one message: where it stands, and that it never loses its place."""

from __future__ import annotations

import msgspec

from .conftest import Make, Open


async def test_a_bar_stands_at_the_left_of_the_marked_message(open_transcript: Open, message: Make) -> None:
    messages = [message(1, "question", role="user"), message(2, "two\n\nlines"), message(3, "more", role="user")]
    async with open_transcript(messages) as screen:
        before = screen.lines
        screen.transcript.put_cursor(2)
        lines = screen.lines
        assert [line[:1] for line in lines[:9]] == ["y", " ", "", "▌", "▌", "▌", "▌", "", "y"]
        assert lines[3].startswith("▌pocket") and lines[4] == "▌ two"
        screen.transcript.put_cursor(None)
        assert screen.lines == before
        assert screen.transcript.marked_message is None


async def test_the_mark_is_brought_into_view_and_stays_on_its_message(open_transcript: Open, message: Make) -> None:
    messages = [message(number, f"text {number}") for number in range(1, 200)]
    async with open_transcript(messages) as screen:
        transcript = screen.transcript
        transcript.put_cursor(100)
        await screen.pilot.pause()
        assert any("▌ text 100" in line for line in screen.lines)
        for _ in range(3):
            transcript.step_cursor(-1)
        assert any("▌ text 97" in line for line in screen.lines)
        transcript.show(messages[:150])
        assert transcript.marked_message is not None and transcript.marked_message.id == 97
        assert any("▌ text 97" in line for line in screen.lines)
        transcript.remove_from(90)
        assert transcript.marked_message is None
        transcript.put_cursor(5)
        transcript.show(messages[100:])
        assert transcript.marked_message is None


async def test_at_first_the_last_message_in_view_is_marked(open_transcript: Open, message: Make) -> None:
    messages = [message(number, f"text {number}") for number in range(1, 50)]
    async with open_transcript(messages) as screen:
        screen.transcript.step_cursor(-1)
        assert screen.transcript.marked_message is not None and screen.transcript.marked_message.id == 49
        screen.transcript.put_cursor(None)
        screen.transcript.action_scroll_home()
        await screen.pilot.pause()
        screen.transcript.step_cursor(1)
        assert screen.transcript.marked_message is not None and screen.transcript.marked_message.id < 10
        screen.transcript.step_cursor(-100)
        assert screen.transcript.marked_message.id == 1
        screen.transcript.step_cursor(100)
        assert screen.transcript.marked_message.id == 49


async def test_a_long_message_is_shown_from_its_beginning(open_transcript: Open, message: Make) -> None:
    long = "\n\n".join(f"line {number}" for number in range(60))
    messages = [message(1, "short"), message(2, long), message(3, "end")]
    async with open_transcript(messages) as screen:
        screen.transcript.put_cursor(2)
        await screen.pilot.pause()
        assert screen.lines[0].startswith("▌pocket") and "▌ line 0" in screen.lines[1]


async def test_a_growing_reply_keeps_its_mark(open_transcript: Open, message: Make) -> None:
    async with open_transcript([message(1, "a", role="user"), message(2, "", status="streaming")]) as screen:
        screen.transcript.put_cursor(2)
        screen.transcript.append_text(2, "first\n\nsecond")
        screen.transcript.flush()
        assert "▌ second" in screen.lines
        screen.transcript.replace(message(2, "first\n\nsecond\n\nthird"))
        assert "▌ third" in screen.lines


async def test_marks_are_said_in_the_head(open_transcript: Open, message: Make) -> None:
    both = msgspec.structs.replace(message(1, "text", siblings=2), pinned=True, edited=True)
    async with open_transcript([both], size=(60, 10)) as screen:
        assert screen.lines[0].startswith("pocket ‹1/2› · pinned · edited")
    async with open_transcript([both], size=(30, 10)) as screen:
        assert "edited" in screen.lines[0] and len(screen.lines[0]) <= 30
