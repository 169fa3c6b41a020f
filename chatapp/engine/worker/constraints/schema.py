r"""JSON Schema as grammar rules: what is written is always valid, though not all that is valid is written.

What is left out, so that a grammar can say the rest exactly:
- Properties stand in the order in which they are declared, required ones that are declared nowhere behind them.
- Where properties or prefixItems are declared and nothing is said of others, no others are written; with
  `additionalProperties` (or `items`) true or a schema, they follow. Their keys hold no escapes, and one may come twice.
- A schema without `type` allows the types that its keywords are about.
- Integers have no fraction; numbers with bounds or multipleOf have no exponent; a string under `pattern` or `format`
  escapes only what must be escaped.
- `pattern` is read as `regex` is, ASCII only for \d, \w and \s.
"""

from __future__ import annotations

from chatapp.core.errors import ParameterError
from chatapp.engine.worker.constraints.array import array
from chatapp.engine.worker.constraints.choices import one_of
from chatapp.engine.worker.constraints.document import Document
from chatapp.engine.worker.constraints.expression import (
    NOTHING,
    Expression,
    Literal,
    Reference,
    choice,
    repeat,
)
from chatapp.engine.worker.constraints.formats import FORMATS
from chatapp.engine.worker.constraints.gbnf import Rules, Unwritable
from chatapp.engine.worker.constraints.json_text import JsonRules, quoted, scalar_text, spelled_in_string
from chatapp.engine.worker.constraints.keywords import (
    ANNOTATIONS,
    Schema,
    canonical,
    declared_types,
    is_of,
    type_name,
    types_of,
)
from chatapp.engine.worker.constraints.members import object_of
from chatapp.engine.worker.constraints.merging import Plain, Spreader
from chatapp.engine.worker.constraints.number import Bounds, decimals, whole_numbers
from chatapp.engine.worker.constraints.regex import anywhere, whole

DEEPEST = 150


def schema_expression(text: str, rules: Rules) -> Expression:
    """The JSON values that the schema `text` allows; raise ParameterError for what can't be enforced."""
    return SchemaRules(Document(text), rules).of_root()


