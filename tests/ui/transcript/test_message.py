"""What surrounds the text of a message, and what can be clicked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rich.style import Style

from chatapp.core.cleaning import is_clean
from chatapp.core.conversations import StoredMessage
from chatapp.ui.widgets.transcript import Transcript

Open = Callable[..., Any]
Make = Callable[..., StoredMessage]


async def test_header_names_the_speaker_the_version_and_the_time(open_transcript: Open, message: Make) -> None:
    messages = [
        message(1, "s", role="system"),
        message(2, "q", role="user"),
        message(3, "a", sibling=2, siblings=3),
        message(4, "b", model_name="evil\x1b[31m\nname that is much too long for one line"),
    ]
    async with open_transcript(messages) as screen:
        assert screen.lines[0].startswith("system ")
        assert screen.lines[3].startswith("you ")
        assert screen.lines[6].startswith("pocket ‹2/3› ")
        assert screen.lines[6].endswith("2023-11-14 22:13") or ":" in screen.lines[6]
        assert screen.lines[9].startswith("evil␛[31m name")


async def test_what_a_person_typed_is_shown_as_typed(open_transcript: Open, message: Make) -> None:
    async with open_transcript([message(1, "# not *a*\n    heading\n- [x](y)", role="user")]) as screen:
        assert screen.lines[1:4] == ["  # not *a*", "      heading", "  - [x](y)"]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"status": "stopped"}, "stopped"),
        ({"status": "interrupted"}, "interrupted: chatapp ended"),
        ({"status": "failed", "error": "no \x1b[31mroom"}, "failed: no ␛[31mroom"),
        ({"stop_reason": "max_new_tokens"}, "cut at max_new_tokens"),
        ({"stop_reason": "context_full"}, "cut because the context is full"),
    ],
)
async def test_the_end_of_a_reply_is_said_in_words(
    open_transcript: Open, message: Make, made: dict[str, str], words: str
) -> None:
    async with open_transcript([message(1, "text", **made)]) as screen:
        assert words in screen.lines[2]


async def test_a_reply_that_ended_by_itself_needs_no_words(open_transcript: Open, message: Make) -> None:
    async with open_transcript([message(1, "text", stop_reason="end")]) as screen:
        assert screen.lines[1:4] == ["  text", "", ""]


async def test_a_reply_without_text_says_what_it_waits_for(open_transcript: Open, message: Make) -> None:
    async with open_transcript([message(1, status="streaming")]) as screen:
        assert screen.lines[1].strip() == "waiting"
        screen.transcript.set_progress(1, "reading the prompt 45 %")
        screen.transcript.flush()
        assert screen.lines[1].strip() == "reading the prompt 45 %"
        screen.transcript.set_progress(1, "")
        screen.transcript.append_text(1, "begun")
        screen.transcript.flush()
        assert screen.lines[1:3] == ["  begun", ""]


async def test_thoughts_are_open_while_they_come_and_fold_with_the_answer(open_transcript: Open, message: Make) -> None:
    async with open_transcript([message(1, status="streaming")]) as screen:
        screen.transcript.append_reasoning(1, "let me *think*")
        screen.transcript.flush()
        assert screen.lines[1:3] == ["  ▾ thinking", "  ┊ let me think"]
        screen.transcript.append_text(1, "done")
        screen.transcript.flush()
        assert screen.lines[1:4] == ["  ▸ thought", "  done", ""]
        screen.transcript.replace(message(1, "done", reasoning="let me *think*"))
        assert screen.lines[1:3] == ["  ▸ thought for 2.1 s", "  done"]
        screen.transcript.toggle_thoughts()
        assert screen.lines[1:5] == ["  ▾ thought for 2.1 s", "  ┊ let me think", "", "  done"]
        screen.transcript.toggle_thoughts()
        await screen.pilot.click(screen.transcript, offset=screen.place("▸"))
        assert screen.lines[2] == "  ┊ let me think"
        await screen.pilot.click(screen.transcript, offset=screen.place("▾"))
        assert screen.lines[2] == "  done"


async def test_text_that_is_withdrawn_disappears(open_transcript: Open, message: Make) -> None:
    async with open_transcript([message(1, status="streaming")]) as screen:
        screen.transcript.append_text(1, "one two\n\nthree")
        screen.transcript.flush()
        screen.transcript.append_text(1, " four")
        screen.transcript.withdraw(1, len("two\n\nthree four"))
        screen.transcript.append_text(1, "2")
        screen.transcript.flush()
        assert screen.lines[1:3] == ["  one 2", ""]
        screen.transcript.withdraw(1, 100)
        screen.transcript.flush()
        assert screen.lines[1].strip() == "waiting"


async def test_nothing_is_drawn_before_flush(open_transcript: Open, message: Make) -> None:
    async with open_transcript([message(1, status="streaming")]) as screen:
        screen.transcript.append_text(1, "text")
        await screen.pilot.pause()
        assert "text" not in "".join(screen.lines)


async def test_a_snapshot_replaces_what_was_streamed(open_transcript: Open, message: Make) -> None:
    async with open_transcript([message(1, status="streaming")]) as screen:
        screen.transcript.append_text(1, "begun")
        screen.transcript.replace(message(1, "begun and ended", status="stopped"))
        screen.transcript.flush()
        assert screen.lines[1] == "  begun and ended"
        assert "stopped" in screen.lines[2]


async def test_messages_are_dropped_from_one_on(open_transcript: Open, message: Make) -> None:
    messages = [message(number, f"text {number}") for number in range(1, 6)]
    async with open_transcript(messages) as screen:
        screen.transcript.remove_from(3)
        screen.transcript.add(message(9, "another"))
        assert [line.strip() for line in screen.lines if "text" in line or "another" in line] == [
            "text 1",
            "text 2",
            "another",
        ]
        with pytest.raises(KeyError):
            screen.transcript.append_text(4, "x")


async def test_an_empty_transcript_shows_its_words(open_transcript: Open, message: Make) -> None:
    async with open_transcript() as screen:
        screen.transcript.empty_text = "Say \x1b something\nor other"
        assert "Say ␛ something" in screen.lines[9].strip()
        screen.transcript.add(message(1, "text"))
        assert not any("Say" in line for line in screen.lines)
        screen.transcript.remove_from(1)
        assert "or other" in screen.lines[10].strip()


async def test_clicks_on_the_version_ask_for_siblings(open_transcript: Open, message: Make) -> None:
    async with open_transcript([message(7, "text", sibling=2, siblings=3)]) as screen:
        await screen.pilot.click(screen.transcript, offset=screen.place("‹2"))
        await screen.pilot.click(screen.transcript, offset=screen.place("3›"))
        await screen.pilot.pause()
        assert [(event.message_id, event.step) for event in screen.app.posted] == [(7, -1), (7, 1)]


async def test_clicks_on_links_post_their_address_if_it_may_be_opened(open_transcript: Open, message: Make) -> None:
    text = "[good](https://good.example) [bad](javascript:alert) [file](file:///etc) <mailto:a@b.example>\n\n- [in list](http://x.y)"
    async with open_transcript([message(1, text)]) as screen:
        for label in ("good", "bad", "file", "mailto:", "in list"):
            await screen.pilot.click(screen.transcript, offset=screen.place(label))
        await screen.pilot.pause()
        assert [event.href for event in screen.app.posted] == [
            "https://good.example",
            "mailto:a@b.example",
            "http://x.y",
        ]


async def test_a_click_on_a_label_copies_the_code(open_transcript: Open, message: Make) -> None:
    text = "```\none\n```\n\n- in a list\n  ```python\n  two = 2\n  ```\n"
    async with open_transcript([message(1, text)]) as screen:
        column, row = screen.place("2 python")
        await screen.pilot.click(screen.transcript, offset=(column, row))
        await screen.pilot.pause()
        assert [event.text for event in screen.app.posted] == ["two = 2"]
        assert screen.transcript.code(1, 1) == "one"
        assert screen.transcript.code(1, 3) is None


async def test_markup_in_text_stays_text(open_transcript: Open, message: Make) -> None:
    text = "see [/] and [@click=app.quit]here[/] [b]x"
    async with open_transcript([message(1, text), message(2, text, role="user")], size=(80, 10)) as screen:
        assert screen.lines[1].strip() == screen.lines[4].strip() == text
        await screen.pilot.click(screen.transcript, offset=screen.place("here"))
        assert screen.app.is_running


async def test_no_control_character_in_any_row(open_transcript: Open, message: Make) -> None:
    hostile = "\x1b]52;c;AAAA\x07 \x9b31m \x00 \u202e [x](http://a\x1bb) `\x1b` \ud800\n\n```\x1b\n\x1b[2J\t\x08\n```\n"
    messages = [
        message(1, hostile, role="user"),
        message(2, hostile, reasoning=hostile, status="failed", error=hostile, model_name=hostile),
    ]
    async with open_transcript(messages, size=(60, 40)) as screen:
        screen.transcript.toggle_thoughts()
        screen.transcript.set_progress(2, hostile)
        screen.transcript.flush()
        assert sum(map(bool, screen.lines)) > 15
        assert all(is_clean(line) and "\n" not in line for line in screen.lines)


async def test_another_theme_redraws(open_transcript: Open, message: Make) -> None:
    async with open_transcript([message(1, "# heading")]) as screen:
        before = screen.transcript.render_line(1)
        screen.app.theme = "textual-light"
        await screen.pilot.pause()
        after = screen.transcript.render_line(1)
        assert before.text == after.text
        assert [segment.style for segment in before] != [segment.style for segment in after]


async def test_styles_come_from_the_style_sheet(open_transcript: Open, message: Make) -> None:
    text = "# heading\n\n**bold** and `code`\n\n```python\ndef f(): pass\n```"
    async with open_transcript([message(1, text)]) as screen:
        transcript = screen.transcript

        def style_of(words: str) -> Style:
            strip = transcript.render_line(screen.place(words)[1])
            return next(segment.style for segment in strip if words in segment.text)

        plain, heading, code, keyword = (style_of(words) for words in (" and ", "heading", "code", "def"))
        assert plain.bgcolor == transcript.rich_style.bgcolor
        assert heading.bold
        assert heading.color != plain.color
        assert code.color not in (plain.color, heading.color)
        assert keyword.bgcolor != plain.bgcolor
        assert style_of("bold").bold


async def test_unchanged_lines_are_the_same_strips(open_transcript: Open, message: Make) -> None:
    async with open_transcript([message(1, "q", role="user"), message(2, status="streaming")]) as screen:
        screen.transcript.append_text(2, "- one\n- two\n- three")
        screen.transcript.flush()
        before = [screen.transcript.render_line(row) for row in range(6)]
        screen.transcript.append_text(2, " and more")
        screen.transcript.flush()
        after = [screen.transcript.render_line(row) for row in range(6)]
        assert [old is new for old, new in zip(before, after, strict=True)] == [True] * 6
        assert "three and more" in screen.lines[6]


@pytest.mark.parametrize("size", [(20, 5), (5, 3), (2, 1), (240, 70)])
async def test_any_size_of_terminal(open_transcript: Open, message: Make, size: tuple[int, int]) -> None:
    text = "# h\n\n- a\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nx = 1\n```\n\n> 漢字"
    messages = [message(1, text, reasoning="r", siblings=2), message(2, text, role="user")]
    async with open_transcript(messages, size=size) as screen:
        await screen.pilot.press("pageup", "home", "end")
        assert len(screen.lines) == size[1]


async def test_transcript_is_made_before_it_has_a_screen(message: Make) -> None:
    transcript = Transcript()
    transcript.show([message(1, "text")])
    transcript.add(message(2, "more"))
    transcript.append_text(2, "x")
    transcript.flush()
    transcript.replace(message(2, "else"))
    transcript.remove_from(2)
    assert transcript.selected_markdown() is None
