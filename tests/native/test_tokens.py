"""Tokens by their names, with a real vocabulary."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatapp.core.errors import ParameterError
from chatapp.engine.worker import llama
from chatapp.engine.worker.llama import Model, Vocabulary
from chatapp.engine.worker.sampling.tokens import read_token


@pytest.fixture(scope="module")
def vocabulary(tiny_model: Path) -> Iterator[Vocabulary]:
    llama.start(lambda level, text: None)
    model = Model(tiny_model, vocabulary_only=True)
    yield model.vocabulary
    model.close()


def refusal(name: str, vocabulary: Vocabulary) -> str:
    with pytest.raises(ParameterError) as caught:
        read_token(name, vocabulary, "allowed_tokens")
    return caught.value.hint


def test_every_text_of_one_token_and_every_number_is_read(vocabulary: Vocabulary) -> None:
    assert read_token("#7", vocabulary, "allowed_tokens") == 7
    token = vocabulary.tokenize("a", parse_special=False)[0]
    assert read_token("a", vocabulary, "allowed_tokens") == token


def test_a_space_is_advised_only_where_it_helps(vocabulary: Vocabulary) -> None:
    words = {vocabulary.piece(token).decode("utf-8", "replace") for token in range(vocabulary.size)}
    spaced = sorted(word for word in words if word[:1] == " " and word[1:].isalpha() and word[1:] not in words)
    for word in spaced[:3]:
        assert vocabulary.tokenize(word, parse_special=False) != []
        if len(vocabulary.tokenize(word, parse_special=False)) == 1:
            assert f"“{word}” is a token" in refusal(word[1:], vocabulary)
    assert "space" not in refusal("qzxqzx", vocabulary)
    assert "space" not in refusal(" qzxqzx", vocabulary)


def test_bytes_that_are_no_text_are_shown_as_bytes(vocabulary: Vocabulary) -> None:
    assert "<0xE6>" in refusal("\u6c34", vocabulary)


def test_a_number_is_wanted_behind_the_sign(vocabulary: Vocabulary) -> None:
    assert "number" in refusal("#abc", vocabulary)
