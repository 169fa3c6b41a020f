"""Whether a context has room in memory, found out before llama.cpp asks for it.

The system promises memory that it does not have and ends the process when it is used, so a context that is far too
large would be a crash. Estimated is what is certain: the cache and what goes with each of its cells.
"""

from __future__ import annotations

from chatapp.core.errors import ModelLoadFailed
from chatapp.core.loading import CacheShape, LoadSettings
from chatapp.core.readable import short_size

_CELL_BYTES = 64
"""What llama.cpp remembers of each cell beside its content."""
_MASK_BYTES = 2
"""Of each cell and each token that is computed at once: whether the one sees the other."""
_ROUND = 1024
_SPARE = 0.9
"""The part of free memory that a hint may fill."""


def check_room(shape: CacheShape, settings: LoadSettings, *, pool_size: int, batch_size: int, free_bytes: int) -> None:
    """Raise ModelLoadFailed where `pool_size` cells can't be had in `free_bytes`, 0 for unknown."""
    cell = shape.cell_bytes(settings)
    each = cell + _CELL_BYTES + _MASK_BYTES * (settings.micro_batch_size or batch_size)
    if not free_bytes or pool_size * each <= free_bytes:
        return
    needed = short_size(pool_size * each)
    raise ModelLoadFailed(
        f"A context of {pool_size:,} tokens takes {needed} of memory, and {short_size(free_bytes)} are free.",
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


def fewer_layers(tried: int, layer_count: int) -> int:
    """The next smaller number of layers on GPUs after `tried` of `layer_count` did not fit; 0 at the end."""
    step = max(1, layer_count // 8)
    return max(0, min(tried, layer_count + 1) - step)
