"""Which load settings are asked for, and who asks."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from chatapp.core.loading.registry import LOAD, check_load, check_load_agreement, stored_load
from chatapp.core.loading.settings import LoadSettings
from chatapp.core.parameters import Value


class LoadLayer(msgspec.Struct, frozen=True):
    """Load settings by name, and where they come from, in words."""

    source: str
    values: dict[str, Value]


class ChosenSetting(msgspec.Struct, frozen=True):
    """A load setting that somebody asked for, and who did."""

    name: str
    value: Value
    source: str

    @property
    def stored(self) -> object:
        """The value as a file holds it."""
        return stored_load({self.name: self.value})[self.name]

    def __str__(self) -> str:
        """As `-v` says it."""
        return f"{self.name} = {LOAD[self.name].show(self.value)} ({self.source})"


def resolve_load(layers: Iterable[LoadLayer]) -> tuple[LoadSettings, tuple[ChosenSetting, ...]]:
    """Lay the layers over each other, the strongest first, and say where each value comes from.

    Raise ParameterError or NotFound for values that can't be, alone or together.
    """
    chosen: dict[str, ChosenSetting] = {}
    for layer in layers:
        for name, value in check_load(layer.values).items():
            chosen.setdefault(name, ChosenSetting(name, value, layer.source))
    values = {name: chosen[name].value for name in LOAD if name in chosen}
    check_load_agreement(values)
    told = tuple(chosen[name] for name, value in values.items() if LOAD[name].is_set(value))
    return LoadSettings.of(values), told
