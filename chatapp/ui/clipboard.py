"""Copy to the clipboard, by the system's own tool where the terminal is here, else through the terminal (OSC 52).

A terminal never answers an OSC 52, so what was used is always said.
"""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import sys
from collections.abc import Callable, Mapping

_TOOL_TIMEOUT_S = 2.0
_OSC52_LIMIT = 74_994
"""Bytes of text that terminals take in one OSC 52 (xterm's limit is 100,000 of base64)."""


def tool_command(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> list[str] | None:
    """The system's copy command; None over ssh, where it would fill another machine's clipboard."""
    if environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"):
        return None
    choices: list[list[str]] = []
    if platform == "darwin":
        choices.append(["pbcopy"])
    elif platform == "win32" or environment.get("WSL_DISTRO_NAME"):
        choices.append(["clip.exe"])
    if environment.get("WAYLAND_DISPLAY"):
        choices.append(["wl-copy"])
    if environment.get("DISPLAY"):
        choices += [["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"]]
    return next((choice for choice in choices if shutil.which(choice[0])), None)


def osc52(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """The escape sequence that asks a terminal to copy `text`, wrapped where tmux or screen stand between."""
    payload = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    sequence = f"\x1b]52;c;{payload}\x07"
    if environment.get("TMUX"):
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\" + sequence
    if environment.get("TERM", "").startswith("screen"):
        return f"\x1bP{sequence}\x1b\\"
    return sequence


async def copy(text: str, write: Callable[[str], None], environment: Mapping[str, str] = os.environ) -> str:
    """Copy `text` and return in words how; `write` sends bytes to the terminal."""
    size = len(text)
    amount = f"{size:,} character{'' if size == 1 else 's'}"
    command = tool_command(environment)
    if command is not None and await _run(command, text):
        return f"Copied {amount} with {command[0]}."
    if len(text.encode("utf-8", "replace")) > _OSC52_LIMIT:
        return f"Not copied: {amount} are more than a terminal takes. Install xclip or wl-copy, or select less."
    write(osc52(text, environment))
    where = "through tmux and the terminal" if environment.get("TMUX") else "through the terminal"
    return f"Copied {amount} {where} (OSC 52)."


async def _run(command: list[str], text: str) -> bool:
    """Feed `text` to `command`; whether it took it."""
    data = text.encode("utf-16-le" if command[0] == "clip.exe" else "utf-8", "replace")
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    try:
        await asyncio.wait_for(process.communicate(data), _TOOL_TIMEOUT_S)
    except (TimeoutError, OSError):
        if process.returncode is None:
            process.kill()
        return False
    return process.returncode == 0
