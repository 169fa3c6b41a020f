"""Names that become files on every system: of presets, of prompts."""

from __future__ import annotations

import re

from chatapp.core.errors import UsageError

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9_-])?")
_DEVICES = frozenset(("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))))


def check_file_name(name: str, kind: str) -> str:
    """Return `name` where a `kind` can be called so; raise UsageError, since it becomes a file's name everywhere."""
    if _NAME.fullmatch(name) is None or name.partition(".")[0] in _DEVICES:
        raise UsageError(
            f"A {kind} can't be called “{name}”.",
            hint="A name has at most 64 of the characters a–z, 0–9, -, _ and a dot inside.",
        )
    return name
