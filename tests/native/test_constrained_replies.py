"""Two hundred answers in a form, drawn wildly: what ended by itself parses and keeps to the form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import jsonschema
import msgspec
from engine_run import Sample, chat, opened, reply

from chatapp.core.parameters import Value
from chatapp.pocket.digest import MODEL

SAMPLES = 16
WILD: dict[str, Value] = {"temperature": 1.5, "top_k": 0, "top_p": 1.0, "min_p": 0.02, "max_new_tokens": 200}

Schema = Mapping[str, object]
Check = Callable[[str], bool]

SCHEMAS: dict[str, Schema] = {
    "a person": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 20},
            "age": {"type": "integer", "minimum": 0, "maximum": 120},
            "kind": {"enum": ["friend", "stranger", None]},
        },
        "required": ["name", "age", "kind"],
        "additionalProperties": False,
    },
    "a list of numbers": {
        "type": "array",
        "items": {"type": "number", "minimum": -10, "exclusiveMaximum": 1000},
        "minItems": 1,
        "maxItems": 4,
    },
    "one of two": {
        "anyOf": [
            {
                "type": "object",
                "properties": {"yes": {"const": True}},
                "required": ["yes"],
                "additionalProperties": False,
            },
            {"type": "string", "pattern": "^[a-z]{2,6}$"},
        ]
    },
    "a tree": {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "word": {"enum": ["cat", "dog", "bird"]},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}, "maxItems": 2},
                },
                "required": ["word"],
                "additionalProperties": False,
            }
        },
        "$ref": "#/$defs/node",
    },
    "some optional properties": {
        "type": "object",
        "properties": {
            "done": {"type": "boolean"},
            "day": {"type": "string", "format": "date"},
            "step": {"type": "integer", "multipleOf": 5, "minimum": 0, "maximum": 50},
        },
        "additionalProperties": False,
        "minProperties": 1,
    },
    "a flag and a text": {
        "prefixItems": [{"type": "boolean"}, {"maxLength": 9, "type": "string"}],
        "type": "array",
        "items": False,
        "minItems": 2,
    },
}
PATTERNS = {
    "a telephone number": r"\+?\d{2,4}( \d{3}){1,3}",
    "two or three words": r"[A-Z][a-z]{1,9}( [a-z]{1,9}){1,2}[.!?]",
    "a time or a colour": r"(?:[01]\d|2[0-3]):[0-5]\d|#[0-9a-f]{6}",
    "letters with accents": r"[äöüéß]{1,8}(, [äöüéß]{1,8})*",
}
CHOICES = ("yes", "no", "may be", "I don't know", "may be not")
GRAMMAR = """root ::= sum " = " number
sum ::= term (" + " term){0,3}
term ::= number | "(" sum ")"
number ::= "0" | [1-9] [0-9]{0,3}
"""
SUM = re.compile(r"[\d+() ]+ = (0|[1-9]\d{0,3})")


def validates(schema: Schema) -> Check:
    """Whether a text is JSON that `schema` allows."""
    checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    return lambda text: checker.is_valid(json.loads(text))


def matches(pattern: str) -> Check:
    """Whether the whole of a text matches `pattern`."""
    return lambda text: re.fullmatch(pattern, text, re.ASCII) is not None


def is_sum(text: str) -> bool:
    """Whether the brackets of a sum are in pairs and its parts are numbers."""
    left, _, _ = text.partition(" = ")
    return SUM.fullmatch(text) is not None and isinstance(eval(left, {"__builtins__": {}}), int)


def is_json(text: str) -> bool:
    """Whether it can be read as one JSON value."""
    json.loads(text)
    return True


FORMS: dict[str, tuple[Mapping[str, Value], Check]] = {
    **{name: ({"json_schema": json.dumps(schema)}, validates(schema)) for name, schema in SCHEMAS.items()},
    **{name: ({"regex": pattern}, matches(pattern)) for name, pattern in PATTERNS.items()},
    "choices": ({"choices": CHOICES}, CHOICES.__contains__),
    "a grammar": ({"grammar": GRAMMAR}, is_sum),
    "any JSON": ({"json_value": True}, is_json),
}


async def test_what_ended_by_itself_keeps_to_its_form(tmp_path: Path) -> None:
    written: dict[str, list[Sample]] = {}
    async with opened(MODEL, tmp_path / "logs", context_size=8192) as backend:
        for number, (name, (edits, _)) in enumerate(FORMS.items()):
            request = chat("Tell me about a friend.", seed=1000 * number, **WILD, **edits)
            run = await reply(backend, msgspec.structs.replace(request, samples=SAMPLES))
            written[name] = list(run.samples.values())
    assert sum(map(len, written.values())) >= 200
    ended = {name: [each.text for each in some if each.end.stop_reason == "end"] for name, some in written.items()}
    broken = [(name, text) for name, texts in ended.items() for text in texts if not _keeps(FORMS[name][1], text)]
    assert broken == []
    counts = {name: len(texts) for name, texts in ended.items()}
    assert sum(counts.values()) >= 150, counts
    # Dice that always fall alike would show little.
    assert sum(len(set(texts)) for texts in ended.values()) >= 80


def _keeps(check: Check, text: str) -> bool:
    try:
        return check(text)
    except (ValueError, SyntaxError):
        return False
