"""A preset: sampling, system prompt and load settings under a name."""

from __future__ import annotations

import msgspec

from chatapp.core.file_name import check_file_name
from chatapp.core.parameters import PARAMETERS, Value

_REACHES = frozenset(("repeat_last_n", "dry_last_n"))
"""How far back a penalty looks. At their neutral value they would silence a penalty that is set beside the preset."""


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """What a preset asks for; all that it does not name is left to the model and to the defaults.

    `sampling` holds parameters by registry name, `thinking` those that differ while the model thinks.
    `system_prompt` is for conversations that have none. `load` holds load settings by name.
    """

    name: str
    title: str = ""
    description: str = ""
    sampling: dict[str, Value] = {}
    thinking: dict[str, Value] = {}
    system_prompt: str = ""
    load: dict[str, Value] = {}


def check_preset_name(name: str) -> str:
    """Return `name` where a preset can be called so; raise UsageError, since it becomes a file's name everywhere."""
    return check_file_name(name, "preset")


NEUTRAL = Preset(
    name="neutral",
    title="Neutral",
    description="Every stage off: the model's own distribution, as it is.",
    sampling={
        name: parameter.neutral
        for name, parameter in PARAMETERS.items()
        if parameter.stage is not None and parameter.neutral is not None and name not in _REACHES
    },
)
"""Made from the registry, so that a stage which is added is off in it."""
