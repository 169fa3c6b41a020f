"""A preset under the edits of a conversation, and a request that is only looked at."""

from __future__ import annotations

from collections.abc import Callable

from desk import Desk, play

from chatapp.chat.context import Context
from chatapp.core.messages import Message
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


async def test_a_prompts_values_stand_between_edits_and_preset(desk: MakeDesk) -> None:
    at = desk()
    at.session.preset = PRESET
    values = {"temperature": 0.6, "top_p": 0.8, "top_k": 4}
    conversation = await at.session.create(edits={**values, "top_k": 9})
    turn = await at.session.send(conversation.id, "Hi", edits={"top_k": 9}, prompt_values=values)
    await play(turn)
    assert turn.reply.generation is not None
    found = {setting.name: (setting.value, setting.source) for setting in turn.reply.generation.settings}
    assert (found["temperature"], found["top_p"]) == ((0.6, "prompt"), (0.8, "prompt"))
    assert found["top_k"] == (9, "edit")
    assert at.backend.requests[-1].thinking == {}
    completed = await at.session.complete(conversation.id, "Once", edits={}, prompt_values=values)
    await play(completed)
    assert at.backend.requests[-1].prompt_values == values
    # The conversation goes on with them.
    await play(await at.session.send(conversation.id, "And?"))
    assert at.backend.requests[-1].edits == {**values, "top_k": 9}


def test_a_form_of_the_answer_takes_the_place_of_the_presets() -> None:
    preset = {"json_value": True, "top_k": 7}
    assert Context(preset=preset, prompt_values={"choices": ("a",)}).request("").preset == {"top_k": 7}
    assert Context(preset=preset, prompt_values={"top_p": 0.5}).request("").preset == preset


async def test_a_conversation_may_begin_with_messages_that_were_said(desk: MakeDesk) -> None:
    at = desk()
    said = (Message.of("user", "2 + 2"), Message.of("assistant", "4"))
    looked = await at.session.preview("3 + 3", messages=said)
    assert at.session.conversations() == []
    conversation = await at.session.create(title="Sums", messages=said)
    turn = await at.session.send(conversation.id, "3 + 3")
    await play(turn)
    assert turn.prepared is not None and turn.prepared.prompt == looked.prompt
    assert [message.text for message in at.session.thread(conversation.id)][:3] == ["2 + 2", "4", "3 + 3"]
    assert at.session.conversation(conversation.id).title == "Sums"
