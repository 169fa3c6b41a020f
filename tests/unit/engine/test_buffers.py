"""What a model takes, read from what llama.cpp says of its buffers."""

from __future__ import annotations

from chatapp.core.footprint import Footprint
from chatapp.engine.holdings import Holding
from chatapp.engine.presence import notice
from chatapp.engine.worker.buffers import Buffers

MIB = 1 << 20
CPU = """
load_tensors: loading model tensors, this can take a while... (load_mode = mmap)
load_tensors:   CPU_Mapped model buffer size =   256.00 MiB
load_tensors:   CPU_REPACK model buffer size =   265.00 MiB
llama_context:        CPU  output buffer size =     9.00 MiB
llama_kv_cache:        CPU KV buffer size =    48.00 MiB
llama_kv_cache: size =   48.00 MiB (  4096 cells,  24 layers, 16/1 seqs), K (f16):   24.00 MiB, V (f16):   24.00 MiB
sched_reserve:        CPU compute buffer size =   300.00 MiB
"""
GPU = """
load_tensors:   CPU_Mapped model buffer size =   100.00 MiB
load_tensors:   CPU_Mapped model buffer size =    20.00 MiB
load_tensors:        CUDA0 model buffer size =  1000.50 MiB
load_tensors:        CUDA1 model buffer size =  1000.00 MiB
llama_kv_cache:      CUDA0 KV buffer size =    64.00 MiB
llama_kv_cache:      CUDA0 KV buffer size =    16.00 MiB
llama_memory_recurrent:      CUDA0 RS buffer size =     4.00 MiB
sched_reserve:      CUDA0 compute buffer size =   300.00 MiB
sched_reserve:  CUDA_Host compute buffer size =    10.00 MiB
sched_reserve:      CUDA0 compute buffer size =   250.00 MiB
"""


def footprint(log: str) -> Footprint:
    buffers = Buffers()
    for line in log.splitlines():
        buffers.take(line)
    return buffers.footprint


def test_rearranged_weights_are_not_shared() -> None:
    found = footprint(CPU)
    assert found == Footprint(
        mapped_bytes=256 * MIB, weights_bytes=265 * MIB, context_bytes=48 * MIB, compute_bytes=309 * MIB
    )
    assert found.total_bytes == (256 + 265 + 48 + 309) * MIB


def test_pieces_are_added_and_what_is_measured_again_is_not() -> None:
    assert footprint(GPU) == Footprint(
        mapped_bytes=120 * MIB, weights_bytes=2000 * MIB + MIB // 2, context_bytes=84 * MIB, compute_bytes=260 * MIB
    )


def test_a_log_without_buffers_says_nothing() -> None:
    assert footprint("print_info: file size = 265.25 MiB (4.50 BPW)\n") == Footprint()


def other(mapped_bytes: int, **more: object) -> Holding:
    return Holding(
        model="m", path="/m.gguf", program="chat\x1b[31m", owner_pid=4711, worker_pid=4712, state="idle", since=0.0,
        last_used=0.0, footprint=Footprint(mapped_bytes=mapped_bytes),
    )  # fmt: skip


def test_the_notice_says_who_and_what_it_costs() -> None:
    mine = Footprint(mapped_bytes=4 * 10**9, context_bytes=10**9, compute_bytes=300 * 10**6)
    text = notice([other(4 * 10**9)], mine)
    assert "process 4711, since 1970-01-01" in text or "process 4711, since 1969-12-31" in text
    assert "This copy takes 1 GB more memory, and up to 300 MB to compute; 4 GB of weights are read from" in text
    assert "\x1b" not in text
    assert "process 4711, since" in (several := notice([other(0), other(0)], mine)) and "and 1 more" in several


def test_weights_that_the_other_does_not_map_are_not_shared() -> None:
    mine = Footprint(mapped_bytes=4 * 10**9, context_bytes=10**9)
    assert notice([other(0)], mine).endswith("This copy takes 5 GB more memory, and up to 0 bytes to compute.")
