"""What one does with conversations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from desk import Desk, play

from chatapp.backends.script import Failure, Script
from chatapp.core.errors import EmptyPrompt, EngineCrashed, NotFound, ParameterError, UsageError
from chatapp.core.events import TextAdded

MakeDesk = Callable[..., Desk]


@pytest.mark.parametrize("text", ["", "  \n\t"])
async def test_an_empty_message_is_refused_and_nothing_stored(desk: MakeDesk, text: str) -> None:
    at = desk()
    conversation = await at.session.create()
    with pytest.raises(EmptyPrompt):
        await at.session.send(conversation.id, text)
    assert at.session.thread(conversation.id) == []


async def test_an_empty_raw_prompt_is_refused(desk: MakeDesk) -> None:
    at = desk()
    with pytest.raises(EmptyPrompt):
        await at.session.complete((await at.session.create()).id, "")


async def test_a_bad_parameter_is_refused_and_nothing_stored(desk: MakeDesk) -> None:
    at = desk()
    conversation = await at.session.create()
    with pytest.raises(ParameterError):
        await at.session.send(conversation.id, "Hi", edits={"temperature": -1})
    with pytest.raises(NotFound):
        await at.session.set_edits(conversation.id, {"temprature": 1})
    assert at.session.thread(conversation.id) == []


async def test_the_request_holds_system_prompt_and_thread(desk: MakeDesk) -> None:
    at = desk(Script(text="Blue."), Script(text="Because."))
    conversation = await at.session.create(system_prompt="Be brief.")
    await play(await at.session.send(conversation.id, "Which colour?"))
    await play(await at.session.send(conversation.id, "Why?"))
    messages = at.backend.requests[-1].messages
    assert [(each.role, each.text) for each in messages] == [
        ("system", "Be brief."),
        ("user", "Which colour?"),
        ("assistant", "Blue."),
        ("user", "Why?"),
    ]
    assert messages[2].token_ids != ()
    assert [message.text for message in at.session.thread(conversation.id)] == [
        "Which colour?",
        "Blue.",
        "Why?",
        "Because.",
    ]


async def test_a_changed_system_prompt_holds_from_the_next_message_on(desk: MakeDesk) -> None:
    at = desk()
    conversation = await at.session.create(system_prompt="Old.")
    await at.session.set_system_prompt(conversation.id, "New.")
    await play(await at.session.send(conversation.id, "Hi"))
    assert at.backend.requests[-1].messages[0].text == "New."


async def test_the_first_message_gives_the_title(desk: MakeDesk) -> None:
    at = desk()
    conversation = await at.session.create()
    await play(await at.session.send(conversation.id, "Tell me of foxes"))
    assert at.session.conversation(conversation.id).title == "Tell me of foxes"
    assert at.session.latest() == at.session.conversation(conversation.id)


async def test_the_conversations_parameters_hold_unless_others_are_given(desk: MakeDesk) -> None:
    at = desk()
    conversation = await at.session.create(edits={"top_k": 3, "stop": ("a", "b")})
    assert at.session.conversation(conversation.id).edits == {"top_k": 3, "stop": ["a", "b"]}
    await play(await at.session.send(conversation.id, "Hi"))
    assert at.backend.requests[-1].edits == {"top_k": 3, "stop": ("a", "b")}
    await play(await at.session.send(conversation.id, "Hi", edits={"max-tokens": 9}))
    assert at.backend.requests[-1].edits == {"max_new_tokens": 9}
    await at.session.set_edits(conversation.id, {"stop_token_ids": (1, 2)})
    await play(await at.session.send(conversation.id, "Hi"))
    assert at.backend.requests[-1].edits == {"stop_token_ids": (1, 2)}


async def test_template_variables_reach_the_request(desk: MakeDesk) -> None:
    at = desk()
    conversation = await at.session.create()
    await play(await at.session.send(conversation.id, "Hi", template_variables={"enable_thinking": False}))
    assert at.backend.requests[-1].template_variables == {"enable_thinking": False}


async def test_a_prefill_begins_the_reply(desk: MakeDesk) -> None:
    at = desk(Script(text=" Sir"))
    conversation = await at.session.create()
    turn = await at.session.send(conversation.id, "Write a letter", prefill="Dear")
    assert turn.reply.text == "Dear"
    await play(turn)
    assert at.row(turn).text == "Dear Sir"
    assert at.backend.requests[-1].prefill == "Dear"
    await play(await at.session.send(conversation.id, "Go on"))
    assert at.backend.requests[-1].messages[1].token_ids == ()


async def test_lone_surrogates_reach_neither_store_nor_model(desk: MakeDesk) -> None:
    at = desk(Script(text="ok"))
    conversation = await at.session.create()
    await play(await at.session.send(conversation.id, "a\ud800b", prefill="\udcff"))
    assert at.session.thread(conversation.id)[0].text == "a\ufffdb"
    assert at.backend.requests[-1].messages[0].text == "a\ufffdb"
    assert at.backend.requests[-1].prefill == "\ufffd"
    await play(await at.session.complete(conversation.id, "\udc80"))
    assert at.backend.requests[-1].prompt == "\ufffd"


async def test_regenerating_makes_a_sibling_with_another_seed(desk: MakeDesk) -> None:
    at = desk(Script(text="First."), Script(text="Second."))
    conversation = await at.session.create(system_prompt="Be kind.")
    first = await at.session.send(conversation.id, "Hi")
    await play(first)
    second = await at.session.regenerate(first.reply.id)
    assert second.user == first.user
    await play(second)
    rows = at.session.siblings(first.reply.id)
    assert [(row.text, row.sibling, row.siblings) for row in rows] == [("First.", 1, 2), ("Second.", 2, 2)]
    assert at.session.thread(conversation.id)[-1].text == "Second."
    assert at.backend.requests[0].messages == at.backend.requests[1].messages
    assert first.prepared is not None
    assert second.prepared is not None
    assert first.prepared.seed != second.prepared.seed
    await at.session.select(first.reply.id)
    assert at.session.thread(conversation.id)[-1].text == "First."


async def test_only_replies_are_regenerated(desk: MakeDesk) -> None:
    at = desk()
    turn = await at.session.send((await at.session.create()).id, "Hi")
    await play(turn)
    assert turn.user is not None
    with pytest.raises(UsageError):
        await at.session.regenerate(turn.user.id)


async def test_a_raw_prompt_is_completed_as_it_is(desk: MakeDesk) -> None:
    at = desk(Script(text=" a time"))
    conversation = await at.session.create(system_prompt="Be kind.")
    turn = await at.session.complete(conversation.id, "Once upon", edits={"top_k": 1}, prefill="")
    await play(turn)
    request = at.backend.requests[-1]
    assert (request.prompt, request.messages, request.edits) == ("Once upon", (), {"top_k": 1})
    assert [(row.role, row.text) for row in at.session.thread(conversation.id)] == [
        ("user", "Once upon"),
        ("assistant", " a time"),
    ]
    await play(await at.session.regenerate(turn.reply.id))
    assert at.backend.requests[-1].prompt == "Once upon"


async def test_a_failed_reply_is_left_out_of_the_next_request_and_said(desk: MakeDesk) -> None:
    at = desk(Script(text="one two", failure=Failure(EngineCrashed("gone"), 1)), Script(text="ok"))
    conversation = await at.session.create()
    with pytest.raises(EngineCrashed):
        await play(await at.session.send(conversation.id, "Count"))
    turn = await at.session.send(conversation.id, "Again")
    await play(turn)
    assert [each.text for each in at.backend.requests[-1].messages] == ["Count\n\nAgain"]
    assert turn.reply.generation is not None
    assert turn.reply.generation.notices == ("One earlier reply, failed or empty, is left out of what the model sees.",)


async def test_what_is_sent_again_after_a_failure_without_a_word_stands_there_once(desk: MakeDesk) -> None:
    at = desk(Script(text="ok"), Script(text="x", failure=Failure(EngineCrashed("gone"), "start")), Script(text="fine"))
    conversation = await at.session.create()
    await play(await at.session.send(conversation.id, "Hi"))
    with pytest.raises(EngineCrashed):
        await play(await at.session.send(conversation.id, "Count"))
    preview = await at.session.preview("Count, please", conversation_id=conversation.id)
    await play(await at.session.send(conversation.id, "Count, please"))
    assert preview.request.messages == at.backend.requests[-1].messages
    assert [each.text for each in at.session.thread(conversation.id)] == ["Hi", "ok", "Count, please", "fine"]
    versions = at.session.siblings(at.session.thread(conversation.id)[2].id)
    assert [each.text for each in versions] == ["Count", "Count, please"]


async def test_notices_of_the_backend_are_kept(desk: MakeDesk) -> None:
    at = desk(Script(text="ok", notices=("The system prompt was merged.",)))
    turn = await at.session.send((await at.session.create()).id, "Hi")
    await play(turn)
    generation = at.row(turn).generation
    assert generation is not None
    assert generation.notices == ("The system prompt was merged.",)


async def test_a_branch_that_is_being_written_takes_no_message(desk: MakeDesk) -> None:
    at = desk(Script(text="one two"))
    conversation = await at.session.create()
    turn = await at.session.send(conversation.id, "Count")
    with pytest.raises(UsageError):
        await at.session.send(conversation.id, "More")
    assert len(at.session.thread(conversation.id)) == 2
    await play(turn)
    await play(await at.session.send(conversation.id, "More"))
    assert len(at.session.thread(conversation.id)) == 4


async def test_of_two_messages_sent_at_once_one_is_refused(desk: MakeDesk) -> None:
    at = desk()
    conversation = await at.session.create()
    sent = await asyncio.gather(
        at.session.send(conversation.id, "one"), at.session.send(conversation.id, "two"), return_exceptions=True
    )
    assert [isinstance(each, UsageError) for each in sent] == [False, True]
    assert len(at.session.thread(conversation.id)) == 2


async def test_a_message_whose_sending_is_cancelled_leaves_nothing_half_done(desk: MakeDesk) -> None:
    at = desk()
    conversation = await at.session.create()
    sending = asyncio.create_task(at.session.send(conversation.id, "one"))
    await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert [row.status for row in at.session.thread(conversation.id)] == ["complete", "stopped"]
    assert at.session.turns == ()
    await play(await at.session.send(conversation.id, "two"))


async def test_two_branches_are_written_at_the_same_time(desk: MakeDesk) -> None:
    at = desk(Script(text="a b c"), Script(text="d e f"))
    first = await at.session.send((await at.session.create()).id, "Letters")
    second = await at.session.regenerate(first.reply.id)
    await asyncio.gather(play(first), play(second))
    assert sorted((at.row(first).text, at.row(second).text)) == ["a b c", "d e f"]


async def test_two_conversations_are_answered_at_the_same_time(desk: MakeDesk) -> None:
    at = desk(Script(text="a " * 20), Script(text="b " * 20))
    first = await at.session.send((await at.session.create()).id, "A")
    second = await at.session.send((await at.session.create()).id, "B")
    order: list[int] = []

    async def listen(index: int) -> None:
        async for event in (first, second)[index]:
            if isinstance(event, TextAdded):
                order.append(index)  # noqa: PERF401 (the order between the two is what counts)

    await asyncio.gather(listen(0), listen(1))
    assert order[:4] in ([0, 1, 0, 1], [1, 0, 1, 0])
    assert {at.row(first).text, at.row(second).text} == {("a " * 20), ("b " * 20)}
    assert {at.row(first).status, at.row(second).status} == {"complete"}


async def test_deleting_a_conversation_stops_its_reply(desk: MakeDesk) -> None:
    at = desk(Script(text="one two three four"))
    conversation = await at.session.create()
    turn = await at.session.send(conversation.id, "Count")
    async for event in turn:
        if isinstance(event, TextAdded) and event.text == "one":
            await at.session.delete(conversation.id)
    assert (at.row(turn).status, at.row(turn).text) == ("stopped", "one")
    assert at.session.conversations() == []
    assert [each.id for each in at.session.conversations(trash=True)] == [conversation.id]
    await at.session.restore(conversation.id)
    assert [each.id for each in at.session.conversations()] == [conversation.id]


async def test_what_is_purged_is_gone_and_its_reply_stopped(desk: MakeDesk) -> None:
    at = desk(Script(text="one two three four"))
    conversation = await at.session.create()
    turn = await at.session.send(conversation.id, "Count")
    async for event in turn:
        if isinstance(event, TextAdded) and event.text == "one":
            await at.session.purge(conversation.id)
    assert not turn.is_running
    assert at.session.conversations() == at.session.conversations(trash=True) == []


async def test_conversations_are_named_pinned_and_found(desk: MakeDesk) -> None:
    at = desk(Script(text="A vixen."))
    conversation = await at.session.create()
    await play(await at.session.send(conversation.id, "What is a female fox?"))
    assert (await at.session.rename(conversation.id, "Foxes")).title == "Foxes"
    assert (await at.session.pin(conversation.id, True)).pinned
    assert [hit.message_id for hit in at.session.search("vixen")] == [at.session.thread(conversation.id)[-1].id]


async def test_an_unknown_conversation_is_not_found(desk: MakeDesk) -> None:
    at = desk()
    with pytest.raises(NotFound):
        await at.session.send(999, "Hi")
