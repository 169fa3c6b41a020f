"""How much memory a model will take, from its file alone: to plan with before anything is loaded."""

from __future__ import annotations

from chatapp.core.loading import DEFAULT_CONTEXT_SIZE, CacheShape, LoadSettings
from chatapp.models.header import GgufHeader, MetadataArray, MetadataValue
from chatapp.models.suitability import part_paths

_BATCH = 512
"""Tokens that are computed at once unless asked otherwise; room for all their logits is reserved."""
_LOGIT_BYTES = 4


def needed_bytes(header: GgufHeader, settings: LoadSettings) -> int:
    """Weights, KV cache and buffers of the model, loaded with `settings`."""
    context = settings.context_size or min(header.context_length or DEFAULT_CONTEXT_SIZE, DEFAULT_CONTEXT_SIZE)
    pool = max(context, settings.pool_size)
    shape = CacheShape.of({key: _text(value) for key, value in header.metadata.items()}, header.block_count)
    scores = shape.score_bytes(settings, pool, _BATCH)
    logits = (settings.micro_batch_size or _BATCH) * header.vocabulary_size * _LOGIT_BYTES
    return _weights_bytes(header) + round(pool * shape.cell_bytes(settings)) + scores + logits


def _weights_bytes(header: GgufHeader) -> int:
    total = 0
    for part in part_paths(header.path, header.split[1]):
        try:
            total += part.stat().st_size
        except OSError:
            total += header.size_bytes
    return total


def _text(value: MetadataValue) -> str:
    """A value as llama.cpp writes it."""
    if isinstance(value, MetadataArray):
        return f"[{', '.join(map(str, value.items or ()))}]"
    return str(value)
