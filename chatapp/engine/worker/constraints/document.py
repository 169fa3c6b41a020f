"""The text of a JSON Schema: read, its references followed, its places named in errors."""

from __future__ import annotations

import difflib
import json
from decimal import Decimal
from fractions import Fraction
from typing import NoReturn, TypeGuard
from urllib.parse import unquote

from chatapp.core.errors import ParameterError
from chatapp.engine.worker.constraints.keywords import KNOWN, TYPES, UNENFORCEABLE, Json, Schema

LARGEST_EXPONENT = 400


class Document:
    """One schema and where each of its parts stands."""

    def __init__(self, text: str) -> None:
        """Read `text`; raise ParameterError where it is no JSON or no schema."""
        self.root = self._checked(_read(text), "#")
        self._places: dict[int, str] = {}
        self._kept: list[Json] = []
        self._walk()

    def place(self, schema: Schema) -> str:
        """The JSON pointer of `schema`."""
        return self._places.get(id(schema), "#")

    def put(self, schema: dict[str, Json], place: str) -> dict[str, Json]:
        """Let a schema that was made from others stand at `place`."""
        self._places[id(schema)] = place
        # Ids are taken again when their objects are gone.
        self._kept.append(schema)
        return schema

    def refuse(self, schema: Schema, what: str, hint: str = "") -> NoReturn:
        """Raise ParameterError: `what` of this schema can't be enforced."""
        raise ParameterError(f"json_schema can't be enforced: at {self.place(schema)}, {what}.", hint=hint)

    def invalid(self, schema: Schema, what: str, hint: str = "") -> NoReturn:
        """Raise ParameterError: this is no JSON Schema."""
        raise ParameterError(f"json_schema is no JSON Schema: at {self.place(schema)}, {what}.", hint=hint)

    def check_keywords(self, schema: dict[str, Json]) -> None:
        """Raise ParameterError for a keyword that is unknown or can't be enforced."""
        for keyword in schema:
            if keyword in UNENFORCEABLE:
                hint = UNENFORCEABLE[keyword]
                self.refuse(schema, f"“{keyword}” is nothing that a grammar can say", f"{hint[0].upper()}{hint[1:]}.")
            if keyword not in KNOWN:
                near = difflib.get_close_matches(keyword, KNOWN, n=1)
                self.refuse(
                    schema,
                    f"the keyword “{keyword}” is unknown",
                    f"Did you mean “{near[0]}”?" if near else "Remove it.",
                )

    def target(self, schema: dict[str, Json]) -> tuple[Schema, str]:
        """The schema that `$ref` names, and its pointer."""
        reference = schema["$ref"]
        if not isinstance(reference, str):
            self.invalid(schema, "$ref is no text")
        pointer = unquote(reference)
        if pointer != "#" and not pointer.startswith("#/"):
            self.refuse(
                schema, f"$ref “{reference}” leads out of the schema", "Copy what it names into $defs; use #/$defs/…."
            )
        found: Json = self.root
        for step in pointer[2:].split("/") if len(pointer) > 1 else ():
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and key in found:
                found = found[key]
            elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            else:
                self.invalid(schema, f"$ref “{reference}” names nothing")
        return self._checked(found, pointer), pointer

    def schemas(self, schema: dict[str, Json], keyword: str) -> list[Schema]:
        """The list of schemas behind `keyword`, empty where it is not there."""
        found = schema.get(keyword, [])
        if not isinstance(found, list) or (keyword in schema and not found and keyword != "prefixItems"):
            self.invalid(schema, f"“{keyword}” is no list of schemas")
        return [self.schema(schema, keyword, item) for item in found]

    def schema(self, owner: dict[str, Json], keyword: str, found: Json) -> Schema:
        """`found`, which must be a schema."""
        if not is_schema(found):
            self.invalid(owner, f"“{keyword}” holds what is no schema")
        return found

    def properties(self, schema: dict[str, Json], keyword: str = "properties") -> dict[str, Schema]:
        """The schemas by name behind `keyword`."""
        found = schema.get(keyword, {})
        if not isinstance(found, dict):
            self.invalid(schema, f"“{keyword}” is no object")
        return {name: self.schema(schema, keyword, item) for name, item in found.items()}

    def texts(self, schema: dict[str, Json], keyword: str) -> list[str]:
        """The list of texts behind `keyword`."""
        found = schema.get(keyword, [])
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            self.invalid(schema, f"“{keyword}” is no list of texts")
        return [str(item) for item in found]

    def count(self, schema: dict[str, Json], keyword: str) -> int | None:
        """The number of things behind `keyword`, None where it is not there."""
        found = schema.get(keyword)
        if found is None and keyword not in schema:
            return None
        number = self.number(schema, keyword)
        if number is None or number.denominator != 1 or number < 0:
            self.invalid(schema, f"“{keyword}” is no count")
        return int(number)

    def number(self, schema: dict[str, Json], keyword: str) -> Fraction | None:
        """The number behind `keyword`, None where it is not there."""
        if keyword not in schema:
            return None
        found = schema[keyword]
        if isinstance(found, bool) or not isinstance(found, int | Decimal):
            self.invalid(schema, f"“{keyword}” is no number")
        if isinstance(found, Decimal) and abs(found.adjusted()) > LARGEST_EXPONENT:
            self.refuse(schema, f"“{keyword}” is too large or too small a number")
        return Fraction(found)

    def types(self, schema: dict[str, Json]) -> None:
        """Raise ParameterError where `type` names no types."""
        declared = schema.get("type", "null")
        names = declared if isinstance(declared, list) else [declared]
        wrong = [name for name in names if name not in TYPES]
        if wrong or not names:
            shown = f"names {_shown(wrong[0])}, which is no type of JSON" if wrong else "is empty"
            self.invalid(schema, f"“type” {shown}", f"The types are {', '.join(TYPES)}.")

    def _checked(self, found: Json, place: str) -> Schema:
        if not is_schema(found):
            raise ParameterError(f"json_schema is no JSON Schema: at {place} stands neither an object nor a boolean.")
        return found

    def _walk(self) -> None:
        waiting: list[tuple[Json, str]] = [(self.root, "#")]
        while waiting:
            value, place = waiting.pop()
            if isinstance(value, dict):
                self._places[id(value)] = place
                steps = ((name.replace("~", "~0").replace("/", "~1"), item) for name, item in value.items())
            elif isinstance(value, list):
                steps = ((str(index), item) for index, item in enumerate(value))
            else:
                continue
            waiting.extend((item, f"{place}/{step}") for step, item in steps if isinstance(item, dict | list))


def is_schema(value: Json) -> TypeGuard[Schema]:
    """Whether a value has the form of a schema."""
    return isinstance(value, bool | dict)


def _shown(value: Json) -> str:
    return f"“{value:.60}”" if isinstance(value, str) else "something that is no text"


def _read(text: str) -> Json:
    try:
        found: Json = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ParameterError(
            f"json_schema is no JSON: {error.msg} in line {error.lineno}, column {error.colno}.",
            hint="--json-schema takes the text of a schema, or @ and a file's name.",
        ) from None
    except RecursionError:
        raise ParameterError("json_schema nests too deep.", hint="Use $defs and $ref.") from None
    except ValueError as error:
        raise ParameterError(f"json_schema is no JSON: {error}.") from None
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
