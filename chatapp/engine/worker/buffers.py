"""The buffers that llama.cpp allocates for a model, added up from what it says of each."""

from __future__ import annotations

import re

from chatapp.core.footprint import Footprint

_BUFFER = re.compile(
    r"(?P<device>\S+) +(?P<kind>model|KV|RS|output|compute) buffer size = +(?P<size>[0-9.]+) MiB", re.ASCII
)
_MIB = 1 << 20


class Buffers:
    """Sums of one load. Weights and caches come in pieces; buffers for computing may be measured several times."""

    def __init__(self) -> None:
        self._mapped = self._weights = self._context = 0.0
        self._compute: dict[tuple[str, str], float] = {}

    def take(self, line: str) -> None:
        """Read one line of the log; most say nothing of a buffer."""
        found = _BUFFER.search(line)
        if found is None:
            return
        device, kind, size = found["device"], found["kind"], float(found["size"])
        if kind == "model" and device.endswith("_Mapped"):
            self._mapped += size
        elif kind == "model":
            self._weights += size
        elif kind in ("KV", "RS"):
            self._context += size
        else:
            self._compute[device, kind] = size

    @property
    def footprint(self) -> Footprint:
        """What was allocated so far."""
        return Footprint(
            mapped_bytes=round(self._mapped * _MIB),
            weights_bytes=round(self._weights * _MIB),
            context_bytes=round(self._context * _MIB),
            compute_bytes=round(sum(self._compute.values()) * _MIB),
        )
