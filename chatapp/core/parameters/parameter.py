"""What a parameter is: its type, range and texts, and how its values are read, checked and shown."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from chatapp.core.errors import ParameterError
from chatapp.core.parameters.stages import DEFAULT_CHAIN, STAGES, Stage

Value: TypeAlias = float | int | bool | str | tuple[str, ...] | tuple[int, ...] | None
Values: TypeAlias = Mapping[str, Value]
StoredValue: TypeAlias = float | int | bool | str | list[str | int] | None
"""A value as it stands on disk and in frames, where tuples are lists."""
Kind: TypeAlias = Literal["float", "int", "bool", "text", "texts", "ints", "stages"]
Group: TypeAlias = Literal[
    "Sampling", "Cutting", "Shaping", "Steady surprise", "Repetition", "Constraints", "Length", "Prompt"
]
_SHOWN = 60
"""Characters of a bad value."""


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a request can ask.

    `neutral` is the value that changes nothing. `minimum` and `maximum` bound what is accepted, `slider` what a
    slider spans where that is less. `help` is one sentence; `effects` says what low, middle and high values do.
    `stage` names the stage of the chain that reads it, None where the decode loop or the prompt does. `live`
    tells whether it may change while a reply runs. `needs` are the parameters of which at least one must be on for
    this one to matter; `takes_file` tells that a value is long enough to come from a file.
    """

    name: str
    kind: Kind
    group: Group
    help: str
    effects: str = ""
    default: Value = None
    neutral: Value = None
    minimum: float | None = None
    maximum: float | None = None
    slider: tuple[float, float] | None = None
    step: float = 1.0
    logarithmic: bool = False
    stage: Stage | None = None
    live: bool = True
    aliases: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    takes_file: bool = False
    unset: str = ""
    """What happens where there is neither value nor default, in words."""
    metadata_key: str | None = None
    """The GGUF key below `general.sampling.` that carries the model's own wish."""

    @property
    def option(self) -> str:
        """The command-line option."""
        return "--" + self.name.replace("_", "-")

    def is_on(self, value: Value) -> bool:
        """Whether `value` asks for anything."""
        return value is not None and value != self.neutral

    def check(self, value: Value) -> Value:
        """Return `value` in this parameter's type, or raise ParameterError."""
        if value is None:
            return None
        try:
            checked = _CONVERTERS[self.kind](self, value)
        except OverflowError:
            raise self._bad(value) from None
        if isinstance(checked, bool) or not isinstance(checked, int | float):
            return checked
        low, high = self.minimum, self.maximum
        finite = isinstance(checked, int) or math.isfinite(checked)
        if not finite or (low is not None and checked < low) or (high is not None and checked > high):
            raise self._bad(value)
        return checked

    def parse(self, text: str) -> Value:
        """Read a value as it is typed: `0.8`, `40`, `on`, `none` to unset, several texts one a line."""
        stripped = text.strip()
        if stripped.lower() in ("none", "unset", "") and self.kind not in ("text", "texts"):
            return None
        if self.kind == "bool":
            if stripped.lower() in ("on", "true", "yes", "1"):
                return True
            if stripped.lower() in ("off", "false", "no", "0"):
                return False
            raise self._bad(text)
        if self.kind == "text":
            return text if stripped else None
        if self.kind == "texts":
            return tuple(line for line in text.split("\n") if line)
        if self.kind == "stages":
            return self.check(tuple(re.split(r"[,;\s]+", stripped)))
        if self.kind == "ints":
            return self._typed(tuple(int(self._number(part, text)) for part in re.split(r"[,\s]+", stripped)), text)
        return self._typed(self._number(stripped, text), text)

    def show(self, value: Value) -> str:
        """Write `value` as `parse` reads it."""
        if value is None:
            return self.unset or "unset"
        if isinstance(value, bool):
            return "on" if value else "off"
        if self.kind == "stages" and isinstance(value, tuple):
            return ", ".join(map(str, value))
        if isinstance(value, tuple):
            return ", ".join(repr(item) if isinstance(item, str) else str(item) for item in value)
        if isinstance(value, float):
            return f"{value:.4g}"
        return str(value)

    @property
    def range(self) -> str:
        """What values are allowed, in words."""
        if self.kind == "bool":
            return "on or off"
        if self.kind == "text":
            return "a text"
        if self.kind == "texts":
            return "one or more texts"
        if self.kind == "stages":
            return f"stages out of {', '.join(DEFAULT_CHAIN)}"
        whole = "whole numbers" if self.kind in ("int", "ints") else "numbers"
        if self.minimum is not None and self.maximum is not None:
            return f"{whole} from {self.minimum:g} to {self.maximum:.10g}"
        if self.minimum is not None:
            return f"{whole} from {self.minimum:g} up"
        return whole

    def _typed(self, value: Value, text: str) -> Value:
        """Check a value that was read from `text`, which is what an error repeats."""
        try:
            return self.check(value)
        except ParameterError:
            raise self._bad(text) from None

    def _number(self, text: str, whole: str) -> int | float:
        try:
            return float(text) if self.kind == "float" else int(text)
        except ValueError:
            raise self._bad(whole) from None

    def _bad(self, value: object) -> ParameterError:
        return ParameterError(
            f"{self.name} can't be {_as_written(value)}.", hint=f"It takes {self.range}. {self.effects}".rstrip()
        )


