"""Parameter values at the seam between store and port: lists on disk, tuples in a request."""

from __future__ import annotations

from collections.abc import Mapping

from chatapp.core.parameters import StoredValue, Value, Values, check


def values_of(edits: Mapping[str, StoredValue]) -> dict[str, Value]:
    """Read stored edits as values; raise ParameterError or NotFound for what the registry does not know."""
    return check({name: _value(stored) for name, stored in edits.items()})


def stored_edits(values: Values) -> dict[str, StoredValue]:
    """Write values as the store keeps them; raise ParameterError or NotFound for what can't be."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in check(values).items()}


def _value(stored: StoredValue) -> Value:
    if not isinstance(stored, list):
        return stored
    texts = tuple(item for item in stored if isinstance(item, str))
    return texts if len(texts) == len(stored) else tuple(item for item in stored if isinstance(item, int))
