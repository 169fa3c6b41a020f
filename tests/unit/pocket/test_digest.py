"""The built-in model knows the registries as they are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from chatapp.models.gguf import read_header
from chatapp.pocket import digest
from chatapp.ui import actions

TRAIN_AGAIN = "The registries have changed since pocket.gguf was trained: run python -m chatapp.pocket.training again."


def test_the_committed_model_learnt_these_registries() -> None:
    assert digest.recorded_digest() == digest.registry_digest(), TRAIN_AGAIN


def test_another_key_is_another_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest.registry_digest()
    changed = dataclasses.replace(actions.ACTIONS["send-message"], keys=("f9",))
    monkeypatch.setitem(actions.ACTIONS, "send-message", changed)
    assert digest.registry_digest() != before


def test_the_committed_model_is_small_and_says_what_it_is() -> None:
    metadata = read_header(digest.MODEL).metadata
    assert digest.MODEL.stat().st_size <= 8_000_000
    assert metadata["general.name"] == "Pocket"
    assert metadata["general.license"] == "MIT"
    assert "tiny demo model" in str(metadata["general.description"])
    assert metadata["llama.context_length"] == 1024
    assert "add_generation_prompt" in str(metadata["tokenizer.chat_template"])


def test_a_missing_model_is_an_error(tmp_path: Path) -> None:
    from chatapp.core.errors import ModelNotFound

    with pytest.raises(ModelNotFound):
        digest.recorded_digest(tmp_path / "none.gguf")