def _as_written(value: object) -> str:
    """`value` for an error, as files and people write it."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, list | tuple):
        text = ", ".join(map(str, value))
    else:
        text = str(value).strip()
    if not text:
        return "empty"
    return f"“{text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}”"


def _as_float(parameter: Parameter, value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise parameter._bad(value)
    return float(value)


def _as_int(parameter: Parameter, value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        raise parameter._bad(value)
    return int(value)


def _as_bool(parameter: Parameter, value: Value) -> Value:
    if not isinstance(value, bool):
        raise parameter._bad(value)
    return value


def _as_text(parameter: Parameter, value: Value) -> Value:
    if not isinstance(value, str):
        raise parameter._bad(value)
    return value if value.strip() else None


def _as_texts(parameter: Parameter, value: Value) -> Value:
    items = (value,) if isinstance(value, str) else value
    if not isinstance(items, Sequence) or not all(isinstance(item, str) for item in items):
        raise parameter._bad(value)
    if not all(items):
        raise ParameterError(
            f"{parameter.name} can't hold an empty text.", hint="Take it out; an unset shell variable is empty, too."
        )
    return tuple(str(item) for item in items)


def _as_ints(parameter: Parameter, value: Value) -> Value:
    items = (value,) if isinstance(value, int) else value
    if not isinstance(items, Sequence) or not all(type(item) is int and item >= 0 for item in items):
        raise parameter._bad(value)
    return tuple(int(item) for item in items)


_STAGE_NAMES = {alias: name for name, stage in STAGES.items() for alias in (name, *stage.aliases)}


def _as_stages(parameter: Parameter, value: Value) -> Value:
    named = _as_texts(parameter, value)
    stages: list[Stage] = []
    for text in named if isinstance(named, tuple) else ():
        name = _STAGE_NAMES.get(str(text).lower().replace("-", "_"))
        if name is None:
            raise ParameterError(f"There is no stage “{text}”.", hint=f"{parameter.name} takes {parameter.range}.")
        if not STAGES[name].movable:
            raise ParameterError(f"The stage {name} can't be placed: {_WHY_FIXED[STAGES[name].terminal]}.")
        if name in stages:
            raise ParameterError(f"The stage {name} stands twice in {parameter.name}.", hint="Name each stage once.")
        stages.append(name)
    return tuple(stages)


_WHY_FIXED = {
    True: "it chooses the token, so it always stands last; its own parameters turn it on",
    False: "it always stands first; its own parameters turn it on",
}

_CONVERTERS: dict[Kind, Callable[[Parameter, Value], Value]] = {
    "float": _as_float,
    "int": _as_int,
    "bool": _as_bool,
    "text": _as_text,
    "texts": _as_texts,
    "ints": _as_ints,
    "stages": _as_stages,
}
