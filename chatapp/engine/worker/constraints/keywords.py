"""The keywords of JSON Schema: what each is about, and which can't be enforced."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

Json: TypeAlias = "bool | int | Decimal | str | list[Json] | dict[str, Json] | None"
Schema: TypeAlias = "bool | dict[str, Json]"

TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
ANNOTATIONS = frozenset(
    (
        *("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment"),
        *("$schema", "$id", "id", "$anchor", "$vocabulary", "$defs", "definitions"),
        *("contentEncoding", "contentMediaType", "contentSchema"),
    )
)
"""Keywords that ask nothing of a value."""
COMBINING = frozenset(("$ref", "allOf", "anyOf", "oneOf"))
OF_ANY = frozenset(("type", "enum", "const"))
OF_TYPE: dict[str, frozenset[str]] = {
    "object": frozenset(
        (
            "properties",
            "required",
            "additionalProperties",
            "patternProperties",
            "minProperties",
            "maxProperties",
            "unevaluatedProperties",
        )
    ),
    "array": frozenset(
        ("items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems", "unevaluatedItems")
    ),
    "string": frozenset(("minLength", "maxLength", "pattern", "format")),
    "number": frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
}
"""Keywords that ask something of values of one type and nothing of others."""
KNOWN = ANNOTATIONS | COMBINING | OF_ANY | frozenset[str]().union(*OF_TYPE.values())
UNENFORCEABLE = {
    "not": "list what is allowed with enum, or narrow the type",
    "if": "use anyOf with one branch for each case",
    "then": "use anyOf with one branch for each case",
    "else": "use anyOf with one branch for each case",
    "contains": "use prefixItems or items",
    "minContains": "use prefixItems or items",
    "maxContains": "use prefixItems or items",
    "propertyNames": "use patternProperties with additionalProperties false",
    "dependentRequired": "use anyOf with one branch for each case",
    "dependentSchemas": "use anyOf with one branch for each case",
    "dependencies": "use anyOf with one branch for each case",
    "$dynamicRef": "use $ref",
    "$recursiveRef": "use $ref",
    "nullable": 'use "type": ["string", "null"] or the like',
}
"""Keywords that no grammar of ours can hold a model to, and what would do instead."""
EXACT_TYPES = {"integer": ("integer",), "number": ("number", "integer")}


def types_of(schema: dict[str, Json]) -> tuple[str, ...]:
    """The types that `schema` names, or those that its keywords are about, or all of them."""
    declared = declared_types(schema)
    if declared is not None:
        return declared
    about = tuple(name for name, keywords in OF_TYPE.items() if not keywords.isdisjoint(schema))
    return about or tuple(name for name in TYPES if name != "integer")


def declared_types(schema: dict[str, Json]) -> tuple[str, ...] | None:
    """The types that `schema` names, None where it names none."""
    declared = schema.get("type")
    if declared is None:
        return None
    return tuple(str(name) for name in declared) if isinstance(declared, list) else (str(declared),)


def type_name(value: Json) -> str:
    """The JSON type of a value; `integer` for numbers without fraction."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case Decimal():
            return "integer" if value == value.to_integral_value() else "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def is_of(name: str, types: tuple[str, ...]) -> bool:
    """Whether a value whose type is `name` is of one of `types`."""
    return name in types or (name == "integer" and "number" in types)


def canonical(value: Json) -> object:
    """Something that is equal for equal values, as JSON Schema sees it: 1 is 1.0, but not true."""
    match value:
        case bool() | None | str():
            return (type_name(value), value)
        case int() | Decimal():
            return ("number", Decimal(value))
        case list():
            return ("array", tuple(canonical(item) for item in value))
    return ("object", frozenset((name, canonical(item)) for name, item in value.items()))
