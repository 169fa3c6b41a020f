"""How much memory a loaded model takes, as the engine reports it."""

from __future__ import annotations

import msgspec


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes by what they hold, on the processor and on GPUs together.

    `mapped_bytes` are weights read in place from their file: every process that maps it shares those pages.
    `weights_bytes` are weights in memory of their own: on a GPU, rearranged for the processor, or read without mapping.
    `context_bytes` are the KV cache and states, `compute_bytes` the buffers for computing, reserved in full and
    touched as batches grow. All are 0 where nothing is known.
    """

    mapped_bytes: int = 0
    weights_bytes: int = 0
    context_bytes: int = 0
    compute_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        """All of it, the shared pages included."""
        return self.mapped_bytes + self.weights_bytes + self.context_bytes + self.compute_bytes
