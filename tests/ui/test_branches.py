"""Acting on single messages: the mark, editing, going on, inserting, forking, pinning, deleting, the tree."""

from __future__ import annotations

from textual.widgets import Input, TextArea

from chatapp.backends.script import Script
from chatapp.ui.dialogs.message import MessageDialog
from chatapp.ui.dialogs.tree import TreeDialog
from chatapp.ui.widgets.tree_lines import TreeLines

from .conftest import SLOW, Bench, Desk

TWO = (Script(text="first reply"), Script(text="second reply"), Script(text="third reply"))


def marked(desk: Desk) -> str | None:
    message = desk.pane.transcript.marked_message
    return message.text if message is not None else None


async def asked(desk: Desk, *texts: str) -> None:
    for text in texts:
        await desk.ask(text)


async def open_branches(desk: Desk, scene: str) -> None:
    """Show the marked second version of a pinned reply, the editor for it, or the tree around it."""
    await desk.pilot.press("ctrl+r")
    await desk.until(lambda: desk.pane.transcript.messages[-1].siblings == 2)
    await desk.quiet()
    await desk.session.pin_message(desk.pane.transcript.messages[-1].id, True)
    desk.pane.reload()
    await desk.pilot.press("alt+up")
    if scene == "edit":
        await desk.pilot.press("e")
        await desk.until(lambda: isinstance(desk.app.screen, MessageDialog))
        desk.app.screen.query_one(TextArea).cursor_blink = False
    if scene == "tree":
        await desk.pilot.press("t")
        await desk.until(lambda: isinstance(desk.app.screen, TreeDialog))
        desk.app.screen.query_one(Input).cursor_blink = False


async def test_the_mark_moves_over_messages_and_leaves(bench: Bench) -> None:
    async with bench(TWO) as desk:
        await desk.pilot.press("alt+up")
        await desk.until(lambda: "There is no message yet" in desk.notices)
        await asked(desk, "one", "two")
        await desk.pilot.press("alt+up")
        assert marked(desk) == "second reply" and desk.app.screen.focused is desk.pane.transcript
        assert "e edit" in desk.status and "t tree" in desk.status
        assert "▌pocket 3M" in desk.screen() and "▌ second reply" in desk.screen()
        await desk.pilot.press("alt+up", "alt+up", "alt+up", "alt+up")
        assert marked(desk) == "one"
        await desk.pilot.press("alt+down")
        assert marked(desk) == "first reply"
        await desk.pilot.press("escape")
        assert marked(desk) is None and desk.app.screen.focused is desk.pane.composer
        assert "e edit" not in desk.status
        desk.pane.transcript.focus()
        await desk.type("edit")
        assert desk.pane.composer.text == "edit"


async def test_without_a_mark_arrows_do_nothing_and_letters_are_typed(bench: Bench) -> None:
    async with bench(TWO) as desk:
        await asked(desk, "one")
        await desk.pilot.press("ctrl+r")
        await desk.until(lambda: desk.texts == ["one", "second reply"])
        await desk.quiet()
        desk.pane.transcript.focus()
        await desk.pilot.press("left", "d", "left")
        await desk.pilot.pause()
        assert desk.texts == ["one", "second reply"] and desk.pane.composer.text == "d"
        await desk.pilot.press("alt+up", "left")
        await desk.until(lambda: desk.texts == ["one", "first reply"])
        assert marked(desk) == "first reply"
        await desk.pilot.press("alt+right")
        await desk.until(lambda: marked(desk) == "second reply")


async def test_a_click_on_the_head_marks_the_message(bench: Bench) -> None:
    async with bench(TWO) as desk:
        await asked(desk, "one")
        row = next(row for row in range(10) if desk.pane.transcript.render_line(row).text.startswith("pocket"))
        inside = desk.pane.transcript.content_region.offset - desk.pane.transcript.region.offset
        await desk.pilot.click(desk.pane.transcript, offset=(inside.x + 2, inside.y + row))
        assert marked(desk) == "first reply"
        await desk.pilot.press("z")
        assert desk.pane.composer.text == "", "a letter that means nothing is not typed either"


async def test_an_edited_question_is_answered_anew(bench: Bench) -> None:
    async with bench(TWO) as desk:
        await asked(desk, "one")
        await desk.pilot.press("alt+up", "alt+up", "e")
        await desk.until(lambda: isinstance(desk.app.screen, MessageDialog))
        assert "Save and answer" in desk.screen() and "a new reply to it" in desk.screen()
        await desk.type(" more")
        await desk.pilot.press("f2")
        await desk.until(lambda: desk.texts == ["one more", "second reply"])
        await desk.quiet()
        shown = desk.screen()
        assert "you ‹2/2› · edited" in shown
        (first,) = [each for each in desk.session.tree(desk.pane.conversation_id).messages if each.opening == "one"]
        await desk.session.select(first.id)
        assert desk.texts == ["one", "first reply"]