class SchemaRules:
    """The rules of one document's schemas."""

    def __init__(self, document: Document, rules: Rules) -> None:
        self.document = document
        self.json = JsonRules(rules)
        self.rules = rules
        self._spreader = Spreader(document)
        self._known: dict[str, Reference] = {"#": Reference("root")}
        self._numbers: dict[tuple[str, Bounds], Expression] = {}
        self._depth = 0

    def of_root(self) -> Expression:
        """What the whole document allows."""
        root = self.document.root
        if isinstance(root, dict) and "$ref" in root:
            self._known = {}
        return self.of(root)

    def of(self, schema: Schema) -> Expression:
        """What `schema` allows; of a plain reference, the rule of what it names."""
        if isinstance(schema, bool):
            return self.json.value if schema else NOTHING
        self._depth += 1
        if self._depth > DEEPEST:
            raise ParameterError(
                f"json_schema can't be enforced: it nests deeper than {DEEPEST} levels.", hint="Use $defs and $ref."
            )
        asked = schema.keys() - ANNOTATIONS
        if asked == {"$ref"}:
            expression: Expression = self._named(schema)
        elif asked == {"anyOf"}:
            expression = choice(*(self.of(part) for part in self.document.schemas(schema, "anyOf")))
        else:
            expression = choice(*(self._plain(way) for way in self._spreader.alternatives(schema)))
        self._depth -= 1
        if expression == NOTHING:
            self.rules.impossible.append(self.document.place(schema))
        return expression

    def _named(self, schema: Plain) -> Reference:
        target, pointer = self.document.target(schema)
        known = self._known.get(pointer)
        if known is None:
            known = self._known[pointer] = Reference(self.rules.name(pointer.rpartition("/")[2]))
            self.rules.places[known.name] = pointer
            self.rules.define(known.name, self.of(target))
        return known

    def _plain(self, schema: Plain) -> Expression:
        """What a schema allows in which nothing is combined."""
        if "const" in schema or "enum" in schema:
            return self._listed(schema)
        if not schema:
            return self.json.value
        return choice(*(self._of_type(name, schema) for name in dict.fromkeys(types_of(schema))))

    def _of_type(self, name: str, schema: Plain) -> Expression:
        match name:
            case "object":
                return self.rules.shared("object", object_of(self, schema))
            case "array":
                return self.rules.shared("array", array(self, schema))
            case "string":
                return self._string(schema)
            case "number" | "integer":
                return self._number(name, schema)
            case "boolean":
                return self.json.boolean
        return Literal("null")

    def _listed(self, schema: Plain) -> Expression:
        """The values of enum and const that are of the type."""
        others = schema.keys() - {"enum", "const", "type"}
        if others:
            keyword = sorted(others)[0]
            self.document.refuse(schema, f"“{keyword}” stands beside a list of values", f"Remove “{keyword}”.")
        values = schema.get("enum", [schema.get("const")])
        if not isinstance(values, list):
            self.document.invalid(schema, "“enum” is no list")
        if "const" in schema:
            values = [value for value in values if canonical(value) == canonical(schema["const"])]
        types = declared_types(schema)
        allowed = [value for value in values if types is None or is_of(type_name(value), types)]
        scalars = [scalar_text(value) for value in allowed if not isinstance(value, list | dict)]
        others_of = (self.json.exactly(value) for value in allowed if isinstance(value, list | dict))
        return choice(one_of(scalars, self.rules), *others_of)

    def _string(self, schema: Plain) -> Expression:
        least, most = self.document.count(schema, "minLength") or 0, self.document.count(schema, "maxLength")
        asked = sorted({"pattern", "format"} & schema.keys())
        if not asked:
            plain = least == 0 and most is None
            return self.json.string if plain else quoted(repeat(self.json.character, least, most))
        if len(asked) > 1 or least or most is not None:
            self.document.refuse(
                schema, f"“{asked[0]}” stands together with another limit on the text", "Say all of it in one pattern."
            )
        found = schema[asked[0]]
        if not isinstance(found, str):
            self.document.invalid(schema, f"“{asked[0]}” is no text")
        if asked == ["pattern"]:
            what = f"the pattern at {self.document.place(schema)} of json_schema"
            return quoted(anywhere(found, self.rules, what, spelled_in_string))
        if found not in FORMATS:
            self.document.refuse(
                schema, f"the format “{found}” can't be held to", f"These can: {', '.join(sorted(FORMATS))}."
            )
        return self.rules.shared(found, quoted(whole(FORMATS[found], self.rules)))

    def _number(self, name: str, schema: Plain) -> Expression:
        bounds = self._bounds(schema)
        known = self._numbers.get((name, bounds))
        if known is None:
            known = self._numbers[name, bounds] = self._within(name, bounds, schema)
        return known

    def _within(self, name: str, bounds: Bounds, schema: Plain) -> Expression:
        whole_only = name == "integer" or (bounds.step is not None and bounds.step.denominator == 1)
        if bounds == Bounds():
            return self.json.integer if whole_only else self.json.number
        try:
            return (whole_numbers if whole_only else decimals)(bounds, self.rules)
        except Unwritable as error:
            self.document.refuse(schema, str(error), "Choose rounder limits or a simpler multipleOf.")

    def _bounds(self, schema: Plain) -> Bounds:
        number = self.document.number
        if any(isinstance(schema.get(keyword), bool) for keyword in ("exclusiveMinimum", "exclusiveMaximum")):
            self.document.refuse(
                schema, "exclusiveMinimum and exclusiveMaximum are true or false", "Write the limit behind them."
            )
        least, over = number(schema, "minimum"), number(schema, "exclusiveMinimum")
        most, under = number(schema, "maximum"), number(schema, "exclusiveMaximum")
        step = number(schema, "multipleOf")
        if step is not None and step <= 0:
            self.document.invalid(schema, "“multipleOf” is not above 0")
        above = over is not None and (least is None or over >= least)
        below = under is not None and (most is None or under <= most)
        return Bounds(over if above else least, under if below else most, above, below, step)
