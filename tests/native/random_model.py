"""A tiny model with random weights and the byte-level vocabulary, of whatever architecture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gguf
import numpy as np
import tiny_model


class RandomModel:
    """Adds tensors to a model file; the same ones each time."""

    def __init__(self, writer: gguf.GGUFWriter) -> None:
        self.writer = writer
        self.random = np.random.default_rng(0)
        self.vocabulary_size = len(tiny_model.vocabulary())

    def add(self, name: str, *shape: int) -> None:
        """Add a tensor of random weights."""
        self.writer.add_tensor(name, self.random.standard_normal(shape, dtype=np.float32) * np.float32(0.3))

    def add_ones(self, name: str, size: int) -> None:
        """Add the weights of a norm."""
        self.writer.add_tensor(name, np.ones(size, np.float32))


@contextmanager
def random_model(path: Path, architecture: str) -> Iterator[RandomModel]:
    """Yield a model to be given its facts and tensors; it is written in the end."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(2048)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_chat_template(tiny_model.CHATML)
    tiny_model._add_vocabulary(writer)
    yield RandomModel(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
