"""Several conversations side by side."""

from __future__ import annotations

import asyncio

from chatapp.backends.script import Script
from chatapp.core.settings import Settings

from .conftest import SLOW, Bench, Desk

WIDE = (200, 48)


def panes(desk: Desk) -> list[str]:
    """What each pane shows, from left to right: its last message, "" where it shows none, None where it is hidden."""
    shown = []
    for pane in desk.app.get_default_screen()._panes.all:
        messages = pane.transcript.messages
        shown.append(messages[-1].text if messages else "")
    return shown


async def test_a_second_pane_opens_beside_the_first_with_its_settings(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        desk.pane.set_edits({"temperature": 0.3}, "temperature")
        await desk.ask("Tell me of a fox")
        first = desk.pane
        await desk.pilot.press("alt+2")
        await desk.until(lambda: desk.pane is not first)
        assert desk.notices == ""
        assert desk.pane.conversation is None
        assert desk.pane.next.edits == {"temperature": 0.3}
        assert desk.pane.composer.has_focus
        assert panes(desk) == ["Once there was a fox.", ""]


async def test_one_message_is_answered_in_every_pane(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        await desk.pilot.press("alt+2")
        await desk.until(lambda: len(panes(desk)) == 2)
        await desk.pilot.press("alt+n")
        await desk.until(lambda: len(panes(desk)) == 3)
        await desk.type("Tell me of a fox")
        await desk.pilot.press("alt+a")
        await desk.until(lambda: panes(desk) == ["Once there was a fox."] * 3)
        assert desk.notices == ""
        assert len(desk.session.conversations()) == 3


async def test_what_sets_the_panes_apart_stands_above_them(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        await desk.pilot.press("alt+2")
        await desk.until(lambda: len(panes(desk)) == 2)
        desk.pane.set_edits({"temperature": 1.5}, "temperature")
        await desk.pilot.press("alt+1")
        await desk.pilot.pause()
        lines = [line for line in desk.screen().splitlines() if "temperature" in line]
        assert lines and "temperature 1.5" in lines[0] and "temperature –" in lines[0]
        assert "▌1" in lines[0] and " 2 " in lines[0]


async def test_each_pane_keeps_what_is_typed_in_it(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        await desk.type("first")
        await desk.pilot.press("alt+2")
        await desk.until(lambda: len(panes(desk)) == 2)
        await desk.type("second")
        await desk.pilot.press("alt+1")
        assert desk.pane.composer.text == "first"
        await desk.pilot.press("alt+2")
        assert desk.pane.composer.text == "second"
        await desk.pilot.press("alt+w")
        await desk.until(lambda: len(panes(desk)) == 1)
        assert desk.pane.composer.text == "first"
        await desk.pilot.press("alt+2")
        await desk.until(lambda: len(panes(desk)) == 2)
        assert desk.pane.composer.text == "second"


async def test_a_conversation_stands_in_one_pane_only(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        await desk.ask("Tell me of a fox")
        number = desk.pane.conversation_id
        first = desk.pane
        assert number is not None
        await desk.pilot.press("alt+2")
        await desk.until(lambda: desk.pane is not first)
        desk.app.get_default_screen().open_id(number)
        await desk.pilot.pause()
        assert desk.pane is first
        assert panes(desk) == ["Once there was a fox.", ""]


async def test_a_closed_pane_leaves_its_reply_running(bench: Bench) -> None:
    scripts = (Script(text="Once there was a fox. " * 60, tokens_per_second=SLOW),)
    async with bench(scripts, size=WIDE) as desk:
        await desk.pilot.press("alt+2")
        await desk.until(lambda: len(panes(desk)) == 2)
        await desk.say("Tell me of a fox")
        await desk.until(lambda: bool(desk.pane.stream.writing))
        await desk.pilot.press("alt+w")
        await desk.until(lambda: len(panes(desk)) == 1)
        await desk.until(lambda: not desk.pane.stream.writing)
        assert desk.notices == ""
        stored = desk.session.conversations()[0]
        assert desk.session.thread(stored.id)[-1].status == "complete"


async def test_the_only_pane_is_not_closed(bench: Bench) -> None:
    async with bench() as desk:
        await desk.pilot.press("alt+w")
        await desk.until(lambda: "only pane" in desk.notices)
        assert len(panes(desk)) == 1


async def test_four_panes_at_most(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        for count in (2, 3, 4):
            await desk.pilot.press("alt+n")
            await desk.until(lambda count=count: len(panes(desk)) == count)
        await desk.pilot.press("alt+n")
        await desk.until(lambda: "at most" in desk.notices)
        assert len(panes(desk)) == 4


async def test_panes_without_room_wait_beside_the_active_one(bench: Bench) -> None:
    async with bench(size=(80, 24), settings=Settings(show_conversations=False)) as desk:
        for count in (2, 3):
            await desk.pilot.press("alt+n")
            await desk.until(lambda count=count: len(panes(desk)) == count)
        all_panes = desk.app.get_default_screen()._panes.all
        assert [pane.display for pane in all_panes] == [False, True, True]
        await desk.pilot.press("alt+1")
        await desk.pilot.pause()
        assert [pane.display for pane in all_panes] == [True, True, False]
        await desk.pilot.resize_terminal(200, 48)
        await desk.until(lambda: all(pane.display for pane in all_panes))


async def test_panes_scroll_together_when_told(bench: Bench) -> None:
    long = (Script(text="\n\n".join(f"paragraph {number}" for number in range(60))),)
    async with bench(long, size=WIDE) as desk:
        await desk.pilot.press("alt+2")
        await desk.until(lambda: len(panes(desk)) == 2)
        await desk.type("Tell me of a fox")
        await desk.pilot.press("alt+a")
        await desk.until(lambda: all("59" in text for text in panes(desk)))
        await desk.quiet()
        left, right = (pane.transcript for pane in desk.app.get_default_screen()._panes.all)
        await desk.pilot.press("pageup")
        await desk.pilot.pause()
        assert left.at_end and not right.at_end
        await desk.pilot.press("alt+y")
        await desk.until(lambda: left.place == right.place)
        before = left.place
        await desk.pilot.press("pageup")
        await desk.until(lambda: left.place == right.place != before)
        await desk.pilot.press("alt+y", "pagedown", "pagedown")
        await desk.until(lambda: right.at_end)
        assert not left.at_end


async def test_words_in_which_the_replies_differ_are_underlined(bench: Bench) -> None:
    scripts = (Script(text="Once there was a red fox."), Script(text="Once there was a grey fox."))
    async with bench(scripts, size=WIDE) as desk:
        await desk.pilot.press("alt+2")
        await desk.until(lambda: len(panes(desk)) == 2)
        await desk.type("Tell me of a fox")
        await desk.pilot.press("alt+a")
        await desk.until(lambda: sorted(panes(desk)) == ["Once there was a grey fox.", "Once there was a red fox."])
        await desk.quiet()
        assert underlined(desk) == []
        await desk.pilot.press("alt+d")
        await desk.until(lambda: sorted(underlined(desk)) == ["grey", "red"])
        await desk.pilot.press("alt+d")
        await desk.until(lambda: underlined(desk) == [])


def underlined(desk: Desk) -> list[str]:
    """What is underlined in the transcripts."""
    return [
        segment.text
        for strip in desk.strips()
        for segment in strip
        if segment.style is not None and segment.style.underline and segment.text.strip()
    ]


async def test_a_conversation_that_is_deleted_leaves_its_pane(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        await desk.ask("Tell me of a fox")
        left = desk.pane
        await desk.pilot.press("alt+2")
        await desk.until(lambda: desk.pane is not left)
        await desk.pilot.press("ctrl+o")
        await desk.until(lambda: len(desk.rows.conversations) == 1)
        await desk.pilot.press("down", "delete")
        await desk.until(lambda: left.conversation is None)
        assert left.transcript.messages == [] and desk.pane is not left


async def test_four_panes_and_the_inspector_stand_together(bench: Bench) -> None:
    async with bench(size=(240, 70)) as desk:
        for count in (2, 3, 4):
            await desk.pilot.press("alt+n")
            await desk.until(lambda count=count: len(panes(desk)) == count)
        await desk.pilot.press("alt+s")
        await desk.until(lambda: "temperature" in desk.screen())
        assert all(pane.display for pane in desk.app.get_default_screen()._panes.all)
        assert "New conversation" in desk.screen()


async def test_two_panes_show_two_branches_of_one_conversation(bench: Bench) -> None:
    scripts = (Script(text="Once there was a fox."), Script(text="A hare came by."))
    async with bench(scripts, size=WIDE) as desk:
        await desk.ask("Tell me of an animal")
        first = desk.pane
        await desk.pilot.press("alt+up", "b")
        await desk.until(lambda: desk.pane is not first)
        second = desk.pane
        await desk.until(lambda: second.transcript.marked_message is not None)
        assert desk.notices == ""
        assert second.conversation_id == first.conversation_id
        await desk.pilot.press("escape", "ctrl+r")
        await desk.until(lambda: panes(desk) == ["Once there was a fox.", "A hare came by."])
        assert len(desk.session.conversations()) == 1
        await desk.say("And then?")
        await desk.until(lambda: len(second.transcript.messages) == 4 and not desk.pane.stream.writing)
        await desk.pilot.press("alt+1")
        first.reload()
        assert panes(desk)[0] == "Once there was a fox." and len(first.transcript.messages) == 2
        await desk.pilot.press("alt+right")
        await desk.until(lambda: len(first.transcript.messages) == 4)


async def test_a_reply_grows_in_every_pane_that_shows_it(bench: Bench) -> None:
    text = "Once there was a fox. " * 40
    async with bench((Script(text=text, tokens_per_second=SLOW),), size=WIDE) as desk:
        await desk.say("Tell me of a fox")
        await desk.until(lambda: panes(desk)[0].startswith("Once"))
        first = desk.pane
        desk.app.get_default_screen().performers["show-beside"]()
        await desk.until(lambda: desk.pane is not first)
        await desk.until(lambda: not desk.pane.stream.writing)
        await desk.pilot.pause()
        assert panes(desk) == [text, text]


async def test_two_panes_on_one_conversation_have_values_and_drafts_of_their_own(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        await desk.ask("Tell me of a fox")
        first = desk.pane
        await desk.pilot.press("alt+up", "b")
        await desk.until(lambda: desk.pane is not first)
        second = desk.pane
        second.set_edits({"temperature": 0.2}, "temperature")
        await desk.pilot.press("escape")
        await desk.type("kept")
        await desk.pilot.press("alt+1")
        assert first.next.edits == {} and desk.pane.composer.text == ""
        await desk.pilot.press("ctrl+r")
        await desk.until(lambda: first.transcript.messages[-1].siblings == 2 and not desk.pane.stream.writing)
        made = first.transcript.messages[-1].generation
        assert made is not None
        assert "temperature" not in {each.name for each in made.settings if each.source == "edit"}
        await desk.pilot.press("alt+2")
        assert desk.pane.composer.text == "kept"
        await desk.pilot.press("ctrl+n")
        await desk.pilot.press("alt+1", "ctrl+n")
        desk.app.get_default_screen().open_id(desk.session.conversations()[0].id)
        await desk.pilot.pause()
        assert desk.pane.composer.text == "kept"


async def test_a_branch_of_the_tree_opens_in_another_pane(bench: Bench) -> None:
    scripts = (Script(text="Once there was a fox."), Script(text="A hare came by."))
    async with bench(scripts, size=WIDE) as desk:
        await desk.ask("Tell me of an animal")
        await desk.pilot.press("ctrl+r")
        await desk.until(lambda: panes(desk) == ["A hare came by."] and not desk.pane.stream.writing)
        first = desk.pane
        await desk.pilot.press("alt+up", "t")
        await desk.until(lambda: desk.app.screen is not desk.app.get_default_screen())
        await desk.type("fox")
        await desk.pilot.press("alt+n")
        await desk.until(lambda: desk.pane is not first and panes(desk)[-1] != "")
        await desk.until(lambda: panes(desk) == ["A hare came by.", "Once there was a fox."])
        assert desk.notices == ""


async def test_a_branch_that_another_pane_deletes_is_left(bench: Bench) -> None:
    scripts = (Script(text="Once there was a fox."), Script(text="A hare came by."))
    async with bench(scripts, size=WIDE) as desk:
        await desk.ask("Tell me of an animal")
        await desk.pilot.press("ctrl+r")
        await desk.until(lambda: panes(desk) == ["A hare came by."] and not desk.pane.stream.writing)
        first = desk.pane
        await desk.pilot.press("alt+up", "b")
        await desk.until(lambda: desk.pane is not first)
        await desk.until(lambda: desk.pane.transcript.marked_message is not None)
        await desk.pilot.press("d")
        await desk.until(lambda: panes(desk) == ["Once there was a fox."] * 2)


async def test_what_is_told_while_a_pane_opens_harms_nothing(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        screen = desk.app.get_default_screen()
        adding = asyncio.create_task(screen._panes.add())
        await asyncio.sleep(0)
        screen._show_figures()
        await adding
        await desk.until(lambda: len(panes(desk)) == 2)


async def test_panes_without_room_are_counted(bench: Bench) -> None:
    async with bench(size=(80, 24), settings=Settings(show_conversations=False)) as desk:
        for count in (2, 3):
            await desk.pilot.press("alt+n")
            await desk.until(lambda count=count: len(panes(desk)) == count)
        await desk.until(lambda: "▌3/3" in desk.screen())
        await desk.pilot.resize_terminal(200, 48)
        await desk.until(lambda: "▌3 " in desk.screen())


async def test_what_waits_in_each_pane_for_one_reply_is_sent(bench: Bench) -> None:
    scripts = (Script(text="Once there was a fox. " * 30, tokens_per_second=SLOW), Script(text="And more."))
    async with bench(scripts, size=WIDE) as desk:
        await desk.say("Tell me of a fox")
        await desk.until(lambda: panes(desk)[0].startswith("Once"))
        first = desk.pane
        desk.app.get_default_screen().performers["show-beside"]()
        await desk.until(lambda: desk.pane is not first)
        second = desk.pane
        first.send("left")
        second.send("right")
        await desk.until(lambda: panes(desk) == ["And more."] * 2)
        assert [pane.transcript.messages[-2].text for pane in (first, second)] == ["left", "right"]
