"""Messages that were begun and not sent, one a place; they outlive the program in a private file."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from chatapp.core.paths import ensure_private_directory

_READ_LIMIT = 4 * 1024 * 1024


class Drafts:
    """What stands in the composer at each place. Without a file nothing outlives the process."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._texts = _read(file) if file is not None else {}

    def get(self, place: str) -> str:
        """The draft of a place, empty where there is none."""
        return self._texts.get(place, "")

    def put(self, place: str, text: str) -> None:
        """Keep `text`, nothing where it is empty. A file that can't be written only keeps less."""
        wanted = text if text.strip() else ""
        if self._texts.get(place, "") == wanted:
            return
        if wanted:
            self._texts[place] = wanted
        else:
            del self._texts[place]
        if self._file is not None:
            with suppress(OSError):
                _write(self._file, self._texts)


def _read(file: Path) -> dict[str, str]:
    try:
        if file.stat().st_size > _READ_LIMIT:
            return {}
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return (
        {str(name): text for name, text in content.items() if isinstance(text, str)}
        if isinstance(content, dict)
        else {}
    )


def _write(file: Path, texts: dict[str, str]) -> None:
    ensure_private_directory(file.parent)
    part = file.with_name(file.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as stream:
        json.dump(texts, stream, ensure_ascii=False)
    part.replace(file)
