"""The parameters that say what the whole answer must be, as one grammar."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from chatapp.core.errors import ParameterError
from chatapp.core.parameters import FORMS, PARAMETERS, StoredValue, Value
from chatapp.engine.worker.constraints.choices import one_of
from chatapp.engine.worker.constraints.expression import Expression
from chatapp.engine.worker.constraints.gbnf import NATIVE_REPETITIONS, QUOTED, Rules, Unwritable
from chatapp.engine.worker.constraints.json_text import JsonRules
from chatapp.engine.worker.constraints.regex import whole
from chatapp.engine.worker.constraints.schema import schema_expression

MOST_CHARACTERS = 4_000_000


def form_of(values: Mapping[str, Value] | Mapping[str, StoredValue]) -> str:
    """The one parameter among `values` that says what the answer must be, empty where none does."""
    for name in FORMS:
        value = values.get(name)
        if PARAMETERS[name].is_on(tuple(value) if isinstance(value, list) else value):  # type: ignore[arg-type]
            return name
    return ""


def to_grammar(values: Mapping[str, Value] | Mapping[str, StoredValue]) -> str:
    """The GBNF of what `values` ask of the whole answer, empty where they ask nothing.

    Raise ParameterError for what can't be enforced. A grammar that is given as such is not looked at.
    """
    name = form_of(values)
    if not name:
        return ""
    value = values[name]
    check_texts(name, value)
    if name == "grammar":
        _check_counts(str(value))
        return str(value)
    rules = Rules()
    try:
        return rules.write(_expression(name, value, rules))
    except Unwritable as error:
        raise ParameterError(f"{name} can't be enforced: {error}.") from None
    except RecursionError:
        raise ParameterError(f"{name} can't be enforced: it nests too deep.") from None


def check_texts(name: str, value: Value | StoredValue, prefix: str = "") -> None:
    """Raise ParameterError where a text of `value` or `prefix` can't be written at all."""
    texts = _texts(value)
    for text, what in ((prefix, "The beginning of the answer"), *((text, name) for text in texts)):
        if "\0" in text:
            raise ParameterError(f"{what} holds the character NUL, which no answer can hold.")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ParameterError(
                f"{what} holds half of a surrogate pair, which is no character, at character {error.start + 1}."
            ) from None
    if sum(map(len, texts)) > MOST_CHARACTERS:
        raise ParameterError(f"{name} is longer than {MOST_CHARACTERS:,} characters.")


def _expression(name: str, value: Value | StoredValue, rules: Rules) -> Expression:
    match name:
        case "json_value":
            return JsonRules(rules).value
        case "json_schema":
            return schema_expression(str(value), rules)
        case "regex":
            return whole(str(value), rules)
    return one_of(_texts(value), rules)


def _texts(value: Value | StoredValue) -> list[str]:
    items = [value] if isinstance(value, str) else value if isinstance(value, Sequence) else []
    return [item for item in items if isinstance(item, str)]


def _check_counts(grammar: str) -> None:
    """Raise ParameterError for a repetition that llama.cpp would not count."""
    for match in _COUNT.finditer(QUOTED.sub(lambda quoted: " " * len(quoted[0]), grammar)):
        if int(match[1]) > NATIVE_REPETITIONS:
            line = grammar.count("\n", 0, match.start()) + 1
            raise ParameterError(
                f"grammar can't be enforced: in line {line}, something is repeated up to {int(match[1]):,} times, and "
                f"llama.cpp counts to {NATIVE_REPETITIONS:,} only.",
                hint="Use a smaller number, or * for any.",
            )


_COUNT = re.compile(r"\{[\s\d]*,\s*(\d{1,99})\s*\}")
