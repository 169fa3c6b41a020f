"""Schemas that combine others are spread out: into alternatives in which nothing is combined any more."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import cast

from chatapp.engine.worker.constraints.disjoint import are_disjoint
from chatapp.engine.worker.constraints.document import Document
from chatapp.engine.worker.constraints.keywords import ANNOTATIONS, COMBINING, Json, Schema, canonical, declared_types

MOST_ALTERNATIVES = 500
DEEPEST = 100

Plain = dict[str, Json]
"""A schema without references and without allOf, anyOf and oneOf."""


class Spreader:
    """Spreads the schemas of one document out."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._following: list[str] = []

    def alternatives(self, schema: Schema) -> list[Plain]:
        """Plain schemas of which a value must satisfy one to satisfy `schema`; none for what nothing satisfies."""
        if isinstance(schema, bool):
            return [{}] if schema else []
        document = self._document
        document.check_keywords(schema)
        base = {name: value for name, value in schema.items() if name not in ANNOTATIONS | COMBINING}
        if "type" in base:
            document.types(schema)
        spread = [document.put(base, document.place(schema))]
        if "$ref" in schema:
            spread = self._both(schema, spread, self._followed(schema))
        for part in document.schemas(schema, "allOf"):
            spread = self._both(schema, spread, self.alternatives(part))
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                branches = [self.alternatives(part) for part in document.schemas(schema, keyword)]
                if keyword == "oneOf":
                    self._check_disjoint(schema, branches)
                spread = self._both(schema, spread, [way for branch in branches for way in branch])
        return spread

    def _followed(self, schema: Plain) -> list[Plain]:
        target, pointer = self._document.target(schema)
        if pointer in self._following or len(self._following) > DEEPEST:
            self._document.refuse(schema, f"$ref “{pointer}” leads back to itself", "Put an object or a list between.")
        self._following.append(pointer)
        try:
            return self.alternatives(target)
        finally:
            self._following.pop()

    def _check_disjoint(self, schema: Plain, branches: list[list[Plain]]) -> None:
        for index, branch in enumerate(branches):
            for number, other in enumerate(branches[:index]):
                if not all(are_disjoint(self._document, one, two) for one in branch for two in other):
                    self._document.refuse(
                        schema,
                        f"a value may satisfy branch {number} and branch {index} of “oneOf” at once",
                        "Use anyOf, or let a required property tell the branches apart by const.",
                    )

    def _both(self, schema: Plain, first: list[Plain], second: list[Plain]) -> list[Plain]:
        """Every way to satisfy one of `first` and one of `second`."""
        if len(first) * len(second) > MOST_ALTERNATIVES:
            self._document.refuse(
                schema, f"its combinations make more than {MOST_ALTERNATIVES} alternatives", "Use fewer anyOf in allOf."
            )
        return [both for one in first for two in second if (both := self._merged(schema, one, two)) is not None]

    def _merged(self, schema: Plain, first: Plain, second: Plain) -> Plain | None:
        """What asks for all that both ask for; None where nothing can satisfy both."""
        if not first or not second:
            return first or second
        merged = {**first, **second}
        for keyword in first.keys() & second.keys() - _STRUCTURAL:
            join = _JOINS.get(keyword)
            if join is not None:
                merged[keyword] = join(self._document, keyword, first, second)
            elif canonical(first[keyword]) != canonical(second[keyword]):
                self._document.refuse(
                    schema, f"two different “{keyword}” must hold at once", "Say the same with one of them."
                )
        if "const" in first and "const" in second and canonical(first["const"]) != canonical(second["const"]):
            return None
        if "type" in first and "type" in second:
            kinds = _common_types(first, second)
            if not kinds:
                return None
            merged["type"] = cast("list[Json]", kinds)
        self._merge_members(schema, first, second, merged)
        self._merge_items(schema, first, second, merged)
        return self._document.put(merged, self._document.place(schema))

    def _merge_members(self, schema: Plain, first: Plain, second: Plain, merged: Plain) -> None:
        if _MEMBERS.isdisjoint(first) or _MEMBERS.isdisjoint(second):
            return
        if "patternProperties" in first or "patternProperties" in second:
            self._document.refuse(schema, "“patternProperties” must hold together with another schema's properties")
        ours, theirs = self._document.properties(first), self._document.properties(second)
        our_rest, their_rest = first.get("additionalProperties", True), second.get("additionalProperties", True)
        merged["properties"] = {
            name: _all_of(ours.get(name, our_rest), theirs.get(name, their_rest)) for name in {**ours, **theirs}
        }
        if "additionalProperties" in merged:
            merged["additionalProperties"] = _all_of(our_rest, their_rest)

    def _merge_items(self, schema: Plain, first: Plain, second: Plain, merged: Plain) -> None:
        if _ITEMS.isdisjoint(first) or _ITEMS.isdisjoint(second):
            return
        if any(isinstance(one.get("items"), list) for one in (first, second)):
            self._document.refuse(schema, "two lists of items must hold at once", "Use prefixItems.")
        ours, theirs = self._document.schemas(first, "prefixItems"), self._document.schemas(second, "prefixItems")
        our_rest, their_rest = first.get("items", True), second.get("items", True)
        both = [
            _all_of(
                ours[index] if index < len(ours) else our_rest, theirs[index] if index < len(theirs) else their_rest
            )
            for index in range(max(len(ours), len(theirs)))
        ]
        if both:
            merged["prefixItems"] = both
        if "items" in merged:
            merged["items"] = _all_of(our_rest, their_rest)


