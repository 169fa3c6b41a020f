"""How much of the machine the renderer's process may use."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

OUT_OF_MEMORY = 77
"""The exit code of a process that found itself too big."""
_PERIOD_S = 0.05


def ignore_interrupts() -> None:
    """Let ctrl+c in the terminal be the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def limit_memory(limit_bytes: int) -> None:
    """Hold this process to `limit_bytes`: by the kernel on Linux, elsewhere by looking every 50 ms."""
    if sys.platform == "linux":
        import resource

        resident, reserved = _linux_sizes()
        ceiling = reserved + max(limit_bytes - resident, 0)
        resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    else:
        threading.Thread(target=_watch, args=(limit_bytes,), daemon=True).start()


def _linux_sizes() -> tuple[int, int]:
    """Bytes in memory and bytes of address space."""
    reserved, resident = map(int, Path("/proc/self/statm").read_text().split()[:2])
    page = os.sysconf("SC_PAGE_SIZE")
    return resident * page, reserved * page


def _watch(limit_bytes: int) -> None:
    while True:
        time.sleep(_PERIOD_S)
        if _peak_bytes() > limit_bytes:
            os._exit(OUT_OF_MEMORY)


def _peak_bytes() -> int:
    """The most memory that this process has held; 0 where the system doesn't tell."""
    if sys.platform == "win32":
        return _windows_peak_bytes()
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _windows_peak_bytes() -> int:
    import ctypes
    from ctypes import wintypes

    class Counters(ctypes.Structure):
        _fields_ = (
            ("cb", wintypes.DWORD),
            ("page_faults", wintypes.DWORD),
            *(
                (name, ctypes.c_size_t)
                for name in ("peak", "working_set", "a", "b", "c", "d", "pagefile", "peak_pagefile")
            ),
        )

    counters = Counters()
    counters.cb = ctypes.sizeof(counters)
    kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined, unused-ignore]
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    kernel.K32GetProcessMemoryInfo.argtypes = (wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD)
    if not kernel.K32GetProcessMemoryInfo(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb):
        return 0
    return int(counters.peak_pagefile)
