"""What the workbench says when the model leaves memory, and when somebody else has it."""

from __future__ import annotations

from chatapp.backends.script import Script

from .conftest import Bench

REPLY = (Script(text="Once there was a fox."),)


async def test_an_unloaded_model_is_said_to_be_and_the_next_message_loads_it(bench: Bench) -> None:
    async with bench(REPLY) as desk:
        await desk.ask("Hello")
        assert "ready" in desk.status
        await desk.backend.unload("unloaded after 60 min without a message")
        await desk.until(
            lambda: "model unloaded after 60 min without a message; the next message loads it" in desk.status
        )
        assert "pocket 3M" in desk.screen()
        await desk.ask("Again")
        await desk.until(lambda: "ready" in desk.status)
        assert desk.texts == ["Hello", "Once there was a fox.", "Again", "Once there was a fox."]
        await desk.backend.unload("unloaded by “chatapp models unload”")
        await desk.until(lambda: "chatapp models unload" in desk.status)


async def test_the_load_that_an_unloaded_model_needs_is_shown(bench: Bench) -> None:
    async with bench(REPLY, load_seconds=0.3) as desk:
        await desk.backend.unload("unloaded to make room for another")
        await desk.say("Hello")
        await desk.until(lambda: "loading the model" in desk.status)
        await desk.until(lambda: "Hello" in desk.texts)
        await desk.quiet()
        assert desk.texts[-1] == "Once there was a fox."


async def test_a_notice_of_the_load_is_shown(bench: Bench) -> None:
    notice = "This model is also loaded by chatapp chat (process 4711, since 14:02)."
    async with bench(REPLY, load_notices=(notice,)) as desk:
        await desk.until(lambda: notice in desk.notices)
    async with bench(REPLY) as desk:
        assert "also loaded" not in desk.notices
