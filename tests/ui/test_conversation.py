"""Talking: sending, streaming, stopping, versions, failures, several conversations at once."""

from __future__ import annotations

from textual import events

from chatapp.backends.script import Failure, Script
from chatapp.core.backend import GenerationRequest
from chatapp.core.errors import EngineCrashed, ModelInvalid
from chatapp.core.settings import Settings
from chatapp.ui.messages import ConversationChosen

from .conftest import SLOW, Bench, Desk

LONG = "one two three four five six seven eight nine ten " * 20


async def test_a_message_is_answered_and_the_figures_are_shown(bench: Bench) -> None:
    async with bench() as desk:
        await desk.type("Tell me")
        await desk.pilot.press("enter")
        await desk.until(lambda: desk.texts == ["Tell me", "Once there was a fox."])
        await desk.quiet()
        assert desk.pane.composer.text == ""
        shown = desk.screen()
        assert "Tell me" in shown and "Once there was a fox." in shown
        assert "pocket 3M · cpu×2" in shown
        assert "ready" in desk.status and "/2,048" in desk.status and "first token" in desk.status
        assert [row.title for row in desk.rows.conversations] == ["Tell me"]


async def test_an_empty_message_is_not_sent(bench: Bench) -> None:
    async with bench() as desk:
        await desk.type("  ")
        await desk.pilot.press("enter", "ctrl+j", "enter")
        await desk.pilot.pause()
        assert desk.session.conversations() == []


async def test_the_screen_is_there_before_the_model_and_an_early_message_waits(bench: Bench) -> None:
    async with bench(load_seconds=1.5, loaded=False) as desk:
        assert desk.backend.model is None
        await desk.type("early")
        assert desk.pane.composer.text == "early"
        await desk.until(lambda: "loading the model" in desk.status)
        await desk.pilot.press("enter")
        await desk.until(lambda: desk.texts[:1] == ["early"])
        await desk.until(lambda: "loading the model" in desk.status)
        assert desk.backend.model is None
        await desk.until(lambda: desk.texts == ["early", "Once there was a fox."])


async def test_a_model_that_does_not_load_leaves_the_workbench_alive(bench: Bench) -> None:
    failure = ModelInvalid("/models/x.gguf is cut short.", hint="Download it again.")
    async with bench(load_failure=failure) as desk:
        await desk.until(lambda: bool(desk.banner.problems))
        shown = desk.screen()
        assert failure.title in shown and failure.message in shown and failure.hint in shown
        await desk.say("are you there?")
        await desk.until(lambda: desk.pane.composer.text == "are you there?")
        assert failure.message in desk.notices
        await desk.pilot.press("escape")
        assert not desk.banner.problems


async def test_escape_stops_and_keeps_the_text(bench: Bench) -> None:
    async with bench([Script(text=LONG, tokens_per_second=SLOW)]) as desk:
        await desk.say("count")
        await desk.until(lambda: len(desk.texts) == 2 and "two" in desk.texts[1])
        await desk.until(lambda: "one two" in desk.screen())
        assert desk.screen().count("writing") == 2  # in the list and in the status line
        await desk.pilot.press("escape")
        await desk.quiet()
        reply = desk.session.thread(desk.pane.conversation_id)[-1]
        assert reply.status == "stopped"
        assert LONG.startswith(reply.text) and len(reply.text) < len(LONG)
        assert "stopped" in desk.screen()


async def test_regenerate_makes_a_sibling_and_alt_arrows_switch(bench: Bench) -> None:
    async with bench([Script(text="first"), Script(text="second")]) as desk:
        await desk.ask("question")
        await desk.pilot.press("ctrl+r")
        await desk.until(lambda: desk.texts == ["question", "second"])
        await desk.quiet()
        assert "‹2/2›" in desk.screen()
        await desk.pilot.press("alt+left")
        await desk.until(lambda: desk.texts == ["question", "first"])
        assert "‹1/2›" in desk.screen() and "second" not in desk.screen()
        await desk.pilot.press("alt+right")
        await desk.until(lambda: "‹2/2›" in desk.screen())


