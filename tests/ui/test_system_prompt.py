"""The system prompt of a conversation: the preset's at its beginning, and its own from then on."""

from __future__ import annotations

from textual.widgets import TextArea

from chatapp.chat.session import Session
from chatapp.core.conversations import Conversation
from chatapp.core.presets import Preset

from .conftest import Bench, Desk

PROMPT = "Answer in one sober sentence."
SOBER = Preset(name="sober", system_prompt=PROMPT)


async def _sober(session: Session) -> None:
    session.preset = SOBER


async def _open_inspector(desk: Desk) -> TextArea:
    await desk.pilot.press("ctrl+t")
    await desk.until(lambda: bool(desk.app.screen.query("#system-prompt")) and "Sampling" in desk.screen())
    return desk.app.screen.query_one("#system-prompt", TextArea)


def _stored(desk: Desk) -> Conversation:
    return desk.session.conversation(desk.pane.conversation_id or 0)


def _asked(desk: Desk) -> list[str]:
    """The system prompts of the last request."""
    return [message.text for message in desk.backend.requests[-1].messages if message.role == "system"]


async def test_a_change_of_parameters_keeps_the_preset_s_prompt(bench: Bench) -> None:
    async with bench(fill=_sober) as desk:
        await desk.ask("hello")
        assert _asked(desk) == [PROMPT]
        await _open_inspector(desk)
        await desk.pilot.press("right", "delete")
        await desk.until(lambda: desk.pane.edits == {})
        await desk.pilot.press("ctrl+r")
        await desk.until(lambda: len(desk.session.siblings(desk.session.thread(_stored(desk).id)[-1].id)) == 2)
        await desk.quiet()
        assert _asked(desk) == [PROMPT] and _stored(desk).system_prompt == PROMPT
        await desk.ask("again")
        assert _asked(desk) == [PROMPT] and _stored(desk).system_prompt == PROMPT


async def test_what_is_set_before_the_first_message_keeps_it_too(bench: Bench) -> None:
    async with bench(fill=_sober) as desk:
        await _open_inspector(desk)
        await desk.pilot.press("right", "escape")
        await desk.ask("hello")
        assert _asked(desk) == [PROMPT] and _stored(desk).system_prompt == PROMPT
        assert _stored(desk).edits == {"temperature": 0.75}


async def test_a_prompt_that_was_cleared_stays_empty(bench: Bench) -> None:
    async with bench(fill=_sober) as desk:
        (await _open_inspector(desk)).text = ""
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
        field = await _open_inspector(desk)
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
