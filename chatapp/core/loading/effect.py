"""What of the load settings took effect."""

from __future__ import annotations

import msgspec

from chatapp.core.loading.settings import Adapter


class Placement(msgspec.Struct, frozen=True):
    """One device and how many of the model's layers it has, the output layer counted."""

    device: str
    layers: int
    description: str = ""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What a load really came to, as llama.cpp says, whatever was asked.

    `gpu_layers` of `layers` lie on GPUs, the output layer counted; `placements` say where all are. Sizes are in tokens,
    `cache_bytes` is what the KV cache takes. `cpu_experts` counts layers whose experts stay with the processor.
    `rope_scaling` is none, linear, yarn or longrope; `yarn` are its factors as asked for (llama.cpp does not tell
    them), empty where all are the model's. `adapters` are those laid over the weights. `unmet` says in words what was
    asked for and did not come about.
    """

    placements: tuple[Placement, ...] = ()
    gpu_layers: int = 0
    layers: int = 0
    cpu_experts: int = 0
    context_size: int = 0
    pool_size: int = 0
    sequences: int = 0
    cache_type_k: str = ""
    cache_type_v: str = ""
    cache_bytes: int = 0
    flash_attention: bool = False
    threads: int = 0
    batch_threads: int = 0
    batch_size: int = 0
    micro_batch_size: int = 0
    mmap: bool = False
    mlock: bool = False
    rope_scaling: str = ""
    rope_freq_base: float = 0.0
    rope_freq_scale: float = 0.0
    yarn: tuple[float, ...] = ()
    adapters: tuple[Adapter, ...] = ()
    unmet: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """All of it for people, a subject a line."""
        return tuple(f"{subject}: {text}" for subject, text in self.subjects.items())

    @property
    def subjects(self) -> dict[str, str]:
        """What took effect in words, by subject."""
        experts = f"; experts of {self.cpu_experts} layers on the processor" if self.cpu_experts else ""
        where = ", ".join(f"{each.layers} on {each.description or each.device}" for each in self.placements)
        told = {
            "layers": f"{self.gpu_layers} of {self.layers} on a GPU ({where or 'none'}){experts}",
            "context": f"{self.context_size:,} tokens a conversation, {self.pool_size:,} in all, for {self.sequences} "
            "sequences",
            "KV cache": f"{self._cache}, flash attention {'on' if self.flash_attention else 'off'}",
            "computing": f"{_threads(self.threads)}, {self.batch_threads} for prompts; batches of "
            f"{self.batch_size:,}, computed {self.micro_batch_size:,} at a time",
            "weights": f"{'read in place from the file' if self.mmap else 'read into memory'}"
            f"{', locked in memory' if self.mlock else ''}",
            "positions": f"RoPE scaling {self.rope_scaling or 'none'}, base {self.rope_freq_base:g}, "
            f"scale {self.rope_freq_scale:g}",
        }
        if self.adapters:
            told["adapters"] = ", ".join(f"{each.path} × {each.scale:g}" for each in self.adapters)
        return told

    @property
    def _cache(self) -> str:
        if not self.cache_type_k:
            return "none"
        size = f", {self.cache_bytes / 1e6:,.1f} MB" if self.cache_bytes else ""
        return f"keys {self.cache_type_k}, values {self.cache_type_v}{size}"

    @property
    def profile(self) -> tuple[object, ...]:
        """Everything of it that can change what is written; not where the weights were read from."""
        return tuple(getattr(self, name) for name in self.__struct_fields__ if name not in _NO_INFLUENCE)


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


_NO_INFLUENCE = frozenset({"mmap", "mlock", "cache_bytes", "unmet", "adapters"})
"""Fields that change nothing in a reply; adapters count by their content, in the model's fingerprint."""
