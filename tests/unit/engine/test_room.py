"""A context that memory can't hold is refused before it is made, with one that fits."""

from __future__ import annotations

import pytest

from chatapp.core.errors import ModelLoadFailed
from chatapp.core.loading import MOST_SCORE_BYTES, CacheShape, LoadSettings
from chatapp.engine.worker.room import check_room, fewer_layers

QWEN = {
    "general.architecture": "qwen2",
    "qwen2.embedding_length": "896",
    "qwen2.attention.head_count": "14",
    "qwen2.attention.head_count_kv": "2",
}
SHAPE = CacheShape.of(QWEN, 24)
"""12 KB a token: as llama.cpp says of this model, 24 MiB for 2,048 cells."""


@pytest.mark.parametrize(
    ("metadata", "layers", "keys", "values"),
    [
        (QWEN, 24, 24 * 2 * 64, 24 * 2 * 64),
        ({**QWEN, "qwen2.attention.key_length": "128", "qwen2.attention.value_length": "96"}, 2, 512, 384),
        ({**QWEN, "qwen2.attention.head_count_kv": "[2, 0, 4]"}, 3, 6 * 64, 6 * 64),
        ({**QWEN, "qwen2.attention.kv_lora_rank": "512", "qwen2.rope.dimension_count": "64"}, 3, 3 * 576, 0),
        ({"general.architecture": "mamba", "mamba.embedding_length": "32", "mamba.attention.head_count": "0"}, 2, 0, 0),
        ({}, 2, 0, 0),
    ],
)
def test_the_shape_is_read_from_the_metadata(metadata: dict[str, str], layers: int, keys: int, values: int) -> None:
    found = CacheShape.of(metadata, layers)
    assert (found.keys, found.values) == (keys, values)
    assert found.heads == (14 if "qwen2.attention.head_count" in metadata else 0)


def test_the_scores_of_one_layer() -> None:
    shape, size = CacheShape.of(QWEN, 24), 4 * 14 * 8192 * 512
    assert shape.score_bytes(LoadSettings(), 8192, 512) == size
    assert shape.score_bytes(LoadSettings(micro_batch_size=256), 8192, 512) == size // 2
    assert shape.score_bytes(LoadSettings(flash_attention="on"), 8192, 512) == 0
    assert shape.score_bytes(LoadSettings(cache_type_v="q8_0"), 8192, 512) == 0


def test_scores_too_large_are_left_to_flash_attention_unless_it_is_off() -> None:
    shape = CacheShape.of(QWEN, 24)
    fitting = MOST_SCORE_BYTES // (4 * 14 * 512)
    assert shape.score_bytes(LoadSettings(), fitting, 512) > 0
    assert shape.score_bytes(LoadSettings(), fitting + 1, 512) == 0
    assert shape.score_bytes(LoadSettings(flash_attention="off"), fitting + 1, 512) > MOST_SCORE_BYTES


def test_the_cost_of_a_cell() -> None:
    assert SHAPE.cell_bytes(LoadSettings()) * 2048 == 24 * 2**20
    quantised = SHAPE.cell_bytes(LoadSettings(cache_type_k="q8_0", cache_type_v="q4_0"))
    assert quantised == SHAPE.keys * 34 / 32 + SHAPE.values * 18 / 32


def refused(settings: LoadSettings, pool_size: int, free_bytes: int) -> ModelLoadFailed:
    with pytest.raises(ModelLoadFailed) as caught:
        check_room(SHAPE, settings, pool_size=pool_size, batch_size=512, free_bytes=free_bytes)
    return caught.value


def test_the_next_smaller_size_is_named_and_fits() -> None:
    error = refused(LoadSettings(), 1_000_000, 2 * 10**9)
    assert "1,000,000 tokens takes 13.4 GB" in error.message and "2 GB are free" in error.message
    fitting = int(error.hint.split("--context-size ")[1].split(".")[0])
    assert 100_000 < fitting < 150_000 and fitting % 1024 == 0 and "q8_0" in error.hint
    check_room(SHAPE, LoadSettings(), pool_size=fitting, batch_size=512, free_bytes=2 * 10**9)


def test_the_hint_fits_what_was_asked() -> None:
    quantised = LoadSettings(cache_type_k="q8_0", cache_type_v="q8_0")
    assert "q8_0" not in refused(quantised, 10**6, 10**8).hint
    pool = LoadSettings(context_size=4096, pool_size=10**6)
    assert "--pool-size" in refused(pool, 10**6, 10**9).hint
    assert refused(LoadSettings(), 4096, 1000).hint.startswith("Choose a smaller model")


def test_what_fits_or_is_unknown_is_not_refused() -> None:
    check_room(SHAPE, LoadSettings(), pool_size=8192, batch_size=512, free_bytes=10**9)
    check_room(SHAPE, LoadSettings(), pool_size=10**9, batch_size=512, free_bytes=0)


def test_fewer_layers_come_to_an_end() -> None:
    tried, steps = 25, []
    while tried := fewer_layers(tried, 24):
        steps.append(tried)
    assert steps == [22, 19, 16, 13, 10, 7, 4, 1]
    assert fewer_layers(10_000, 24) == 22 and fewer_layers(2, 2) == 1
