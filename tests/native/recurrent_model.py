"""A tiny Mamba model with random weights: its sequences keep a state that can't be cut back."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import tiny_model

WIDTH, LAYERS, INNER, STATE, KERNEL, RANK = 32, 2, 64, 8, 4, 4


def write_recurrent_model(path: Path) -> Path:
    """Write the model with the byte-level vocabulary and return its path."""
    writer = gguf.GGUFWriter(path, "mamba")
    writer.add_context_length(2048)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    writer.add_block_count(LAYERS)
    writer.add_ssm_conv_kernel(KERNEL)
    writer.add_ssm_inner_size(INNER)
    writer.add_ssm_state_size(STATE)
    writer.add_ssm_time_step_rank(RANK)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_chat_template(tiny_model.CHATML)
    tiny_model._add_vocabulary(writer)
    _add_weights(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_weights(writer: gguf.GGUFWriter) -> None:
    random = np.random.default_rng(0)

    def add(name: str, *shape: int) -> None:
        writer.add_tensor(name, random.standard_normal(shape, dtype=np.float32) * np.float32(0.3))

    size = len(tiny_model.vocabulary())
    add("token_embd.weight", size, WIDTH)
    add("output.weight", size, WIDTH)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        writer.add_tensor(block + "attn_norm.weight", np.ones(WIDTH, np.float32))
        add(block + "ssm_in.weight", 2 * INNER, WIDTH)
        add(block + "ssm_conv1d.weight", INNER, KERNEL)
        add(block + "ssm_conv1d.bias", INNER)
        add(block + "ssm_x.weight", RANK + 2 * STATE, INNER)
        add(block + "ssm_dt.weight", INNER, RANK)
        add(block + "ssm_dt.bias", INNER)
        writer.add_tensor(block + "ssm_a", -np.abs(random.standard_normal((INNER, STATE), dtype=np.float32)) - 0.1)
        add(block + "ssm_d", INNER)
        add(block + "ssm_out.weight", WIDTH, INNER)
