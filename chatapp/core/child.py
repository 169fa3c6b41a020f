"""How chatapp's own child processes are started: apart from the terminal and from every secret."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

_SECRET = re.compile(r"TOKEN|KEY|SECRET|PASSW|CREDENTIAL|COOKIE|AUTH", re.IGNORECASE)


class Isolation(TypedDict, total=False):
    """Keyword arguments for `asyncio.create_subprocess_exec`."""

    start_new_session: bool
    creationflags: int


def isolation() -> Isolation:
    """Keep ctrl+c in the terminal from reaching the child; on Windows also keep it from opening a window."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


_NEEDED = frozenset(
    (
        *("PATH", "HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR"),
        *("TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "LC_TIME", "TZ"),
        *("PYTHONHOME", "PYTHONUSERBASE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    )
)


def bare_environment() -> dict[str, str]:
    """The few variables that Python itself needs, and where its modules are."""
    kept = {name: value for name, value in os.environ.items() if name.upper() in _NEEDED}
    return {**kept, "PYTHONPATH": import_path()}


def import_path() -> str:
    """`sys.path` for a child that runs in another directory: relative entries are made absolute."""
    return os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path if entry)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without anything that looks like a secret, and with `extra`."""
    kept = {name: value for name, value in os.environ.items() if not _SECRET.search(name)}
    kept.update(extra or {})
    return kept
