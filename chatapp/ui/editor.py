"""Write a message in the editor that `$VISUAL` or `$EDITOR` names."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TypeVar

from textual.app import App, SuspendNotSupported

from chatapp.core.editor import editor_command
from chatapp.core.errors import UsageError

T = TypeVar("T")


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
