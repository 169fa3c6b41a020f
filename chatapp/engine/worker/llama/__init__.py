"""llama.cpp, typed: the one package that imports it.

Its dialect (`n_ctx`, `n_past`, `seq_id`) ends here. Objects own their native counterparts and free them in
`close`; nothing is freed by the garbage collector, since the order matters to llama.cpp.
"""

from chatapp.engine.worker.llama.candidates import Candidates, Logits, TokenIds
from chatapp.engine.worker.llama.context import Context, Entry
from chatapp.engine.worker.llama.library import (
    Device,
    build_name,
    devices,
    processor_library,
    start,
    supports_gpu,
    supports_mlock,
    supports_mmap,
    system_info,
    uses_amx,
)
from chatapp.engine.worker.llama.model import Model
from chatapp.engine.worker.llama.samplers import (
    NativeStage,
    adaptive_p,
    draw,
    dry,
    dynamic_temperature,
    grammar,
    greedy,
    infill,
    min_p,
    mirostat,
    mirostat_v2,
    penalties,
    temperature,
    top_k,
    top_n_sigma,
    top_p,
    typical_p,
    xtc,
)
from chatapp.engine.worker.llama.vocabulary import SpecialToken, Vocabulary

__all__ = [
    "Candidates",
    "Context",
    "Device",
    "Entry",
    "Logits",
    "Model",
    "NativeStage",
    "SpecialToken",
    "TokenIds",
    "Vocabulary",
    "adaptive_p",
    "build_name",
    "devices",
    "draw",
    "dry",
    "dynamic_temperature",
    "grammar",
    "greedy",
    "infill",
    "min_p",
    "mirostat",
    "mirostat_v2",
    "penalties",
    "processor_library",
    "start",
    "supports_gpu",
    "supports_mlock",
    "supports_mmap",
    "system_info",
    "temperature",
    "top_k",
    "top_n_sigma",
    "top_p",
    "typical_p",
    "uses_amx",
    "xtc",
]
