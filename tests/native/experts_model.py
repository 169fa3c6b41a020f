"""A tiny mixture-of-experts model with random weights."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import tiny_model

WIDTH, LAYERS, HEADS, FEED_FORWARD, EXPERTS, USED = 64, 3, 2, 64, 4, 2


def write_experts_model(path: Path) -> Path:
    """Write the model with the byte-level vocabulary and return its path."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(2048)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_expert_count(EXPERTS)
    writer.add_expert_used_count(USED)
    writer.add_chat_template(tiny_model.CHATML)
    tiny_model._add_vocabulary(writer)
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
        writer.add_tensor(block + "ffn_norm.weight", np.ones(WIDTH, np.float32))
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"{block}{name}.weight", WIDTH, WIDTH)
        add(block + "ffn_gate_inp.weight", EXPERTS, WIDTH)
        add(block + "ffn_gate_exps.weight", EXPERTS, FEED_FORWARD, WIDTH)
        add(block + "ffn_up_exps.weight", EXPERTS, FEED_FORWARD, WIDTH)
        add(block + "ffn_down_exps.weight", EXPERTS, WIDTH, FEED_FORWARD)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
