"""Conversations that outgrow a small context, with the built-in model: what is left out, kept and computed again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from engine_run import collect, follow, opened, reply

from chatapp.backends.local import LocalBackend
from chatapp.chat.session import Session
from chatapp.chat.turn import Turn
from chatapp.core.backend import GenerationRequest
from chatapp.core.conversations import Generation
from chatapp.core.errors import ContextFull
from chatapp.core.events import ContextShifted
from chatapp.core.messages import Message
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import Value
from chatapp.core.paths import Paths
from chatapp.pocket.digest import MODEL
from chatapp.storage.store import Store

CONTEXT = 512
SYSTEM = "You answer in one sentence."
EDITS: dict[str, Value] = {"temperature": 0.0, "max_new_tokens": 30, "ignore_eos": True}


@asynccontextmanager
async def opened_session(tmp_path: Path) -> AsyncIterator[Session]:
    store = Store.open(Paths.of({"CHATAPP_HOME": str(tmp_path / "home")}))
    async with opened(MODEL, tmp_path, context_size=CONTEXT) as engine:
        session = Session(store, engine)
        yield session
        await session.close()
    await store.close()


async def say(session: Session, conversation_id: int, number: int) -> tuple[Turn, Generation]:
    text = f"Message {number}: what is the temperature of a reply, and what does the sampler top_k do to it?"
    turn = await session.send(conversation_id, text)
    async for _ in turn:
        pass
    assert turn.reply.generation is not None
    return turn, turn.reply.generation


async def test_a_long_conversation_goes_on_and_little_is_computed_twice(tmp_path: Path) -> None:
    async with opened_session(tmp_path) as session:
        conversation = await session.create(system_prompt=SYSTEM, edits=EDITS, overflow="drop_oldest")
        turns = [await say(session, conversation.id, number) for number in range(20)]
        thread = session.thread(conversation.id)
    views = [generation.view for _, generation in turns]
    moves = [place for place in range(1, len(views)) if views[place] != views[place - 1]]
    assert views[0] is not None and views[0].left_out == 0 and len(moves) >= 2
    for (turn, generation), view in zip(turns, views, strict=True):
        assert view is not None and turn.prepared is not None and generation.prompt_tokens is not None
        messages = turn.prepared.request.messages
        asked = thread[view.left_out : [each.id for each in thread].index(turn.reply.id)]
        assert [each.text for each in messages] == [SYSTEM, *(each.text for each in asked)]
        assert generation.prompt_tokens <= CONTEXT - 30
        assert (f"{view.left_out} older messages are left out" in " ".join(generation.notices)) == (view.left_out > 0)
    for place in moves:
        assert (turns[place][1].prompt_tokens or 0) <= CONTEXT // 2
    for place in set(range(1, len(turns))) - set(moves):
        before, now = turns[place - 1][1], turns[place][1]
        assert (now.cached_tokens or 0) >= (before.prompt_tokens or 0), "the beginning is the same, so it is reused"
    async with opened_session(tmp_path) as session:
        turn, generation = await say(session, conversation.id, 20)
        assert generation.view == views[-1] or (generation.prompt_tokens or 0) <= CONTEXT // 2
        assert turn.prepared is not None
        request = GenerationRequest(messages=turn.prepared.request.messages, edits=EDITS)
    async with opened(MODEL, tmp_path, context_size=CONTEXT) as engine:
        alone = await reply(engine, request)
    assert generation.token_ids == alone.tokens


async def test_stop_is_an_error_and_the_same_conversation_can_go_on(tmp_path: Path) -> None:
    async with opened_session(tmp_path) as session:
        conversation = await session.create(system_prompt=SYSTEM, edits=EDITS)
        with pytest.raises(ContextFull) as raised:
            for number in range(20):
                await say(session, conversation.id, number)
        assert "Set overflow to drop_oldest or shift" in raised.value.hint
        failed = session.thread(conversation.id)[-1]
        assert failed.status == "failed" and failed.generation is not None and failed.generation.view is None
        await session.set_overflow(conversation.id, "drop_oldest")
        _, generation = await say(session, conversation.id, 20)
        assert generation.view is not None and generation.view.left_out > 0
        with pytest.raises(ContextFull) as raised:
            async for _ in await session.send(conversation.id, "far too long " * 400):
                pass
        assert "All older turns are left out already" in raised.value.message


@pytest.mark.parametrize("system", ["", SYSTEM])
async def test_a_shift_keeps_the_system_prompt(tmp_path: Path, system: str) -> None:
    messages = (*((Message.of("system", system),) if system else ()), Message.of("user", "Tell me a story of a fox."))
    head = f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n" if system else "<|im_start|>user\n"
    request = GenerationRequest(messages=messages, edits={**EDITS, "max_new_tokens": 300}, overflow="shift")
    async with opened(MODEL, tmp_path, context_size=256) as engine:
        prepared = await engine.prepare(request)
        run = await collect(await engine.start(prepared))
        kept = len((await engine.prepare(GenerationRequest(prompt=head))).token_ids or ())
    (shift,) = [event for event in run.events if isinstance(event, ContextShifted)]
    whole = (*(prepared.token_ids or ()), *run.tokens[: shift.offset])
    assert len(whole) == 256 and shift.dropped == (256 - kept) // 2
    left = (*whole[:kept], *whole[kept + shift.dropped :])
    async with opened(MODEL, tmp_path, context_size=256) as fresh:
        again = await follow(fresh, left, **{**EDITS, "max_new_tokens": 12})
    assert run.tokens[shift.offset : shift.offset + 12] == again.tokens


async def test_the_shift_of_a_turn_is_stored_and_the_next_turn_drops(tmp_path: Path) -> None:
    async with opened_session(tmp_path) as session:
        edits = {**EDITS, "max_new_tokens": 600}
        conversation = await session.create(system_prompt=SYSTEM, edits=edits, overflow="shift")
        _, first = await say(session, conversation.id, 0)
        assert first.stop_reason == "max_new_tokens" and first.reply_tokens == 600 and first.forgotten_tokens > 0
        turn, second = await say(session, conversation.id, 1)
        assert second.view is not None and second.view.left_out == 2
        assert turn.prepared is not None and [each.role for each in turn.prepared.request.messages] == [
            "system",
            "user",
        ]


@pytest.mark.parametrize("overflow", ["drop_oldest", "shift"])
async def test_around_the_limit_every_size_is_answered(tmp_path: Path, overflow: Overflow) -> None:
    async with opened(MODEL, tmp_path, context_size=256) as engine:
        await _around_the_limit(engine, tmp_path, overflow)


async def _around_the_limit(engine: LocalBackend, tmp_path: Path, overflow: Overflow) -> None:
    store = Store.open(Paths.of({"CHATAPP_HOME": str(tmp_path / "home")}), incognito=True)
    session = Session(store, engine)
    sizes = []
    for words in range(20, 81, 4):
        edits: dict[str, Value] = {"temperature": 0.0, "max_new_tokens": 4, "ignore_eos": True}
        conversation = await session.create(edits=edits, overflow=overflow)
        await say(session, conversation.id, 0)
        turn = await session.send(conversation.id, "fox " * words)
        async for _ in turn:
            pass
        generation = turn.reply.generation
        assert generation is not None and generation.view is not None
        assert (generation.stop_reason, generation.reply_tokens) == ("max_new_tokens", 4)
        sizes.append((generation.prompt_tokens or 0, generation.view.left_out))
    assert all(size <= 252 for size, _ in sizes) and {left_out for _, left_out in sizes} == {0, 2}
    await session.close()
    await store.close()
