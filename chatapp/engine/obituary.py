"""Why a worker ended, in words."""

from __future__ import annotations

import re
import signal
from pathlib import Path

TAIL_BYTES = 16 * 1024
_TELLING = re.compile(
    r"GGML_ASSERT|ggml_abort|CUDA error|out of memory|failed to allocate|terminate called|what\(\):|^[\w.]+Error: "
)


def describe(returncode: int | None, log: Path) -> str:
    """The exit code and the most telling line of the log."""
    line = _telling_line(log)
    return f"{_exit(returncode)}. The log says: {line}" if line else f"{_exit(returncode)}."


def _exit(returncode: int | None) -> str:
    if returncode is None:
        return "Its process went away"
    if returncode < 0:
        name = _SIGNALS.get(-returncode, f"signal {-returncode}")
        return f"Its process was ended by {name}"
    return f"Its process ended with exit code {returncode}"


def _telling_line(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.strip()[:300] for line in reversed(lines) if _TELLING.search(line)), "")


_SIGNALS = {
    int(number): text
    for name, text in {
        "SIGKILL": "SIGKILL (somebody, or the system for lack of memory)",
        "SIGABRT": "SIGABRT (llama.cpp gave up)",
        "SIGSEGV": "SIGSEGV (a fault in native code)",
        "SIGBUS": "SIGBUS (the model file changed or its disk failed)",
        "SIGILL": "SIGILL (llama.cpp was built for another processor)",
        "SIGFPE": "SIGFPE (a fault in native code)",
        "SIGTERM": "SIGTERM",
    }.items()
    if (number := getattr(signal, name, None)) is not None
}
