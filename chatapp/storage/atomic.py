"""Files that are either the old one or the new one, and readable by their owner alone."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from chatapp.core.paths import ensure_private_directory


def write_private(path: Path, content: bytes) -> None:
    """Put `content` in `path` in one step, mode 0600; raise OSError and leave the old file where that fails.

    A symbolic link is followed, so that a linked file stays linked.
    """
    target = path.resolve()
    ensure_private_directory(target.parent)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 (the descriptor carries the mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    sync_directory(target.parent)


def create_private(path: Path) -> bool:
    """Make an empty file of mode 0600 unless there is one, and tell whether it was made.

    An existing file is never opened: closing it would drop the locks that this process holds on it.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def make_private(path: Path) -> None:
    """Take everyone else's rights to `path`; quietly leave a file that belongs to another user."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        mode = path.stat().st_mode
        if mode & 0o077:
            path.chmod(mode & 0o700)


def sync_directory(path: Path) -> None:
    """Make a rename in `path` last, where the system can."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
