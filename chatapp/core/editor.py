"""Which editor a person wants to write in."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping

from chatapp.core.errors import UsageError


def editor_command(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The editor that `$VISUAL` or `$EDITOR` names, with its arguments; raise UsageError where there is none."""
    named = environment.get("VISUAL") or environment.get("EDITOR")
    if named:
        return shlex.split(named, posix=sys.platform != "win32")
    choices = ("notepad",) if sys.platform == "win32" else ("nano", "vim", "vi")
    found = next((choice for choice in choices if shutil.which(choice)), None)
    if found is None:
        raise UsageError("No editor was found.", hint="Set EDITOR, as in EDITOR=vim, and start chatapp again.")
    return [found]