async def test_regenerate_while_writing_stops_first(bench: Bench) -> None:
    async with bench([Script(text=LONG, tokens_per_second=SLOW), Script(text="short")]) as desk:
        await desk.say("question")
        await desk.until(lambda: len(desk.texts) == 2 and "two" in desk.texts[1])
        await desk.pilot.press("ctrl+r")
        await desk.until(lambda: desk.texts == ["question", "short"])
        await desk.quiet()
        versions = desk.session.siblings(desk.session.thread(desk.pane.conversation_id)[-1].id)
        assert [version.status for version in versions] == ["stopped", "complete"]


async def test_a_prompt_that_gets_no_answer_comes_back(bench: Bench) -> None:
    crash = EngineCrashed("The engine ended with signal 11.", hint="Send it again; the engine starts anew.")
    async with bench([Script(failure=Failure(crash, "start")), Script(text="fine")]) as desk:
        await desk.say("precious words")
        await desk.until(lambda: desk.pane.composer.text == "precious words")
        assert crash.message in desk.notices and crash.hint in desk.notices
        assert "failed" in desk.screen()
        await desk.pilot.press("enter")
        await desk.until(lambda: desk.texts == ["precious words", "fine"])
        assert desk.pane.transcript.messages[0].siblings == 2  # the one that was not answered stands beside it


async def test_a_crash_in_the_middle_keeps_the_text(bench: Bench) -> None:
    crash = EngineCrashed("The engine ended with signal 11.", hint="Send it again.")
    async with bench([Script(text="one two three", failure=Failure(crash, 2))]) as desk:
        await desk.say("go")
        await desk.until(lambda: crash.message in desk.notices)
        await desk.quiet()
        assert desk.texts == ["go", "one two"]
        assert desk.pane.composer.text == ""
        assert "one two" in desk.screen()


async def test_two_conversations_are_written_at_once(bench: Bench) -> None:
    def pick(request: GenerationRequest) -> Script:
        return Script(text=request.messages[-1].text.upper() + " " + LONG * 6, tokens_per_second=SLOW)

    async with bench(pick) as desk:
        await desk.say("alpha")
        await desk.until(lambda: len(desk.texts) == 2 and "ALPHA one" in desk.texts[1])
        first = desk.pane.conversation_id
        await desk.pilot.press("ctrl+n")
        await desk.until(lambda: desk.pane.conversation_id is None)
        await desk.say("beta")
        await desk.until(lambda: len(desk.texts) == 2 and "BETA one" in desk.texts[1])
        assert desk.pane.stream.writing == {first, desk.pane.conversation_id}
        shown = desk.screen()
        assert shown.count("writing") >= 2 and "1 more writing" in desk.status and "ALPHA" not in shown
        desk.app.get_default_screen().open_chosen(_chosen(first))
        await desk.until(lambda: "ALPHA one" in desk.screen())
        before = desk.texts[1]
        await desk.until(lambda: len(desk.texts[1]) > len(before) + 20)
        await desk.pilot.press("escape")
        await desk.until(lambda: len(desk.pane.stream.writing) == 1)


async def test_a_message_sent_while_writing_waits_in_line(bench: Bench) -> None:
    async with bench([Script(text=LONG[:700], tokens_per_second=SLOW), Script(text="second reply")]) as desk:
        await desk.say("first")
        await desk.until(lambda: len(desk.texts) == 2)
        await desk.say("second")
        await desk.until(lambda: "next  second" in desk.screen())
        await desk.until(lambda: desk.texts[2:] == ["second", "second reply"])
        assert "next  second" not in desk.screen()


async def test_what_waits_comes_back_when_the_reply_is_stopped(bench: Bench) -> None:
    async with bench([Script(text=LONG, tokens_per_second=SLOW)]) as desk:
        await desk.say("first")
        await desk.until(lambda: len(desk.texts) == 2)
        await desk.say("second")
        await desk.pilot.press("escape")
        await desk.quiet()
        await desk.until(lambda: desk.pane.composer.text == "second")


