"""What a load came to, read from llama.cpp, and what was asked for in vain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from chatapp.core.loading import Adapter, Effect, LoadSettings, Placement
from chatapp.engine.worker import llama
from chatapp.engine.worker.llama import Context, Model
from chatapp.engine.worker.load_log import LoadLog

_COUNTED = ("pool_size", "sequences", "threads", "batch_threads", "batch_size", "micro_batch_size")
_YARN = ("yarn_ext_factor", "yarn_attn_factor", "yarn_beta_fast", "yarn_beta_slow", "yarn_original_context")
_DEFAULTS = LoadSettings()
_CELLS = 256
"""llama.cpp rounds the pool up to so many cells."""
_MIB = 1 << 20


def effect_of(
    settings: LoadSettings,
    model: Model,
    context: Context,
    said: LoadLog,
    *,
    context_size: int,
    unmet: tuple[str, ...] = (),
) -> Effect:
    """Everything that took effect; `unmet` is what was found out before."""
    types = said.cache_types or ("", "")
    found = Effect(
        placements=_placements(said),
        gpu_layers=said.offloaded[0] if said.offloaded is not None else 0,
        layers=said.offloaded[1] if said.offloaded is not None else len(said.layer_devices) or model.layer_count + 1,
        cpu_experts=len(said.cpu_experts),
        context_size=min(context_size, context.pool_size),
        pool_size=context.pool_size,
        sequences=context.sequences,
        cache_type_k=types[0],
        cache_type_v=types[1],
        cache_bytes=round(said.cache_mib * _MIB),
        flash_attention=bool(said.flash_attention),
        threads=context.threads,
        batch_threads=context.batch_threads,
        batch_size=context.batch_size,
        micro_batch_size=context.micro_batch_size,
        mmap="mmap" in said.load_mode and llama.supports_mmap(),
        mlock=settings.mlock and llama.supports_mlock() and not said.mlock_failure,
        rope_scaling=_rope_scaling(settings, said),
        rope_freq_base=said.rope_freq_base,
        rope_freq_scale=said.rope_freq_scale,
        yarn=_yarn(settings),
        adapters=tuple(Adapter(path, scale) for path, _, scale in model.adapters),
    )
    return msgspec.structs.replace(found, unmet=(*unmet, *_unmet(settings, found, said, model)))


def _placements(said: LoadLog) -> tuple[Placement, ...]:
    described: Mapping[str, str] = {device.name: device.description for device in llama.devices()}
    counts = Counter(said.layer_devices.values())
    return tuple(Placement(name, count, described.get(name, "")) for name, count in counts.items())


def _rope_scaling(settings: LoadSettings, said: LoadLog) -> str:
    asked = settings.rope_scaling if settings.rope_scaling != "auto" else said.trained_rope_scaling
    # A model that says nothing of it is linear by a factor of 1.
    return "none" if asked == "linear" and said.rope_freq_scale == 1.0 else asked


def _yarn(settings: LoadSettings) -> tuple[float, ...]:
    factors = tuple(float(getattr(settings, name)) for name in _YARN)
    return factors if factors != tuple(float(getattr(_DEFAULTS, name)) for name in _YARN) else ()


def _unmet(settings: LoadSettings, found: Effect, said: LoadLog, model: Model) -> Iterator[str]:
    """What was asked for and did not come about."""
    if settings.gpu_layers >= 0 and found.placements and 0 < found.gpu_layers < min(settings.gpu_layers, found.layers):
        yield f"gpu_layers: {settings.gpu_layers} were asked for, {found.gpu_layers} are on a GPU."
    for name in _COUNTED:
        asked, got = int(getattr(settings, name)), int(getattr(found, name))
        if asked and got != asked and not (name == "pool_size" and asked <= got < asked + _CELLS):
            yield f"{name}: {asked:,} was asked for, llama.cpp made it {got:,}."
    if settings.flash_attention == "on" and not found.flash_attention:
        yield "flash_attention is off: llama.cpp can't use it with this model."
    for name, asked_type, got_type in (
        ("cache_type_k", settings.cache_type_k, found.cache_type_k),
        ("cache_type_v", settings.cache_type_v, found.cache_type_v),
    ):
        if asked_type not in ("f16", got_type):
            why = f"it is {got_type}" if got_type else "this model has no cache"
            yield f"{name} {asked_type} has no effect: {why}."
    if settings.mmap == "on" and not found.mmap:
        yield "mmap has no effect: the weights were read into memory."
    if settings.mlock and not found.mlock:
        why = f"the system refused ({_reason(said.mlock_failure)})" if said.mlock_failure else "this system can't"
        yield f"mlock has no effect: {why}. Raise the limit with “ulimit -l”, or load without it."
    if settings.cpu_experts and not found.cpu_experts and found.gpu_layers:
        yield "cpu_experts has no effect: this model has no experts."
    trained = model.trained_context_size
    if 0 < trained < found.context_size and found.rope_freq_scale >= 1.0 and found.rope_scaling in ("none", ""):
        yield (
            f"The context of {found.context_size:,} tokens is larger than the {trained:,} that the model was trained "
            "for; beyond them it may lose its way. RoPE scaling stretches them."
        )


def _reason(text: str) -> str:
    """The last part of what llama.cpp says of a lock: why."""
    return text.splitlines()[0].rpartition(": ")[2].strip() or text.strip()
