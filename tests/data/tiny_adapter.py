"""Tiny LoRA adapters with random weights for the models of `tiny_model`."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np


def write_tiny_adapter(
    path: Path | str,
    *,
    architecture: str = "llama",
    kind: str = "adapter",
    adapter: str = "lora",
    tensor: str = "attn_q",
    width: int = 64,
    layers: int = 2,
    rank: int = 2,
    seed: int = 7,
) -> Path:
    """Write an adapter of one square tensor a layer to `path` and return it.

    `kind` is the file's `general.type`, `adapter` its `adapter.type`.
    """
    path = Path(path)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(kind)
    writer.add_string("adapter.type", adapter)
    writer.add_float32("adapter.lora.alpha", 2.0 * rank)
    random = np.random.default_rng(seed)
    for layer in range(layers):
        name = f"blk.{layer}.{tensor}.weight"
        writer.add_tensor(f"{name}.lora_a", (random.normal(size=(rank, width)) * 0.5).astype(np.float32))
        writer.add_tensor(f"{name}.lora_b", (random.normal(size=(width, rank)) * 0.5).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