async def test_an_edited_reply_is_saved_or_gone_on_with(bench: Bench) -> None:
    async with bench((Script(text="first reply"), Script(text=" and on"))) as desk:
        await asked(desk, "one")
        await desk.pilot.press("alt+up", "e")
        await desk.until(lambda: isinstance(desk.app.screen, MessageDialog))
        await desk.type("!")
        await desk.pilot.press("f2")
        await desk.until(lambda: desk.texts == ["one", "first reply!"])
        assert marked(desk) == "first reply!" and "· edited" in desk.screen()
        await desk.pilot.press("e")
        await desk.until(lambda: isinstance(desk.app.screen, MessageDialog))
        await desk.type("?")
        await desk.pilot.press("f3")
        await desk.until(lambda: desk.texts == ["one", "first reply!? and on"])
        await desk.quiet()
        assert ("‹3/3›" not in desk.screen() and "‹4/4›" in desk.screen()) or "‹4/4›" in desk.screen()


async def test_nothing_typed_is_dropped_without_being_asked(bench: Bench) -> None:
    async with bench(TWO) as desk:
        await asked(desk, "one")
        await desk.pilot.press("alt+up", "e")
        await desk.until(lambda: isinstance(desk.app.screen, MessageDialog))
        await desk.type("x")
        await desk.pilot.press("escape")
        await desk.pilot.pause()
        assert isinstance(desk.app.screen, MessageDialog) and "drops what you changed" in desk.screen()
        await desk.type("y")
        await desk.pilot.press("escape")
        await desk.pilot.pause()
        assert isinstance(desk.app.screen, MessageDialog), "what came since is asked for again"
        await desk.pilot.press("escape")
        await desk.until(lambda: not isinstance(desk.app.screen, MessageDialog))
        assert desk.texts == ["one", "first reply"]
        await desk.pilot.press("e")
        await desk.until(lambda: isinstance(desk.app.screen, MessageDialog))
        desk.app.screen.query_one(TextArea).text = " "
        await desk.pilot.press("f2")
        await desk.pilot.pause()
        assert "The message is empty" in desk.screen()


async def test_a_stopped_reply_goes_on(bench: Bench) -> None:
    scripts = (Script(text="one two three four " * 300, tokens_per_second=SLOW), Script(text="and the end"))
    async with bench(scripts) as desk:
        await desk.say("count")
        await desk.until(lambda: len(desk.texts) == 2 and "three" in desk.texts[1])
        await desk.pilot.press("escape")
        await desk.quiet()
        begun = desk.texts[1]
        await desk.pilot.press("alt+up", "c")
        await desk.until(lambda: desk.texts[1] == begun + "and the end")
        await desk.quiet()
        assert "‹2/2›" in desk.screen() and "stopped" not in desk.pane.transcript.messages[-1].status


async def test_that_nothing_was_added_is_said(bench: Bench) -> None:
    async with bench((Script(text="all is said"), Script(text=""))) as desk:
        await asked(desk, "one")
        await desk.pilot.press("alt+up", "c")
        await desk.until(lambda: "The model added nothing" in desk.notices)


async def test_a_message_is_answered_again(bench: Bench) -> None:
    async with bench(TWO) as desk:
        await asked(desk, "one")
        await desk.pilot.press("alt+up", "a")
        await desk.until(lambda: desk.texts == ["one", "second reply"])
        await desk.quiet()
        assert marked(desk) == "second reply"
        await desk.pilot.press("alt+up", "a")
        await desk.until(lambda: desk.texts == ["one", "third reply"])


async def test_a_message_is_inserted(bench: Bench) -> None:
    async with bench(TWO) as desk:
        await asked(desk, "one", "two")
        await desk.pilot.press("alt+up", "alt+up", "alt+up", "i")
        await desk.until(lambda: isinstance(desk.app.screen, MessageDialog))
        assert "● you" in desk.screen() and "○ system" in desk.screen()
        await desk.pilot.press("f4", "f4")
        assert "● system" in desk.screen()
        await desk.type("a note")
        await desk.pilot.press("f2")
        await desk.until(lambda: desk.texts == ["one", "first reply", "a note", "two", "second reply"])
        assert marked(desk) == "a note"
        await desk.pilot.press("i")
        await desk.until(lambda: isinstance(desk.app.screen, MessageDialog))
        await desk.type("before it")
        await desk.pilot.press("f3")
        await desk.until(lambda: desk.texts[2:4] == ["before it", "a note"])


async def test_a_fork_is_opened(bench: Bench) -> None:
    async with bench(TWO) as desk:
        await asked(desk, "one", "two")
        await desk.pilot.press("alt+up", "alt+up", "alt+up", "f")
        await desk.until(lambda: desk.texts == ["one", "first reply"])
        assert "Fork: one" in desk.notices
        assert [row.title for row in desk.rows.conversations] == ["Fork: one", "one"]


