"""What the values of several parameters mean for each other: contradictions, and what makes what moot."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import cast

from chatapp.core.errors import ParameterError
from chatapp.core.parameters.declaration import Value
from chatapp.core.parameters.parameter import Parameter
from chatapp.core.parameters.registry import PARAMETERS
from chatapp.core.parameters.stages import STAGES, Stage

FORMS = ("grammar", "json_value", "json_schema", "regex", "choices")
"""The parameters that say what the whole answer must be; one of them at most."""
_WORDS = ("choices", "required_words", "forbidden_words")
_NEED_AN_END = ("min_new_tokens", "exponential_decay_start", "exponential_decay_factor")


def check_agreement(values: Mapping[str, Value]) -> None:
    """Raise ParameterError where two values contradict each other."""
    on = {name for name, value in values.items() if PARAMETERS[name].is_on(value)}
    if forms := [name for name in FORMS if name in on][:2]:
        _refuse_two(forms, "both say what the whole answer must be")
    _refuse_two([name for name in ("mirostat", "adaptive_target") if name in on], "both choose the token")
    shortest, longest = cast(int, values["min_new_tokens"]), cast("int | None", values["max_new_tokens"])
    if longest is not None and shortest > longest:
        raise ParameterError(
            f"min_new_tokens is {shortest:,} and max_new_tokens {longest:,}.", hint="Lower the one or raise the other."
        )
    forbidden = {word.casefold().strip() for word in cast("tuple[str, ...]", values["forbidden_words"] or ())}
    for word in cast("tuple[str, ...]", values["required_words"] or ()):
        if word.casefold().strip() in forbidden:
            raise ParameterError(f"“{word}” is both required and forbidden.", hint="Take it out of one of the lists.")
    _check_choices(*(cast("tuple[str, ...]", values[name] or ()) for name in _WORDS))


def _check_choices(choices: Sequence[str], required: Sequence[str], forbidden: Sequence[str]) -> None:
    """Raise ParameterError where the words leave no choice."""
    left = choices
    for word in required:
        if left and not (left := [text for text in left if _holds(text, word)]):
            raise ParameterError(
                f"“{word}” is required, and none of the choices {'with the other words ' * (word != required[0])}"
                "holds it.",
                hint="Take it out of required_words, or write it into a choice.",
            )
    for word in forbidden:
        if left and not (left := [text for text in left if not _holds(text, word)]):
            raise ParameterError(
                f"The forbidden words leave no choice: “{word}” stands in the last of them.",
                hint="Take it out of forbidden_words, or add a choice without it.",
            )


def _holds(text: str, phrase: str) -> bool:
    """Whether `text` holds `phrase` where it stands alone, whatever its case and spacing."""
    words = phrase.split()
    if not words:
        return False
    before = r"(?<!\w)" if re.match(r"\w", words[0]) else ""
    behind = r"(?!\w)" if re.search(r"\w$", words[-1]) else ""
    return re.search(before + r"\s+".join(map(re.escape, words)) + behind, text, re.IGNORECASE) is not None


def moot(name: str, values: Mapping[str, Value]) -> str:
    """Why the value of `name` has no effect beside the others, empty where it has."""
    declared = PARAMETERS[name]
    if not declared.is_on(values[name]):
        return ""
    if declared.needs and not any(PARAMETERS[other].is_on(values[other]) for other in declared.needs):
        return _without(declared)
    if values["ignore_eos"] and name in _NEED_AN_END:
        return "ignore_eos is on, so the reply never ends by itself"
    return _moot_in_chain(declared, values)


def _moot_in_chain(declared: Parameter, values: Mapping[str, Value]) -> str:
    stage = declared.stage
    chain = cast("tuple[Stage, ...]", values["samplers"])
    greedy = values["temperature"] == 0
    is_left_out = stage is not None and STAGES[stage].movable and stage not in chain
    if is_left_out and not (greedy and declared.name == "temperature"):
        return f"samplers leaves the stage {stage} out"
    draws = declared.name == "seed" or (stage is not None and not STAGES[stage].reorders)
    if not draws:
        return ""
    if greedy and declared.name != "temperature":
        return "temperature is 0, so the likeliest token is always taken"
    if values["top_k"] == 1 and "top_k" in chain and declared.name != "top_k":
        return "top_k is 1, so the likeliest token is always taken"
    return ""


def _without(declared: Parameter) -> str:
    if len(declared.needs) == 1:
        needed = PARAMETERS[declared.needs[0]]
        return f"{needed.name} is {needed.show(needed.neutral)}"
    return f"none of {', '.join(declared.needs)} is on"


def _refuse_two(names: list[str], why: str) -> None:
    if len(names) > 1:
        raise ParameterError(f"{names[0]} and {names[1]} can't be set together: {why}.", hint="Unset one of them.")
