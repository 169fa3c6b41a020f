"""A reply as it grows."""

from __future__ import annotations

import asyncio

import pytest

from chatapp.chat.draft import Draft
from chatapp.core.conversations import Generation, StoredMessage
from chatapp.core.errors import ContextFull
from chatapp.core.events import (
    Finished,
    ParameterChanged,
    ReasoningAdded,
    StopReason,
    TextAdded,
    Timings,
    TokenDetail,
    TokenDetails,
    Withdrawn,
)
from chatapp.core.messages import ReasoningPart, TextPart

GENERATION = Generation(model_name="m", model_fingerprint="f", template_sha256="t", settings=(), seed=1)


class Watch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


def draft(watch: Watch, prefill: str = "") -> Draft:
    parts = (TextPart(prefill),) if prefill else ()
    row = StoredMessage(
        id=2, conversation_id=1, parent_id=1, role="assistant", parts=parts, status="streaming", created_at=0.0
    )
    return Draft(row, GENERATION, watch)


def text(value: str) -> TextAdded:
    return TextAdded(request_id=1, text=value)


def thought(value: str) -> ReasoningAdded:
    return ReasoningAdded(request_id=1, text=value)


def finished(stop_reason: StopReason = "end") -> Finished:
    return Finished(
        request_id=1,
        stop_reason=stop_reason,
        prompt_tokens=5,
        cached_tokens=3,
        processed_tokens=2,
        reply_tokens=2,
        timings=Timings(generation_s=0.5),
        seed=99,
        token_ids=(4, 5),
        missing_words=("fox",),
        rewinds=1,
    )


def test_thoughts_and_answer_are_parts_and_thoughts_are_timed(watch: Watch) -> None:
    reply = draft(watch)
    reply.apply(thought("Hm"))
    watch.now = 1.5
    reply.apply(thought("…"))
    watch.now = 2.0
    reply.apply(text("Yes"))
    watch.now = 9.0
    reply.apply(text("."))
    assert reply.message.parts == (ReasoningPart("Hm…", 2.0), TextPart("Yes."))


def test_thoughts_without_an_answer_are_timed_to_the_end(watch: Watch) -> None:
    reply = draft(watch)
    reply.apply(thought("Hm"))
    watch.now = 3.0
    reply.apply(finished("max_new_tokens"))
    assert reply.message.parts == (ReasoningPart("Hm", 3.0),)


def test_the_end_is_recorded(watch: Watch) -> None:
    reply = draft(watch)
    reply.apply(text("Hi"))
    reply.apply(finished())
    generation = reply.message.generation
    assert reply.message.status == "complete"
    assert generation is not None
    assert (generation.stop_reason, generation.prompt_tokens, generation.cached_tokens) == ("end", 5, 3)
    assert (generation.processed_tokens, generation.reply_tokens, generation.seed) == (2, 2, 99)
    assert (generation.token_ids, generation.timings) == ((4, 5), Timings(generation_s=0.5))
    assert (generation.missing_words, generation.rewinds) == (("fox",), 1)


def test_nothing_changes_after_the_end(watch: Watch) -> None:
    reply = draft(watch)
    reply.apply(finished("stopped"))
    before = reply.message
    reply.apply(text("late"))
    reply.end_with(ContextFull("no room"))
    assert reply.message == before
    assert before.status == "stopped"


def test_withdrawn_text_goes_from_the_end_of_the_answer_alone(watch: Watch) -> None:
    reply = draft(watch)
    for event in (text("one "), text("two"), thought("why"), text("three")):
        reply.apply(event)
    reply.apply(Withdrawn(request_id=1, characters=7))
    assert reply.message.parts == (TextPart("one t"), ReasoningPart("why", 0.0))


def test_a_prefill_begins_the_text_and_is_never_withdrawn(watch: Watch) -> None:
    reply = draft(watch, prefill="Dear ")
    reply.apply(text("Sir"))
    assert reply.message.text == "Dear Sir"
    reply.apply(Withdrawn(request_id=1, characters=100))
    assert reply.message.text == "Dear "
    reply.apply(finished())
    assert reply.message.generation is not None
    assert reply.message.generation.token_ids == ()


def told(offset: int, *token_ids: int) -> TokenDetails:
    tokens = tuple(TokenDetail(token_id, -1.0, 0, 2.0) for token_id in token_ids)
    return TokenDetails(request_id=1, offset=offset, tokens=tokens)


def known(reply: Draft) -> list[int]:
    return [each.token_id for each in reply.details if each is not None]


def test_details_of_rewound_tokens_are_replaced(watch: Watch) -> None:
    reply = draft(watch)
    for event in (told(0, 4), told(1, 8, 9), told(1, 5, 6)):
        reply.apply(event)
    assert known(reply) == [4, 5, 6]


def test_details_end_with_the_reply(watch: Watch) -> None:
    reply = draft(watch)
    reply.apply(told(0, 4, 5, 2))
    reply.apply(finished())
    assert known(reply) == [4, 5]
    reply.apply(told(0, 9))
    assert known(reply) == [4, 5]


def test_changes_made_while_it_ran_are_kept(watch: Watch) -> None:
    reply = draft(watch)
    change = ParameterChanged(request_id=1, offset=3, name="temperature", value=0.1)
    reply.apply(change)
    assert reply.message.generation is not None
    assert reply.message.generation.changes == (change,)


@pytest.mark.parametrize("error", [asyncio.CancelledError(), GeneratorExit(), KeyboardInterrupt()])
def test_leaving_is_stopping(watch: Watch, error: BaseException) -> None:
    reply = draft(watch)
    reply.apply(text("Hal"))
    reply.end_with(error)
    assert (reply.message.status, reply.message.text) == ("stopped", "Hal")


def test_a_failure_is_kept_in_words(watch: Watch) -> None:
    reply = draft(watch)
    reply.end_with(ContextFull("No room.", hint="Begin anew."))
    assert reply.message.status == "failed"
    assert reply.message.generation is not None
    assert reply.message.generation.error == "No room. Begin anew."
