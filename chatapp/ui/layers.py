"""The layers of values that the inspector shows: what is set here, over preset, model and family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from chatapp.core.errors import ParameterError
from chatapp.core.parameters import (
    FORMS,
    PARAMETERS,
    Resolution,
    Setting,
    Source,
    Value,
    Values,
    as_stored,
    resolve,
)

Below: TypeAlias = dict[Source, Values]
"""What stands under the edits, by source."""

_BELOW: tuple[Source, Source, Source] = ("preset", "model", "family")


@dataclass(frozen=True)
class Rival:
    """A value in force beside which another can't be set; `is_own` where it is set here and so can be unset."""

    name: str
    source: Source

    @property
    def is_own(self) -> bool:
        """Whether it is set for this conversation."""
        return self.source == "edit"


class Layers:
    """Values with their sources. They may contradict each other: then `problem` says so, and all are shown as moot."""

    def __init__(self, edits: Values, below: Below) -> None:
        self.edits: dict[str, Value] = dict(edits)
        self.below = below
        self.problem: ParameterError | None = None
        preset, model, family = (below.get(source) for source in _BELOW)
        try:
            self.resolution = resolve(edits=self.edits, preset=preset, model=model, family=family)
        except ParameterError as error:
            self.problem = error
            self.resolution = self._contradictory(error.message.rstrip("."))

    def with_edit(self, name: str, value: Value) -> Layers:
        """The same with one value set, or unset with None; raise ParameterError where it begins a contradiction."""
        edits = {known: other for known, other in self.edits.items() if known != name}
        if value is not None:
            edits[name] = value
        layers = Layers(edits, self.below)
        if layers.problem is not None and (self.problem is None or self.problem.message != layers.problem.message):
            raise layers.problem
        return layers

    def without(self, name: str) -> Layers:
        """The same with one value unset."""
        return Layers({known: value for known, value in self.edits.items() if known != name}, self.below)

    def rival(self, name: str) -> Rival | None:
        """What already says what the whole answer must be, where `name` would say it too."""
        for other in FORMS if name in FORMS else ():
            setting = self.resolution.setting(other)
            if other != name and PARAMETERS[other].is_on(setting.plain):
                return Rival(other, setting.source)
        return None

    def _contradictory(self, why: str) -> Resolution:
        """Every value as it was given, so that one of them can be unset."""
        shown = {setting.name: setting for setting in resolve(edits={}).settings}
        given: dict[Source, Values] = {**self.below, "edit": self.edits}
        weakest_first: tuple[Source, ...] = (*reversed(_BELOW), "edit")
        for source in weakest_first:
            for name, value in given.get(source, {}).items():
                shown[name] = Setting(name, as_stored(value), source, why)
        return Resolution(tuple(shown.values()))


def below_of(resolution: Resolution) -> Below:
    """The layers under the edits, as a resolution without edits shows them."""
    below: Below = {"preset": {}, "model": {}, "family": {}}
    for setting in resolution.settings:
        if setting.source in below:
            below[setting.source] = {**below[setting.source], setting.name: setting.plain}
    return below


def model_values(metadata: Mapping[str, str]) -> dict[str, Value]:
    """The sampling values that a model's own metadata wish for; unreadable ones count as absent."""
    values: dict[str, Value] = {}
    for parameter in PARAMETERS.values():
        text = metadata.get(f"general.sampling.{parameter.metadata_key}") if parameter.metadata_key else None
        if text is not None:
            try:
                values[parameter.name] = parameter.parse(text)
            except ParameterError:
                continue
    return {name: value for name, value in values.items() if value is not None}
