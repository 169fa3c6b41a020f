"""How much memory a model will take."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from chatapp.backends.estimate import needed_bytes
from chatapp.core.loading import LoadSettings
from chatapp.models.gguf import read_header
from chatapp.models.header import GgufHeader, MetadataArray, MetadataValue

LOGITS = 512 * 1000 * 4


def header(path: Path, parts: int = 1, **attention: MetadataValue) -> GgufHeader:
    metadata: dict[str, MetadataValue] = {
        "general.architecture": "llama",
        "llama.block_count": 10,
        "llama.embedding_length": 64,
        "llama.context_length": 32_768,
        "llama.vocab_size": 1000,
        "split.count": parts,
        **{f"llama.attention.{key}": value for key, value in attention.items()},
    }
    return GgufHeader(
        path=path, version=3, size_bytes=500, header_bytes=0, data_offset=0, metadata=metadata, tensors=()
    )


@pytest.mark.parametrize(
    ("attention", "values"),
    [
        ({"head_count": 8, "head_count_kv": 2}, 10 * 2 * (8 + 8)),
        ({"head_count": 8}, 10 * 8 * (8 + 8)),
        ({"head_count": 8, "head_count_kv": 2, "key_length": 16, "value_length": 4}, 10 * 2 * (16 + 4)),
        ({"head_count": 8, "head_count_kv": MetadataArray("i32", 3, (2, 0, 1))}, 3 * (8 + 8)),
    ],
    ids=["grouped", "plain", "own lengths", "by layer"],
)
def test_the_cache_is_counted_by_heads(tmp_path: Path, attention: dict[str, MetadataValue], values: int) -> None:
    model = header(tmp_path / "m.gguf", **attention)
    flash = LoadSettings(flash_attention="on")
    for sizes, cells in ({"context_size": 1000}, 1000), ({}, 8192), ({"context_size": 1000, "pool_size": 3000}, 3000):
        settings = msgspec.structs.replace(flash, **sizes)
        assert needed_bytes(model, settings) == 500 + cells * values * 2 + LOGITS


def test_without_flash_attention_the_scores_are_counted(tmp_path: Path) -> None:
    model = header(tmp_path / "m.gguf", head_count=8)
    with_it = needed_bytes(model, LoadSettings(context_size=1000, flash_attention="on"))
    assert needed_bytes(model, LoadSettings(context_size=1000)) - with_it == 4 * 8 * 1000 * 512


def test_all_parts_are_counted(tmp_path: Path) -> None:
    for number, size in ((1, 500), (2, 700)):
        (tmp_path / f"m-{number:05d}-of-00002.gguf").write_bytes(b"x" * size)
    first = header(tmp_path / "m-00001-of-00002.gguf", parts=2, head_count=8)
    alone = msgspec.structs.replace(first, path=tmp_path / "gone.gguf")
    settings = LoadSettings(context_size=256)
    assert needed_bytes(first, settings) - needed_bytes(alone, settings) == 700


def test_a_real_file_is_near_what_it_takes(tiny_model: Path) -> None:
    needed = needed_bytes(read_header(tiny_model), LoadSettings(context_size=1024))
    assert tiny_model.stat().st_size < needed < 20 * 10**6
