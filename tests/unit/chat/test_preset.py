"""A preset under the edits of a conversation, and a request that is only looked at."""

from __future__ import annotations

from collections.abc import Callable

from desk import Desk, play

from chatapp.chat.context import Context
from chatapp.core.presets import Preset

MakeDesk = Callable[..., Desk]

PRESET = Preset(
    name="mine",
    sampling={"temperature": 0.3, "top_k": 7},
    thinking={"temperature": 1.0, "top_p": 0.5},
    system_prompt="Be brief.",
)


def test_edits_stand_above_a_preset_and_its_thinking_values() -> None:
    request = Context(edits={"temperature": 0.9}, preset=PRESET.sampling, thinking=PRESET.thinking).request("")
    assert request.edits == {"temperature": 0.9}
    assert request.preset == PRESET.sampling
    assert request.thinking == {"top_p": 0.5}


async def test_every_way_of_asking_carries_the_preset(desk: MakeDesk) -> None:
    at = desk()
    at.session.preset = PRESET
    conversation = await at.session.create(edits={"top_k": 9})
    turn = await at.session.send(conversation.id, "Hi", alternatives=3)
    await play(turn)
    await play(await at.session.regenerate(turn.reply.id, alternatives=1))
    await play(await at.session.complete(conversation.id, "Once", alternatives=2))
    for request in at.backend.requests:
        assert (request.preset, request.thinking, request.edits) == (PRESET.sampling, PRESET.thinking, {"top_k": 9})
    assert [request.alternatives for request in at.backend.requests] == [3, 1, 2]
    assert turn.reply.generation is not None
    sources = {setting.name: setting.source for setting in turn.reply.generation.settings}
    assert turn.reply.generation.preset == "mine"
    assert (sources["temperature"], sources["top_k"], sources["top_p"]) == ("preset", "edit", "default")


async def test_a_new_conversation_gets_the_presets_system_prompt_unless_it_has_one(desk: MakeDesk) -> None:
    at = desk()
    assert (await at.session.create()).system_prompt == ""
    at.session.preset = PRESET
    assert (await at.session.create()).system_prompt == "Be brief."
    assert (await at.session.create(system_prompt="Be long.")).system_prompt == "Be long."


async def test_a_preview_is_what_would_be_asked_and_leaves_nothing_behind(desk: MakeDesk) -> None:
    at = desk()
    at.session.preset = PRESET
    new = await at.session.preview("Hi", edits={"top_p": 0.7}, prefill="Well")
    assert at.session.conversations() == [] and at.backend.generations == []
    conversation = await at.session.create(edits={"top_p": 0.7})
    turn = await at.session.send(conversation.id, "Hi", prefill="Well")
    await play(turn)
    assert turn.prepared is not None
    assert (new.prompt, new.parameters.values) == (turn.prepared.prompt, turn.prepared.parameters.values)
    before = at.session.thread(conversation.id)
    second = await at.session.preview("More", conversation_id=conversation.id)
    assert [message.text for message in second.request.messages] == ["Be brief.", "Hi", turn.reply.text, "More"]
    assert at.session.thread(conversation.id) == before
    raw = await at.session.preview("Once", raw=True)
    assert (raw.prompt, raw.request.messages) == ("Once", ())
