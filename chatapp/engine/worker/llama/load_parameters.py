"""Load settings in llama.cpp's dialect."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import llama_cpp.llama_cpp as llama

from chatapp.core.loading import LOAD, LoadSettings
from chatapp.engine.worker.llama.library import cpu_buffer_type, device_pointers

_SPLIT_MODES = {"none": 0, "layer": 1, "row": 2, "tensor": 3}
_LOAD_MODES = {
    ("auto", False): -1,
    ("auto", True): 3,
    ("off", False): 0,
    ("on", False): 1,
    ("off", True): 2,
    ("on", True): 3,
}
"""By mmap and mlock."""
_CACHE_TYPES = {
    "f32": llama.GGML_TYPE_F32,
    "f16": llama.GGML_TYPE_F16,
    "bf16": 30,  # GGML_TYPE_BF16, which the binding leaves out
    "q8_0": llama.GGML_TYPE_Q8_0,
    "q5_1": llama.GGML_TYPE_Q5_1,
    "q5_0": llama.GGML_TYPE_Q5_0,
    "q4_1": llama.GGML_TYPE_Q4_1,
    "q4_0": llama.GGML_TYPE_Q4_0,
    "iq4_nl": llama.GGML_TYPE_IQ4_NL,
}
_ROPE_SCALING = {"auto": -1, "none": 0, "linear": 1, "yarn": 2}
_FLASH_ATTENTION = {"auto": -1, "off": 0, "on": 1}
_EXPERTS = r"ffn_(up|down|gate|gate_up)_(ch|)exps"
_ALL = LOAD["cpu_experts"].words["all"]


class _BufferOverride(ctypes.Structure):
    """`llama_model_tensor_buft_override`."""

    _fields_ = (("pattern", ctypes.c_char_p), ("buffer_type", ctypes.c_void_p))


class ModelParameters:
    """`llama_model_params` with everything that it points to, which must live until the model is loaded."""

    def __init__(self, settings: LoadSettings, devices: Sequence[str] | None) -> None:
        """`devices` are ggml's names; None for every GPU, an empty list for the processor alone."""
        self.native = llama.llama_model_default_params()
        self._kept: list[object] = []
        # A negative number means all, as far as llama.cpp is concerned.
        self.native.n_gpu_layers = settings.gpu_layers
        self.native.split_mode = _SPLIT_MODES[settings.split_mode]
        self.native.main_gpu = settings.main_gpu
        self.native.load_mode = _LOAD_MODES[settings.mmap, settings.mlock]
        if devices is not None:
            pointers = device_pointers(devices)
            self.native.devices = self._kept_array((ctypes.c_void_p * (len(pointers) + 1))(*pointers))
        if settings.tensor_split:
            shares = (ctypes.c_float * int(llama.llama_max_devices()))(*settings.tensor_split)
            self._kept.append(shares)
            self.native.tensor_split = shares
        if settings.cpu_experts:
            overrides = _overrides(settings.cpu_experts)
            self.native.tensor_buft_overrides = self._kept_array((_BufferOverride * (len(overrides) + 1))(*overrides))

    def _kept_array(self, array: ctypes.Array[ctypes.c_void_p] | ctypes.Array[_BufferOverride]) -> ctypes.c_void_p:
        """The address of an array, whose last item is empty: that is its end."""
        self._kept.append(array)
        return ctypes.cast(array, ctypes.c_void_p)


def _overrides(layers: int) -> list[_BufferOverride]:
    """Experts of the first `layers` into the processor's memory."""
    numbers = [r"\d+"] if layers >= _ALL else [str(layer) for layer in range(layers)]
    processor = cpu_buffer_type()
    patterns = (rf"blk\.{number}\.{_EXPERTS}".encode() for number in numbers)
    return [_BufferOverride(pattern, processor) for pattern in patterns]


def context_parameters(settings: LoadSettings) -> llama.llama_context_params:
    """What of `settings` belongs to a context; its sizes are set by whoever makes it."""
    parameters = llama.llama_context_default_params()
    parameters.type_k = _CACHE_TYPES[settings.cache_type_k]
    parameters.type_v = _CACHE_TYPES[settings.cache_type_v]
    parameters.flash_attn_type = _FLASH_ATTENTION[settings.flash_attention]
    parameters.rope_scaling_type = _ROPE_SCALING[settings.rope_scaling]
    parameters.rope_freq_base = settings.rope_freq_base
    parameters.rope_freq_scale = settings.rope_freq_scale
    parameters.yarn_ext_factor = settings.yarn_ext_factor
    parameters.yarn_attn_factor = settings.yarn_attn_factor
    parameters.yarn_beta_fast = settings.yarn_beta_fast
    parameters.yarn_beta_slow = settings.yarn_beta_slow
    parameters.yarn_orig_ctx = settings.yarn_original_context
    return parameters
