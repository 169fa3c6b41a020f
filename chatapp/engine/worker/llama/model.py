"""A model file's weights."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NewType, cast

import llama_cpp.llama_cpp as llama

from chatapp.core.errors import LoadCancelled, ModelLoadFailed
from chatapp.core.loading import Adapter, LoadSettings
from chatapp.engine.worker.llama.load_parameters import ModelParameters
from chatapp.engine.worker.llama.vocabulary import Vocabulary

AdapterHandle = NewType("AdapterHandle", object)
"""llama.cpp's own adapter."""


class Model:
    """A model file's weights and vocabulary."""

    def __init__(
        self,
        path: Path,
        *,
        settings: LoadSettings | None = None,
        devices: Sequence[str] | None = None,
        progress: Callable[[float], bool] | None = None,
        vocabulary_only: bool = False,
    ) -> None:
        """Load `path`; `progress(fraction)` returns False to cancel.

        `devices` are ggml's names of those to use, None for every GPU. Raise ModelLoadFailed or LoadCancelled.
        """
        cancelled = False

        def report(fraction: float, _data: ctypes.c_void_p) -> bool:
            nonlocal cancelled
            cancelled = progress is not None and not progress(fraction)
            return not cancelled

        wanted = settings or LoadSettings()
        parameters = ModelParameters(wanted, () if vocabulary_only else devices)
        parameters.native.vocab_only = vocabulary_only
        callback = llama.llama_progress_callback(report)
        parameters.native.progress_callback = callback
        handle = llama.llama_model_load_from_file(str(path).encode(), parameters.native)
        if cancelled:
            if handle:
                llama.llama_model_free(handle)
            raise LoadCancelled(f"{path.name} was not loaded.")
        if not handle:
            raise ModelLoadFailed(f"llama.cpp could not load {path.name}.")
        self.handle = handle
        self.vocabulary = Vocabulary(llama.llama_model_get_vocab(handle))
        self.adapters: list[tuple[str, AdapterHandle, float]] = []
        """The LoRA adapters with path and scale that every context of this model gets."""

    def add_adapter(self, adapter: Adapter) -> None:
        """Read a LoRA adapter, which is freed with the model; raise ModelLoadFailed where it doesn't fit."""
        handle = llama.llama_adapter_lora_init(self.handle, adapter.path.encode())
        if not handle:
            raise ModelLoadFailed(f"The LoRA adapter {Path(adapter.path).name} can't be laid over this model.")
        if llama.llama_adapter_get_alora_n_invocation_tokens(handle):
            raise ModelLoadFailed(
                f"The LoRA adapter {Path(adapter.path).name} is one that certain tokens switch on.",
                hint="Use one that is always on.",
            )
        self.adapters.append((adapter.path, cast(AdapterHandle, handle), adapter.scale))

    @property
    def trained_context_size(self) -> int:
        """Tokens of context that the model was trained for."""
        return int(llama.llama_model_n_ctx_train(self.handle))

    @property
    def layer_count(self) -> int:
        """Layers of the model, the output layer not counted."""
        return int(llama.llama_model_n_layer(self.handle))

    @property
    def window_size(self) -> int:
        """Tokens of its sliding attention window, 0 where it has none."""
        return int(llama.llama_model_n_swa(self.handle))

    @property
    def is_recurrent(self) -> bool:
        """Whether sequences keep a state that can't be cut back."""
        return bool(llama.llama_model_is_recurrent(self.handle) or llama.llama_model_is_hybrid(self.handle))

    @property
    def has_encoder(self) -> bool:
        """Whether it is an encoder-decoder model."""
        return bool(llama.llama_model_has_encoder(self.handle))

    @property
    def has_decoder(self) -> bool:
        """Whether it can write text at all."""
        return bool(llama.llama_model_has_decoder(self.handle))

    @property
    def description(self) -> str:
        """Architecture, size and quantisation in llama.cpp's words."""
        buffer = ctypes.create_string_buffer(256)
        llama.llama_model_desc(self.handle, buffer, 256)
        return buffer.value.decode("utf-8", "replace")

    @property
    def parameter_count(self) -> int:
        """Number of weights."""
        return int(llama.llama_model_n_params(self.handle))

    @property
    def size_bytes(self) -> int:
        """Bytes of all tensors."""
        return int(llama.llama_model_size(self.handle))

    @property
    def template(self) -> str | None:
        """The source of its default chat template."""
        found = llama.llama_model_chat_template(self.handle, None)
        return found.decode("utf-8", "replace") if found else None

    def metadata(self) -> dict[str, str]:
        """Every scalar entry of the file's metadata, as text."""
        values: dict[str, str] = {}
        for index in range(int(llama.llama_model_meta_count(self.handle))):
            key = self._meta(llama.llama_model_meta_key_by_index, index)
            values[key] = self._meta(llama.llama_model_meta_val_str_by_index, index)
        return values

    def _meta(self, read: Callable[..., int], index: int) -> str:
        capacity = 1024
        while True:
            buffer = ctypes.create_string_buffer(capacity)
            length = int(read(self.handle, index, buffer, capacity))
            if length < capacity:
                return buffer.value.decode("utf-8", "replace")
            capacity = length + 1

    def close(self) -> None:
        """Free the weights; every context of this model must be closed before."""
        llama.llama_model_free(self.handle)
