"""Every parameter by name, and values checked against them."""

from __future__ import annotations

from chatapp.core.errors import NotFound, ParameterError
from chatapp.core.parameters.constraints import CONSTRAINTS
from chatapp.core.parameters.declaration import Value, Values
from chatapp.core.parameters.length import LENGTH
from chatapp.core.parameters.parameter import Parameter
from chatapp.core.parameters.repetition import REPETITION
from chatapp.core.parameters.sampling import SAMPLING

PARAMETERS: dict[str, Parameter] = {
    parameter.name: parameter for parameter in (*SAMPLING, *REPETITION, *CONSTRAINTS, *LENGTH)
}
"""Every parameter by name, in the order in which people see them."""

_ALIASES = {alias: parameter.name for parameter in PARAMETERS.values() for alias in parameter.aliases}


def parameter(name: str) -> Parameter:
    """Find a parameter by name, alias or option spelling; raise NotFound with near names."""
    plain = name.removeprefix("--").replace("-", "_").lower()
    plain = _ALIASES.get(plain, plain)
    found = PARAMETERS.get(plain)
    if found is None:
        raise NotFound.among("parameter", name, PARAMETERS)
    return found


def check(values: Values) -> dict[str, Value]:
    """Return `values` under canonical names and in canonical types; raise ParameterError or NotFound."""
    checked: dict[str, Value] = {}
    for name, value in values.items():
        declared = parameter(name)
        converted = declared.check(value)
        if converted is not None:
            checked[declared.name] = converted
    return checked


def check_thinking(values: Values) -> dict[str, Value]:
    """Return `values` that are to hold while the model thinks, checked; only stages of the chain can differ there."""
    checked = check(values)
    for name in checked:
        if PARAMETERS[name].stage is None:
            raise ParameterError(
                f"{name} can't differ while the model thinks.", hint="Only parameters of sampling and repetition can."
            )
    return checked
