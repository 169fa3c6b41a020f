"""A tiny mixture-of-experts model with random weights."""

from __future__ import annotations

from pathlib import Path

from random_model import random_model

WIDTH, LAYERS, HEADS, FEED_FORWARD, EXPERTS, USED = 64, 3, 2, 64, 4, 2


def write_experts_model(path: Path) -> Path:
    """Write the model and return its path."""
    with random_model(path, "llama") as model:
        writer = model.writer
        writer.add_embedding_length(WIDTH)
        writer.add_block_count(LAYERS)
        writer.add_feed_forward_length(FEED_FORWARD)
        writer.add_head_count(HEADS)
        writer.add_head_count_kv(HEADS)
        writer.add_expert_count(EXPERTS)
        writer.add_expert_used_count(USED)
        model.add("token_embd.weight", model.vocabulary_size, WIDTH)
        model.add("output.weight", model.vocabulary_size, WIDTH)
        model.add_ones("output_norm.weight", WIDTH)
        for layer in range(LAYERS):
            block = f"blk.{layer}."
            model.add_ones(block + "attn_norm.weight", WIDTH)
            model.add_ones(block + "ffn_norm.weight", WIDTH)
            for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
                model.add(f"{block}{name}.weight", WIDTH, WIDTH)
            model.add(block + "ffn_gate_inp.weight", EXPERTS, WIDTH)
            model.add(block + "ffn_gate_exps.weight", EXPERTS, FEED_FORWARD, WIDTH)
            model.add(block + "ffn_up_exps.weight", EXPERTS, FEED_FORWARD, WIDTH)
            model.add(block + "ffn_down_exps.weight", EXPERTS, WIDTH, FEED_FORWARD)
    return path
