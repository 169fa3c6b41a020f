"""The one registry of generation parameters.

Each parameter is declared once, in `sampling`, `repetition`, `constraints` or `length`. Command-line options, the
inspector's rows, presets, validation, documentation, the cache key and the record of a reply derive from that
declaration. A sampler is added by declaring its parameters there, its stage in `stages`, and how it works in
`engine/worker/sampling/stages.py`.

A value is *unset* (absent from a mapping) or explicit. `resolve` lays the explicit layers over the defaults
and says where each value came from and what another value makes moot.
"""

from chatapp.core.parameters.agreement import FORMS, check_agreement
from chatapp.core.parameters.declaration import Declaration, Kind, StoredValue, Value, Values
from chatapp.core.parameters.parameter import Group, Parameter
from chatapp.core.parameters.registry import PARAMETERS, check, check_thinking, parameter
from chatapp.core.parameters.resolution import SOURCES, Resolution, Setting, Source, as_stored, resolve
from chatapp.core.parameters.stages import DEFAULT_CHAIN, STAGES, Stage, StageInfo

__all__ = [
    "DEFAULT_CHAIN",
    "FORMS",
    "PARAMETERS",
    "SOURCES",
    "STAGES",
    "Declaration",
    "Group",
    "Kind",
    "Parameter",
    "Resolution",
    "Setting",
    "Source",
    "Stage",
    "StageInfo",
    "StoredValue",
    "Value",
    "Values",
    "as_stored",
    "check",
    "check_agreement",
    "check_thinking",
    "parameter",
    "resolve",
]
