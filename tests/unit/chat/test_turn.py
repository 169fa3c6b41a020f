"""One reply, from the stored question to the stored answer."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from desk import Desk, play

from chatapp.backends.script import Failure, Script, Withdrawal
from chatapp.backends.scripted import ScriptedBackend
from chatapp.core.backend import GenerationRequest, Prepared
from chatapp.core.errors import EngineCrashed, EngineError, ModelLoadFailed, StoreUnwritable, Unsupported, UsageError
from chatapp.core.events import Finished, LoadProgress, ParameterChanged, ReasoningAdded, TextAdded
from chatapp.core.messages import ReasoningPart, TextPart
from chatapp.core.paths import Paths
from chatapp.storage.store import Store

MakeDesk = Callable[..., Desk]


async def test_a_turn_streams_and_stores_the_reply(desk: MakeDesk) -> None:
    at = desk(Script(reasoning="Let me see.", text="Hello there."))
    conversation = await at.session.create()
    turn = await at.session.send(conversation.id, "Hi")
    events = await play(turn)
    assert [event.fraction for event in events if isinstance(event, LoadProgress)] == [0.0, 0.5, 1.0]
    assert "".join(event.text for event in events if isinstance(event, TextAdded)) == "Hello there."
    finished = events[-1]
    assert isinstance(finished, Finished)
    row = at.row(turn)
    assert row == turn.reply
    assert (row.status, row.text, row.reasoning) == ("complete", "Hello there.", "Let me see.")
    generation, prepared = row.generation, turn.prepared
    assert generation is not None
    assert prepared is not None
    assert (generation.model_name, generation.model_fingerprint) == ("scripted", "scripted")
    assert generation.template_sha256 == "scripted"
    assert generation.settings == prepared.parameters.settings
    assert generation.seed == prepared.seed == finished.seed
    assert (generation.stop_reason, generation.reply_tokens) == ("end", finished.reply_tokens)
    assert (generation.timings, generation.token_ids) == (finished.timings, finished.token_ids)
    assert at.session.turns == ()


async def test_the_details_of_tokens_are_stored_with_the_end(desk: MakeDesk) -> None:
    script = Script(text=("One fox", " ran far", Withdrawal(8), " sat."), details=True, missing_words=("hen",))
    at = desk(script)
    conversation = await at.session.create()
    turn = await at.session.send(conversation.id, "Hi")
    seen = []
    async for event in turn:
        seen.append(len(at.session.token_details(turn.reply.id) or ()))
        if isinstance(event, TextAdded):
            assert at.saved.token_details(turn.reply.id) is None
    assert seen[-1] == 4 and max(seen) == 4
    generation = at.row(turn).generation
    assert generation is not None
    assert (generation.missing_words, generation.rewinds) == (("hen",), 1)
    stored = at.session.token_details(turn.reply.id)
    assert stored is not None and stored == turn.details
    assert tuple(each.token_id for each in stored if each is not None) == generation.token_ids


async def test_a_reply_of_which_nothing_was_told_has_no_details(desk: MakeDesk) -> None:
    at = desk(Script(text="Hello."))
    turn = await at.session.send((await at.session.create()).id, "Hi")
    async for event in turn:
        assert not at.session.token_details(turn.reply.id), event
    assert at.session.token_details(turn.reply.id) is None


@pytest.mark.parametrize("incognito", [False])
async def test_the_words_are_on_disk_before_the_model_is_asked(store: Store, paths: Paths) -> None:
    on_disk: list[tuple[str, str, str]] = []

    class ReadingBackend(ScriptedBackend):
        async def prepare(self, request: GenerationRequest) -> Prepared:
            with sqlite3.connect(paths.database) as connection:
                on_disk.extend(connection.execute("SELECT role, parts, status FROM messages ORDER BY id"))
            connection.close()
            return await super().prepare(request)

    at = Desk(store, ReadingBackend([Script(text="ok")]))
    conversation = await at.session.create()
    await play(await at.session.send(conversation.id, "Keep this"))
    assert [(role, status) for role, _, status in on_disk] == [("user", "complete"), ("assistant", "streaming")]
    assert "Keep this" in on_disk[0][1]


async def test_partial_text_is_saved_every_quarter_second(desk: MakeDesk) -> None:
    at = desk(Script(text="one two three"))
    turn = await at.session.send((await at.session.create()).id, "Count")
    async for event in turn:
        if isinstance(event, TextAdded):
            await asyncio.sleep(0)
            at.clock.tick()
            await at.saved.attempt()
            row = at.row(turn)
            assert (row.status, row.text) == ("streaming", turn.reply.text)
            assert row.generation is not None
            assert row.generation.settings
    assert set(at.clock.asked) == {0.25}
    assert at.row(turn).status == "complete"


async def test_between_ticks_nothing_is_written(desk: MakeDesk) -> None:
    at = desk(Script(text="word " * 200))
    await play(await at.session.send((await at.session.create()).id, "Go"))
    assert at.saved.attempts == 1


async def test_stop_keeps_the_text(desk: MakeDesk) -> None:
    at = desk(Script(text="one two three four"))
    turn = await at.session.send((await at.session.create()).id, "Count")
    async for event in turn:
        if isinstance(event, TextAdded) and event.text == " two":
            await turn.stop()
    row = at.row(turn)
    assert (row.status, row.text) == ("stopped", "one two")
    assert row.generation is not None
    assert (row.generation.stop_reason, row.generation.reply_tokens) == ("stopped", 2)
    await turn.stop()


async def test_a_turn_is_stopped_while_the_model_loads_and_the_load_goes_on(desk: MakeDesk) -> None:
    at = desk(load_seconds=0.2)
    turn = await at.session.send((await at.session.create()).id, "Hi")
    events = []
    async for event in turn:
        events.append(event)
        await turn.stop()
    assert isinstance(events[-1], Finished)
    assert events[-1].stop_reason == "stopped"
    assert (at.row(turn).status, at.row(turn).parts) == ("stopped", ())
    assert at.backend.generations == []
    assert [fraction async for fraction in at.backend.load()][-1] == 1.0


async def test_a_turn_is_stopped_while_it_is_prepared(desk: MakeDesk) -> None:
    at = desk()
    cancelled = False

    async def prepare(request: GenerationRequest) -> Prepared:
        nonlocal cancelled
        await turn.stop()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled = True
            raise
        raise AssertionError("never prepared")

    at.backend.prepare = prepare  # type: ignore[method-assign]
    turn = await at.session.send((await at.session.create()).id, "Hi")
    events = await play(turn)
    assert isinstance(events[-1], Finished)
    assert cancelled
    assert at.row(turn).status == "stopped"


async def test_a_stop_before_the_iteration_is_honoured(desk: MakeDesk) -> None:
    at = desk()
    turn = await at.session.send((await at.session.create()).id, "Hi")
    await turn.stop()
    await play(turn)
    assert (at.row(turn).status, at.backend.generations) == ("stopped", [])


async def test_a_failure_keeps_text_and_reason(desk: MakeDesk) -> None:
    crash = EngineCrashed("The engine ended with signal 9.", hint="Send again.")
    at = desk(Script(text="one two three", failure=Failure(crash, 2)))
    turn = await at.session.send((await at.session.create()).id, "Count")
    with pytest.raises(EngineCrashed):
        await play(turn)
    row = at.row(turn)
    assert (row.status, row.text) == ("failed", "one two")
    assert row.generation is not None
    assert row.generation.error == "The engine ended with signal 9. Send again."
    assert not turn.is_running


@pytest.mark.parametrize("at_point", ["prepare", "start"])
async def test_a_failure_before_the_first_word_is_stored(desk: MakeDesk, at_point: str) -> None:
    at = desk(Script(text="x", failure=Failure(EngineCrashed("gone"), at_point)))  # type: ignore[arg-type]
    turn = await at.session.send((await at.session.create()).id, "Hi")
    with pytest.raises(EngineCrashed):
        await play(turn)
    assert (at.row(turn).status, at.row(turn).parts) == ("failed", ())


async def test_a_failed_load_fails_the_turn_and_the_next_one_loads_again(desk: MakeDesk) -> None:
    at = desk(load_failure=ModelLoadFailed("no tensors"))
    conversation = await at.session.create()
    turn = await at.session.send(conversation.id, "Hi")
    with pytest.raises(ModelLoadFailed):
        await play(turn)
    assert at.row(turn).status == "failed"
    at.backend.load_failure = None
    await play(await at.session.send(conversation.id, "Hi"))
    assert at.session.thread(conversation.id)[-1].status == "complete"


async def test_an_unforeseen_exception_is_stored_and_raised(desk: MakeDesk) -> None:
    at = desk()

    async def prepare(request: GenerationRequest) -> Prepared:
        raise ZeroDivisionError("a bug")

    at.backend.prepare = prepare  # type: ignore[method-assign]
    turn = await at.session.send((await at.session.create()).id, "Hi")
    with pytest.raises(ZeroDivisionError):
        await play(turn)
    row = at.row(turn)
    assert row.generation is not None
    assert (row.status, "a bug" in row.generation.error) == ("failed", True)


async def test_a_reply_that_breaks_off_has_failed(desk: MakeDesk) -> None:
    at = desk()

    class Silent:
        def __aiter__(self) -> Silent:
            return self

        async def __anext__(self) -> TextAdded:
            raise StopAsyncIteration

        async def stop(self) -> None:
            return None

    async def start(prepared: Prepared) -> Silent:
        return Silent()

    at.backend.start = start  # type: ignore[method-assign,assignment]
    turn = await at.session.send((await at.session.create()).id, "Hi")
    with pytest.raises(EngineError):
        await play(turn)
    assert at.row(turn).status == "failed"


async def test_a_cancelled_turn_is_stopped_and_stored(desk: MakeDesk) -> None:
    at = desk(Script(text=("one", " two", " three"), tokens_per_second=0.5))
    turn = await at.session.send((await at.session.create()).id, "Count")
    heard = asyncio.Event()

    async def listen() -> None:
        async for event in turn:
            if isinstance(event, TextAdded):
                heard.set()

    task = asyncio.create_task(listen())
    await heard.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (at.row(turn).status, at.row(turn).text) == ("stopped", "one")
    assert at.backend.generations[0].is_stopped


async def test_a_turn_cancelled_while_it_starts_stops_what_was_started(desk: MakeDesk) -> None:
    at = desk(Script(text="word " * 50))
    entered, go_on = asyncio.Event(), asyncio.Event()
    really_start = at.backend.start

    async def start(prepared: Prepared) -> object:
        entered.set()
        await go_on.wait()
        return await really_start(prepared)

    at.backend.start = start  # type: ignore[method-assign,assignment]
    turn = await at.session.send((await at.session.create()).id, "Go")
    task = asyncio.create_task(play(turn))
    await entered.wait()
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert at.row(turn).status == "stopped"
    assert at.backend.generations[0].is_stopped


async def test_a_second_cancellation_does_not_cost_the_text(desk: MakeDesk) -> None:
    at = desk(Script(text=("one", " two"), tokens_per_second=0.5))
    turn = await at.session.send((await at.session.create()).id, "Count")
    heard, stopping, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def listen() -> None:
        async for event in turn:
            if isinstance(event, TextAdded):
                heard.set()

    async def stop() -> None:
        stopping.set()
        await go_on.wait()

    task = asyncio.create_task(listen())
    await heard.wait()
    at.backend.generations[0].stop = stop  # type: ignore[method-assign]
    at.saved.gate.clear()
    task.cancel()
    await stopping.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    at.saved.gate.set()
    go_on.set()
    await turn.close()
    assert (at.row(turn).status, at.row(turn).text) == ("stopped", "one")


async def test_leaving_a_turn_closes_it(desk: MakeDesk) -> None:
    at = desk(Script(text="one two three"))
    turn = await at.session.send((await at.session.create()).id, "Count")
    async with turn:
        async for event in turn:
            if isinstance(event, TextAdded):
                break
    assert (at.row(turn).status, at.row(turn).text) == ("stopped", "one")
    assert at.backend.generations[0].is_stopped


async def test_a_bare_break_is_stored_as_well(desk: MakeDesk) -> None:
    at = desk(Script(text="one two three"))
    turn = await at.session.send((await at.session.create()).id, "Count")
    async for event in turn:
        if isinstance(event, TextAdded):
            break
    gc.collect()
    await at.saved.attempt()
    assert (at.row(turn).status, at.row(turn).text) == ("stopped", "one")


async def test_a_turn_that_nobody_iterates_is_closed_with_the_session(desk: MakeDesk) -> None:
    at = desk()
    turn = await at.session.send((await at.session.create()).id, "Hi")
    await at.session.close()
    assert at.row(turn).status == "stopped"
    assert at.session.turns == ()


async def test_a_turn_is_iterated_once(desk: MakeDesk) -> None:
    at = desk()
    turn = await at.session.send((await at.session.create()).id, "Hi")
    await play(turn)
    with pytest.raises(RuntimeError):
        await play(turn)


async def test_writes_that_fail_do_not_stop_the_stream(desk: MakeDesk) -> None:
    at = desk(Script(text="one two three four"))
    turn = await at.session.send((await at.session.create()).id, "Count")
    at.saved.failure = StoreUnwritable("disk full")
    async for event in turn:
        if isinstance(event, TextAdded) and event.text == " two":
            await asyncio.sleep(0)
            at.clock.tick()
            await at.saved.attempt()
            assert turn.last_save_failed is at.saved.failure
            at.saved.failure = None
        if isinstance(event, TextAdded) and event.text == " three":
            at.clock.tick()
            await at.saved.attempt()
            assert turn.last_save_failed is None
            assert at.row(turn).text == "one two three"
    assert at.row(turn).text == "one two three four"


async def test_a_reply_that_could_not_be_saved_is_shown_and_saved_later(desk: MakeDesk) -> None:
    at = desk(Script(text="one two"))
    conversation = await at.session.create()
    turn = await at.session.send(conversation.id, "Count")
    at.saved.failure = StoreUnwritable("disk full")
    await play(turn)
    assert turn.last_save_failed is at.saved.failure
    assert at.row(turn).status == "streaming"
    assert at.session.thread(conversation.id)[-1] == turn.reply
    assert turn.reply.status == "complete"
    at.saved.failure = None
    await asyncio.sleep(0)
    at.clock.tick()
    await at.saved.attempt()
    await asyncio.sleep(0)
    assert (at.row(turn).status, at.row(turn).text) == ("complete", "one two")
    assert (turn.last_save_failed, at.session.turns) == (None, ())


async def test_the_session_tries_once_more_to_save_when_it_closes(desk: MakeDesk) -> None:
    at = desk(Script(text="one two"))
    turn = await at.session.send((await at.session.create()).id, "Count")
    at.saved.failure = StoreUnwritable("disk full")
    await play(turn)
    at.saved.failure = None
    await at.session.close()
    assert (at.row(turn).status, at.row(turn).text) == ("complete", "one two")


async def test_the_thread_shows_a_running_reply_as_it_is_now(desk: MakeDesk) -> None:
    at = desk(Script(text="one two"))
    conversation = await at.session.create()
    turn = await at.session.send(conversation.id, "Count")
    async for event in turn:
        if isinstance(event, TextAdded):
            assert at.row(turn).text == ""
            assert at.session.thread(conversation.id)[-1].text == turn.reply.text != ""


async def test_thoughts_are_kept_apart_with_their_time(desk: MakeDesk) -> None:
    at = desk(Script(reasoning=("Hm", "."), text="Yes."))
    turn = await at.session.send((await at.session.create()).id, "Really?")
    async for event in turn:
        if isinstance(event, ReasoningAdded):
            at.clock.now += 1.0
    assert at.row(turn).parts == (ReasoningPart("Hm.", 2.0), TextPart("Yes."))


async def test_parameters_change_while_it_runs(desk: MakeDesk) -> None:
    at = desk(Script(text="one two three"))
    turn = await at.session.send((await at.session.create()).id, "Count")
    await turn.update({"top_k": 7})
    async for event in turn:
        if isinstance(event, TextAdded) and event.text == "one":
            await turn.update({"temperature": 0.1})
    generation = at.row(turn).generation
    assert generation is not None
    assert [(change.offset, change.name, change.value) for change in generation.changes] == [
        (0, "top_k", 7),
        (1, "temperature", 0.1),
    ]
    assert all(isinstance(change, ParameterChanged) for change in generation.changes)
    with pytest.raises(UsageError):
        await turn.update({"temperature": 0.5})


async def test_what_can_not_change_mid_reply_is_refused(desk: MakeDesk) -> None:
    at = desk()
    turn = await at.session.send((await at.session.create()).id, "Hi")
    with pytest.raises(Unsupported):
        await turn.update({"seed": 3})
    await play(turn)


async def test_answer_now_ends_the_thoughts(desk: MakeDesk) -> None:
    at = desk(Script(reasoning="Let me think for long", text="Yes."))
    turn = await at.session.send((await at.session.create()).id, "Really?")
    with pytest.raises(UsageError):
        await turn.answer_now()
    async for event in turn:
        if isinstance(event, ReasoningAdded) and event.text == "Let":
            await turn.answer_now()
    assert (at.row(turn).reasoning, at.row(turn).text) == ("Let", "Yes.")


async def test_nothing_reaches_the_disk_incognito(paths: Paths) -> None:
    store = Store.open(paths, incognito=True)
    at = Desk(store, ScriptedBackend([Script(text="secret words")]))
    conversation = await at.session.create()
    await play(await at.session.send(conversation.id, "secret question"))
    assert at.session.thread(conversation.id)[-1].text == "secret words"
    assert not at.session.persistent
    await store.close()
    assert [path for path in Path(paths.data).parent.rglob("*") if path.is_file() and "data" in path.parts] == []
