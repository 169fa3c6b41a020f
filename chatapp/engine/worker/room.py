"""Whether a context has room in memory, found out before llama.cpp asks for it.

The system promises memory that it does not have and ends the process when it is used, so a context that is far too
large would be a crash. Estimated is what is certain: the cache and what goes with each of its cells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from chatapp.core.errors import ModelLoadFailed
from chatapp.core.loading import LoadSettings

_BITS = {
    "f32": 32.0,
    "f16": 16.0,
    "bf16": 16.0,
    "q8_0": 8.5,
    "q5_1": 6.0,
    "q5_0": 5.5,
    "q4_1": 5.0,
    "q4_0": 4.5,
    "iq4_nl": 4.5,
}
"""Bits of one value, its share of the block's scale counted."""
_CELL_BYTES = 64
"""What llama.cpp remembers of each cell beside its content."""
_MASK_BYTES = 2
"""Of each cell and each token that is computed at once: whether the one sees the other."""
_ROUND = 1024
_SPARE = 0.9
"""The part of free memory that a hint may fill."""


class CacheShape(msgspec.Struct, frozen=True):
    """How many values a token takes in the cache."""

    keys: int
    values: int

    @classmethod
    def of(cls, metadata: Mapping[str, str], layer_count: int) -> CacheShape:
        """From a model file's metadata; models that keep less are over-estimated."""
        architecture = metadata.get("general.architecture", "")

        def number(key: str) -> int:
            text = metadata.get(f"{architecture}.{key}", "")
            return int(text) if text.isdecimal() else 0

        heads = number("attention.head_count")
        head_size = number("embedding_length") // heads if heads else 0
        told = metadata.get(f"{architecture}.attention.head_count_kv", "")
        listed = [int(digits) for digits in re.findall(r"\d+", told)]
        kv_heads = sum(listed) if len(listed) > 1 else layer_count * (listed[0] if listed else heads)
        if rank := number("attention.kv_lora_rank"):
            # What these keep is compressed; the positions stand beside it.
            return cls(layer_count * (rank + number("rope.dimension_count")), 0)
        return cls(
            kv_heads * (number("attention.key_length") or head_size),
            kv_heads * (number("attention.value_length") or head_size),
        )

    def cell_bytes(self, settings: LoadSettings) -> float:
        """Bytes of one cell of the cache."""
        return (self.keys * _BITS[settings.cache_type_k] + self.values * _BITS[settings.cache_type_v]) / 8


def check_room(shape: CacheShape, settings: LoadSettings, *, pool_size: int, batch_size: int, free_bytes: int) -> None:
    """Raise ModelLoadFailed where `pool_size` cells can't be had in `free_bytes`, 0 for unknown."""
    cell = shape.cell_bytes(settings)
    each = cell + _CELL_BYTES + _MASK_BYTES * (settings.micro_batch_size or batch_size)
    if not free_bytes or pool_size * each <= free_bytes:
        return
    needed = _size(pool_size * each)
    raise ModelLoadFailed(
        f"A context of {pool_size:,} tokens takes {needed} of memory, and {_size(free_bytes)} are free.",
        hint=_hint(settings, int(free_bytes * _SPARE / each), cell / each),
    )


def _hint(settings: LoadSettings, fitting: int, cache_share: float) -> str:
    """The next smaller setting."""
    tokens = fitting // _ROUND * _ROUND if fitting >= _ROUND else fitting
    hint = f"Load it with --context-size {tokens}." if tokens else "Choose a smaller model."
    if settings.pool_size > settings.context_size > 0:
        hint = f"Load it with --pool-size {max(tokens, settings.context_size)}, or a smaller --context-size."
    if cache_share > 0.5 and settings.cache_type_k == settings.cache_type_v == "f16":
        hint += " --cache-type-k q8_0 --cache-type-v q8_0 take half of the memory."
    return hint


def _size(size_bytes: float) -> str:
    return f"{size_bytes / 1e9:,.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:,.0f} MB"


def fewer_layers(tried: int, layer_count: int) -> int:
    """The next smaller number of layers on GPUs after `tried` of `layer_count` did not fit; 0 at the end."""
    step = max(1, layer_count // 8)
    return max(0, min(tried, layer_count + 1) - step)
