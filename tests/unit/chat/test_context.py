"""What a model gets to see."""

from __future__ import annotations

from chatapp.chat.context import Context
from chatapp.core.conversations import Generation, Status, StoredMessage
from chatapp.core.messages import Message, Role, TextPart


def made_by(fingerprint: str, **facts: object) -> Generation:
    return Generation(
        model_name="m",
        model_fingerprint=fingerprint,
        template_sha256="t",
        settings=(),
        seed=1,
        token_ids=(7, 8),
        **facts,  # type: ignore[arg-type]
    )


def message(role: Role, text: str, status: Status = "complete", generation: Generation | None = None) -> StoredMessage:
    parts = (TextPart(text),) if text else ()
    return StoredMessage(
        id=1,
        conversation_id=1,
        parent_id=None,
        role=role,
        parts=parts,
        status=status,
        created_at=0.0,
        generation=generation,
    )


def seen(*thread: StoredMessage, system_prompt: str = "", fingerprint: str = "one") -> list[tuple[str, str]]:
    request = Context(thread=thread, system_prompt=system_prompt).request(fingerprint)
    return [(each.role, each.text) for each in request.messages]


def test_the_system_prompt_comes_first() -> None:
    assert seen(message("user", "Hi"), system_prompt="Be kind.") == [("system", "Be kind."), ("user", "Hi")]


def test_a_blank_system_prompt_is_none() -> None:
    assert seen(message("user", "Hi"), system_prompt=" \n") == [("user", "Hi")]


def test_stopped_and_interrupted_replies_with_text_stay() -> None:
    thread = (
        message("user", "1"),
        message("assistant", "a", "stopped"),
        message("user", "2"),
        message("assistant", "b", "interrupted"),
        message("user", "3"),
    )
    assert [text for _, text in seen(*thread)] == ["1", "a", "2", "b", "3"]
    assert Context(thread=thread).notices == ()


def test_failed_and_empty_replies_are_left_out_and_said() -> None:
    thread = (
        message("user", "1"),
        message("assistant", "half", "failed"),
        message("user", "2"),
        message("assistant", "", "stopped"),
        message("user", "3"),
    )
    assert seen(*thread) == [("user", "1\n\n2\n\n3")]
    assert Context(thread=thread).notices == (
        "2 earlier replies, failed or empty, are left out of what the model sees.",
    )
    assert Context(thread=thread[:3]).notices == (
        "One earlier reply, failed or empty, is left out of what the model sees.",
    )


def test_a_prompt_sent_again_after_a_failure_is_seen_once() -> None:
    thread = (message("user", "Why?"), message("assistant", "", "failed"), message("user", "Why?"))
    assert seen(*thread) == [("user", "Why?")]


def test_token_ids_go_along_only_for_the_model_that_made_them() -> None:
    thread = (message("user", "1"), message("assistant", "a", generation=made_by("one")), message("user", "2"))
    context = Context(thread=thread)
    assert context.request("one").messages[1].token_ids == (7, 8)
    assert context.request("two").messages[1].token_ids == ()
    assert context.request("").messages[1].token_ids == ()


def test_token_ids_that_hold_a_removed_stop_text_stay_behind() -> None:
    reply = message("assistant", "a", generation=made_by("one", stop_reason="stop_text"))
    thread = (message("user", "1"), reply, message("user", "2"))
    assert Context(thread=thread).request("one").messages[1] == Message.of("assistant", "a")


def test_a_raw_prompt_stands_alone() -> None:
    context = Context(thread=(message("user", "Once"),), system_prompt="Be kind.", prompt="Once", prefill=" upon")
    request = context.request("one")
    assert (request.messages, request.prompt, request.prefill) == ((), "Once", " upon")
