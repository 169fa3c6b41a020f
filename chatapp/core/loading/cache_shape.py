"""How much of the KV cache a token takes, by what a model file says of itself."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from chatapp.core.loading.registry import PLAIN_CACHE_TYPES
from chatapp.core.loading.settings import LoadSettings

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

MOST_SCORE_BYTES = 1 << 30
"""What attention may take of memory without flash attention where it is left out unasked."""


class CacheShape(msgspec.Struct, frozen=True):
    """How many values a token takes in the cache, and how many heads look at them, 0 where that is not known."""

    keys: int
    values: int
    heads: int = 0

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
            return cls(layer_count * (rank + number("rope.dimension_count")), 0, heads)
        return cls(
            kv_heads * (number("attention.key_length") or head_size),
            kv_heads * (number("attention.value_length") or head_size),
            heads,
        )

    def score_bytes(self, settings: LoadSettings, pool_size: int, batch_size: int) -> int:
        """Bytes of one layer's attention scores (float32) where the processor computes without flash attention.

        They lie there as a whole then. 0 where it is used: where it was asked for, where `auto` finds that the values
        are kept in a type that needs it, or that the scores would take more than MOST_SCORE_BYTES.
        """
        size = 4 * self.heads * pool_size * (settings.micro_batch_size or batch_size)
        if settings.flash_attention == "off":
            return size
        fits = settings.cache_type_v in PLAIN_CACHE_TYPES and size <= MOST_SCORE_BYTES
        return size if settings.flash_attention == "auto" and fits else 0

    def cell_bytes(self, settings: LoadSettings) -> float:
        """Bytes of one cell of the cache."""
        return (self.keys * _BITS[settings.cache_type_k] + self.values * _BITS[settings.cache_type_v]) / 8
