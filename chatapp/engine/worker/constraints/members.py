"""Objects of a JSON Schema as grammar rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatapp.engine.worker.constraints.choices import none_of
from chatapp.engine.worker.constraints.expression import EMPTY, NOTHING, Expression, chain, choice, repeat
from chatapp.engine.worker.constraints.json_text import RAW, key_of, quoted, spelled_in_string
from chatapp.engine.worker.constraints.keywords import Schema
from chatapp.engine.worker.constraints.regex import anywhere

if TYPE_CHECKING:
    from chatapp.engine.worker.constraints.merging import Plain
    from chatapp.engine.worker.constraints.schema import SchemaRules

MOST_MEMBERS = 2000
MOST_STATES = 5000
"""Pairs of a property and a number of properties before it."""


@dataclass(frozen=True, slots=True)
class Member:
    """A declared property: its key and value, and whether it may be left out."""

    text: Expression
    is_required: bool


@dataclass(frozen=True, slots=True)
class Tail:
    """What may follow in an object: some text, and whether it may be complete as it is."""

    some: Expression
    may_end: bool


def object_of(schemas: SchemaRules, schema: Plain) -> Expression:
    """The objects that `schema` allows."""
    document, json = schemas.document, schemas.json
    least, most = document.count(schema, "minProperties") or 0, document.count(schema, "maxProperties")
    members, extra = _members(schemas, schema)
    if len(members) > MOST_MEMBERS:
        document.refuse(schema, f"it has more than {MOST_MEMBERS:,} properties")
    required = sum(member.is_required for member in members)
    if extra != NOTHING and least > len(members) + 1:
        # Keys may come twice, and then count once.
        document.refuse(schema, "“minProperties” asks for more than the properties that are declared")
    if least <= required and (most is None or (most >= len(members) and extra == NOTHING)):
        least, most = 0, None
    counted = min(max(least, most or 0, 1), len(members) + 1)
    if counted * len(members) > MOST_STATES:
        document.refuse(schema, "counting its properties takes too many rules", "Use required instead of a number.")
    tails = [_last(schemas, extra, least, most, written) for written in range(counted + 1)]
    for member in reversed(members):
        tails = [_before(schemas, member, tails, most, written) for written in range(counted + 1)]
    inside = tails[0]
    return choice(
        *([json.braced("{}", inside.some, may_be_empty=False)] if inside.some != NOTHING else []),
        *([json.exactly({})] if inside.may_end else []),
    )


def _members(schemas: SchemaRules, schema: Plain) -> tuple[list[Member], Expression]:
    """The declared properties in order, and the text of any other."""
    document, json = schemas.document, schemas.json
    declared = document.properties(schema)
    required = document.texts(schema, "required")
    rest = _rest(schemas, schema)
    for name in required:
        if name not in declared:
            declared[name] = rest if "additionalProperties" in schema else True
    members = [Member(json.member(key_of(name), schemas.of(part)), name in required) for name, part in declared.items()]
    if "patternProperties" in schema:
        return members, _by_pattern(schemas, schema)
    allows_others = rest is not False and ("additionalProperties" in schema or not declared)
    if not allows_others:
        return members, NOTHING
    key = quoted(none_of(declared, RAW, schemas.rules)) if declared else json.string
    return members, json.member(key, schemas.of(rest))


def _rest(schemas: SchemaRules, schema: Plain) -> Schema:
    """What properties must be that are not declared."""
    document = schemas.document
    if schema.get("unevaluatedProperties", False) is not False:
        document.refuse(schema, "“unevaluatedProperties” is not false", "Use additionalProperties.")
    if "unevaluatedProperties" in schema and "additionalProperties" not in schema:
        return False
    return document.schema(schema, "additionalProperties", schema.get("additionalProperties", True))


def _by_pattern(schemas: SchemaRules, schema: Plain) -> Expression:
    """A member whose key matches the one pattern of `schema`."""
    document = schemas.document
    patterns = document.properties(schema, "patternProperties")
    alone = (
        schema.get("additionalProperties") is False and not document.properties(schema) and not schema.get("required")
    )
    if len(patterns) != 1 or not alone:
        document.refuse(
            schema,
            "“patternProperties” stands beside other properties",
            "It can be enforced with one pattern, without properties and with additionalProperties false.",
        )
    ((pattern, part),) = patterns.items()
    what = f"the pattern of patternProperties at {document.place(schema)} of json_schema"
    key = quoted(anywhere(pattern, schemas.rules, what, spelled_in_string))
    return schemas.json.member(key, schemas.of(part))


def _last(schemas: SchemaRules, extra: Expression, least: int, most: int | None, written: int) -> Tail:
    """What follows the declared properties, of which `written` stand there."""
    json = schemas.json
    missing, room = max(least - written, 0), None if most is None else most - written
    if room is not None and (room < 0 or missing > room):
        return Tail(NOTHING, may_end=False)
    if extra == NOTHING or room == 0:
        return Tail(NOTHING, may_end=missing == 0)
    if missing > 1:
        return Tail(NOTHING, may_end=False)
    some = repeat(chain(json.comma, extra), 1, room) if written else json.listed(extra, 1, room)
    return Tail(some, may_end=missing == 0)


def _before(schemas: SchemaRules, member: Member, tails: list[Tail], most: int | None, written: int) -> Tail:
    """What follows where `member` comes next, `tails` being what follows it for each count of those written."""
    ways: list[Expression] = []
    without = tails[written]
    if most is None or written < most:
        after = tails[min(written + 1, len(tails) - 1)]
        text = chain(schemas.json.comma, member.text) if written else member.text
        ways += [chain(text, after.some)] if after.some != NOTHING else []
        ways += [chain(text, EMPTY)] if after.may_end else []
    if not member.is_required and without.some != NOTHING:
        ways.append(without.some)
    may_end = without.may_end and not member.is_required
    some = choice(*ways)
    return Tail(some if some == NOTHING else schemas.rules.shared("members", some), may_end)