async def test_a_pin_is_shown_and_taken_away(bench: Bench) -> None:
    async with bench(TWO) as desk:
        await asked(desk, "one")
        await desk.pilot.press("alt+up", "p")
        await desk.until(lambda: "pocket 3M · pinned" in desk.screen())
        assert desk.session.thread(desk.pane.conversation_id)[-1].pinned
        await desk.pilot.press("p")
        await desk.until(lambda: "· pinned" not in desk.screen())


async def test_what_is_deleted_comes_back(bench: Bench) -> None:
    async with bench(TWO) as desk:
        await asked(desk, "one", "two")
        await desk.pilot.press("alt+up", "alt+up", "d")
        await desk.until(lambda: desk.texts == ["one", "first reply"])
        assert "the one behind it" in desk.notices and "u brings it back" in desk.notices
        assert marked(desk) == "first reply"
        await desk.pilot.press("u")
        await desk.until(lambda: desk.texts == ["one", "first reply", "two", "second reply"])
        assert marked(desk) == "two"
        await desk.pilot.press("alt+up", "alt+up", "d")
        await desk.until(lambda: desk.texts == [])
        assert desk.app.screen.focused is desk.pane.composer
        await desk.pilot.press("ctrl+p")
        await desk.type("undo delete message")
        await desk.pilot.press("enter")
        await desk.until(lambda: len(desk.texts) == 4)


async def test_while_a_reply_is_written_another_message_may_be_deleted(bench: Bench) -> None:
    async with bench([Script(text="one two three " * 50, tokens_per_second=SLOW)]) as desk:
        await desk.say("count")
        await desk.until(lambda: len(desk.texts) == 2 and "two" in desk.texts[1])
        await desk.pilot.press("alt+up", "alt+up", "d")
        await desk.until(lambda: desk.texts == [])
        await desk.until(lambda: not desk.pane.stream.writing)
        await desk.pilot.press("ctrl+p")
        await desk.type("undo delete message")
        await desk.pilot.press("enter")
        await desk.until(lambda: len(desk.texts) == 2)
        assert desk.session.thread(desk.pane.conversation_id)[-1].status == "stopped"


async def test_the_tree_shows_branches_and_goes_to_one(bench: Bench) -> None:
    async with bench(TWO) as desk:
        await asked(desk, "one")
        await desk.pilot.press("ctrl+r")
        await desk.until(lambda: desk.texts == ["one", "second reply"])
        await desk.quiet()
        await asked(desk, "two")
        await desk.pilot.press("alt+up", "t")
        await desk.until(lambda: isinstance(desk.app.screen, TreeDialog))
        shown = desk.screen()
        assert "2 branches, 5 messages" in shown
        assert "├ reply ‹1/2› first reply" in shown and "• reply ‹2/2› second reply" in shown
        await desk.type("first")
        await desk.until(lambda: "second reply" not in desk.screen())
        await desk.pilot.press("enter")
        await desk.until(lambda: desk.texts == ["one", "first reply"])
        assert marked(desk) == "first reply"


async def test_the_tree_finds_what_stands_deep_in_a_message_and_brings_back_what_was_deleted(bench: Bench) -> None:
    async with bench((Script(text="word " * 60 + "treasure"), Script(text="other"))) as desk:
        await asked(desk, "one", "two")
        await desk.pilot.press("alt+up", "d")
        await desk.until(lambda: len(desk.texts) == 3)
        await desk.pilot.press("t")
        await desk.until(lambda: isinstance(desk.app.screen, TreeDialog))
        assert "other · deleted" in desk.screen()
        await desk.type("treasure")
        await desk.until(lambda: "word word" in desk.screen().partition("treasure")[2])
        assert "Nothing here" not in desk.screen()
        await desk.pilot.press("escape")
        await desk.until(lambda: not desk.app.screen.query_one(Input).value)
        await desk.pilot.press("end")
        desk.app.screen.query_one(TreeLines).action_move(10)
        await desk.pilot.press("enter")
        await desk.until(lambda: desk.texts[-1:] == ["other"])
        await desk.pilot.press("t")
        await desk.until(lambda: isinstance(desk.app.screen, TreeDialog))
        await desk.pilot.press("escape")
        await desk.until(lambda: not isinstance(desk.app.screen, TreeDialog))


async def test_raw_completion_is_said_and_goes_without_a_template(bench: Bench) -> None:
    async with bench(TWO) as desk:
        await desk.pilot.press("ctrl+p")
        await desk.type("raw completion")
        await desk.pilot.press("enter")
        await desk.until(lambda: "raw completion" in desk.screen())
        await desk.ask("Once upon")
        assert desk.backend.requests[-1].prompt == "Once upon" and desk.backend.requests[-1].messages == ()
        await desk.pilot.press("ctrl+p")
        await desk.type("raw completion")
        await desk.pilot.press("enter")
        await desk.until(lambda: "─ raw completion" not in desk.screen())
        await desk.ask("hello")
        assert desk.backend.requests[-1].prompt is None
