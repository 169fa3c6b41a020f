"""JSON Schema: whatever the grammar lets a model write is valid, and valid values in canonical form can be written."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from acceptance import Acceptance
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from schema_cases import CASES, SHAPES, Schema

from chatapp.core.errors import ParameterError
from chatapp.engine.worker.constraints.form import to_grammar


def grammar_of(schema: Schema) -> str:
    return to_grammar({"json_schema": json.dumps(schema)})


def is_valid(schema: Schema, text: str) -> bool:
    """Read as Decimal, in which multipleOf is exact."""
    value = json.loads(text, parse_float=Decimal)
    exact = json.loads(json.dumps(schema), parse_float=Decimal)
    checker = jsonschema.Draft7Validator if _is_old(schema) else jsonschema.Draft202012Validator
    return bool(checker(exact).is_valid(value))


def _is_old(schema: Schema) -> bool:
    return isinstance(schema, dict) and isinstance(schema.get("items"), list)


@pytest.mark.parametrize(("schema", "good", "bad"), CASES)
def test_it_allows_the_good_and_not_the_bad(
    llama_cpp: Acceptance, schema: Schema, good: tuple[str, ...], bad: tuple[str, ...]
) -> None:
    gbnf = grammar_of(schema)
    for text in good:
        assert is_valid(schema, text), text
    assert [text for text in good if not llama_cpp.accepts(gbnf, text)] == []
    assert [text for text in bad if llama_cpp.accepts(gbnf, text)] == []


@pytest.mark.parametrize(("schema", "good", "bad"), CASES)
def test_whatever_a_model_writes_is_valid(
    llama_cpp: Acceptance, schema: Schema, good: tuple[str, ...], bad: tuple[str, ...]
) -> None:
    gbnf = grammar_of(schema)
    texts = [text for seed in range(5) if (text := llama_cpp.written(gbnf, seed)) is not None]
    assert texts
    assert [text for text in texts if not is_valid(schema, text)] == []


def schemas() -> st.SearchStrategy[Schema]:
    """Schemas whose every keyword is enforced."""
    leaves: st.SearchStrategy[Schema] = st.one_of(
        st.builds(_integer, st.integers(-200, 200), st.integers(0, 300), st.sampled_from((None, 3, 10))),
        st.builds(_number, st.decimals(-9, 9, places=2), st.decimals(0, 9, places=1)),
        st.builds(lambda least, more: {"type": "string", "minLength": least, "maxLength": least + more},
                  st.integers(0, 2), st.integers(0, 3)),
        st.sampled_from(({"type": "boolean"}, {"type": "null"}, {"type": "string", "pattern": "^[a-c]{1,3}$"})),
        st.lists(st.one_of(st.integers(-3, 3), st.text("ab\"\\\n", max_size=2), st.none()), min_size=1, max_size=4).map(
            lambda values: {"enum": values}),
    )  # fmt: skip
    return st.recursive(leaves, lambda inner: st.one_of(_objects(inner), _arrays(inner), _choices(inner)), max_leaves=6)


def _integer(low: int, width: int, step: int | None) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": low + width} | ({"multipleOf": step} if step else {})


def _number(low: Decimal, width: Decimal) -> Schema:
    return {"type": "number", "minimum": float(low), "maximum": float(low + width)}


def _objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    names = st.lists(st.sampled_from(("a", "ab", "b", "é", 'q"')), unique=True, min_size=1, max_size=4)
    return names.flatmap(
        lambda chosen: st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.fixed_dictionaries(dict.fromkeys(chosen, inner)),
                "required": st.lists(st.sampled_from(chosen), unique=True),
                "additionalProperties": st.one_of(st.just(False), inner),
            }
        )
    )


def _arrays(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.builds(
        lambda items, first, least, more: {
            "type": "array", "prefixItems": first, "items": items, "minItems": least, "maxItems": least + more
        },
        inner, st.lists(inner, max_size=2), st.integers(0, 2), st.integers(0, 2),
    )  # fmt: skip


def _choices(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches})


@settings(max_examples=80, deadline=None)
@given(schema=schemas(), seed=st.integers(0, 1000))
def test_whatever_is_written_for_any_schema_is_valid(llama_cpp: Acceptance, schema: Schema, seed: int) -> None:
    try:
        gbnf = grammar_of(schema)
    except ParameterError as error:
        assert "nothing that ends" in error.message
        return
    text = llama_cpp.written(gbnf, seed)
    assume(text is not None)
    assert text is not None
    assert is_valid(schema, text), text


@settings(max_examples=80, deadline=None)
@given(schema=schemas(), data=st.data())
def test_values_are_allowed_as_they_are_valid(llama_cpp: Acceptance, schema: Schema, data: st.DataObject) -> None:
    try:
        gbnf = grammar_of(schema)
    except ParameterError:
        assume(False)
    for indent in (None, 2):
        value = data.draw(values_near(schema))
        text, plain = (json.dumps(each, ensure_ascii=False, indent=indent) for each in (value, with_integers(value)))
        # A constant is written as the schema writes it: 0 is not allowed as 0.0, although that is valid.
        allowed = llama_cpp.accepts(gbnf, text) or (text != plain and llama_cpp.accepts(gbnf, plain))
        assert allowed == is_valid(schema, text), text


def with_integers(value: Any) -> Any:
    """`value` with every number that has no fraction written without one."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [with_integers(each) for each in value]
        case dict():
            return {name: with_integers(each) for name, each in value.items()}
        case _:
            return value


