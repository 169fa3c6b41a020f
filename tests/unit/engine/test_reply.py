"""A reply grows by tokens: control tokens are no text, thoughts and answer part, stop strings are removed."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.core.reasoning import CHANNELS, ReasoningFormat, detect_reasoning
from chatapp.engine.worker.llama import Vocabulary
from chatapp.engine.worker.reply import Reply

CONTROL = ("<s>", "<|im_end|>", "<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<think>", "</think>")
THINK = ReasoningFormat("<think>", "</think>")


class FakeVocabulary:
    """Bytes are tokens 0–255, control tokens follow."""

    def piece(self, token: int) -> bytes:
        return bytes([token]) if token < 256 else CONTROL[token - 256].encode()

    def is_control(self, token: int) -> bool:
        return token >= 256


def control(text: str) -> int:
    return 256 + CONTROL.index(text)


def new(*stops: str, form: ReasoningFormat | None = None, opened: bool = False) -> Reply:
    return Reply(cast(Vocabulary, FakeVocabulary()), stops, form, opened)


def push(reply: Reply, *parts: str) -> None:
    for part in parts:
        for token in [control(part)] if part in CONTROL else list(part.encode()):
            reply.push(token)


def whole(reply: Reply) -> tuple[str, str]:
    """All answer and all thoughts of a reply that is over."""
    reply.finish()
    runs = reply.take()
    return (
        "".join(text for kind, text, _ in runs if kind == "text"),
        "".join(text for kind, text, _ in runs if kind == "reasoning"),
    )


def test_control_tokens_are_no_text() -> None:
    reply = new()
    push(reply, "a", "<|im_end|>", "b", "<s>", "<think>")
    assert whole(reply) == ("ab", "")


def test_control_text_that_is_no_token_is_text() -> None:
    reply = new()
    for byte in b"<|im_end|>":
        reply.push(byte)
    assert whole(reply) == ("<|im_end|>", "")


def test_tokens_are_counted_with_the_text_that_they_made() -> None:
    reply = new()
    push(reply, "日")
    assert reply.take() == [("text", "日", 3)]
    assert reply.take() == []
    push(reply, "<s>", "x")
    assert reply.take() == [("text", "x", 2)]


def test_half_a_character_waits() -> None:
    reply = new()
    for byte in "é".encode()[:1]:
        reply.push(byte)
    assert reply.take() == []
    assert whole(reply) == ("\ufffd", "")


@pytest.mark.parametrize("form", [THINK, None], ids=["tags", "no thoughts"])
def test_thoughts_part_from_the_answer(form: ReasoningFormat | None) -> None:
    reply = new(form=form)
    push(reply, "<think>", "\nhm\n", "</think>", "\n\nyes")
    assert whole(reply) == (("yes", "hm") if form else ("\nhm\n\n\nyes", ""))


def test_thoughts_may_be_open_already() -> None:
    reply = new(form=THINK, opened=True)
    assert reply.is_reasoning
    push(reply, "hm")
    assert reply.is_reasoning
    push(reply, "</think>", "yes")
    assert not reply.is_reasoning
    assert whole(reply) == ("yes", "hm")


def test_runs_come_in_order_and_tokens_with_the_last() -> None:
    reply = new(form=THINK, opened=True)
    push(reply, "hm", "</think>", "yes")
    assert reply.take() == [("reasoning", "hm", 0), ("text", "yes", 6)]


def test_channels_part_too() -> None:
    reply = new(form=CHANNELS)
    push(reply, "<|channel|>", "analysis", "<|message|>", "hm", "<|end|>", "<|start|>", "assistant")
    push(reply, "<|channel|>", "final", "<|message|>", "yes")
    assert whole(reply) == ("yes", "hm")


def test_a_stop_string_ends_the_answer_only() -> None:
    reply = new("m", form=THINK, opened=True)
    push(reply, "hm")
    assert reply.stop_met is None
    push(reply, "</think>", "I am", " more")
    assert reply.stop_met == "m"
    assert whole(reply) == ("I a", "hm")


def test_a_stop_string_may_come_later() -> None:
    reply = new()
    push(reply, "one two")
    reply.stop_at(["e f"])
    push(reply, " three four")
    assert reply.stop_met == "e f"
    assert whole(reply) == ("one two thre", "")


def test_half_a_stop_string_is_let_go_at_the_end() -> None:
    reply = new("###")
    push(reply, "a##")
    assert [text for _, text, _ in reply.take()] == ["a"]
    assert reply.stop_met is None
    assert whole(reply) == ("##", "")


@given(st.text(max_size=20), st.lists(st.text(min_size=1, max_size=3), max_size=2))
def test_text_is_that_of_the_whole_up_to_the_stop(text: str, stops: list[str]) -> None:
    reply = new(*stops)
    seen = ""
    for byte in text.encode():
        if reply.stop_met is None:
            reply.push(byte)
        seen += "".join(run for _, run, _ in reply.take())
    reply.finish()
    seen += "".join(run for _, run, _ in reply.take())
    if reply.stop_met is None:
        assert seen == text
        assert not any(stop in text for stop in stops)
    else:
        assert text.startswith(seen + reply.stop_met)


def test_the_forms_of_real_templates_are_known() -> None:
    assert detect_reasoning("{{ '<think>' }}", "x<think>\n") == (THINK, True)
