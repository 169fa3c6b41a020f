"""Finds the LoRA adapters that load settings name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from chatapp.core.errors import ModelNotFound
from chatapp.core.loading import Adapter
from chatapp.core.parameters import Values


def with_adapters(values: Values, directories: Sequence[Path]) -> Values:
    """`values` with absolute paths of adapters; those that are no such paths are looked for in `directories`.

    Raise ModelNotFound where a file is in none of them.
    """
    if not values.get("lora"):
        return values
    named = (Adapter.parse(text) for text in cast(tuple[str, ...], values["lora"]))
    return {**values, "lora": tuple(Adapter(str(_found(each, directories)), each.scale).text for each in named)}


def _found(adapter: Adapter, directories: Sequence[Path]) -> Path:
    path = Path(adapter.path).expanduser()
    places = [directory / path for directory in directories]
    for place in places:
        if place.is_file():
            return place.absolute()
    searched = f" in {' or '.join(map(str, directories))}" if not path.is_absolute() else ""
    raise ModelNotFound(
        f"There is no LoRA adapter “{adapter.path}”{searched}.",
        hint="Give the path of a GGUF file, and its scale behind a colon, as in style.gguf:0.8.",
    )
