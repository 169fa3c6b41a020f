"""What the screen needs of the presets; it never learns where they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chatapp.core.errors import ChatappError, NotFound
from chatapp.core.presets import Preset


class PresetEntry(Protocol):
    """A preset as it was found: `preset`, or the `problems` for which there is none."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def is_shipped(self) -> bool:
        """Whether it comes with chatapp."""
        ...

    @property
    def preset(self) -> Preset | None:
        """What it asks for."""
        ...

    @property
    def problems(self) -> Sequence[ChatappError]:
        """What is wrong with it."""
        ...


class PresetBook(Protocol):
    """All presets, and room for a person's own."""

    def list(self) -> Sequence[PresetEntry]:
        """Every preset; reads files, so it is asked when somebody looks."""
        ...

    def save(self, preset: Preset, *, replace: bool = False) -> object:
        """Keep a preset; raise a ChatappError where its name can't be used, is taken, or nothing can be written."""
        ...


class NoPresets:
    """An empty book that nothing can be written into."""

    def list(self) -> Sequence[PresetEntry]:
        """None."""
        return ()

    def save(self, preset: Preset, *, replace: bool = False) -> object:
        """Not possible."""
        del replace
        raise NotFound(f"There is no place to keep the preset “{preset.name}” in.")
