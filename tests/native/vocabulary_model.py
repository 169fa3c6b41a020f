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
_HEADER = struct.Struct("<4sIQQ")  # magic, version, tensors, entries
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9
_ALIGNMENT = 32


def write_vocabulary_model(path: Path, vocabulary: Path) -> Path:
    """Write a llama model whose tokenizer is that of `vocabulary`, and return its path."""
    entries = [
        entry
        for key, entry in _entries(vocabulary.read_bytes())
        if key.startswith("tokenizer.") and key != "tokenizer.chat_template"
    ]
    _write_without_tokenizer(path, _token_count(vocabulary))
    whole = path.read_bytes()
    magic, version, tensors, count = _HEADER.unpack_from(whole)
    own = b"".join(entry for _, entry in _entries(whole))
    infos_start = _HEADER.size + len(own)
    data_start = gguf.GGUFReader(path).data_offset
    infos = whole[infos_start:data_start].rstrip(b"\0")
    infos += b"\0" * (-len(infos) % 8)
    head = _HEADER.pack(magic, version, tensors, count + len(entries)) + own + b"".join(entries)
    infos = _tensor_infos(whole[infos_start:data_start], tensors)
    padding = b"\0" * (-(len(head) + len(infos)) % _ALIGNMENT)
    path.write_bytes(head + infos + padding + whole[data_start:])
    return path
