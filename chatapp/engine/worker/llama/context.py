"""The KV cache of a model's sequences, and the computing on it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence

import llama_cpp.llama_cpp as llama
import msgspec
import numpy as np

from chatapp.core.errors import ModelLoadFailed
from chatapp.core.loading import PLAIN_CACHE_TYPES, LoadSettings
from chatapp.engine.worker.llama.candidates import Logits
from chatapp.engine.worker.llama.load_parameters import context_parameters
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
        settings: LoadSettings | None = None,
        flash_attention: bool | None = None,
        should_abort: Callable[[], bool] | None = None,
    ) -> None:
        """Make a context of `pool_size` tokens that `sequences` share; raise ModelLoadFailed where it can't be.

        `settings` give what has no argument here: the cache's types, RoPE, micro-batches and threads for prompts.
        The model's adapters are laid over it. Values are kept as f16 where `flash_attention` is False.
        """
        wanted = settings or LoadSettings()
        parameters = context_parameters(wanted)
        parameters.n_ctx = -(-pool_size // 256) * 256
        parameters.n_batch = batch_size
        parameters.n_ubatch = min(wanted.micro_batch_size or batch_size, batch_size)
        parameters.n_seq_max = sequences
        parameters.n_threads = threads
        parameters.n_threads_batch = wanted.batch_threads or threads
        parameters.kv_unified = True
        parameters.no_perf = True
        if flash_attention is not None:
            parameters.flash_attn_type = int(flash_attention)
        if flash_attention is False and wanted.cache_type_v not in PLAIN_CACHE_TYPES:
            parameters.type_v = llama.GGML_TYPE_F16
        handle = llama.llama_init_from_model(model.handle, parameters)
        if not handle:
            raise ModelLoadFailed(f"llama.cpp could not make a context of {pool_size:,} tokens.")
        self._handle = handle
        self._lay_adapters(model)
        self._memory = llama.llama_get_memory(handle)
        self.batch_size = int(llama.llama_n_batch(handle))
        self._batch = llama.llama_batch_init(self.batch_size, 0, 1)
        self.pool_size = int(llama.llama_n_ctx(handle))
        self.sequences = int(llama.llama_n_seq_max(handle))
        self.micro_batch_size = int(llama.llama_n_ubatch(handle))
        self.threads = int(llama.llama_n_threads(handle))
        self.batch_threads = int(llama.llama_n_threads_batch(handle))
        self._row = ctypes.c_float * model.vocabulary.size
        self._abort = llama.ggml_abort_callback(lambda _data: should_abort is not None and should_abort())
        self._abortable = False

    def _lay_adapters(self, model: Model) -> None:
        if not model.adapters:
            return
        count = len(model.adapters)
        handles = (llama.llama_adapter_lora_p_ctypes * count)(*(handle for _, handle, _ in model.adapters))
        scales = (ctypes.c_float * count)(*(scale for _, _, scale in model.adapters))
        if llama.llama_set_adapters_lora(self._handle, handles, count, scales) != 0:
            llama.llama_free(self._handle)
            raise ModelLoadFailed("llama.cpp could not lay the LoRA adapters over the context.")

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
        # The same as numpy's `as_array`, in a tenth of the time.
        return np.frombuffer(memoryview(self._row.from_address(ctypes.addressof(pointer.contents))), np.float32)

    def cut(self, sequence: int, position: int) -> bool:
        """Forget `sequence` from `position` on; False where the model's memory can't be cut there."""
        return bool(llama.llama_memory_seq_rm(self._memory, sequence, position, ALL))

    def first_position(self, sequence: int) -> int:
        """The lowest position still held for `sequence`, -1 for none."""
        return int(llama.llama_memory_seq_pos_min(self._memory, sequence))

    def clear(self, sequence: int) -> None:
        """Forget all of `sequence`."""
        llama.llama_memory_seq_rm(self._memory, sequence, ALL, ALL)

    def reset(self) -> None:
        """Forget everything, and where it lay."""
        llama.llama_memory_clear(self._memory, True)

    def state_size(self, sequence: int) -> int:
        """How many bytes `save` would give."""
        return int(llama.llama_state_seq_get_size(self._handle, sequence))

    def save(self, sequence: int) -> bytearray:
        """Everything that is held for `sequence`, for `load`; it holds no logits."""
        size = self.state_size(sequence)
        state = bytearray(size)
        buffer = (ctypes.c_uint8 * size).from_buffer(state)
        written = int(llama.llama_state_seq_get_data(self._handle, buffer, size, sequence))
        del buffer
        del state[written:]
        return state

    def load(self, sequence: int, state: bytes | bytearray) -> bool:
        """Fill `sequence`, which must be empty, with what `save` gave; False where there is no room, or no sense in it.

        llama.cpp believes what it reads: give it only what it wrote itself.
        """
        source = np.frombuffer(state, np.uint8).ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        if len(state) and llama.llama_state_seq_set_data(self._handle, source, len(state), sequence):
            return True
        self.clear(sequence)
        return False

    def copy(self, source: int, target: int, length: int) -> None:
        """Let `target` begin with the first `length` tokens of `source`, sharing their cells."""
        llama.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def close(self) -> None:
        """Free the KV cache."""
        llama.llama_batch_free(self._batch)
        llama.llama_free(self._handle)
