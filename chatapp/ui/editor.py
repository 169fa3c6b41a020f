"""Write a message in the editor that `$VISUAL` or `$EDITOR` names."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from textual.app import App, SuspendNotSupported

from chatapp.core.errors import UsageError

T = TypeVar("T")


def editor_command(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The editor to start, with its arguments."""
    named = environment.get("VISUAL") or environment.get("EDITOR")
    if named:
        return shlex.split(named, posix=sys.platform != "win32")
    choices = ("notepad",) if sys.platform == "win32" else ("nano", "vim", "vi")
    found = next((choice for choice in choices if shutil.which(choice)), None)
    if found is None:
        raise UsageError("No editor was found.", hint="Set EDITOR, as in EDITOR=vim, and start chatapp again.")
    return [found]


def edit(app: App[T], text: str) -> str:
    """Let a person edit `text` in their editor while the screen stands aside; raise UsageError where that fails."""
    command = editor_command()
    with tempfile.TemporaryDirectory(prefix="chatapp-") as directory:
        file = Path(directory, "message.md")
        file.write_text(text, encoding="utf-8")
        try:
            with app.suspend():
                finished = subprocess.run([*command, str(file)], check=False)
        except SuspendNotSupported:
            raise UsageError("This terminal can't make room for an editor.", hint="Write the message here.") from None
        except OSError as error:
            raise UsageError(f"{command[0]} did not start: {error.strerror}.", hint="Set EDITOR to another.") from None
        if finished.returncode != 0:
            raise UsageError(f"{command[0]} ended with {finished.returncode}; the message is unchanged.")
        return file.read_text(encoding="utf-8", errors="replace").removesuffix("\n")
