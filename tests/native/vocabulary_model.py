"""Tiny models with the vocabulary of another file and random weights.

The vocabulary is moved byte by byte: reading 150,000 tokens one at a time takes seconds.
"""

from __future__ import annotations

import struct
from pathlib import Path

import gguf
import numpy as np
from tiny_model import CHATML

WIDTH, LAYERS, HEADS, FEED_FORWARD = 32, 2, 4, 64
_PREFIX = b"tokenizer.ggml."
_HEADER = struct.Struct("<4sIQQ")  # magic, version, tensors, entries
_STRING = 8
_ALIGNMENT = 32


def write_vocabulary_model(path: Path, vocabulary: Path) -> Path:
    """Write a llama model whose tokenizer is that of `vocabulary`, and return its path."""
    entries = _tokenizer(vocabulary.read_bytes())
    _write_without_tokenizer(path, _token_count(entries))
    whole = path.read_bytes()
    magic, version, tensors, count = _HEADER.unpack_from(whole)
    moved = entries + _filler(len(entries))
    count += entries.count(_PREFIX) + 1
    path.write_bytes(_HEADER.pack(magic, version, tensors, count) + moved + whole[_HEADER.size :])
    return path


def _tokenizer(data: bytes) -> bytes:
    """The entries of a vocabulary file that describe its tokenizer, which stand one after the other."""
    start = data.index(_PREFIX + b"model") - 8
    template = data.find(b"tokenizer.chat_template")
    return data[start : template - 8 if template >= 0 else len(data)]


def _token_count(entries: bytes) -> int:
    key = _PREFIX + b"tokens"
    _, _, count = struct.unpack_from("<IIQ", entries, entries.index(key) + len(key))
    return int(count)


def _filler(size: int) -> bytes:
    """An entry that makes the moved ones a multiple of the alignment, so that the weights stay aligned."""
    key = b"tests.filler"
    length = -(size + 8 + len(key) + 4 + 8) % _ALIGNMENT
    return struct.pack("<Q", len(key)) + key + struct.pack("<IQ", _STRING, length) + b"." * length


def _write_without_tokenizer(path: Path, size: int) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(2048)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_chat_template(CHATML)
    _add_weights(writer, size)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_weights(writer: gguf.GGUFWriter, size: int) -> None:
    random = np.random.default_rng(0)

    def add(name: str, *shape: int) -> None:
        writer.add_tensor(name, random.standard_normal(shape, dtype=np.float32) * np.float32(0.3))

    def add_norm(name: str) -> None:
        writer.add_tensor(name, np.ones(WIDTH, dtype=np.float32))

    add("token_embd.weight", size, WIDTH)
    add("output.weight", size, WIDTH)
    add_norm("output_norm.weight")
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        add_norm(block + "attn_norm.weight")
        add_norm(block + "ffn_norm.weight")
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"{block}{name}.weight", WIDTH, WIDTH)
        add(block + "ffn_gate.weight", FEED_FORWARD, WIDTH)
        add(block + "ffn_up.weight", FEED_FORWARD, WIDTH)
        add(block + "ffn_down.weight", WIDTH, FEED_FORWARD)
