"""Branches of replies on the real engine: what is taken over is not computed again, and what follows is the same."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from engine_run import opened
from tiny_model import CHATML

from chatapp.chat.session import Session
from chatapp.chat.turn import Turn
from chatapp.core.conversations import Generation, StoredMessage
from chatapp.core.errors import ParameterError, UsageError
from chatapp.core.events import TextAdded
from chatapp.core.parameters import Value
from chatapp.core.paths import Paths
from chatapp.pocket.digest import MODEL
from chatapp.storage.store import Store

BYTES = 5
"""The token of the byte 0 in the tiny model."""
GREEDY: dict[str, Value] = {"temperature": 0.0, "max_new_tokens": 24, "ignore_eos": True}


@asynccontextmanager
async def opened_session(tmp_path: Path, model: Path = MODEL, context_size: int = 1024) -> AsyncIterator[Session]:
    store = Store.open(Paths.of({"CHATAPP_HOME": str(tmp_path / "home")}))
    async with opened(model, tmp_path, context_size=context_size) as engine:
        session = Session(store, engine)
        yield session
        await session.close()
    await store.close()


async def played(turn: Turn) -> StoredMessage:
    async for _ in turn:
        pass
    return turn.reply


def made(message: StoredMessage) -> Generation:
    assert message.generation is not None
    return message.generation


async def test_a_branch_computes_the_new_token_alone_and_is_whole(tmp_path: Path) -> None:
    async with opened_session(tmp_path) as session:
        conversation = await session.create(edits=GREEDY)
        first = await played(await session.send(conversation.id, "Tell me a story of a fox.", alternatives=5))
        details = session.token_details(first.id)
        assert details is not None
        fifth = details[5]
        assert fifth is not None
        other, logprob = next(pair for pair in fifth.alternatives if pair[0] != fifth.token_id)
        branch = await played(await session.branch(first.id, 5, other, alternatives=5))
        ids = made(branch).token_ids
        assert ids[:6] == (*made(first).token_ids[:5], other) and len(ids) == 6 + 24
        assert (made(branch).begun_tokens, made(branch).reply_tokens) == (6, 24)
        assert made(branch).processed_tokens == 1 and made(branch).prompt_tokens == (made(first).prompt_tokens or 0) + 6
        assert branch.text == "".join(await session.backend.token_texts(ids))
        stored = session.token_details(branch.id)
        assert stored is not None and [each and each.token_id for each in stored] == list(ids)
        assert stored[:5] == details[:5]
        assert stored[5] is not None and stored[5].logprob == pytest.approx(logprob)
        assert stored[5].rank == [token for token, _ in fifth.alternatives].index(other)
        assert [(each.id, each.sibling) for each in session.siblings(first.id)] == [(first.id, 1), (branch.id, 2)]
        assert session.thread(conversation.id)[-1].id == branch.id


async def test_a_branch_with_its_own_token_writes_the_same_again(tmp_path: Path) -> None:
    async with opened_session(tmp_path) as session:
        conversation = await session.create(edits={**GREEDY, "max_new_tokens": 30})
        first = await played(await session.send(conversation.id, "Tell me a story of a fox."))
        ids = made(first).token_ids
        await session.set_edits(conversation.id, {**GREEDY, "max_new_tokens": 18})
        branch = await played(await session.branch(first.id, 11, ids[11]))
        assert made(branch).token_ids == ids and branch.text == first.text
        assert (made(branch).processed_tokens or 0) <= 1


async def test_a_stopped_reply_goes_on_as_if_it_had_not_been_stopped(tmp_path: Path) -> None:
    async with opened_session(tmp_path) as session:
        conversation = await session.create(edits={**GREEDY, "max_new_tokens": 40})
        whole = await played(await session.send(conversation.id, "What is a token?"))
        await session.set_edits(conversation.id, {**GREEDY, "max_new_tokens": 15})
        short = await played(await session.regenerate(whole.id))
        assert made(short).stop_reason == "max_new_tokens"
        await session.set_edits(conversation.id, {**GREEDY, "max_new_tokens": 25})
        turn = await session.continue_reply(short.id)
        assert turn.reply.text == short.text, "nothing is lost before the first token comes"
        told = [event.text async for event in turn if isinstance(event, TextAdded)]
        assert turn.reply.text == whole.text == short.text + "".join(told)
        assert made(turn.reply).token_ids == made(whole).token_ids
        assert made(turn.reply).processed_tokens == 1 and made(turn.reply).begun_tokens == 15


async def test_an_edited_reply_is_gone_on_with_from_its_text(tmp_path: Path) -> None:
    async with opened_session(tmp_path) as session:
        conversation = await session.create(edits=GREEDY)
        first = await played(await session.send(conversation.id, "Tell me a story of a fox."))
        edited = await session.edit(first.id, "Once upon a time there was a small")
        assert edited.edited and made(edited).token_ids == ()
        turn = await session.continue_reply(edited.id)
        await played(turn)
        assert turn.reply.text.startswith("Once upon a time there was a small") and len(turn.reply.text) > 60
        assert turn.prepared is not None and turn.prepared.prompt.endswith("Once upon a time there was a small")
        assert made(turn.reply).token_ids == () and made(turn.reply).begun_tokens == 0
        assert (made(turn.reply).cached_tokens or 0) > 0


async def test_a_raw_completion_branches_too(tmp_path: Path) -> None:
    async with opened_session(tmp_path) as session:
        conversation = await session.create(edits={**GREEDY, "max_new_tokens": 8})
        first = await played(await session.complete(conversation.id, "The fox said"))
        longer = await played(await session.continue_reply(first.id))
        assert made(longer).raw and longer.text.startswith(first.text) and len(made(longer).token_ids) == 16
        edited = await session.edit(session.thread(conversation.id)[0].id, "The wolf said")
        answered = await session.answer(edited.id)
        await played(answered)
        assert answered.prepared is not None and answered.prepared.prompt == "The wolf said"


async def test_what_is_taken_over_counts_as_reply(tmp_path: Path) -> None:
    """To min_new_tokens it does; max_new_tokens begins to count behind it, as the other tests show."""
    async with opened_session(tmp_path) as session:
        conversation = await session.create(edits={"temperature": 0.0, "max_new_tokens": 200})
        ended = await played(await session.send(conversation.id, "Hello!"))
        assert made(ended).stop_reason == "end"
        written = len(made(ended).token_ids)
        for fewest, more in ((written, 0), (written + 3, 3)):
            await session.set_edits(conversation.id, {"temperature": 0.0, "min_new_tokens": fewest})
            again = await played(await session.continue_reply(ended.id))
            assert (made(again).reply_tokens or 0) >= more
            assert (made(again).reply_tokens == 0) == (more == 0)


@pytest.mark.parametrize("answer", ['{"a": 1', "no json"])
async def test_what_is_taken_over_must_fit_the_form(tmp_path: Path, answer: str) -> None:
    async with opened_session(tmp_path) as session:
        grammar = 'root ::= "{\\"a\\": " [0-9]+ "}" | "no"'
        conversation = await session.create(edits={"temperature": 0.0, "choices": (answer,)})
        first = await played(await session.send(conversation.id, "Say it."))
        assert first.text == answer
        await session.set_edits(conversation.id, {"temperature": 0.0, "grammar": grammar})
        turn = await session.continue_reply(first.id)
        if answer == "no json":
            with pytest.raises(ParameterError, match="does not fit the form"):
                await played(turn)
        else:
            assert (await played(turn)).text.endswith("}")


async def test_a_branch_within_a_character_holds_the_whole_character(tmp_path: Path, tiny_model: Path) -> None:
    async with opened_session(tmp_path, tiny_model) as session:
        conversation = await session.create(edits={**GREEDY, "max_new_tokens": 4})
        first = await played(await session.send(conversation.id, "Hi"))
        half, rest = (BYTES + byte for byte in "é".encode())
        begun = await played(await session.branch(first.id, 2, half))
        assert made(begun).token_ids[:3] == (*made(first).token_ids[:2], half)
        whole = await played(await session.branch(begun.id, 3, rest))
        before = await session.backend.token_texts(made(first).token_ids[:2])
        assert whole.text.startswith("".join(before) + "é")


async def test_thoughts_are_gone_on_with_as_thoughts(make_model: Callable[..., Path], tmp_path: Path) -> None:
    template = CHATML.replace("assistant\n{% endif %}", "assistant\n<think>\n{% endif %}")
    async with opened_session(tmp_path, make_model(template=template)) as session:
        edits: dict[str, Value] = {"temperature": 1.0, "seed": 5, "ignore_eos": True, "max_new_tokens": 6}
        conversation = await session.create(edits=edits)
        first = await played(await session.send(conversation.id, "Why?"))
        assert first.reasoning and not first.text
        longer = await played(await session.continue_reply(first.id))
        assert longer.reasoning.startswith(first.reasoning.rstrip("\ufffd")) and not longer.text
        assert len(made(longer).token_ids) == 12 and made(longer).processed_tokens == 1
        branch = await played(await session.branch(first.id, 3, BYTES + ord("z")))
        assert "z" in branch.reasoning and not branch.text and len(made(branch).token_ids) == 10
        await session.set_edits(conversation.id, {**edits, "max_new_tokens": 40, "reasoning_budget": 8})
        answered = await played(await session.continue_reply(first.id))
        assert answered.text, "the thoughts taken over count towards the budget"
        edited = await session.edit(first.id, "So the answer is")
        turn = await session.continue_reply(edited.id)
        await played(turn)
        assert turn.prepared is not None and turn.prepared.prompt.endswith("</think>\n\nSo the answer is")
        assert turn.reply.reasoning == first.reasoning and turn.reply.text.startswith("So the answer is")


async def test_a_pinned_turn_stays_in_view_where_the_template_demands_alternation(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    strict = (
        "{% for message in messages %}{% if (message.role == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('roles must alternate') }}{% endif %}"
        + CHATML.removeprefix("{% for message in messages %}")
    )
    async with opened_session(tmp_path, make_model(template=strict), context_size=512) as session:
        edits: dict[str, Value] = {"temperature": 0.0, "max_new_tokens": 8, "ignore_eos": True}
        conversation = await session.create(edits=edits, overflow="drop_oldest")
        first = await session.send(conversation.id, "Remember this: the key is under the stone.")
        await played(first)
        await session.pin_message(first.reply.id, True)
        for number in range(12):
            turn = await session.send(conversation.id, f"Message {number}: " + "fox " * 12)
            await played(turn)
        assert turn.reply.status == "complete" and turn.view is not None and turn.view.left_out > 0
        assert turn.prepared is not None and first.user is not None
        assert [each.text for each in turn.prepared.request.messages][:2] == [first.user.text, first.reply.text]


async def test_another_models_reply_can_not_be_branched(tmp_path: Path, tiny_model: Path) -> None:
    async with opened_session(tmp_path) as session:
        conversation = await session.create(edits=GREEDY)
        first = await played(await session.send(conversation.id, "Hi"))
    async with opened_session(tmp_path, tiny_model) as session:
        turn = await session.branch(first.id, 3, 5)
        with pytest.raises(UsageError, match="Another model"):
            await played(turn)
        with pytest.raises(UsageError, match="Another model"):
            await session.branch(first.id, 3, 5)
        goes_on = await played(await session.continue_reply(first.id))
        assert goes_on.text.startswith(first.text) and made(goes_on).begun_tokens == 0
