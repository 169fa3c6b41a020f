"""What a change of the system prompt costs, in words."""

from __future__ import annotations

import msgspec

from chatapp.core.conversations import Generation, StoredMessage
from chatapp.core.events import ContextShifted, Timings
from chatapp.ui.recomputation import Recomputation
from chatapp.ui.running import Running

GENERATION = Generation(
    model_name="m",
    model_fingerprint="f",
    template_sha256="t",
    settings=(),
    seed=1,
    prompt_tokens=1000,
    processed_tokens=500,
    reply_tokens=200,
    timings=Timings(prompt_s=2.0),
)


def of(*generations: Generation | None, exact: bool = False, running: Running | None = None) -> Recomputation:
    """Of a branch with these replies, that was sent with “Be brief.”"""
    thread = [
        StoredMessage(
            id=number,
            conversation_id=1,
            parent_id=None,
            role="assistant",
            parts=(),
            status="complete",
            created_at=0.0,
            generation=generation,
        )
        for number, generation in enumerate(generations)
    ]
    return Recomputation.of(thread, "Be brief.", exact=exact, running=running)


def test_a_new_conversation_has_nothing_to_compute_again() -> None:
    assert "Nothing is computed yet" in of(None).told("Be kind.")
    failed = msgspec.structs.replace(GENERATION, prompt_tokens=None)
    assert "Nothing is computed yet" in of(failed).told("Be kind.")
    stopped = msgspec.structs.replace(GENERATION, prompt_tokens=0)
    assert "Nothing is computed yet" in of(stopped).told("Be kind.")


def test_a_reply_that_never_read_its_prompt_leaves_what_was_computed_before() -> None:
    for prompt_tokens in (None, 0):
        broken = msgspec.structs.replace(GENERATION, prompt_tokens=prompt_tokens)
        assert of(GENERATION, None, broken).told("Be brief.") == of(GENERATION).told("Be brief.")


def test_while_a_reply_is_written_its_prompt_is_told() -> None:
    reads = Running(9, "preparing")
    assert of(None, running=reads).told("Be brief.").startswith("A reply is being prepared. A change counts")
    reads = Running(9, "reading the prompt", 55)
    assert of(None, running=reads).told("Be brief.").startswith("A reply is being prepared, its prompt has 55 tokens.")
    writes = Running(9, "writing", 1055, 12)
    told = of(GENERATION, running=writes).told("Be brief.")
    assert told.startswith("The reply that is being written has a prompt of 1,055 tokens, 12 of them reused. A change")
    assert "Changed: this counts from the next message on" in of(GENERATION, running=writes).told("Be kind.")
    assert of(GENERATION, running=Running(9, "writing", 1, 0)).told("").count("1 token,") == 1
    assert "exact mode" in of(GENERATION, exact=True, running=writes).told("Be kind.")
    assert "Nothing is computed" not in of(None, running=writes).told("Be brief.")


def test_the_same_prompt_costs_nothing_and_another_the_whole_conversation() -> None:
    spent = of(GENERATION)
    assert spent.told("Be brief.").startswith("As it was sent.")
    assert (
        spent.told("Be kind.")
        == "Changed: the next message computes the whole conversation again, 1,200 tokens, about 5 s."
    )
    assert Recomputation("", tokens=7).told(" \n").startswith("As it was sent.")


def test_a_time_is_told_only_where_the_speed_is_known() -> None:
    few = msgspec.structs.replace(GENERATION, processed_tokens=3)
    assert "about" not in of(few).told("Be kind.")
    assert "about" not in of(msgspec.structs.replace(GENERATION, timings=None)).told("Be kind.")


def test_what_was_forgotten_is_not_computed_again() -> None:
    shifted = msgspec.structs.replace(GENERATION, shifts=(ContextShifted(request_id=1, offset=1, dropped=300),))
    assert "900 tokens" in of(shifted).told("Be kind.")


def test_raw_text_has_no_system_prompt_and_exact_mode_computes_all_anyway() -> None:
    assert "without a system prompt" in of(msgspec.structs.replace(GENERATION, raw=True)).told("Be kind.")
    assert "exact mode" in of(GENERATION, exact=True).told("Be kind.")
