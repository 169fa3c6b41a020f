"""The tiny models of the tests are what they claim to be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gguf


def test_is_small_and_has_a_vocabulary_and_a_template(tiny_model: Path) -> None:
    reader = gguf.GGUFReader(tiny_model)
    assert tiny_model.stat().st_size < 1_000_000
    assert "tokenizer.ggml.tokens" in reader.fields
    assert "tokenizer.chat_template" in reader.fields


def test_parts_can_be_left_out(make_model: Callable[..., Path]) -> None:
    path = make_model("bare.gguf", architecture="gemma3", sliding_window=32, template=None, tokenizer=False)
    reader = gguf.GGUFReader(path)
    assert not [key for key in reader.fields if key.startswith("tokenizer.")]
    assert "gemma3.attention.sliding_window" in reader.fields
