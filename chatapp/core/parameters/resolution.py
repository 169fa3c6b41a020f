"""Which value of each parameter is in force, where it came from, and what makes it moot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from chatapp.core.parameters.agreement import check_agreement, moot
from chatapp.core.parameters.declaration import StoredValue, Value, Values
from chatapp.core.parameters.registry import PARAMETERS, check

Source: TypeAlias = Literal["edit", "prompt", "preset", "model", "family", "default"]
SOURCES: dict[Source, str] = {
    "edit": "set for this conversation or on the command line",
    "prompt": "the prompt of the library",
    "preset": "the preset",
    "model": "the model file's general.sampling metadata",
    "family": "what the makers of this model family recommend",
    "default": "chatapp's default",
}
"""Each source in words, the strongest first."""


class Setting(msgspec.Struct, frozen=True):
    """The value in force of one parameter, where it came from, and why it has no effect if it has none."""

    name: str
    value: StoredValue
    source: Source
    moot: str = ""

    @property
    def plain(self) -> Value:
        """The value with lists as tuples, as `Parameter.check` returns it."""
        return tuple(self.value) if isinstance(self.value, list) else self.value  # type: ignore[return-value]


class Resolution(msgspec.Struct, frozen=True):
    """Every parameter's value in force, in registry order."""

    settings: tuple[Setting, ...]

    def __getitem__(self, name: str) -> Value:
        """The value in force of `name`."""
        return self.setting(name).plain

    def setting(self, name: str) -> Setting:
        """The setting of `name`; raise KeyError where it is unknown."""
        for setting in self.settings:
            if setting.name == name:
                return setting
        raise KeyError(name)

    @property
    def values(self) -> dict[str, Value]:
        """All values in force by name."""
        return {setting.name: setting.plain for setting in self.settings}


def resolve(
    *,
    edits: Values,
    prompt: Values | None = None,
    preset: Values | None = None,
    model: Values | None = None,
    family: Values | None = None,
    without_effect: Mapping[str, str] | None = None,
) -> Resolution:
    """Lay the layers over the defaults: edit > prompt of the library > preset > model > family > default.

    `without_effect` maps parameters that the backend knows to do nothing here to the reason. Raise ParameterError
    where two values contradict each other.
    """
    layers: tuple[tuple[Source, Values], ...] = (
        ("edit", check(edits)),
        ("prompt", check(prompt or {})),
        ("preset", check(preset or {})),
        ("model", check(model or {})),
        ("family", check(family or {})),
    )
    chosen: dict[str, tuple[Value, Source]] = {}
    for name, declared in PARAMETERS.items():
        chosen[name] = next(
            ((layer[name], source) for source, layer in layers if name in layer), (declared.default, "default")
        )
    values = {name: value for name, (value, _) in chosen.items()}
    check_agreement(values)
    here = without_effect or {}
    return Resolution(
        tuple(
            Setting(name, as_stored(value), source, moot(name, values) or _here(name, value, here))
            for name, (value, source) in chosen.items()
        )
    )


def as_stored(value: Value) -> StoredValue:
    """A value as frames and files carry it."""
    return list(value) if isinstance(value, tuple) else value


def _here(name: str, value: Value, reasons: Mapping[str, str]) -> str:
    return reasons.get(name, "") if PARAMETERS[name].is_on(value) else ""
