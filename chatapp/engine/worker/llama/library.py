"""What the compiled library is, what it was built for and which devices it sees."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import llama_cpp.llama_cpp as llama
import msgspec
from llama_cpp import __version__ as binding_version

_LOG_LEVELS = {1: "debug", 2: "info", 3: "warning", 4: "error"}
_LIBRARY_SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
_kept: list[object] = []
"""Callbacks that llama.cpp may call at any time, so that they are never collected."""


def start(log: Callable[[str, str], None]) -> None:
    """Initialise llama.cpp once; `log(level, text)` gets what it says, in pieces that end with a newline or not."""

    def receive(level: int, text: bytes, _data: ctypes.c_void_p) -> None:
        log(_LOG_LEVELS.get(level, ""), text.decode("utf-8", "replace"))

    callback = llama.llama_log_callback(receive)
    _kept.append(callback)
    llama.llama_log_set(callback, ctypes.c_void_p(0))
    llama.llama_backend_init()


def build_name() -> str:
    """Which llama.cpp this is, for the record of a reply."""
    return f"llama-cpp-python {binding_version}"


def system_info() -> str:
    """The processor features that llama.cpp was built for and found."""
    return str(llama.llama_print_system_info().decode("utf-8", "replace")).strip()


class Device(msgspec.Struct, frozen=True):
    """A device that ggml sees; `kind` is `cpu`, `gpu`, `igpu` or `accel`."""

    name: str
    description: str
    kind: str
    free_bytes: int
    total_bytes: int


def devices() -> list[Device]:
    """Every device that this build of ggml can use."""
    ggml = _ggml_libraries()
    if ggml is None:
        return []
    kinds = {0: "cpu", 1: "gpu", 2: "igpu", 3: "accel"}
    registry, base = ggml
    found = []
    for index in range(int(registry.ggml_backend_dev_count())):
        device = ctypes.c_void_p(registry.ggml_backend_dev_get(ctypes.c_size_t(index)))
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        base.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
        found.append(
            Device(
                base.ggml_backend_dev_name(device).decode("utf-8", "replace"),
                base.ggml_backend_dev_description(device).decode("utf-8", "replace"),
                kinds.get(int(base.ggml_backend_dev_type(device)), "accel"),
                free.value,
                total.value,
            )
        )
    return found


def device_pointers(names: Sequence[str]) -> list[int]:
    """Ggml's handles of the devices called so; an unknown name raises KeyError."""
    found = _ggml_libraries()
    if not names or found is None:
        return []
    registry, base = found
    handles = {}
    for index in range(int(registry.ggml_backend_dev_count())):
        handle = int(registry.ggml_backend_dev_get(ctypes.c_size_t(index)))
        handles[base.ggml_backend_dev_name(ctypes.c_void_p(handle)).decode("utf-8", "replace")] = handle
    return [handles[name] for name in names]


def cpu_buffer_type() -> int:
    """Ggml's handle of the processor's plain memory; raise RuntimeError where the library can't be found."""
    ggml = _ggml_libraries()
    if ggml is None:
        raise RuntimeError("ggml's libraries are not where they are looked for")
    return int(ggml[1].ggml_backend_cpu_buffer_type())


def supports_mmap() -> bool:
    """Whether files can be read in place on this system."""
    return bool(llama.llama_supports_mmap())


def supports_mlock() -> bool:
    """Whether memory can be locked on this system."""
    return bool(llama.llama_supports_mlock())


def supports_gpu() -> bool:
    """Whether this build of llama.cpp can put layers on a GPU."""
    return bool(llama.llama_supports_gpu_offload())


def uses_amx() -> bool:
    """Whether this build has code for Intel's AMX tiles and the processor has them."""
    return "AMX_INT8 = 1" in system_info()


def processor_library() -> Path:
    """The library with ggml's code for processors."""
    return Path(llama.__file__).parent / "lib" / f"libggml-cpu{_LIBRARY_SUFFIX}"


def _ggml_libraries() -> tuple[ctypes.CDLL, ctypes.CDLL] | None:
    """The library that lists devices and the one that describes them; None where they can't be found."""
    folder = Path(llama.__file__).parent / "lib"
    prefix = "" if sys.platform == "win32" else "lib"
    try:
        registry = ctypes.CDLL(str(folder / f"{prefix}ggml{_LIBRARY_SUFFIX}"))
        base = ctypes.CDLL(str(folder / f"{prefix}ggml-base{_LIBRARY_SUFFIX}"))
    except OSError:
        return None
    registry.ggml_backend_dev_count.restype = ctypes.c_size_t
    registry.ggml_backend_dev_get.restype = ctypes.c_void_p
    base.ggml_backend_cpu_buffer_type.restype = ctypes.c_void_p
    base.ggml_backend_dev_name.restype = ctypes.c_char_p
    base.ggml_backend_dev_description.restype = ctypes.c_char_p
    return registry, base
