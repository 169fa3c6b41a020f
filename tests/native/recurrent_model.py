"""A tiny Mamba model with random weights: its sequences keep a state that can't be cut back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from random_model import RandomModel, random_model

WIDTH, LAYERS, INNER, STATE, KERNEL, RANK = 32, 2, 64, 8, 4, 4


def write_recurrent_model(path: Path) -> Path:
    """Write the model and return its path."""
    with random_model(path, "mamba") as model:
        writer = model.writer
        writer.add_embedding_length(WIDTH)
        writer.add_feed_forward_length(0)
        writer.add_head_count(0)
        writer.add_block_count(LAYERS)
        writer.add_ssm_conv_kernel(KERNEL)
        writer.add_ssm_inner_size(INNER)
        writer.add_ssm_state_size(STATE)
        writer.add_ssm_time_step_rank(RANK)
        model.add("token_embd.weight", model.vocabulary_size, WIDTH)
        model.add("output.weight", model.vocabulary_size, WIDTH)
        model.add_ones("output_norm.weight", WIDTH)
        for layer in range(LAYERS):
            _add_layer(model, f"blk.{layer}.")
    return path


def _add_layer(model: RandomModel, block: str) -> None:
    model.add_ones(block + "attn_norm.weight", WIDTH)
    model.add(block + "ssm_in.weight", 2 * INNER, WIDTH)
    model.add(block + "ssm_conv1d.weight", INNER, KERNEL)
    model.add(block + "ssm_conv1d.bias", INNER)
    model.add(block + "ssm_x.weight", RANK + 2 * STATE, INNER)
    model.add(block + "ssm_dt.weight", INNER, RANK)
    model.add(block + "ssm_dt.bias", INNER)
    decay = np.abs(model.random.standard_normal((INNER, STATE), dtype=np.float32))
    model.writer.add_tensor(block + "ssm_a", -decay - 0.1)
    model.add(block + "ssm_d", INNER)
    model.add(block + "ssm_out.weight", WIDTH, INNER)
