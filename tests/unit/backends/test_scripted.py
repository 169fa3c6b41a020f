"""The backend that plays scripts does all that the port asks."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from chatapp.backends.script import Chunk, Failure, Script, Withdrawal
from chatapp.backends.scripted import CARD, ScriptedBackend
from chatapp.backends.word_model import tokenise, words
from chatapp.core.backend import Backend, GenerationRequest
from chatapp.core.errors import ContextFull, EngineCrashed, LoadCancelled, ModelLoadFailed, Unsupported
from chatapp.core.events import (
    Event,
    Finished,
    ParameterChanged,
    PromptProgress,
    Queued,
    ReasoningAdded,
    TextAdded,
    TokenDetails,
    Withdrawn,
)
from chatapp.core.messages import Message
from chatapp.core.parameters import Value

HI = GenerationRequest(messages=(Message.of("user", "Hi there"),))


async def play(backend: Backend, request: GenerationRequest = HI) -> list[Event]:
    generation = await backend.start(await backend.prepare(request))
    return [event async for event in generation]


def answer(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextAdded))


def last(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def test_words_are_all_of_the_text() -> None:
    text = "  Once, there—was\n\na fox. 3.14 日本 "
    assert "".join(words(text)) == text
    assert len(tokenise(text)) == len(words(text))


def test_it_can_do_everything() -> None:
    assert all(msgspec.structs.astuple(ScriptedBackend([Script()]).capabilities))


def test_it_needs_a_script() -> None:
    with pytest.raises(ValueError, match="script"):
        ScriptedBackend([])


async def test_it_plays_everything_in_order() -> None:
    backend = ScriptedBackend([Script(queued="one before", prompt_steps=2, reasoning="Hm.", text="Hello there.")])
    events = await play(backend)
    assert [type(event) for event in events] == [
        Queued,
        PromptProgress,
        PromptProgress,
        ReasoningAdded,
        ReasoningAdded,
        TextAdded,
        TextAdded,
        TextAdded,
        Finished,
    ]
    assert answer(events) == "Hello there."
    finished = last(events)
    assert finished.token_ids == tokenise("Hm.") + tokenise("Hello there.")
    assert (finished.stop_reason, finished.reply_tokens) == ("end", 5)
    assert finished.prompt_tokens == finished.cached_tokens + finished.processed_tokens


async def test_scripts_are_played_in_turn_and_the_last_again() -> None:
    backend = ScriptedBackend([Script(text="one"), Script(text="two")])
    assert [answer(await play(backend)) for _ in range(3)] == ["one", "two", "two"]


async def test_a_callable_chooses_by_the_request() -> None:
    backend = ScriptedBackend(lambda request: Script(text=request.messages[-1].text.upper()))
    assert answer(await play(backend)) == "HI THERE"


async def test_the_same_script_gives_the_same_figures() -> None:
    one, other = [last(await play(ScriptedBackend([Script(text="a b c")]))) for _ in range(2)]
    assert (one.token_ids, one.seed) == (other.token_ids, other.seed)


async def test_each_request_draws_a_seed_and_a_given_one_holds() -> None:
    backend = ScriptedBackend([Script(text="x")])
    seeds = [last(await play(backend)).seed for _ in range(3)]
    assert len(set(seeds)) == 3
    assert last(await play(backend, msgspec.structs.replace(HI, edits={"seed": 7}))).seed == 7


async def test_what_was_computed_is_reused() -> None:
    backend = ScriptedBackend([Script(text=" Hello.")])
    first = last(await play(backend))
    assert (first.cached_tokens, first.processed_tokens) == (0, first.prompt_tokens)
    longer = (*HI.messages, Message.of("assistant", "Hello."), Message.of("user", "And now?"))
    second = last(await play(backend, GenerationRequest(messages=longer)))
    assert second.cached_tokens >= first.prompt_tokens
    assert second.cached_reason.startswith("differs at token")


@pytest.mark.parametrize(
    ("edits", "reason", "tokens"),
    [({"max_new_tokens": 2}, "max_new_tokens", 2), ({"max_length": 9}, "max_length", 9), ({}, "end", 5)],
)
async def test_limits_cut(edits: dict[str, Value], reason: str, tokens: int) -> None:
    backend = ScriptedBackend([Script(text="a b c d e")])
    finished = last(await play(backend, msgspec.structs.replace(HI, edits=edits)))
    length = finished.reply_tokens + (finished.prompt_tokens if reason == "max_length" else 0)
    assert (finished.stop_reason, length) == (reason, tokens)


async def test_the_context_has_an_end() -> None:
    backend = ScriptedBackend([Script(text="a " * 50)], card=msgspec.structs.replace(CARD, context_size=20))
    assert last(await play(backend)).stop_reason == "context_full"
    with pytest.raises(ContextFull):
        await backend.prepare(GenerationRequest(prompt="word " * 20))


async def test_stop_ends_at_once_however_slow_the_script() -> None:
    backend = ScriptedBackend([Script(text="a b c", tokens_per_second=0.001)])
    generation = await backend.start(await backend.prepare(HI))
    events: list[Event] = []

    async def listen() -> None:
        async for event in generation:
            events.append(event)
            if isinstance(event, TextAdded):
                asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(generation.stop()))

    await asyncio.wait_for(listen(), 10)
    assert (answer(events), last(events).stop_reason) == ("a", "stopped")
    await generation.stop()


async def test_pace_is_kept() -> None:
    finished = last(await play(ScriptedBackend([Script(text="a b c d", tokens_per_second=100)])))
    assert finished.timings.generation_s >= 0.02


@pytest.mark.parametrize("at", [0, 1, 2])
async def test_a_failure_comes_at_its_point(at: int) -> None:
    backend = ScriptedBackend([Script(text="a b", failure=Failure(EngineCrashed("gone"), at)), Script(text="ok")])
    generation = await backend.start(await backend.prepare(HI))
    heard = []
    with pytest.raises(EngineCrashed):
        async for event in generation:
            heard.append(event)  # noqa: PERF401 (an extend would lose what came before the failure)
    assert len([event for event in heard if isinstance(event, TextAdded)]) == at
    assert answer(await play(backend)) == "ok"


async def test_a_failure_while_preparing_has_had_its_turn() -> None:
    backend = ScriptedBackend([Script(failure=Failure(EngineCrashed("gone"), "prepare")), Script(text="ok")])
    with pytest.raises(EngineCrashed):
        await backend.prepare(HI)
    assert answer(await play(backend)) == "ok"


async def test_a_change_is_reported_where_it_took_effect() -> None:
    generation = await (backend := ScriptedBackend([Script(text="a b c d")])).start(await backend.prepare(HI))
    events: list[Event] = []
    async for event in generation:
        events.append(event)
        if isinstance(event, TextAdded) and event.text == " b":
            await generation.update({"temperature": 0.5, "max_new_tokens": 3})
    changes = [event for event in events if isinstance(event, ParameterChanged)]
    assert [(change.offset, change.name, change.value) for change in changes] == [
        (2, "temperature", 0.5),
        (2, "max_new_tokens", 3),
    ]
    assert last(events).stop_reason == "max_new_tokens"
    with pytest.raises(Unsupported):
        await generation.update({"seed": 1})


async def test_answer_now_leaves_the_rest_of_the_thoughts_out() -> None:
    generation = await (backend := ScriptedBackend([Script(reasoning="a b c", text="d")])).start(
        await backend.prepare(HI)
    )
    events: list[Event] = []
    async for event in generation:
        events.append(event)
        if isinstance(event, ReasoningAdded):
            await generation.answer_now()
    assert [event.text for event in events if isinstance(event, ReasoningAdded)] == ["a"]
    assert answer(events) == "d"


async def test_text_is_withdrawn_with_its_tokens() -> None:
    script = Script(text=("one two", " bad", Withdrawal(4), " good"))
    events = await play(ScriptedBackend([script]))
    assert [event.characters for event in events if isinstance(event, Withdrawn)] == [4]
    assert last(events).token_ids == tokenise("one two good")


async def test_withdrawing_part_of_a_chunk_keeps_the_rest() -> None:
    events = await play(ScriptedBackend([Script(text=("one two three", Withdrawal(6)))]))
    assert last(events).token_ids == tokenise("one two")


async def test_details_are_given_for_every_token() -> None:
    events = await play(ScriptedBackend([Script(text=("one two", " three"), details=True)]))
    details = [event for event in events if isinstance(event, TokenDetails)]
    assert [event.offset for event in details] == [0, 2]
    ids = tuple(token.token_id for event in details for token in event.tokens)
    assert ids == last(events).token_ids


async def test_what_is_taken_back_is_told_of_anew() -> None:
    script = Script(text=("one two", " three four", Withdrawal(5), " five"), details=True)
    events = await play(ScriptedBackend([script]))
    details = [event for event in events if isinstance(event, TokenDetails)]
    assert [(event.offset, len(event.tokens)) for event in details] == [(0, 2), (2, 2), (2, 1), (3, 1)]
    assert last(events).rewinds == 1


async def test_alternatives_come_where_they_are_asked_for() -> None:
    backend = ScriptedBackend([Script(text="a b")])
    asked = await play(backend, msgspec.structs.replace(HI, alternatives=3))
    tokens = [token for event in asked if isinstance(event, TokenDetails) for token in event.tokens]
    assert [len(token.alternatives) for token in tokens] == [3, 3]
    assert not [event for event in await play(backend) if isinstance(event, TokenDetails)]


async def test_planned_changes_are_made_at_their_token() -> None:
    change = ParameterChanged(request_id=0, offset=2, name="max_new_tokens", value=3)
    stop = ParameterChanged(request_id=0, offset=1, name="stop", value=["x"])
    request = msgspec.structs.replace(HI, changes=(change, stop))
    events = await play(ScriptedBackend([Script(text="a b c d e")]), request)
    changed = [(each.offset, each.value) for each in events if isinstance(each, ParameterChanged)]
    assert changed == [(1, ["x"]), (2, 3)]
    assert (last(events).stop_reason, last(events).reply_tokens) == ("max_new_tokens", 3)


async def test_other_values_hold_while_it_thinks() -> None:
    request = msgspec.structs.replace(HI, thinking={"max_new_tokens": 2})
    script = Script(reasoning="a b c", text="d e f")
    assert last(await play(ScriptedBackend([script]), request)).reply_tokens == 2
    assert last(await play(ScriptedBackend([Script(text="d e f")]), request)).reply_tokens == 3


async def test_max_time_cuts_and_other_ends_are_played() -> None:
    slow = ScriptedBackend([Script(text="a b c d e f", tokens_per_second=100)])
    cut = last(await play(slow, msgspec.structs.replace(HI, edits={"max_time": 0.015})))
    assert cut.stop_reason == "max_time" and 0 < cut.reply_tokens < 6
    for reason in ("loop", "no_candidate"):
        played = last(await play(ScriptedBackend([Script(text="a", stop_reason=reason, missing_words=("b",))])))
        assert (played.stop_reason, played.missing_words) == (reason, ("b",))


async def test_candidates_answer_to_every_setting_of_one_place() -> None:
    backend = ScriptedBackend([Script()])
    cold, warm = [await backend.candidates((1, 2), {"top_k": 5, "temperature": value}) for value in (0.1, 2.0)]
    assert cold[0].probability > warm[0].probability > warm[4].probability > cold[4].probability
    assert [each.text for each in cold] == [each.text for each in warm]
    assert len(await backend.candidates((1, 2), {}, limit=4)) == 4
    with pytest.raises(Unsupported, match="penalties"):
        await backend.candidates((1, 2), {"presence_penalty": 1.0})


async def test_ids_are_words_again() -> None:
    backend = ScriptedBackend([Script(text="seven swans")])
    await play(backend)
    assert await backend.token_texts((*tokenise("seven swans fox"), 31_999)) == ["seven", " swans", " fox", "\ufffd"]


async def test_raw_prompts_and_prefill_are_part_of_the_prompt() -> None:
    backend = ScriptedBackend([Script(text="x")])
    raw = await backend.prepare(GenerationRequest(prompt="Once", prefill=" upon"))
    assert (raw.prompt, raw.template_sha256) == ("Once upon", "")
    chat = await backend.prepare(msgspec.structs.replace(HI, prefill=" Well"))
    assert chat.prompt == "user: Hi there\nassistant: Well"


async def test_what_a_script_ignores_is_said() -> None:
    backend = ScriptedBackend([Script(text="x")])
    prepared = await backend.prepare(msgspec.structs.replace(HI, edits={"temperature": 1.0, "max_new_tokens": 4}))
    assert list(prepared.unsupported) == ["temperature"]
    assert prepared.parameters.setting("temperature").source == "edit"


async def test_a_load_is_shared_by_all_who_wait() -> None:
    backend = ScriptedBackend([Script()], load_steps=(0.0, 0.25, 1.0))
    assert backend.model is None

    async def wait() -> list[float]:
        return [fraction async for fraction in backend.load()]

    assert await asyncio.gather(wait(), wait()) == [[0.0, 0.25, 1.0]] * 2
    assert backend.model == CARD
    assert await wait() == []


async def test_a_cancelled_load_is_told_to_all_and_can_be_tried_again() -> None:
    backend = ScriptedBackend([Script(text="ok")], load_seconds=60)

    async def wait() -> None:
        async for _ in backend.load():
            await backend.cancel_load()

    waiting = await asyncio.gather(wait(), wait(), return_exceptions=True)
    assert [type(each) for each in waiting] == [LoadCancelled, LoadCancelled]
    assert backend.model is None
    loading = aiter(backend.load())
    assert await anext(loading) == 0.0
    await backend.close()


async def test_a_failed_load_can_be_tried_again() -> None:
    backend = ScriptedBackend([Script(text="ok")], load_failure=ModelLoadFailed("no tensors"))
    with pytest.raises(ModelLoadFailed):
        await backend.prepare(HI)
    backend.load_failure = None
    assert answer(await play(backend)) == "ok"


async def test_scores_candidates_and_embeddings_are_figures_that_hold() -> None:
    backend = ScriptedBackend([Script()])
    score = await backend.score("Once upon", " a time")
    assert score == await backend.score("Once upon", " a time")
    assert [token.token_id for token in score.tokens] == list(tokenise(" a time"))
    assert all(token.logprob <= 0 for token in score.tokens)
    candidates = await backend.candidates(tokenise("Once"), {"top_k": 3})
    assert sum(candidate.probability for candidate in candidates) == pytest.approx(1)
    assert [candidate.cut_by for candidate in candidates].count("") == 3
    near, same, far = await backend.embed(["a red fox", "a red fox!", "seven swans"])
    assert sum(figure * figure for figure in near) == pytest.approx(1)
    assert sum(a * b for a, b in zip(near, same, strict=True)) > sum(a * b for a, b in zip(near, far, strict=True))
    assert await backend.count("one two three") == 3


async def test_close_stops_what_plays_and_forgets_the_model() -> None:
    backend = ScriptedBackend([Script(text="a b c", tokens_per_second=0.001)])
    generation = await backend.start(await backend.prepare(HI))
    iterator = aiter(generation)
    while not isinstance(await anext(iterator), TextAdded):
        pass
    await backend.close()
    assert last([event async for event in iterator]).stop_reason == "stopped"
    assert backend.model is None


def test_steps_are_thoughts_then_answer() -> None:
    assert Script(reasoning=("a",), text="b c").steps == (Chunk("a", is_reasoning=True), Chunk("b"), Chunk(" c"))
