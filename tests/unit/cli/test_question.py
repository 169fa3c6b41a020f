"""How argument and standard input become one prompt, and what can't be asked."""

from __future__ import annotations

import pytest

from chatapp.cli.question import Question, joined_prompt
from chatapp.core.errors import ChatappError, EmptyPrompt, UsageError


@pytest.mark.parametrize(
    ("argument", "piped", "raw", "prompt"),
    [
        ("a", None, False, "a"),
        (None, "b\n", False, "b"),
        ("a", "b\r\n\n", False, "a\n\nb"),
        ("a", "\n", False, "a"),
        ("a\n", "b\n", True, "a\nb\n"),
        (None, None, False, ""),
    ],
)
def test_the_argument_comes_first(argument: str | None, piped: str | None, raw: bool, prompt: str) -> None:
    assert joined_prompt(argument, piped, raw=raw) == prompt


@pytest.mark.parametrize(
    ("question", "error"),
    [
        (Question(prompt=" \n"), EmptyPrompt),
        (Question(prompt="", raw=True), EmptyPrompt),
        (Question(prompt="a", echo=True), UsageError),
        (Question(prompt="a", raw=True, system=""), UsageError),
        (Question(prompt="a", raw=True, continues=True), UsageError),
        (Question(prompt="a", raw=True, template_variables={"b": 1}), UsageError),
    ],
)
def test_what_can_not_be_asked_is_refused(question: Question, error: type[ChatappError]) -> None:
    with pytest.raises(error):
        question.check()


def test_white_space_is_a_raw_prompt() -> None:
    Question(prompt=" ", raw=True).check()


def test_echo_and_prefill_go_before_the_reply() -> None:
    assert Question(prompt="a", raw=True, echo=True, prefill="b").prefix == "ab"
    assert Question(prompt="a", prefill="b").prefix == "b"
