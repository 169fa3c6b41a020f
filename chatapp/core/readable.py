"""Figures as people read them."""

from __future__ import annotations

import time

_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "KB"))


def short_size(size_bytes: float) -> str:
    """A size in the units that people compare: `520 KB`, `4.37 GB` (powers of 1,000)."""
    for limit, unit in _UNITS:
        # What would be rounded up to 1,000 of a unit is 1 of the next.
        if size_bytes >= limit * 0.9995:
            return f"{size_bytes / limit:.3g} {unit}"
    return f"{size_bytes:.0f} bytes"


def moment(seconds: float) -> str:
    """The time of day of `seconds` since the epoch, with the date where it is not today's; empty for no time at all."""
    try:
        then, today = time.localtime(seconds), time.localtime()
    except (OverflowError, OSError, ValueError):
        return ""
    return time.strftime("%H:%M" if then[:3] == today[:3] else "%Y-%m-%d %H:%M", then)
