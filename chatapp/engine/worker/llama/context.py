"""The KV cache of a model's sequences, and the computing on it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence

import llama_cpp.llama_cpp as llama
import msgspec
import numpy as np

from chatapp.core.errors import ModelLoadFailed
from chatapp.engine.worker.llama.candidates import Logits
from chatapp.engine.worker.llama.model import Model

ALL = -1
"""Every sequence or every position, in calls on the memory."""


class Entry(msgspec.Struct, frozen=True):
    """One token of a batch: where it stands in its sequence and whether its logits are wanted."""

    token_id: int
    position: int
    sequence: int
    wants_logits: bool


class Context:
    """The KV cache of several sequences of one model, and the computing on it."""

    DECODED, NO_ROOM, ABORTED = 0, 1, 2

    def __init__(
        self,
        model: Model,
        *,
        pool_size: int,
        sequences: int,
        batch_size: int,
        threads: int,
        flash_attention: bool | None = None,
        should_abort: Callable[[], bool] | None = None,
    ) -> None:
        """Make a context of `pool_size` tokens that `sequences` share; raise ModelLoadFailed where it can't be."""
        parameters = llama.llama_context_default_params()
        parameters.n_ctx = -(-pool_size // 256) * 256
        parameters.n_batch = parameters.n_ubatch = batch_size
        parameters.n_seq_max = sequences
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.kv_unified = True
        parameters.no_perf = True
        if flash_attention is not None:
            parameters.flash_attn_type = int(flash_attention)
        handle = llama.llama_init_from_model(model.handle, parameters)
        if not handle:
            raise ModelLoadFailed(
                f"There is not enough memory for a context of {pool_size:,} tokens.",
                hint="Ask for a smaller context size.",
            )
        self._handle = handle
        self._memory = llama.llama_get_memory(handle)
        self._batch = llama.llama_batch_init(batch_size, 0, 1)
        self.batch_size = batch_size
        self.pool_size = int(llama.llama_n_ctx(handle))
        self.threads = int(llama.llama_n_threads(handle))
        self._vocabulary_size = model.vocabulary.size
        self._abort = llama.ggml_abort_callback(lambda _data: should_abort is not None and should_abort())
        self._abortable = False

    def decode(self, entries: Sequence[Entry], *, abortable: bool = False) -> int:
        """Compute `entries`; return DECODED, NO_ROOM or ABORTED, raise RuntimeError for anything else.

        `abortable` asks `should_abort` at every node of the graph, too dear for one token. After ABORTED a part
        may have been computed; the caller cuts its sequences back.
        """
        batch = self._batch
        if abortable != self._abortable:
            self._abortable = abortable
            callback = self._abort if abortable else llama.ggml_abort_callback(0)
            llama.llama_set_abort_callback(self._handle, callback, ctypes.c_void_p(0))
        for index, entry in enumerate(entries):
            batch.token[index] = entry.token_id
            batch.pos[index] = entry.position
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = entry.sequence
            batch.logits[index] = entry.wants_logits
        batch.n_tokens = len(entries)
        result = int(llama.llama_decode(self._handle, batch))
        if result not in (self.DECODED, self.NO_ROOM, self.ABORTED):
            raise RuntimeError(f"llama_decode returned {result}")
        return result

    def logits(self, index: int) -> Logits:
        """The logits of entry `index` of the last batch, shape (vocabulary,); valid until the next decode."""
        pointer = llama.llama_get_logits_ith(self._handle, index)
        if not pointer:
            raise RuntimeError(f"no logits were computed for entry {index}")
        return np.ctypeslib.as_array(pointer, shape=(self._vocabulary_size,))

    def cut(self, sequence: int, position: int) -> bool:
        """Forget `sequence` from `position` on; False where the model's memory can't be cut there."""
        return bool(llama.llama_memory_seq_rm(self._memory, sequence, position, ALL))

    def first_position(self, sequence: int) -> int:
        """The lowest position still held for `sequence`, -1 for none."""
        return int(llama.llama_memory_seq_pos_min(self._memory, sequence))

    def clear(self, sequence: int) -> None:
        """Forget all of `sequence`."""
        llama.llama_memory_seq_rm(self._memory, sequence, ALL, ALL)

    def copy(self, source: int, target: int, length: int) -> None:
        """Let `target` begin with the first `length` tokens of `source`, sharing their cells."""
        llama.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def close(self) -> None:
        """Free the KV cache."""
        llama.llama_batch_free(self._batch)
        llama.llama_free(self._handle)
