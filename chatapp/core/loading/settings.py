"""What a model is loaded with, as a value that travels to the worker."""

from __future__ import annotations

from typing import cast

import msgspec

from chatapp.core.parameters import Values


class Adapter(msgspec.Struct, frozen=True):
    """A LoRA adapter: its file, absolute, and how strongly it is laid over the weights."""

    path: str
    scale: float = 1.0

    @classmethod
    def parse(cls, text: str) -> Adapter:
        """Read `path` or `path:scale`; a colon with no number behind it belongs to the path."""
        path, colon, scale = text.rpartition(":")
        try:
            return cls(path, float(scale)) if colon and path else cls(text)
        except ValueError:
            return cls(text)

    @property
    def text(self) -> str:
        """It as `parse` reads it."""
        return f"{self.path}:{self.scale:g}"


class LoadSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What to load a model with; see `LOAD` for what each means. The defaults leave everything to the engine."""

    device: str = "auto"
    gpu_layers: int = -1
    split_mode: str = "layer"
    tensor_split: tuple[float, ...] = ()
    main_gpu: int = 0
    cpu_experts: int = 0
    context_size: int = 0
    pool_size: int = 0
    sequences: int = 0
    cache_type_k: str = "f16"
    cache_type_v: str = "f16"
    flash_attention: str = "auto"
    threads: int = 0
    batch_threads: int = 0
    batch_size: int = 0
    micro_batch_size: int = 0
    mmap: str = "auto"
    mlock: bool = False
    rope_scaling: str = "auto"
    rope_freq_base: float = 0.0
    rope_freq_scale: float = 0.0
    yarn_ext_factor: float = -1.0
    yarn_attn_factor: float = -1.0
    yarn_beta_fast: float = -1.0
    yarn_beta_slow: float = -1.0
    yarn_original_context: int = 0
    lora: tuple[Adapter, ...] = ()

    @classmethod
    def of(cls, values: Values) -> LoadSettings:
        """Settings from values by name, as `check_load` returns them."""
        fields = dict(values)
        texts = cast(tuple[str, ...], fields.pop("lora", ()))
        return msgspec.convert({**fields, "lora": tuple(map(Adapter.parse, texts))}, cls)
