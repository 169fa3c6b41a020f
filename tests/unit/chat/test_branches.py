"""What one does with single messages of a conversation."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest
from desk import Desk, play

from chatapp.backends.script import Failure, Script
from chatapp.chat.context import Context, kept
from chatapp.core.conversations import Generation, StoredMessage
from chatapp.core.errors import EmptyPrompt, EngineCrashed, NotFound, Unsupported, UsageError
from chatapp.core.messages import ReasoningPart, Role, TextPart

MakeDesk = Callable[..., Desk]


async def asked(at: Desk, *texts: str) -> tuple[int, list[StoredMessage]]:
    """Say each text in a new conversation; all messages of it."""
    conversation = await at.session.create()
    for text in texts:
        await play(await at.session.send(conversation.id, text, alternatives=3))
    return conversation.id, at.session.thread(conversation.id)


def made(message: StoredMessage) -> Generation:
    assert message.generation is not None
    return message.generation


async def test_a_branch_begins_with_the_tokens_before_it(desk: MakeDesk) -> None:
    at = desk(Script(text="once there was"), Script(text=" a wolf"))
    _, (_, first) = await asked(at, "A story")
    details = at.session.token_details(first.id)
    assert details is not None and details[1] is not None
    other, logprob = details[1].alternatives[2]
    turn = await at.session.branch(first.id, 1, other, alternatives=3)
    await play(turn)
    request = at.backend.requests[-1]
    assert request.prefill_ids == (made(first).token_ids[0], other)
    assert (request.prefill, request.prefill_reasoning) == ("", "")
    row = at.row(turn)
    word = (await at.backend.token_texts([other]))[0]
    assert row.text == f"once{word} a wolf" and row.siblings == 2
    assert made(row).token_ids[:2] == request.prefill_ids and len(made(row).token_ids) == 4
    assert (made(row).begun_tokens, made(row).reply_tokens, made(row).processed_tokens) == (2, 2, 1)
    stored = at.session.token_details(row.id)
    assert stored is not None and len(stored) == 4 and stored[0] == details[0]
    assert stored[1] is not None and (stored[1].token_id, stored[1].rank) == (other, 2)
    assert stored[1].logprob == pytest.approx(logprob) and stored[1].alternatives == details[1].alternatives
    assert stored[3] is not None and stored[3].token_id == made(row).token_ids[3]


async def test_where_nothing_is_told_of_the_new_token_nothing_is_claimed(desk: MakeDesk) -> None:
    at = desk(Script(text="once there was"), Script(text=" more"))
    _, (_, first) = await asked(at, "A story")
    turn = await at.session.branch(first.id, 3, 31_999, alternatives=3)
    await play(turn)
    stored = at.session.token_details(turn.reply.id)
    assert stored is not None and [each is None for each in stored] == [False, False, False, True, False]


async def test_what_can_not_be_branched_is_refused(desk: MakeDesk) -> None:
    at = desk(Script(text="once there was"), Script(text="one two", tokens_per_second=0.01))
    _, (user, first) = await asked(at, "A story")
    for message, position, reason in ((user.id, 0, "Only a reply"), (first.id, 4, "no token 4"), (first.id, -1, "no")):
        with pytest.raises(UsageError, match=reason):
            await at.session.branch(message, position, 1)
    edited = await at.session.edit(first.id, "Something else")
    with pytest.raises(UsageError, match="not known"):
        await at.session.branch(edited.id, 0, 1)
    running = await at.session.regenerate(first.id)
    with pytest.raises(UsageError, match="still being written"):
        await at.session.branch(running.reply.id, 0, 1)
    card = at.backend.model
    assert card is not None
    at.backend._card = msgspec.structs.replace(card, fingerprint="another")
    with pytest.raises(UsageError, match="Another model"):
        await at.session.branch(first.id, 1, 1)
    assert len(at.session.siblings(first.id)) == 3, "nothing was stored for what was refused"


async def test_a_stopped_reply_goes_on_in_a_version_of_its_own(desk: MakeDesk) -> None:
    at = desk(Script(text="one two", stop_reason="max_new_tokens"), Script(text=" three"))
    _, (_, first) = await asked(at, "Count")
    turn = await at.session.continue_reply(first.id)
    assert turn.reply.text == "one two"
    await play(turn)
    assert at.row(turn).text == "one two three"
    assert at.backend.requests[-1].prefill_ids == made(first).token_ids
    assert at.backend.requests[-1].prefill == "one two"
    assert len(made(at.row(turn)).token_ids) == 3
    assert [version.text for version in at.session.siblings(first.id)] == ["one two", "one two three"]


async def test_thoughts_stay_thoughts(desk: MakeDesk) -> None:
    at = desk(Script(reasoning="hm well", text="yes it", stop_reason="max_new_tokens"), Script(text=" is"))
    _, (_, first) = await asked(at, "So?")
    turn = await at.session.continue_reply(first.id)
    await play(turn)
    row = at.row(turn)
    assert (row.reasoning, row.text) == ("hm well", "yes it is")
    assert [type(part) for part in row.parts] == [ReasoningPart, TextPart]
    request = at.backend.requests[-1]
    assert (request.prefill_reasoning, request.prefill) == ("hm well", "yes it")


async def test_a_reply_that_broke_off_goes_on_from_its_text(desk: MakeDesk) -> None:
    at = desk(Script(text="one two", failure=Failure(EngineCrashed("gone"), 2)), Script(text=" three"))
    conversation = await at.session.create()
    with pytest.raises(EngineCrashed):
        await play(await at.session.send(conversation.id, "Count", alternatives=3))
    failed = at.session.thread(conversation.id)[-1]
    turn = await at.session.continue_reply(failed.id)
    await play(turn)
    assert at.row(turn).text == "one two three" and at.row(turn).status == "complete"
    assert at.backend.requests[-1].prefill_ids == ()
    assert made(at.row(turn)).token_ids == () and made(at.row(turn)).begun_tokens == 0


async def test_half_a_character_is_not_kept_as_text(desk: MakeDesk) -> None:
    at = desk(Script(text="one tw\ufffd", stop_reason="max_new_tokens"), Script(text="o"))
    _, (_, first) = await asked(at, "Count")
    turn = await at.session.continue_reply(first.id)
    assert turn.reply.text == "one tw"


async def test_of_a_reply_whose_stop_text_was_cut_off_the_text_is_read_anew(desk: MakeDesk) -> None:
    at = desk(Script(text="one two", stop_reason="stop_text"), Script(text=" three"))
    _, (_, first) = await asked(at, "Count")
    turn = await at.session.continue_reply(first.id)
    await play(turn)
    assert at.backend.requests[-1].prefill_ids == () and at.backend.requests[-1].prefill == "one two"


async def test_an_edited_question_is_answered_beside_the_old_one(desk: MakeDesk) -> None:
    at = desk(Script(text="Blue."), Script(text="Red."))
    conversation, (user, _) = await asked(at, "Which colour?")
    edited = await at.session.edit(user.id, "Which other colour?")
    assert edited.edited and edited.siblings == 2 and not user.edited
    assert [message.text for message in at.session.thread(conversation)] == ["Which other colour?"]
    turn = await at.session.answer(edited.id)
    assert turn.user == edited
    await play(turn)
    assert [each.text for each in at.backend.requests[-1].messages] == ["Which other colour?"]
    assert [message.text for message in at.session.thread(conversation)] == ["Which other colour?", "Red."]
    await at.session.select(user.id)
    assert [message.text for message in at.session.thread(conversation)] == ["Which colour?", "Blue."]


async def test_an_edited_reply_keeps_its_thoughts_and_claims_nothing(desk: MakeDesk) -> None:
    at = desk(Script(reasoning="hm", text="Blue."), Script(text=" Indeed."))
    conversation, (_, reply) = await asked(at, "Which colour?")
    edited = await at.session.edit(reply.id, "Green")
    assert (edited.reasoning, edited.text, edited.edited, edited.status) == ("hm", "Green", True, "complete")
    assert made(edited).token_ids == () and made(edited).reply_tokens is None and made(edited).model_name == "scripted"
    assert at.session.token_details(edited.id) is None
    turn = await at.session.continue_reply(edited.id)
    await play(turn)
    assert at.row(turn).text == "Green Indeed." and not at.row(turn).edited
    await play(await at.session.send(conversation, "Why?"))
    assert [each.text for each in at.backend.requests[-1].messages] == ["Which colour?", "Green Indeed.", "Why?"]


async def test_the_same_text_changes_nothing_and_no_text_is_refused(desk: MakeDesk) -> None:
    at = desk()
    _, (user, _) = await asked(at, "Hi")
    assert await at.session.edit(user.id, "Hi") == user
    for text in ("", " \n"):
        with pytest.raises(EmptyPrompt):
            await at.session.edit(user.id, text)
        with pytest.raises(EmptyPrompt):
            await at.session.insert(user.conversation_id, user.id, "system", text)
    assert len(at.session.siblings(user.id)) == 1


async def test_a_reply_is_not_answered(desk: MakeDesk) -> None:
    at = desk()
    _, (_, reply) = await asked(at, "Hi")
    with pytest.raises(UsageError):
        await at.session.answer(reply.id)
    with pytest.raises(NotFound):
        await at.session.answer(999)


async def test_an_edited_raw_prompt_is_completed_raw(desk: MakeDesk) -> None:
    at = desk(Script(text=" a time"), Script(text=" a wolf"))
    conversation = await at.session.create()
    first = await at.session.complete(conversation.id, "Once upon")
    await play(first)
    assert first.user is not None
    edited = await at.session.edit(first.user.id, "There was")
    await play(await at.session.answer(edited.id))
    assert (at.backend.requests[-1].prompt, at.backend.requests[-1].messages) == ("There was", ())


@pytest.mark.parametrize("role", ["system", "user", "assistant"])
async def test_a_message_of_any_role_is_inserted(desk: MakeDesk, role: Role) -> None:
    at = desk()
    conversation, before = await asked(at, "one", "two")
    added = await at.session.insert(conversation, before[1].id, role, "between")
    thread = at.session.thread(conversation)
    assert [message.text for message in thread] == ["one", "Hello there.", "between", "two", "Hello there."]
    assert thread[2] == added and added.role == role
    assert at.session.token_details(thread[-1].id) == at.session.token_details(before[-1].id) is not None
    await play(await at.session.send(conversation, "three"))
    roles = [message.role for message in at.backend.requests[-1].messages]
    assert all(pair != ("user", "user") and pair != ("assistant", "assistant") for pair in pairwise(roles))


async def test_while_a_reply_is_written_nothing_is_put_before_it(desk: MakeDesk) -> None:
    at = desk(Script(text="one two"))
    conversation = await at.session.create()
    turn = await at.session.send(conversation.id, "Count")
    assert turn.user is not None
    with pytest.raises(UsageError, match="still being written"):
        await at.session.insert(conversation.id, turn.user.id, "system", "note")
    with pytest.raises(UsageError, match="still being written"):
        await at.session.fork(turn.reply.id)
    with pytest.raises(UsageError, match="still being written"):
        await at.session.edit(turn.reply.id, "note")
    assert (await at.session.fork(turn.user.id)).message_count == 1
    await play(turn)


async def test_what_runs_below_a_deleted_message_is_stopped(desk: MakeDesk) -> None:
    at = desk(Script(text="one two three four", tokens_per_second=0.5))
    conversation = await at.session.create()
    turn = await at.session.send(conversation.id, "Count")
    events = aiter(turn)
    await anext(events)
    assert turn.user is not None
    await at.session.delete_message(turn.user.id)
    assert at.session.thread(conversation.id) == []
    async for _ in events:
        pass
    assert at.row(turn).status == "stopped"
    await at.session.restore_message(turn.user.id)
    assert [message.id for message in at.session.thread(conversation.id)] == [turn.user.id, turn.reply.id]


async def test_a_model_without_tokens_can_not_branch(desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    at = desk()
    _, (_, reply) = await asked(at, "Hi")
    less = msgspec.structs.replace(at.backend.capabilities, token_ids=False, prefill=False)
    monkeypatch.setattr(type(at.backend), "capabilities", less)
    with pytest.raises(Unsupported):
        await at.session.branch(reply.id, 0, 1)
    with pytest.raises(Unsupported):
        await at.session.continue_reply(reply.id)
    assert len(at.session.siblings(reply.id)) == 1


# --- what stays in view


def message(number: int, role: Role, *, pinned: bool = False, text: str = "x") -> StoredMessage:
    return StoredMessage(
        id=number, conversation_id=1, parent_id=None, role=role, parts=(TextPart(text),), status="complete",
        created_at=0.0, pinned=pinned,
    )  # fmt: skip


@pytest.mark.parametrize("pinned", [3, 4])
def test_a_pinned_message_stays_with_its_turn(pinned: int) -> None:
    roles: list[Role] = ["system", "user", "assistant", "user", "assistant", "user", "assistant", "user"]
    thread = [message(number, role, pinned=number == pinned) for number, role in enumerate(roles)]
    assert [each.id for each in kept(thread[:7])] == [0, 3, 4]
    context = Context(thread=tuple(thread))
    turn = len(context.turns) - 1
    assert context.seen_from(turn) == (7, 4)
    sent = context.request("", turn=turn).messages
    assert [each.role for each in sent] == ["system", "user", "assistant", "user"]


def test_a_pinned_question_that_got_no_answer_joins_the_next() -> None:
    thread = (message(1, "user", pinned=True, text="keep this"), message(2, "assistant", text=""), message(3, "user"))
    sent = Context(thread=thread).request("", turn=1).messages
    assert [(each.role, each.text) for each in sent] == [("user", "keep this\n\nx")]


async def test_two_sessions_look_at_two_branches_of_one_conversation(desk: MakeDesk) -> None:
    at = desk(Script(text="one"), Script(text="two"), Script(text="three"))
    number, (_, first) = await asked(at, "A story")
    other = at.session.beside()
    at.session.look(at.session.conversation(number))
    other.look(other.conversation(number))
    second = await other.regenerate(first.id)
    await play(second)
    assert [message.id for message in at.session.thread(number)][-1] == first.id
    assert [message.id for message in other.thread(number)][-1] == second.reply.id
    await play(await at.session.send(number, "And then?"))
    assert [message.text for message in at.session.thread(number)] == ["A story", "one", "And then?", "three"]
    assert [message.text for message in other.thread(number)] == ["A story", "two"]
    assert other.tree(number).leaf_id == second.reply.id
    assert at.session.beside().thread(number)[-1].text == "three"  # one that looks at nothing sees what is stored


async def test_settings_of_one_that_looks_are_its_own(desk: MakeDesk) -> None:
    at = desk(Script(text="one"), Script(text="two"))
    number, (_, first) = await asked(at, "A story")
    other = at.session.beside()
    at.session.look(at.session.conversation(number))
    other.look(other.conversation(number))
    await at.session.set_edits(number, {"temperature": 0.5})
    await at.session.set_system_prompt(number, "Be short.")
    assert other.conversation(number).edits == {} and other.conversation(number).system_prompt == ""
    await play(await other.regenerate(first.id))
    assert at.backend.requests[-1].edits == {}
    made_by_other = await other.fork(first.id)
    assert made_by_other.edits == {} and made_by_other.system_prompt == ""
    made_here = await at.session.fork(first.id)
    assert made_here.edits == {"temperature": 0.5} and made_here.system_prompt == "Be short."


async def test_inserting_and_deleting_are_about_the_branch_that_is_looked_at(desk: MakeDesk) -> None:
    at = desk(Script(text="one"), Script(text="two"))
    number, (question, first) = await asked(at, "A story")
    other = at.session.beside()
    at.session.look(at.session.conversation(number))
    other.look(other.conversation(number))
    await play(await other.regenerate(first.id))
    await at.session.insert(number, question.id, "assistant", "between")
    assert [message.text for message in at.session.thread(number)] == ["A story", "between", "one"]
    assert [message.text for message in other.thread(number)] == ["A story", "two"]
    await at.session.delete_message(other.thread(number)[-1].id)
    assert [message.text for message in at.session.thread(number)] == ["A story", "between", "one"]
    assert other.thread(number)[-1].deleted_with is None and other.thread(number)[-1].text != "two"
