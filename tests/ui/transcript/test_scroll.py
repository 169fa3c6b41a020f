"""The reader decides what is in view: the end is followed only from the end, and nothing ever jumps."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from chatapp.core.conversations import StoredMessage


def conversation(message: Callable[..., StoredMessage], count: int) -> list[StoredMessage]:
    """Messages of very different heights, so that estimates are wrong."""
    return [
        message(number, f"first of {number}\n\n" + "\n".join(f"{number}.{line}" for line in range(number * 7 % 40)))
        for number in range(1, count + 1)
    ]


async def test_opens_at_the_end(open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]) -> None:
    async with open_transcript(conversation(message, 50)) as screen:
        assert screen.transcript.follow
        assert screen.transcript.at_end
        assert screen.lines[-2].strip() == f"50.{50 * 7 % 40 - 1}"


async def test_the_end_is_followed_while_a_reply_grows(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    async with open_transcript([message(1, "q", role="user"), message(2, status="streaming")]) as screen:
        for number in range(60):
            screen.transcript.append_text(2, f"line {number}\n")
            screen.transcript.flush()
            assert screen.lines[-2].strip() in (f"line {number}", "") or number < 18
        await screen.pilot.pause()
        assert "line 59" in screen.lines[-2]
        assert screen.transcript.scroll_y == screen.transcript.max_scroll_y


async def test_a_reader_who_scrolled_up_is_left_alone(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    async with open_transcript([*conversation(message, 5), message(6, status="streaming")]) as screen:
        await screen.pilot.press("pageup")
        before = screen.lines
        assert not screen.transcript.follow
        for number in range(40):
            screen.transcript.append_text(6, f"line {number}\n\n")
            screen.transcript.flush()
        await screen.pilot.pause()
        assert screen.lines == before
        screen.transcript.replace(message(6, "all of it\n" * 50))
        screen.transcript.add(message(7, "next", role="user"))
        assert screen.lines == before
        await screen.pilot.press("end")
        assert screen.transcript.follow
        assert screen.lines[-2].strip() == "next"


async def test_scrolling_to_the_end_follows_again(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    async with open_transcript(conversation(message, 9)) as screen:
        await screen.pilot.press("up", "up", "up")
        assert not screen.transcript.follow
        await screen.pilot.press("down", "down")
        assert not screen.transcript.follow
        await screen.pilot.press("down")
        assert screen.transcript.follow


async def test_going_up_line_by_line_skips_and_repeats_nothing(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    messages = conversation(message, 30)
    async with open_transcript(messages) as screen:
        seen = list(reversed(screen.lines))
        for _ in range(5000):
            before = screen.lines
            screen.transcript.scroll_up(animate=False)
            after = screen.lines
            if after == before:
                break
            assert after[1:] == before[:-1]
            seen.append(after[0])
        assert screen.transcript.scroll_y == 0
        shown = [line.strip() for line in reversed(seen)]
        for number in range(1, 31):
            for line in range(number * 7 % 40):
                assert f"{number}.{line}" in shown
        assert len(shown) == screen.transcript.virtual_size.height


async def test_pages_overlap_nothing_and_miss_nothing(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    async with open_transcript(conversation(message, 30)) as screen:
        await screen.pilot.press("home")
        assert screen.lines[0].startswith("pocket")
        assert not screen.transcript.follow
        seen = screen.lines
        while not screen.transcript.at_end:
            before = screen.transcript.scroll_y
            await screen.pilot.press("pagedown")
            seen += screen.lines[-round(screen.transcript.scroll_y - before) :]
        assert [line.strip() for line in seen if "." in line] == [
            f"{number}.{line}" for number in range(1, 31) for line in range(number * 7 % 40)
        ]


async def test_resizing_keeps_the_line_at_the_top(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    words = " ".join(f"w{number}" for number in range(400))
    async with open_transcript([message(number, words) for number in range(1, 8)], size=(60, 20)) as screen:
        await screen.pilot.press("pageup", "pageup")
        top = screen.lines[0].split()[0]
        for width in (30, 90, 25, 60):
            await screen.pilot.resize_terminal(width, 20)
            await screen.pilot.pause()
            assert top in screen.lines[0].split()
            top = screen.lines[0].split()[0]
            assert not screen.transcript.follow


async def test_resizing_at_the_end_stays_at_the_end(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    async with open_transcript(conversation(message, 20)) as screen:
        for size in ((30, 20), (50, 10), (50, 40), (20, 5), (80, 24)):
            await screen.pilot.resize_terminal(*size)
            await screen.pilot.pause()
            assert screen.transcript.follow
            assert screen.transcript.at_end
            assert screen.lines[-2].strip() == f"20.{20 * 7 % 40 - 1}"


async def test_random_walks_keep_the_books(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    chance = random.Random(7)
    async with open_transcript(conversation(message, 60)) as screen:
        transcript = screen.transcript
        for step in range(120):
            match chance.randrange(6):
                case 0:
                    transcript.scroll_to(y=chance.randrange(max(1, transcript.virtual_size.height)), animate=False)
                case 1:
                    transcript.scroll_relative(y=chance.randrange(-90, 90), animate=False)
                case 2:
                    transcript.add(message(1000 + step, "more\n" * chance.randrange(30)))
                case 3:
                    transcript.replace(message(chance.randrange(1, 61), "other\n" * chance.randrange(1, 30)))
                case 4:
                    transcript.toggle_thoughts()
                case _:
                    await screen.pilot.resize_terminal(chance.randrange(15, 90), chance.randrange(4, 40))
                    await screen.pilot.pause()
            viewport = transcript.viewport
            assert transcript.virtual_size.height == viewport.heights.total
            assert transcript.scroll_y == viewport.top
            assert transcript.follow == viewport.follow
            rows = viewport.rows
            assert len(rows) == min(transcript.size.height, viewport.heights.total)
            assert [row.message for row in rows] == sorted(row.message for row in rows)
            if transcript.follow:
                assert transcript.at_end


async def test_the_wheel_scrolls(open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]) -> None:
    async with open_transcript(conversation(message, 9)) as screen:
        end = screen.transcript.scroll_y
        screen.transcript._scroll_up_for_pointer()
        assert screen.transcript.scroll_y < end
        assert not screen.transcript.follow


async def test_follow_can_be_set(open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]) -> None:
    async with open_transcript(conversation(message, 9)) as screen:
        await screen.pilot.press("home")
        screen.transcript.follow = True
        assert screen.transcript.at_end


async def test_folding_does_not_pull_text_from_under_the_reader(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    async with open_transcript([message(1, "q", role="user"), message(2, status="streaming")]) as screen:
        screen.transcript.append_reasoning(2, "\n\n".join(f"thought {number}" for number in range(30)))
        screen.transcript.flush()
        await screen.pilot.press("pageup")
        before = screen.lines
        assert any("thought" in line for line in before)
        screen.transcript.append_text(2, "the answer")
        screen.transcript.flush()
        body = [line for line in screen.lines if "thought " in line]
        assert body == [line for line in before if "thought " in line]
