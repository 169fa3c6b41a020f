"""A tiny LFM2 model with random weights: layers of short convolutions, which keep a state, beside one of attention."""

from __future__ import annotations

from pathlib import Path

from random_model import RandomModel, random_model

WIDTH, INNER, HEADS, KERNEL = 32, 64, 4, 3
IS_ATTENTION = (False, True, False)


def write_hybrid_model(path: Path) -> Path:
    """Write the model and return its path."""
    with random_model(path, "lfm2") as model:
        writer = model.writer
        writer.add_embedding_length(WIDTH)
        writer.add_feed_forward_length(INNER)
        writer.add_block_count(len(IS_ATTENTION))
        writer.add_head_count(HEADS)
        writer.add_head_count_kv([HEADS if attention else 0 for attention in IS_ATTENTION])
        writer.add_shortconv_l_cache(KERNEL)
        writer.add_rope_freq_base(10000.0)
        writer.add_vocab_size(model.vocabulary_size)
        model.add("token_embd.weight", model.vocabulary_size, WIDTH)
        model.add_ones("token_embd_norm.weight", WIDTH)
        for layer, attention in enumerate(IS_ATTENTION):
            _add_layer(model, f"blk.{layer}.", attention)
    return path


def _add_layer(model: RandomModel, block: str, attention: bool) -> None:
    for norm in ("attn_norm", "ffn_norm"):
        model.add_ones(f"{block}{norm}.weight", WIDTH)
    model.add(block + "ffn_gate.weight", INNER, WIDTH)
    model.add(block + "ffn_up.weight", INNER, WIDTH)
    model.add(block + "ffn_down.weight", WIDTH, INNER)
    if attention:
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            model.add(f"{block}{part}.weight", WIDTH, WIDTH)
        for norm in ("attn_q_norm", "attn_k_norm"):
            model.add_ones(f"{block}{norm}.weight", WIDTH // HEADS)
    else:
        model.add(block + "shortconv.conv.weight", WIDTH, KERNEL)
        model.add(block + "shortconv.in_proj.weight", 3 * WIDTH, WIDTH)
        model.add(block + "shortconv.out_proj.weight", WIDTH, WIDTH)