def values_near(schema: Schema) -> st.SearchStrategy[Any]:
    """Values of about the form that `schema` wants, some of them valid; keys in the order of declaration."""
    assert isinstance(schema, dict)
    if "enum" in schema:
        return st.one_of(st.sampled_from(schema["enum"]), st.integers(-3, 3))
    if "anyOf" in schema:
        return st.one_of(*(values_near(branch) for branch in schema["anyOf"]))
    match schema["type"]:
        case "integer":
            return st.integers(schema["minimum"] - 3, schema["maximum"] + 3)
        case "number":
            near = st.decimals(Decimal(str(schema["minimum"])) - 1, Decimal(str(schema["maximum"])) + 1, places=3)
            return near.map(float).filter(lambda value: "e" not in str(value) and str(value) != "-0.0")
        case "string":
            return st.text('abcd"\\\n\x01é', max_size=5)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "array":
            return _arrays_near(schema)
    return _objects_near(schema)


def _arrays_near(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    sizes = st.integers(max(0, schema["minItems"] - 1), schema["maxItems"] + 1)
    items = [*schema["prefixItems"], *[schema["items"]] * 6]
    return sizes.flatmap(lambda size: st.tuples(*(values_near(item) for item in items[:size])).map(list))


def _objects_near(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    extra = schema["additionalProperties"]
    parts = {name: st.none() | st.tuples(values_near(part)) for name, part in schema["properties"].items()}
    for name in ("zz", "a b"):
        parts[name] = st.none() | st.tuples(values_near(extra) if extra else st.just(1))
    return st.fixed_dictionaries(parts).map(lambda found: {name: found[name][0] for name in parts if found[name]})


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        ({"not": {"type": "null"}}, "at #, “not”"),
        ({"properties": {"a": {"if": {}, "then": {}}}}, "at #/properties/a, “if”"),
        ({"type": "array", "contains": {}}, "at #, “contains”"),
        ({"type": "array", "uniqueItems": True}, "“uniqueItems”"),
        ({"type": "object", "propertyNames": {"pattern": "a"}}, "“propertyNames”"),
        ({"type": "object", "dependentRequired": {"a": ["b"]}}, "“dependentRequired”"),
        ({"type": "object", "minProperties": 3}, "“minProperties”"),
        ({"type": "object", "properties": {"a": {}}, "unevaluatedProperties": {}}, "“unevaluatedProperties”"),
        ({"type": "object", "patternProperties": {"a": {}}}, "“patternProperties”"),
        ({"items": {"format": "uri"}}, "at #/items, the format “uri”"),
        ({"pattern": "a(?=b)"}, "the pattern at # of json_schema can't be enforced: it has a look-ahead"),
        ({"pattern": "a", "maxLength": 3}, "“pattern” stands together"),
        ({"enum": [1], "minimum": 0}, "“minimum” stands beside a list of values"),
        ({"type": "number", "multipleOf": 1e-20}, "digits behind the point"),
        ({"type": "integer", "multipleOf": 99991}, "rules"),
        ({"type": "number", "minimum": 1e-30}, "digits behind the point"),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "branch 0 and branch 1 of “oneOf”"),
        ({"oneOf": [{"properties": {"a": {}}, "required": ["a"]}, {"required": ["b"]}]}, "“oneOf”"),
        ({"allOf": [{"pattern": "a"}, {"pattern": "b"}]}, "two different “pattern”"),
        ({"minimun": 3}, "the keyword “minimun” is unknown"),
        ({"nullable": True}, "“nullable”"),
        ({"$ref": "https://example.org/schema"}, "leads out of the schema"),
        ({"exclusiveMinimum": True, "minimum": 1}, "exclusiveMinimum"),
        ({"allOf": [{"$ref": "#"}]}, "leads back to itself"),
        ({"$ref": "#"}, "refers to itself|nothing that ends"),
        ({"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "refers to itself"),
        ({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "nothing that ends"),
        ({"type": "string", "maxLength": 2, "minLength": 3}, "nothing that ends"),
        ({"allOf": [{"type": "string"}, {"type": "null"}]}, "nothing that ends"),
        (
            {"type": "object", "properties": {"a": {"minLength": 3, "maxLength": 2}}, "required": ["a"]},
            "nothing that ends can satisfy what stands at #/properties/a",
        ),
        (
            {"$ref": "#/$defs/x", "$defs": {"x": {"type": "array", "items": {"$ref": "#/$defs/x"}, "minItems": 1}}},
            r"nothing that ends can satisfy what stands at #/\$defs/x",
        ),
        (False, "nothing that ends"),
        ({"type": "string", "maxLength": 10**7}, "10,000,000 times"),
    ],
)
def test_what_can_not_be_enforced_is_named_with_its_place(schema: Schema, named: str) -> None:
    with pytest.raises(ParameterError, match=named) as caught:
        grammar_of(schema)
    assert "can't be enforced" in caught.value.message


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "line 1, column 2"),
        ("[1]", "neither an object nor a boolean"),
        ('{"type": "text"}', "at #, “type” names “text”, which is no type"),
        ('{"items": {"type": ["null", null]}}', "at #/items, “type” names something that is no text"),
        ('{"type": []}', "“type” is empty"),
        ('{"minLength": -1}', "is no count"),
        ('{"minimum": "3"}', "is no number"),
        ('{"minimum": NaN}', "no number of JSON"),
        ('{"properties": [1]}', "is no object"),
        ('{"items": 3}', "no schema"),
        ('{"anyOf": []}', "no list of schemas"),
        ('{"required": "a"}', "no list of texts"),
        ('{"$ref": "#/$defs/x"}', "names nothing"),
        ('{"pattern": 3}', "is no text"),
        ('{"multipleOf": 0}', "not above 0"),
        ('{"enum": 3}', "is no list"),
    ],
)
def test_what_is_no_schema_is_said_to_be_none(text: str, named: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(named)):
        to_grammar({"json_schema": text})


def test_a_discriminator_finds_the_branch_that_is_wrong(llama_cpp: Acceptance) -> None:
    gbnf = grammar_of(SHAPES)
    assert llama_cpp.accepts(gbnf, '{"kind": "disc", "radius": 2}')
    assert not llama_cpp.accepts(gbnf, '{"kind": "dot", "radius": 2}')
