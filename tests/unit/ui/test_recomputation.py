"""What a change of the system prompt costs, in words."""

from __future__ import annotations

import msgspec

from chatapp.core.conversations import Generation
from chatapp.core.events import ContextShifted, Timings
from chatapp.ui.recomputation import Recomputation

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


def of(generation: Generation | None, *, exact: bool = False) -> Recomputation:
    return Recomputation.of(generation, "Be brief.", exact=exact)


def test_a_new_conversation_has_nothing_to_compute_again() -> None:
    assert "Nothing is computed yet" in of(None).told("Be kind.")
    failed = msgspec.structs.replace(GENERATION, prompt_tokens=None)
    assert "Nothing is computed yet" in of(failed).told("Be kind.")


def test_the_same_prompt_costs_nothing_and_another_the_whole_conversation() -> None:
    spent = of(GENERATION)
    assert spent.told("Be brief.").startswith("As it was sent.")
    assert (
        spent.told("Be kind.")
        == "Changed: the next message computes the whole conversation again, 1,200 tokens, about 5 s."
    )
    assert Recomputation.of(GENERATION, "", exact=False).told(" \n").startswith("As it was sent.")


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
