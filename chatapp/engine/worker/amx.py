"""Keeps llama.cpp off Intel's AMX tiles where its build would crash with them.

GCC's `_tile_loadconfig` (amxtileintrin.h) tells the optimiser that eight bytes of the tile configuration are read
where it is 64, so stores to the rest are dropped and `ldtilecfg` faults: every prompt of two tokens or more ends
the process (llama.cpp issue 20824, pull request 26954). Linux grants the tiles on request, and refuses while a
signal stack is too small for them (Documentation/arch/x86/xstate.rst). ggml then takes its next best kernels.
"""

from __future__ import annotations

import contextlib
import ctypes
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

SMALL_STACK_BYTES = 2048
_COMPILER = b"GCC: ("


class _SignalStack(ctypes.Structure):
    _fields_ = (("address", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


def build_is_unsound(library: Path) -> bool:
    """Whether `library`, ggml's code for processors, was compiled by GCC, which drops tile configurations."""
    try:
        return _COMPILER in library.read_bytes()
    except OSError:
        return False


@contextlib.contextmanager
def refused(library: Path) -> Iterator[bool]:
    """While this lasts the system refuses AMX tiles to this process, if `library` would crash with them.

    Gives whether they are refused. ggml asks once, when the first model is loaded.
    """
    if sys.platform != "linux" or platform.machine() != "x86_64" or not build_is_unsound(library):
        yield False
        return
    libc = ctypes.CDLL(None)
    memory = ctypes.create_string_buffer(SMALL_STACK_BYTES)
    small, before = _SignalStack(ctypes.addressof(memory), 0, SMALL_STACK_BYTES), _SignalStack()
    if libc.sigaltstack(ctypes.byref(small), ctypes.byref(before)) != 0:
        yield False
        return
    try:
        yield True
    finally:
        libc.sigaltstack(ctypes.byref(before), None)
