"""Whether two schemas can be told apart: no value that is written for one satisfies the other."""

from __future__ import annotations

from chatapp.engine.worker.constraints.document import Document
from chatapp.engine.worker.constraints.keywords import (
    TYPES,
    Json,
    Schema,
    canonical,
    declared_types,
    is_of,
    type_name,
    types_of,
)


def are_disjoint(document: Document, first: dict[str, Json], second: dict[str, Json]) -> bool:
    """Whether it can be shown, for schemas in which nothing is combined."""
    return _is_apart(document, first, second) and _is_apart(document, second, first)


def _is_apart(document: Document, written: dict[str, Json], other: dict[str, Json]) -> bool:
    """Whether nothing that is written for one satisfies the other."""
    values = _values(written)
    kinds = [type_name(value) for value in values] if values is not None else list(types_of(written))
    accepted = declared_types(other) or TYPES
    if not any(is_of(kind, accepted) or (kind == "number" and "integer" in accepted) for kind in kinds):
        return True
    others = _values(other)
    if values is not None and others is not None:
        return {canonical(value) for value in values}.isdisjoint(canonical(value) for value in others)
    if others is not None:
        return not any(is_of(type_name(value), tuple(kinds)) for value in others)
    if values is None and set(kinds) <= {"number", "integer"} and _is_beyond(document, written, other):
        return True
    return kinds == ["object"] and values is None and _is_told_by_property(document, written, other)


def _values(schema: dict[str, Json]) -> list[Json] | None:
    if "const" in schema:
        return [schema["const"]]
    listed = schema.get("enum")
    return listed if isinstance(listed, list) else None


def _is_beyond(document: Document, first: dict[str, Json], second: dict[str, Json]) -> bool:
    """Whether all numbers of one lie above or below those of the other."""
    for low, high in ((first, second), (second, first)):
        for bottom, strict_low in (("minimum", False), ("exclusiveMinimum", True)):
            for top, strict_high in (("maximum", False), ("exclusiveMaximum", True)):
                least, most = document.number(low, bottom), document.number(high, top)
                if least is None or most is None:
                    continue
                if least > most or (least == most and (strict_low or strict_high)):
                    return True
    return False


def _is_told_by_property(document: Document, written: dict[str, Json], other: dict[str, Json]) -> bool:
    ours, theirs = document.properties(written), document.properties(other)
    our_rest = written.get("additionalProperties", not ours)
    their_rest = other.get("additionalProperties", True)
    for name in document.texts(other, "required"):
        mine = ours.get(name, our_rest)
        # A required name that is declared nowhere is written all the same.
        if mine is False and (name in ours or name not in document.texts(written, "required")):
            return True
        if _are_apart(document, mine, theirs.get(name, their_rest)):
            return True
    for name in document.texts(written, "required"):
        if _are_apart(document, ours.get(name, True), theirs.get(name, their_rest)):
            return True
    return False


def _are_apart(document: Document, mine: Json, theirs: Json | Schema) -> bool:
    if theirs is False:
        return True
    if not isinstance(mine, dict) or not isinstance(theirs, dict):
        return False
    combining = ("$ref", "allOf", "anyOf", "oneOf")
    if any(keyword in schema for keyword in combining for schema in (mine, theirs)):
        return False
    return _is_apart(document, mine, theirs)
