"""Arrays of a JSON Schema as grammar rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatapp.engine.worker.constraints.expression import NOTHING, Expression, chain, choice, optional, repeat
from chatapp.engine.worker.constraints.keywords import Schema

if TYPE_CHECKING:
    from chatapp.engine.worker.constraints.merging import Plain
    from chatapp.engine.worker.constraints.schema import SchemaRules


def array(schemas: SchemaRules, schema: Plain) -> Expression:
    """The arrays that `schema` allows."""
    document, json = schemas.document, schemas.json
    least, most = document.count(schema, "minItems") or 0, document.count(schema, "maxItems")
    first, rest = _items(schemas, schema)
    if schema.get("uniqueItems") is True and (most is None or most > 1):
        document.refuse(schema, "“uniqueItems” is nothing that a grammar can say", "Name the items one by one.")
    if most is not None:
        first = first[:most]
    items = [schemas.of(part) for part in first]
    others = schemas.of(rest)
    if most is not None and most <= len(items):
        others = NOTHING
    room = None if most is None else most - len(items)
    inside, may_end = _others(schemas, others, len(items), max(least - len(items), 0), room)
    for index in reversed(range(len(items))):
        after = optional(inside) if may_end else inside
        text = chain(items[index], after) if inside != NOTHING else items[index] if may_end else NOTHING
        inside = chain(json.comma, text) if index and text != NOTHING else text
        may_end = index >= least
        inside = schemas.rules.shared("items", inside) if inside != NOTHING else NOTHING
    options = [json.braced("[]", inside, may_be_empty=False)] if inside != NOTHING else []
    return choice(*options, *([json.exactly([])] if may_end else []))


def _others(
    schemas: SchemaRules, item: Expression, before: int, least: int, room: int | None
) -> tuple[Expression, bool]:
    """What follows `before` items of their own, and whether nothing may follow."""
    may_end = least == 0
    if item == NOTHING or (room is not None and (room == 0 or least > room)):
        return NOTHING, may_end
    if before == 0:
        return schemas.json.listed(item, max(least, 1), room), may_end
    return repeat(chain(schemas.json.comma, item), max(least, 1), room), may_end


def _items(schemas: SchemaRules, schema: Plain) -> tuple[list[Schema], Schema]:
    """The schemas of the first items, and that of all others."""
    document = schemas.document
    if schema.get("unevaluatedItems", False) is not False:
        document.refuse(schema, "“unevaluatedItems” is not false", "Use items.")
    listed, rest = "prefixItems", "items"
    if isinstance(schema.get("items"), list):
        if "prefixItems" in schema:
            document.invalid(schema, "“items” is a list beside “prefixItems”")
        listed, rest = "items", "additionalItems"
    first = document.schemas(schema, listed)
    # An item that is declared nowhere may be anything; behind declared ones, none is written unless asked for.
    least = document.count(schema, "minItems") or 0
    default = len(first) == 0 or least > len(first)
    if "unevaluatedItems" in schema and rest not in schema:
        default = False
    return first, document.schema(schema, rest, schema.get(rest, default))
