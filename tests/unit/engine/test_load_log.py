"""What llama.cpp says of a load becomes facts; the lines are its own."""

from __future__ import annotations

from chatapp.engine.worker.load_log import LoadLog

OFFLOADED = """\
print_info: n_layer               = 24
print_info: rope scaling          = linear
load_tensors: loading model tensors, this can take a while... (load_mode = mmap)
load_tensors: layer   0 assigned to device CPU, is_swa = 0
load_tensors: layer   1 assigned to device CUDA0, is_swa = 0
load_tensors: layer  24 assigned to device CUDA1, is_swa = 0
tensor blk.3.ffn_up_exps.weight (128 MiB q4_0) buffer type overridden to CPU
tensor blk.3.ffn_gate_exps.weight (128 MiB q4_0) buffer type overridden to CPU
load_tensors: offloaded 23/25 layers to GPU
"""
CONTEXT = """\
llama_context: constructing llama_context
llama_context: flash_attn            = auto
llama_context: freq_base             = 1000000.0
llama_context: freq_scale            = 0.25
llama_kv_cache: size =   12.75 MiB (  2048 cells,  24 layers, 16/1 seqs), K (q8_0):    6.38 MiB, V (f16):    6.37 MiB
resolve_fused_ops: Flash Attention enabled
"""


def heard(*texts: str, level: str = "info") -> LoadLog:
    log = LoadLog()
    for text in texts:
        for line in text.splitlines():
            log.take(level, line)
    return log


def test_where_the_layers_went() -> None:
    log = heard(OFFLOADED)
    assert log.layer_devices == {0: "CPU", 1: "CUDA0", 24: "CUDA1"}
    assert log.offloaded == (23, 25) and log.layer_count == 24
    assert log.cpu_experts == {3}
    assert (log.load_mode, log.trained_rope_scaling, log.mlock_failure) == ("mmap", "linear", "")


def test_what_the_context_is_like() -> None:
    log = heard(OFFLOADED, CONTEXT)
    assert log.flash_attention is True
    assert log.cache_types == ("q8_0", "f16") and log.cache_mib == 12.75
    assert (log.rope_freq_base, log.rope_freq_scale) == (1_000_000.0, 0.25)


def test_flash_attention_that_does_not_come_about() -> None:
    assert (
        heard(CONTEXT.replace("Attention enabled", "Attention not supported, set to disabled")).flash_attention is False
    )
    assert heard("llama_context: flash_attn            = disabled").flash_attention is False
    assert heard("llama_context: flash_attn            = enabled").flash_attention is True
    assert heard("llama_context: flash_attn            = auto").flash_attention is None


def test_two_caches_of_one_context_count_together_and_another_context_begins_anew() -> None:
    size = next(line for line in CONTEXT.splitlines() if "size =" in line)
    assert heard(CONTEXT, size).cache_mib == 25.5
    assert heard(CONTEXT, CONTEXT).cache_mib == 12.75


def test_a_refused_lock() -> None:
    line = "warning: failed to mlock 304087040-byte buffer (after previously locking 0 bytes): Cannot allocate memory"
    assert "Cannot allocate memory" in heard(line, level="warning").mlock_failure


def test_the_first_error_counts_and_memory_is_known_by_it() -> None:
    log = heard(
        "llama_model_load: error loading model: unable to allocate CUDA0 buffer", "failed to load model", level="error"
    )
    assert log.first_error == "unable to allocate CUDA0 buffer" and log.is_out_of_memory
    assert heard("cudaMalloc failed: out of memory", level="error").is_out_of_memory
    assert not heard("llama_model_load: error loading model: tensor is missing", level="error").is_out_of_memory
    assert not heard("failed to allocate", level="info").is_out_of_memory
