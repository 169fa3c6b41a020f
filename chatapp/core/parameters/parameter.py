"""What a generation parameter is, beside being a declared value."""

from __future__ import annotations

from typing import Literal, TypeAlias

from chatapp.core.parameters.declaration import Declaration, Value
from chatapp.core.parameters.stages import Stage

Group: TypeAlias = Literal[
    "Sampling", "Cutting", "Shaping", "Steady surprise", "Repetition", "Constraints", "Length", "Prompt"
]


class Parameter(Declaration, frozen=True, kw_only=True):
    """One thing that a request can ask.

    `neutral` is the value that changes nothing. `slider` is what a slider spans where that is less than what is
    accepted. `stage` names the stage of the chain that reads it, None where the decode loop or the prompt does. `live`
    tells whether it may change while a reply runs. `needs` are the parameters of which at least one must be on for
    this one to matter.
    """

    group: Group
    neutral: Value = None
    slider: tuple[float, float] | None = None
    step: float = 1.0
    logarithmic: bool = False
    stage: Stage | None = None
    live: bool = True
    needs: tuple[str, ...] = ()
    metadata_key: str | None = None
    """The GGUF key below `general.sampling.` that carries the model's own wish."""

    def is_on(self, value: Value) -> bool:
        """Whether `value` asks for anything."""
        return value is not None and value != self.neutral
