"""The built-in model says nothing of the registries that is no longer so."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from chatapp.models.gguf import read_header
from chatapp.pocket import digest
from chatapp.ui import actions

TRAIN_AGAIN = "pocket.gguf would tell this wrong: run python -m chatapp.pocket.training again."


def test_what_the_committed_model_learnt_is_still_so() -> None:
    recorded = digest.recorded_digests()
    assert len(recorded) > 70
    assert not digest.drift(recorded, digest.registry_digests()).changed, TRAIN_AGAIN


def test_another_key_is_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest.registry_digests()
    changed = dataclasses.replace(actions.ACTIONS["send-message"], keys=("f9",))
    monkeypatch.setitem(actions.ACTIONS, "send-message", changed)
    assert digest.drift(before, digest.registry_digests()) == (("action send-message",), ())


def test_an_entry_that_is_gone_has_changed_and_another_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest.registry_digests()
    monkeypatch.setitem(actions.ACTIONS, "wave", dataclasses.replace(actions.ACTIONS["quit"], id="wave"))
    monkeypatch.delitem(actions.ACTIONS, "quit")
    assert digest.drift(before, digest.registry_digests()) == (("action quit",), ("action wave",))


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
        digest.recorded_digests(tmp_path / "none.gguf")
