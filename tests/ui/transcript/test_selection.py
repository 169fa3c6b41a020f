"""Selecting with the mouse copies the source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chatapp.core.conversations import StoredMessage


async def test_words_of_a_paragraph(open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]) -> None:
    async with open_transcript([message(1, "one two three four")]) as screen:
        column, row = screen.place("two")
        await screen.drag((column, row), (column + len("two three") - 1, row))
        assert screen.transcript.selected_markdown() == "two three"
        assert screen.app.screen.get_selected_text() == "two three"


async def test_marks_come_along_where_all_within_them_is_selected(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    async with open_transcript([message(1, "plain **bold *both* x** `code` end")]) as screen:
        column, row = screen.place("bold")
        await screen.drag((column, row), (column + len("bold both x code") - 1, row))
        assert screen.transcript.selected_markdown() == "**bold *both* x** `code`"
        await screen.drag((column + 1, row), (column + 3, row))
        assert screen.transcript.selected_markdown() == "old"


async def test_a_link_is_copied_with_its_address(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    text = "see [the docs](https://example.org) now"
    async with open_transcript([message(1, text)], size=(60, 10)) as screen:
        column, row = screen.place("see")
        await screen.drag((column, row), (55, row))
        assert screen.transcript.selected_markdown() == text


async def test_across_messages(open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]) -> None:
    messages = [message(1, "a *question*", role="user"), message(2, "# Answer\n\n- one\n- two\n\n> quoted")]
    async with open_transcript(messages) as screen:
        await screen.drag(screen.place("question"), screen.place("two"))
        assert screen.transcript.selected_markdown() == "question*\n\n# Answer\n\n- one\n- t"
        await screen.drag((0, 0), (38, screen.place("quoted")[1]))
        assert screen.transcript.selected_markdown() == "a *question*\n\n# Answer\n\n- one\n- two\n\n> quoted"


async def test_backwards_is_the_same(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    async with open_transcript([message(1, "first line\nsecond line")]) as screen:
        first, second = screen.place("line"), screen.place("second")
        await screen.drag(first, second)
        forwards = screen.transcript.selected_markdown()
        await screen.drag(second, first)
        assert screen.transcript.selected_markdown() == forwards == "line\ns"


async def test_list_markers_and_quotes_come_along_over_several_lines(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    async with open_transcript([message(1, "- one\n- two\n\n> q1\n> q2\n\n3. three")]) as screen:
        await screen.drag(screen.place("one"), (38, screen.place("two")[1]))
        assert screen.transcript.selected_markdown() == "- one\n- two"
        await screen.drag(screen.place("q1"), (38, screen.place("q2")[1]))
        assert screen.transcript.selected_markdown() == "> q1\n> q2"


async def test_code_alone_is_copied_without_its_fence(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    text = "before\n\n```python\nx = 1\n\ty = 2\n```\n\nafter"
    async with open_transcript([message(1, text)]) as screen:
        await screen.drag(screen.place("x = 1"), (38, screen.place("y = 2")[1]))
        assert screen.transcript.selected_markdown() == "x = 1\n\ty = 2"
        await screen.drag(screen.place("before"), (38, screen.place("after")[1]))
        assert screen.transcript.selected_markdown() == text


async def test_wide_characters_are_selected_where_they_stand(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    async with open_transcript([message(1, "漢字 **かな** latin")]) as screen:
        _, row = screen.place("漢字")
        await screen.drag((4, row), (9, row))
        assert screen.transcript.selected_markdown() == "字 **かな**"
        await screen.drag((4, row), (4, row))
        await screen.drag((2, row), (4, row))
        assert screen.transcript.selected_markdown() == "漢字"


async def test_control_characters_are_copied_visibly(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    async with open_transcript([message(1, "a\x1b[31mb\u202ec tail")]) as screen:
        column, row = screen.place("a")
        await screen.drag((column, row), (38, row))
        assert screen.transcript.selected_markdown() == "a␛[31mb⟦202E⟧c tail"


async def test_selection_survives_streaming_and_resizing(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    messages = [message(1, "some words that are selected"), message(2, status="streaming")]
    async with open_transcript(messages) as screen:
        column, row = screen.place("words")
        await screen.drag((column, row), (column + len("words that") - 1, row))
        screen.transcript.append_text(2, "text\n\n" * 5)
        screen.transcript.flush()
        await screen.pilot.resize_terminal(20, 20)
        await screen.pilot.pause()
        assert screen.transcript.selected_markdown() == "words that"


async def test_what_is_selected_is_drawn_so(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    async with open_transcript([message(1, "one two three")]) as screen:
        column, row = screen.place("two")
        before = screen.transcript.render_line(row)
        await screen.drag((column, row), (column + 2, row))
        marked = [segment.text for segment in screen.transcript.render_line(row) if segment.text == "two"]
        assert marked == ["two"]
        assert screen.transcript.render_line(row).text == before.text
        await screen.pilot.click(screen.transcript, offset=(column, row))
        assert screen.transcript.selected_markdown() is None
        assert screen.transcript.render_line(row) is before


async def test_folded_thoughts_are_left_out(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    async with open_transcript([message(1, "answer", reasoning="secret thought")]) as screen:
        await screen.drag((0, 0), (38, screen.place("answer")[1]))
        assert screen.transcript.selected_markdown() == "answer"
        screen.transcript.toggle_thoughts()
        assert screen.transcript.selected_markdown() == "secret thought\n\nanswer"


async def test_a_changed_conversation_drops_the_selection(
    open_transcript: Callable[..., Any], message: Callable[..., StoredMessage]
) -> None:
    async with open_transcript([message(1, "one"), message(2, "two")]) as screen:
        await screen.drag(screen.place("one"), screen.place("two"))
        assert screen.transcript.selected_markdown()
        screen.transcript.show([message(3, "three")])
        await screen.pilot.pause()
        assert screen.transcript.selected_markdown() is None
