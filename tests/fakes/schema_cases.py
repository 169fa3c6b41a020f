"""Schemas, each with texts that it allows and texts that it does not."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any] | bool

OBJECT = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 3},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "tags": {"type": "array", "items": {"enum": ["a", "ab", "b"]}, "maxItems": 2},
    },
    "required": ["name"],
    "additionalProperties": False,
}
TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {"v": {"type": "boolean"}, "kids": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
            "required": ["v"],
        }
    },
}
EXPRESSION = {
    "anyOf": [
        {"type": "integer"},
        {
            "type": "object",
            "properties": {"op": {"const": "+"}, "of": {"type": "array", "items": {"$ref": "#"}, "minItems": 1}},
            "required": ["op", "of"],
        },
    ]
}
SHAPES = {
    "oneOf": [
        {"type": "object", "properties": {"kind": {"const": "dot"}}, "required": ["kind"]},
        {
            "type": "object",
            "properties": {"kind": {"const": "disc"}, "radius": {"type": "number", "exclusiveMinimum": 0}},
            "required": ["kind", "radius"],
        },
    ]
}

CASES: tuple[tuple[Schema, tuple[str, ...], tuple[str, ...]], ...] = (
    (True, ("1", "null", '{"a": [1, {"b": "c"}]}', "-0.5e-3", '"\\u00e9\\n"', "[]", "{}"), ("", "01", "'a'", "[1,]")),
    ({}, ('"\\ud83d\\ude00"', '"é\U0001f600"'), ('"\\ud83d"', '"\\x41"', '"a\nb"', '"\t"')),
    ({"type": "null"}, ("null",), ("0", '"null"')),
    ({"type": ["integer", "null"]}, ("null", "0", "-12"), ("1.0", "1e2", "-0", "007")),
    ({"type": "boolean"}, ("true", "false"), ("True", "1")),
    ({"type": "number"}, ("0", "-1.50", "2e10"), (".5", "1.", "+1", "NaN", "Infinity")),
    ({"enum": ["a", 1, 1.5, None, {"k": [1, 2]}, []]}, ('"a"', "1", "1.5", "null", '{"k": [1,2]}', "[]"), ("2", '""')),
    ({"type": "string", "enum": ["a", 1]}, ('"a"',), ("1",)),
    ({"const": {"a": "\n"}}, ('{"a":"\\n"}',), ('{"a":"n"}',)),
    ({"enum": [1, 2, 3], "const": 2}, ("2",), ("1", "3")),
    ({"type": "string", "minLength": 2, "maxLength": 3}, ('"ab"', '"\\n\\u00e9é"'), ('"a"', '"abcd"', '"\\\\"')),
    ({"type": "string", "pattern": "^a+$"}, ('"a"', '"aaa"'), ('""', '"ab"', "a")),
    ({"type": "string", "pattern": "b"}, ('"b"', '"abc"', '"\\nb"'), ('"ac"',)),
    ({"type": "string", "pattern": '^["\\\\/\n]+$'}, ('"\\"\\\\/\\n"',), ('"""', '"\n"')),
    ({"type": "string", "pattern": "^a|b$"}, ('"ax"', '"xb"'), ('"xax"',)),
    (
        {"type": "string", "format": "date"},
        ('"2024-02-29"', '"2000-02-29"', '"1999-12-31"'),
        ('"2023-02-29"', '"1900-02-29"', '"2024-13-01"', '"0000-01-01"', '"2024-04-31"'),
    ),
    ({"type": "string", "format": "time"}, ('"23:59:59Z"', '"00:00:00.5+02:00"'), ('"24:00:00Z"', '"12:00:00"')),
    ({"type": "string", "format": "date-time"}, ('"2024-02-29T10:00:00Z"',), ('"2024-02-29 10:00:00Z"',)),
    (
        {"type": "string", "format": "uuid"},
        ('"123e4567-e89b-12d3-a456-426614174000"',),
        ('"123e4567e89b12d3a456426614174000"',),
    ),
    ({"type": "string", "format": "ipv4"}, ('"192.168.0.255"',), ('"256.1.1.1"', '"01.1.1.1"')),
    ({"type": "string", "format": "email"}, ('"a.b+c@example.org"',), ('"a@"', '".a@b.c"', '"a@-b.c"')),
    ({"type": "string", "format": "hostname"}, ('"a-b.example"',), ('"-a"', '"a..b"')),
    ({"type": "string", "format": "duration"}, ('"P1Y2M3DT4H5M6S"', '"P2W"', '"PT5M"'), ('"P"', '"P1YT"', '"P1S"')),
    (
        {"type": "integer", "minimum": 3, "maximum": 120},
        ("3", "9", "10", "99", "120"),
        ("2", "121", "03", "1000", "-5"),
    ),
    ({"type": "integer", "minimum": -17, "exclusiveMaximum": 9}, ("-17", "-1", "0", "8"), ("-18", "9", "-0", "80")),
    ({"type": "integer", "exclusiveMinimum": 99}, ("100", "999", "1000000"), ("99", "0", "-100")),
    ({"type": "integer", "maximum": -5}, ("-5", "-123456"), ("-4", "0", "5")),
    ({"type": "integer", "minimum": 0.5, "maximum": 2.5}, ("1", "2"), ("0", "3")),
    ({"type": "integer", "multipleOf": 7, "minimum": 0, "maximum": 1000}, ("0", "7", "994"), ("8", "1001", "77777")),
    ({"type": "integer", "multipleOf": 100}, ("0", "100", "-12300"), ("50", "10", "-0")),
    ({"type": "integer", "multipleOf": 2.5}, ("0", "5", "-15"), ("2", "12")),
    ({"type": "number", "multipleOf": 0.25, "minimum": 0}, ("0", "0.25", "1.5", "1.50", "3"), ("0.3", "0.125", "-1")),
    ({"type": "number", "multipleOf": 0.01, "maximum": 10}, ("9.99", "10", "10.0", "-3.1"), ("10.01", "0.001")),
    (
        {"type": "number", "minimum": 0.5, "maximum": 99.25},
        ("0.5", "0.50", "99.25", "12.34567", "99"),
        ("0.49", "99.26", "0", "1e1"),
    ),
    (
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        ("0.1", "0.999"),
        ("0", "0.0", "1", "1.0", "-0.5"),
    ),
    ({"type": "number", "minimum": -1.5}, ("-1.5", "-1.25", "0", "123456.75"), ("-1.51", "-2")),
    (
        OBJECT,
        ('{"name":"a"}', '{"name": "abc", "age": 120, "tags": ["ab", "b"]}', '{\n  "name": "a"\n}'),
        ("{}", '{"name": ""}', '{"age":1,"name":"a"}', '{"name":"a","x":1}', '{"name":"a",}'),
    ),
    (
        {"type": "object", "properties": {"a": {}, "b": {}}},
        ("{}", '{"b": 1}', '{"a":1,"b":2}'),
        ('{"c":1}', '{"b":1,"a":2}'),
    ),
    (
        {"type": "object", "properties": {"ab": True}, "additionalProperties": {"type": "null"}},
        ("{}", '{"ab": 1, "abc": null}', '{"a": null, "b": null}', '{"": null}'),
        ('{"ab": 1, "ab": null}', '{"abc": 1}'),
    ),
    (
        {"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 2},
        ("{}", '{"a":1,"b":2}'),
        ('{"a":1,"b":2,"c":3}', '{"a":"1"}'),
    ),
    (
        {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "minProperties": 2},
        ('{"a":1,"b":1}', '{"b":1,"c":1}', '{"a":1,"b":1,"c":1}'),
        ("{}", '{"c":1}'),
    ),
    (
        {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "maxProperties": 1},
        ("{}", '{"c":1}'),
        ('{"a":1,"c":1}',),
    ),
    (
        {"type": "object", "required": ["z"], "additionalProperties": {"type": "boolean"}},
        ('{"z":true}', '{"z":true,"y":false}'),
        ("{}", '{"y":true}', '{"z":1}'),
    ),
    (
        {"type": "object", "patternProperties": {"^x-": {"type": "integer"}}, "additionalProperties": False},
        ("{}", '{"x-a":1,"x-":2}'),
        ('{"y":1}', '{"x-a":"1"}'),
    ),
    ({"type": "object", "properties": {"a": False, "b": True}}, ("{}", '{"b":1}'), ('{"a":1}',)),
    ({"type": "object", "properties": {'é"': {"type": "null"}}, "required": ['é"']}, ('{"é\\"":null}',), ("{}",)),
    (
        {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3},
        ("[1]", "[1, 2, 3]", "[\n  1,\n  2\n]"),
        ("[]", "[1,2,3,4]", "[1 ,2]", "[1,,2]"),
    ),
    ({"type": "array", "maxItems": 0}, ("[]",), ("[1]",)),
    ({"type": "array", "items": False}, ("[]",), ("[1]",)),
    (
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
        ("[]", '["a"]', '["a", 1]'),
        ("[1]", '["a", 1, 2]'),
    ),
    (
        {"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "null"}, "minItems": 2},
        ('["a", null]', '["a",null,null]'),
        ('["a"]', "[null,null]"),
    ),
    (
        {"items": [{"type": "string"}], "additionalItems": {"type": "null"}},
        ('["a", null]', "[]"),
        ("[null]", '["a", 1]'),
    ),
    (TREE, ('{"v":true}', '{"v":true,"kids":[{"v":false,"kids":[]}]}'), ("{}", '{"v":true,"kids":[1]}')),
    (
        EXPRESSION,
        ("1", '{"op": "+", "of": [1, {"op": "+", "of": [2]}]}'),
        ('{"op": "+", "of": []}', '{"op": "-", "of": [1]}'),
    ),
    (
        SHAPES,
        ('{"kind": "dot"}', '{"kind": "disc", "radius": 0.5}'),
        ('{"kind": "disc"}', '{"kind": "dot", "radius": 1}'),
    ),
    ({"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 5}, {"minimum": 4}]}, ("4", "5"), ("3", "6")),
    (
        {
            "allOf": [{"$ref": "#/$defs/a"}, {"properties": {"b": {"type": "null"}}, "required": ["b"]}],
            "$defs": {"a": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}},
        },
        ('{"a":1,"b":null}',),
        ('{"a":1}', '{"b":null}', '{"a":1,"b":1}'),
    ),
    (
        {
            "type": "object",
            "properties": {"a": {"type": "integer"}},
            "anyOf": [{"required": ["a"]}, {"properties": {"b": {"const": 1}}, "required": ["b"]}],
        },
        ('{"a":1}', '{"b":1}', '{"a":1,"b":1}'),
        ("{}", '{"b":2}'),
    ),
    (
        {"oneOf": [{"type": "string"}, {"type": "integer", "minimum": 5}, {"type": "integer", "maximum": 4}]},
        ('"a"', "4", "5"),
        ("1.5",),
    ),
    ({"minimum": 3}, ("3", "3.5"), ("2", '"a"')),
    (
        {"title": "T", "description": "d", "default": 1, "examples": [2], "$comment": "c", "type": "null"},
        ("null",),
        ("1",),
    ),
    ({"$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": {"type": "null"}}}, ("null",), ("1",)),
    ({"$ref": "#/$defs/s", "maxLength": 1, "$defs": {"s": {"type": "string"}}}, ('"a"', '""'), ('"ab"',)),
)
