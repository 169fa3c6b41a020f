"""Paths as people type and paste them, and what they may go on with."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from chatapp.models.library import expanded, is_written_as_path
from chatapp.models.suitability import is_later_part

_LOOKED_AT = 5000
"""So many entries of a folder are looked at; it is read while somebody types."""
_OFFERED = 40
_QUOTES = "'\""


class Place(NamedTuple):
    """Where a path leads: `text` is the path as it would be typed, a folder's with a separator at its end."""

    text: str
    kind: Literal["model", "folder", "file", "missing"]


def bare(text: str) -> str:
    """`text` without what a shell or a file manager puts around a path: quotes, backslashes, `file://`."""
    text = text.strip()
    if _exists(text):
        return text
    if len(text) > 1 and text[0] in _QUOTES:
        return text[1:-1] if text[-1] == text[0] else text[1:]
    if text.lower().startswith("file://"):
        return unquote(urlsplit(text).path)
    return re.sub(r"\\(.)", r"\1", text) if os.sep == "/" else text


def places(text: str) -> list[Place]:
    """What `text` leads to where it is written as a path: itself, and the models and folders that begin so.

    What it names exactly comes first; what is not there is told of where nothing begins so.
    """
    path = bare(text)
    if not is_written_as_path(path):
        return []
    cut = 1 + max(path.rfind(separator) for separator in (os.sep, os.altsep or os.sep))
    begun = sorted(_begun(path[:cut], path[cut:]), key=lambda place: _order(place, path))
    if _is_folder(path):
        own = [] if path.endswith((os.sep, "/")) else [Place(path + os.sep, "folder")]
        return [*own, *(place for place in begun if place not in own)][:_OFFERED]
    if _exists(path) and Place(path, "model") not in begun:
        return [Place(path, "file"), *begun][:_OFFERED]
    return begun[:_OFFERED] or [Place(path, "missing")]


def _order(place: Place, path: str) -> tuple[bool, bool, str]:
    return place.text != path, place.kind != "model", place.text.lower()


def _begun(head: str, name: str) -> Iterator[Place]:
    """The folders and GGUF files in the folder `head` whose names begin with `name`, in whatever case."""
    if name in ("~", ".", ".."):
        return
    try:
        with os.scandir(expanded(head or ".")) as entries:
            for entry in islice(entries, _LOOKED_AT):
                begins = entry.name.lower().startswith(name.lower())
                if not begins or (entry.name.startswith(".") and not name.startswith(".")):
                    continue
                if entry.is_dir():
                    yield Place(head + entry.name + os.sep, "folder")
                elif entry.name.lower().endswith(".gguf") and not is_later_part(Path(entry.name)):
                    yield Place(head + entry.name, "model")
    except (OSError, ValueError):
        return


def _exists(text: str) -> bool:
    try:
        return bool(text) and expanded(text).exists()
    except (OSError, ValueError):
        return False


def _is_folder(text: str) -> bool:
    try:
        return expanded(text).is_dir()
    except (OSError, ValueError):
        return False