_MEMBERS = frozenset(("properties", "additionalProperties", "patternProperties"))
_ITEMS = frozenset(("items", "prefixItems", "additionalItems"))
_STRUCTURAL = _MEMBERS | _ITEMS | {"type", "const"}


def _all_of(first: Json, second: Json) -> Json:
    if first is True:
        return second
    if second is True or first is second:
        return first
    return {"allOf": [first, second]}


def _common_types(first: Plain, second: Plain) -> list[str]:
    ours, theirs = declared_types(first) or (), declared_types(second) or ()
    both = [name for name in ours if name in theirs]
    for one, other in ((ours, theirs), (theirs, ours)):
        if "integer" in one and "number" in other and "integer" not in both:
            both.append("integer")
    return both


def _tighter(choose: Callable[[Sequence[Fraction]], Fraction]) -> Callable[[Document, str, Plain, Plain], Json]:
    def join(document: Document, keyword: str, first: Plain, second: Plain) -> Json:
        one, two = document.number(first, keyword), document.number(second, keyword)
        return first[keyword] if one is not None and two is not None and choose((one, two)) == one else second[keyword]

    return join


def _common_multiple(document: Document, keyword: str, first: Plain, second: Plain) -> Json:
    one, two = document.number(first, keyword), document.number(second, keyword)
    if one is None or two is None or one <= 0 or two <= 0:
        document.invalid(first, f"“{keyword}” is not above 0")
    scale = math.lcm(one.denominator, two.denominator)
    joint = Fraction(math.lcm(int(one * scale), int(two * scale)), scale)
    return Decimal(joint.numerator) / Decimal(joint.denominator)


def _in_both(document: Document, keyword: str, first: Plain, second: Plain) -> Json:
    ours, theirs = first[keyword], second[keyword]
    if not isinstance(ours, list) or not isinstance(theirs, list):
        document.invalid(first, f"“{keyword}” is no list")
    known = {canonical(value) for value in theirs}
    return [value for value in ours if canonical(value) in known]


def _in_either(document: Document, keyword: str, first: Plain, second: Plain) -> Json:
    return cast("list[Json]", list(dict.fromkeys(document.texts(first, keyword) + document.texts(second, keyword))))


def _either(_document: Document, keyword: str, first: Plain, second: Plain) -> Json:
    return first[keyword] is True or second[keyword] is True


_JOINS: dict[str, Callable[[Document, str, Plain, Plain], Json]] = {
    "enum": _in_both,
    "required": _in_either,
    "multipleOf": _common_multiple,
    "uniqueItems": _either,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), _tighter(max)),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), _tighter(min)),
}
