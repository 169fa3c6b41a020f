"""The chain of stages under the values in force: which are at work, and why the others are idle."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import cast

from chatapp.core.parameters import DEFAULT_CHAIN, PARAMETERS, STAGES, Parameter, Resolution, Stage

NEUTRAL = "its parameters are neutral"
"""Why most stages are idle."""


class Chain:
    """The stages of one resolution."""

    def __init__(self, resolution: Resolution) -> None:
        self._values = resolution.values
        self._moot = {setting.name: setting.moot for setting in resolution.settings}

    @property
    def placed(self) -> tuple[Stage, ...]:
        """The stages that `samplers` places, in order."""
        return cast("tuple[Stage, ...]", self._values["samplers"] or ())

    @cached_property
    def active(self) -> tuple[Stage, ...]:
        """The placed stages that are at work."""
        return tuple(stage for stage in self.placed if not self.idle_reason(stage))

    @cached_property
    def fixed(self) -> tuple[Stage, ...]:
        """The stages at work that `samplers` does not place: the first stands first, one that chooses stands last."""
        return tuple(stage for stage, info in STAGES.items() if not info.movable and not self.idle_reason(stage))

    @property
    def at_work(self) -> tuple[Stage, ...]:
        """All stages at work in the order in which they stand, those that `samplers` does not place among them."""
        first = tuple(stage for stage in self.fixed if not STAGES[stage].terminal)
        last = tuple(stage for stage in self.fixed if STAGES[stage].terminal)
        return (*first, *self.active, *last)

    def idle_reason(self, stage: Stage) -> str:
        """Why a stage would change nothing if it were placed; empty where it would."""
        working = self._working(stage)
        if not working:
            return NEUTRAL
        left_out = f"samplers leaves the stage {stage} out"
        reasons = [self._moot[parameter.name].removeprefix(left_out) for parameter in working]
        return reasons[0] if all(reasons) else ""

    def told(self, stage: Stage) -> str:
        """The values with which a stage works, in short."""
        return ", ".join(f"{one.name} {one.show(self._values[one.name])}" for one in self._working(stage))

    def _working(self, stage: Stage) -> list[Parameter]:
        """The stage's parameters that ask for something."""
        return [one for one in PARAMETERS.values() if one.stage == stage and self._is_on(one)]

    def _is_on(self, parameter: Parameter) -> bool:
        needs = [PARAMETERS[name] for name in parameter.needs]
        return parameter.is_on(self._values[parameter.name]) and (
            not needs or any(one.is_on(self._values[one.name]) for one in needs)
        )


def with_left_out(chain: Sequence[Stage]) -> list[Stage]:
    """Every movable stage: the chain's in their order, each other one behind its neighbour of the default order."""
    order = list(chain)
    for place, stage in enumerate(DEFAULT_CHAIN):
        if stage not in order:
            order.insert(order.index(DEFAULT_CHAIN[place - 1]) + 1 if place else 0, stage)
    return order
