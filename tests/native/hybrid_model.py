"""A tiny LFM2 model with random weights: layers of short convolutions, which keep a state, beside one of attention."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import tiny_model

WIDTH, INNER, HEADS, KERNEL = 32, 64, 4, 3
IS_ATTENTION = (False, True, False)


def write_hybrid_model(path: Path) -> Path:
    """Write the model with the byte-level vocabulary and return its path."""
    writer = gguf.GGUFWriter(path, "lfm2")
    writer.add_context_length(2048)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_block_count(len(IS_ATTENTION))
    writer.add_head_count(HEADS)
    writer.add_head_count_kv([HEADS if attention else 0 for attention in IS_ATTENTION])
    writer.add_shortconv_l_cache(KERNEL)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(len(tiny_model.vocabulary()))
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

    def add_ones(name: str, size: int) -> None:
        writer.add_tensor(name, np.ones(size, np.float32))

    add("token_embd.weight", len(tiny_model.vocabulary()), WIDTH)
    add_ones("token_embd_norm.weight", WIDTH)
    for layer, attention in enumerate(IS_ATTENTION):
        block = f"blk.{layer}."
        for norm in ("attn_norm", "ffn_norm"):
            add_ones(f"{block}{norm}.weight", WIDTH)
        add(block + "ffn_gate.weight", INNER, WIDTH)
        add(block + "ffn_up.weight", INNER, WIDTH)
        add(block + "ffn_down.weight", WIDTH, INNER)
        if attention:
            for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
                add(f"{block}{part}.weight", WIDTH, WIDTH)
            for norm in ("attn_q_norm", "attn_k_norm"):
                add_ones(f"{block}{norm}.weight", WIDTH // HEADS)
        else:
            add(block + "shortconv.conv.weight", WIDTH, KERNEL)
            add(block + "shortconv.in_proj.weight", 3 * WIDTH, WIDTH)
            add(block + "shortconv.out_proj.weight", WIDTH, WIDTH)
