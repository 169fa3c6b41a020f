"""LoRA adapters: what identifies one, and what is none for a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_adapter import write_tiny_adapter

from chatapp.core.errors import ModelError, ModelInvalid
from chatapp.models.adapter import adapter_fingerprint
from chatapp.models.gguf import read_header


def test_an_adapter_is_told_by_its_content(tiny_model: Path, tmp_path: Path) -> None:
    model = read_header(tiny_model)
    seen = {adapter_fingerprint(write_tiny_adapter(tmp_path / f"{seed}.gguf", seed=seed), model) for seed in (1, 2)}
    assert len(seen) == 2
    assert adapter_fingerprint(write_tiny_adapter(tmp_path / "again.gguf", seed=1), model) in seen


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda path: write_tiny_adapter(path, kind="model"), "no LoRA adapter"),
        (lambda path: write_tiny_adapter(path, adapter="other"), "other"),
        (lambda path: write_tiny_adapter(path, architecture="qwen2"), "qwen2"),
        (lambda path: path.write_text("nothing"), "wrong.gguf"),
    ],
)
def test_what_is_none_for_this_model_is_refused(
    tiny_model: Path, tmp_path: Path, write: Callable[[Path], object], said: str
) -> None:
    path = tmp_path / "wrong.gguf"
    write(path)
    with pytest.raises(ModelInvalid, match=said) as caught:
        adapter_fingerprint(path, read_header(tiny_model))
    assert "wrong.gguf" in caught.value.message and caught.value.hint


def test_a_missing_file_is_named(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.gguf"):
        adapter_fingerprint(tmp_path / "none.gguf", read_header(tiny_model))
