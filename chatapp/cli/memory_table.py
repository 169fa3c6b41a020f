"""What `chatapp models ps` says of the models in memory."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from chatapp.core.cleaning import clean_line
from chatapp.core.footprint import Footprint
from chatapp.core.machine import resident_bytes
from chatapp.core.readable import moment, short_size
from chatapp.engine.holdings import Holding, State

_HEADINGS = ("MODEL", "STATE", "MEMORY", "RESIDENT", "CONTEXT", "DEVICE", "HELD BY", "WORKER", "SINCE", "USED", "PATH")


class InMemory(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `chatapp models ps --json`; `resident_bytes` is null where the system does not tell."""

    model: str
    path: str
    state: State
    device: str
    context_size: int
    footprint: Footprint
    memory_bytes: int
    resident_bytes: int | None
    program: str
    owner_pid: int
    worker_pid: int
    since: float
    last_used: float


def in_memory(holding: Holding) -> InMemory:
    """A record with what the system says of its worker."""
    return InMemory(
        model=holding.model,
        path=holding.path,
        state=holding.state,
        device=holding.device,
        context_size=holding.context_size,
        footprint=holding.footprint,
        memory_bytes=holding.footprint.total_bytes,
        resident_bytes=resident_bytes(holding.worker_pid),
        program=holding.program,
        owner_pid=holding.owner_pid,
        worker_pid=holding.worker_pid,
        since=holding.since,
        last_used=holding.last_used,
    )


def table(entries: Sequence[InMemory]) -> list[str]:
    """A heading and a line for each entry."""
    rows = [_HEADINGS, *(_row(entry) for entry in entries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(entry: InMemory) -> tuple[str, ...]:
    is_loaded = entry.state != "loading"
    return (
        clean_line(entry.model),
        entry.state,
        short_size(entry.memory_bytes) if is_loaded else "",
        short_size(entry.resident_bytes) if entry.resident_bytes is not None else "",
        f"{entry.context_size:,}" if is_loaded else "",
        clean_line(entry.device),
        f"{clean_line(entry.program)} {entry.owner_pid}",
        str(entry.worker_pid),
        moment(entry.since),
        _ago(time.time() - entry.last_used),
        clean_line(entry.path),
    )


def _ago(seconds: float) -> str:
    if seconds < 10:
        return "now"
    for limit, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= limit:
            return f"{seconds / limit:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"