async def test_drafts_stay_with_their_conversation(bench: Bench) -> None:
    async with bench() as desk:
        await desk.ask("hello")
        await desk.type("half a thou")
        await desk.pilot.press("ctrl+n")
        assert desk.pane.composer.text == ""
        await desk.type("another")
        await _open(desk, 0)
        assert desk.pane.composer.text == "half a thou"


async def test_problems_stand_in_a_banner(bench: Bench) -> None:
    problem = ModelInvalid("config.toml, line 3: [/] is wrong.", hint="Mend it.", title="A file can't be used")
    async with bench(problems=[problem], settings=Settings(theme="nowhere")) as desk:
        assert "config.toml, line 3: [/] is wrong." in desk.screen()
        assert desk.app.theme == "chatapp-dark"
        await desk.pilot.press("escape")
        assert "config.toml" not in desk.screen()


async def _open(desk: Desk, index: int) -> None:
    number = desk.rows.conversations[index].id
    desk.app.get_default_screen().open_chosen(_chosen(number))
    await desk.until(lambda: desk.pane.conversation_id == number)


def _chosen(number: int | None) -> ConversationChosen:
    assert number is not None
    return ConversationChosen(number)


async def test_a_burst_of_keys_keeps_its_order_and_its_conversation(bench: Bench) -> None:
    async with bench() as desk:
        for text in ("first", "second"):
            for letter in text:
                desk.app.post_message(events.Key(letter, letter))
            desk.app.post_message(events.Key("enter", "\r"))
        await desk.until(lambda: desk.texts[::2] == ["first", "second"] and len(desk.texts) == 4)
        assert len(desk.session.conversations()) == 1


async def test_regenerating_faster_than_replies_come_loses_nothing(bench: Bench) -> None:
    scripts = (Script(text="Once there was a fox. " * 4, tokens_per_second=SLOW),)
    async with bench(scripts) as desk:
        await desk.ask("Tell me a story")
        await desk.pilot.press("ctrl+r", "ctrl+r", "ctrl+r")
        await desk.until(lambda: desk.pane.transcript.messages[-1].sibling == 4)
        await desk.quiet()
        assert desk.notices == ""
        versions = desk.session.siblings(desk.pane.transcript.messages[-1].id)
        statuses = [version.status for version in versions]
        assert len(statuses) == 4 and statuses[0] == statuses[-1] == "complete"
        assert set(statuses) <= {"complete", "stopped"}  # a quick one may be whole before the next key


async def test_of_replies_asked_for_at_once_the_last_is_written(bench: Bench) -> None:
    scripts = (Script(text="Once there was a fox. "), Script(text="And a bear. " * 150, tokens_per_second=SLOW))
    async with bench(scripts) as desk:
        await desk.ask("Tell me a story")
        for name in ("continue-reply", "answer-message", "regenerate-reply"):
            desk.app.get_default_screen().action_perform(name)
        await desk.until(lambda: desk.pane.transcript.messages[-1].sibling == 4)
        await desk.quiet()
        assert desk.notices == "" and not desk.session.turns
        versions = desk.session.siblings(desk.pane.transcript.messages[-1].id)
        assert [version.status for version in versions] == ["complete", "stopped", "stopped", "complete"]


async def test_a_reply_without_a_word_says_so(bench: Bench) -> None:
    async with bench((Script(text=""),)) as desk:
        await desk.ask("Tell me a story")
        assert "nothing: the model ended its reply at once" in desk.screen()


async def test_what_is_typed_on_begins_the_conversation_that_was_opened_meanwhile(bench: Bench) -> None:
    async with bench([Script(text="first"), Script(text="second")]) as desk:
        pane = desk.pane
        pane.send("one")
        pane.send("and more")
        pane.open(None)
        pane.send("two")
        await desk.until(lambda: len(desk.session.conversations()) == 2 and not pane.stream.writing)
        await desk.quiet()
        threads = {each.title: desk.session.thread(each.id) for each in desk.session.conversations()}
        assert [message.text for message in threads["two"] if message.role == "user"] == ["two"]
        assert threads["one"][0].text == "one"
        assert pane.conversation is not None and pane.conversation.title == "two"
        pane.open(next(each for each in desk.session.conversations() if each.title == "one"))
        assert "and more" in pane.composer.text or len(threads["one"]) > 2
