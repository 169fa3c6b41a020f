"""The system prompt of a conversation: the preset's at its beginning, and its own from then on."""

from __future__ import annotations

from textual.widgets import Static

from chatapp.backends.script import Script
from chatapp.chat.session import Session
from chatapp.core.conversations import Conversation
from chatapp.core.presets import Preset
from chatapp.ui.widgets.inspector.system_tab import SystemPrompt

from .conftest import SLOW, Bench, Desk

PROMPT = "Answer in one sober sentence."
SOBER = Preset(name="sober", system_prompt=PROMPT)


async def _sober(session: Session) -> None:
    session.preset = SOBER


async def open_system(desk: Desk) -> SystemPrompt:
    """Open the tab and wait until the keys are the editor's."""
    await desk.pilot.press("alt+p")
    await desk.until(lambda: isinstance(desk.app.screen.focused, SystemPrompt))
    return desk.app.screen.query_one(SystemPrompt)


def _stored(desk: Desk) -> Conversation:
    return desk.session.conversation(desk.pane.conversation_id or 0)


def _asked(desk: Desk) -> list[str]:
    """The system prompts of the last request."""
    return [message.text for message in desk.backend.requests[-1].messages if message.role == "system"]


async def test_a_change_of_parameters_keeps_the_preset_s_prompt(bench: Bench) -> None:
    async with bench(fill=_sober) as desk:
        await desk.ask("hello")
        assert _asked(desk) == [PROMPT]
        await open_system(desk)
        await desk.pilot.press("alt+s", "right", "delete")
        await desk.until(lambda: desk.pane.next.edits == {})
        await desk.pilot.press("ctrl+r")
        await desk.until(lambda: len(desk.session.siblings(desk.session.thread(_stored(desk).id)[-1].id)) == 2)
        await desk.quiet()
        assert _asked(desk) == [PROMPT] and _stored(desk).system_prompt == PROMPT
        await desk.ask("again")
        assert _asked(desk) == [PROMPT] and _stored(desk).system_prompt == PROMPT


async def test_what_is_set_before_the_first_message_keeps_it_too(bench: Bench) -> None:
    async with bench(fill=_sober) as desk:
        await open_system(desk)
        await desk.pilot.press("alt+s", "right", "escape")
        await desk.ask("hello")
        assert _asked(desk) == [PROMPT] and _stored(desk).system_prompt == PROMPT
        assert _stored(desk).edits == {"temperature": 0.75}


async def test_a_prompt_that_was_cleared_stays_empty(bench: Bench) -> None:
    async with bench(fill=_sober) as desk:
        (await open_system(desk)).text = ""
        await desk.ask("hello")
        assert _asked(desk) == [] and _stored(desk).system_prompt == ""
        await desk.pilot.press("ctrl+n")
        await desk.ask("hello again")
        assert _asked(desk) == [PROMPT]


async def test_the_inspector_shows_the_prompt_in_force_and_where_it_is_from(bench: Bench) -> None:
    async def one_without(session: Session) -> None:
        await session.create()
        await _sober(session)

    async with bench(fill=one_without) as desk:
        field = await open_system(desk)
        assert field.text == PROMPT and "System prompt · from the preset sober" in desk.screen()
        await desk.ask("hello")
        assert field.text == PROMPT and "from the preset sober" in desk.screen()
        field.text = "Be brief."
        await desk.until(lambda: "from the preset" not in desk.screen())
        await desk.until(lambda: _stored(desk).system_prompt == "Be brief.")
        before = next(one for one in desk.session.conversations() if one.id != _stored(desk).id)
        desk.app.get_default_screen().open_id(before.id)
        assert field.text == ""
        await desk.ask("hello")
        assert _asked(desk) == []


# --- what it costs


def _cost(desk: Desk) -> str:
    return str(desk.app.screen.query_one("#prompt-cost", Static).visual)


async def test_its_tokens_are_counted_once_the_typing_pauses(bench: Bench) -> None:
    async with bench() as desk:
        await open_system(desk)
        await desk.until(lambda: _cost(desk).startswith("0 tokens"))
        await desk.type("Be brief.")
        assert _cost(desk).startswith("… tokens")
        count = await desk.backend.count("Be brief.")
        await desk.until(lambda: _cost(desk).startswith(f"{count} tokens"))
        assert "Nothing is computed yet" in _cost(desk)


async def test_without_a_model_nothing_is_counted_and_none_is_loaded(bench: Bench) -> None:
    async with bench(load_seconds=60, loaded=False) as desk:
        await open_system(desk)
        await desk.until(lambda: "no model yet" in _cost(desk))
    async with bench() as desk:
        await desk.ask("hello")
        await desk.backend.unload("unloaded")
        await open_system(desk)
        await desk.until(lambda: "no model" in _cost(desk))
        assert desk.backend.unloaded


async def test_a_model_that_comes_later_counts(bench: Bench) -> None:
    async with bench(load_seconds=0.5, loaded=False) as desk:
        await open_system(desk)
        await desk.until(lambda: _cost(desk).startswith("0 tokens"))


async def test_while_the_first_reply_is_written_its_prompt_is_told(bench: Bench) -> None:
    slow = Script(text="Once there was a fox who knew three things. " * 200, tokens_per_second=SLOW)
    async with bench((slow,), size=(160, 48)) as desk:
        await open_system(desk)
        assert "Nothing is computed yet" in _cost(desk)
        await desk.say("hello")
        await desk.until(lambda: "The reply that is being written has a prompt of" in _cost(desk))
        prepared = len(desk.backend.generations[-1].prepared.token_ids or ())
        assert f"{prepared} tokens, 0 of them reused. A change counts from the next message on" in _cost(desk)
        desk.app.screen.query_one(SystemPrompt).text = "Be brief."
        await desk.until(lambda: "Changed: this counts from the next message on" in _cost(desk))
        desk.pane.stop()
        await desk.quiet()
        await desk.until(lambda: "Changed: the next message computes the whole conversation again" in _cost(desk))


async def test_it_says_how_much_is_computed_again(bench: Bench) -> None:
    async with bench(size=(160, 48)) as desk:
        field = await open_system(desk)
        field.text = "Be brief."
        await desk.ask("hello")
        await desk.until(lambda: "As it was sent." in _cost(desk))
        generation = desk.session.thread(_stored(desk).id)[-1].generation
        assert generation is not None
        used = (generation.prompt_tokens or 0) + (generation.reply_tokens or 0)
        assert f"computed again: {used} tokens" in _cost(desk)
        field.text = "Be kind."
        await desk.until(
            lambda: f"Changed: the next message computes the whole conversation again, {used}" in _cost(desk)
        )
        await desk.until(lambda: _stored(desk).system_prompt == "Be kind.")
        number = _stored(desk).id
        await desk.pilot.press("ctrl+n")
        await desk.until(lambda: "Nothing is computed yet" in _cost(desk))
        desk.app.get_default_screen().open_id(number)
        await desk.until(lambda: "Changed: the next message" in _cost(desk))
        await desk.ask("more")
        await desk.until(lambda: "As it was sent." in _cost(desk))
