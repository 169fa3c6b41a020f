"""What the system says of memory: how much there is, and how much a process has."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_PS_LIMIT_S = 2.0
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def physical_bytes() -> int:
    """Memory that this process may use: the machine's, or less where a container is given less; 0 if unknown."""
    whole = _whole_bytes()
    limits = [limit for path in _CGROUP_LIMITS if (limit := _limit(Path(path)))]
    return min([whole, *limits]) if whole else 0


def available_bytes() -> int:
    """Memory that can be had now without anything else giving way; what there is where nobody tells, 0 if unknown."""
    free, whole = _available_bytes(), physical_bytes()
    return min(free, whole) if free and whole else free or whole


def resident_bytes(pid: int) -> int | None:
    """Memory of the process `pid` that is present now, shared pages included; None where the system does not tell."""
    with suppress(OSError, ValueError, IndexError, subprocess.SubprocessError):
        return _resident_bytes(pid)
    return None


def _limit(path: Path) -> int:
    """A container's limit, 0 for none."""
    with suppress(OSError, ValueError):
        return int(path.read_text(encoding="ascii"))
    return 0


if sys.platform == "win32":
    from ctypes import wintypes

    _QUERY_LIMITED_INFORMATION = 0x1000

    class _MemoryStatus(ctypes.Structure):
        _fields_ = (
            ("length", wintypes.DWORD),
            ("load", wintypes.DWORD),
            *((name, ctypes.c_uint64) for name in ("physical", "free", "page_file", "free_page_file")),
            *((name, ctypes.c_uint64) for name in ("virtual", "free_virtual", "extended")),
        )

    class _ProcessMemory(ctypes.Structure):
        _fields_ = (
            ("length", wintypes.DWORD),
            ("page_faults", wintypes.DWORD),
            *((name, ctypes.c_size_t) for name in ("peak", "working_set", "peak_paged", "paged")),
            *((name, ctypes.c_size_t) for name in ("peak_non_paged", "non_paged", "page_file", "peak_page_file")),
        )

    def _whole_bytes() -> int:
        status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
        told = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
        return int(status.physical) if told else 0

    def _available_bytes() -> int:
        status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
        told = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
        return int(status.free) if told else 0

    def _resident_bytes(pid: int) -> int | None:
        kernel = ctypes.WinDLL("kernel32")
        kernel.OpenProcess.restype = wintypes.HANDLE
        process = kernel.OpenProcess(_QUERY_LIMITED_INFORMATION, False, pid)
        if not process:
            return None
        memory = _ProcessMemory(length=ctypes.sizeof(_ProcessMemory))
        handle = wintypes.HANDLE(process)
        told = kernel.K32GetProcessMemoryInfo(handle, ctypes.byref(memory), memory.length)
        kernel.CloseHandle(handle)
        return int(memory.working_set) if told else None

else:

    def _whole_bytes() -> int:
        with suppress(OSError, ValueError):
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return 0

    if sys.platform == "linux":

        def _available_bytes() -> int:
            with suppress(OSError, ValueError, IndexError, StopIteration):
                lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
                return 1024 * int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1])
            return 0

        def _resident_bytes(pid: int) -> int | None:
            pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE")

    else:

        def _available_bytes() -> int:
            return 0

        def _resident_bytes(pid: int) -> int | None:
            command = ("ps", "-o", "rss=", "-p", str(pid))
            told = subprocess.run(command, capture_output=True, timeout=_PS_LIMIT_S, check=True)
            return int(told.stdout) * 1024
