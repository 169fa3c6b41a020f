"""The tokens of the prompt before a reply, which tell the model where to look for other candidates."""

from __future__ import annotations

from collections.abc import Callable

from desk import Desk, play

from chatapp.backends.script import Script

MakeDesk = Callable[..., Desk]


async def test_they_are_those_that_the_reply_was_asked_with(desk: MakeDesk) -> None:
    at = desk(Script(text="Blue."), Script(text="Because."))
    conversation = await at.session.create(system_prompt="Be brief.")
    first = await at.session.send(conversation.id, "Which colour?")
    await play(first)
    second = await at.session.send(conversation.id, "Why?")
    await play(second)
    for turn in (first, second):
        assert turn.prepared is not None
        assert await at.session.prompt_ids(turn.reply.id) == turn.prepared.token_ids


async def test_a_raw_prompt_stays_raw(desk: MakeDesk) -> None:
    at = desk(Script(text=" a time."))
    turn = await at.session.complete((await at.session.create()).id, "Once upon")
    await play(turn)
    assert turn.prepared is not None
    assert await at.session.prompt_ids(turn.reply.id) == turn.prepared.token_ids


async def test_the_prompt_is_put_together_with_the_settings_of_now_and_nothing_is_stored(desk: MakeDesk) -> None:
    at = desk(Script(text="Blue."))
    conversation = await at.session.create(system_prompt="Be brief.")
    turn = await at.session.send(conversation.id, "Which colour?")
    assert turn.system_prompt == "Be brief."
    await play(turn)
    before = at.session.thread(conversation.id)
    assert turn.prepared is not None
    assert (await at.session.prompt_of(turn.reply.id)).prompt == turn.prepared.prompt
    await at.session.set_system_prompt(conversation.id, "Be kind.")
    assert "Be kind." in (await at.session.prompt_of(turn.reply.id)).prompt
    assert at.session.thread(conversation.id) == before and len(at.backend.generations) == 1
