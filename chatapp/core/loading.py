"""How a model is loaded: asked for here, reported as it took effect in `core.backend.ModelCard`."""

from __future__ import annotations

import msgspec

DEFAULT_CONTEXT_SIZE = 8192
"""The most tokens of context that a model gets unless more is asked for."""


class LoadSettings(msgspec.Struct, frozen=True):
    """What to load a model with.

    `context_size` in tokens, 0 for what the model was trained for, at most `DEFAULT_CONTEXT_SIZE`. `gpu_layers`
    counts the layers on the GPU, -1 for all. `threads` of the CPU, 0 for one a core.
    """

    context_size: int = 0
    gpu_layers: int = -1
    threads: int = 0
