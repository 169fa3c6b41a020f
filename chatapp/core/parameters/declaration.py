"""How a value that people set is declared, read, checked and shown, whatever it is for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from chatapp.core.errors import ParameterError
from chatapp.core.parameters.stages import DEFAULT_CHAIN, STAGES, Stage

Value: TypeAlias = float | int | bool | str | tuple[str, ...] | tuple[int, ...] | tuple[float, ...] | None
Values: TypeAlias = Mapping[str, Value]
StoredValue: TypeAlias = float | int | bool | str | list[str | int | float] | None
"""A value as it stands on disk and in frames, where tuples are lists."""
Kind: TypeAlias = Literal["float", "int", "bool", "choice", "text", "texts", "ints", "floats", "stages"]
ON, OFF = ("on", "true", "yes", "1"), ("off", "false", "no", "0")
_SHOWN = 60
"""Characters of a bad value."""


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """A value that people set: its type, range and texts.

    `minimum` and `maximum` bound what is accepted. `help` is one sentence; `effects` says what low, middle and high
    values do. `choices` are the texts that a choice takes, `words` stand for numbers, which may lie outside the
    bounds. `takes_file` tells that a value is long enough to come from a file.
    """

    name: str
    kind: Kind
    help: str
    effects: str = ""
    default: Value = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    words: dict[str, int] = {}
    aliases: tuple[str, ...] = ()
    takes_file: bool = False
    unset: str = ""
    """What happens where there is neither value nor default, in words."""

    @property
    def option(self) -> str:
        """The command-line option."""
        return "--" + self.name.replace("_", "-")

    def check(self, value: Value) -> Value:
        """Return `value` in this declaration's type, or raise ParameterError."""
        if value is None:
            return None
        try:
            checked = _CONVERTERS[self.kind](self, value)
        except OverflowError:
            raise self._bad(value) from None
        if isinstance(checked, bool) or not isinstance(checked, int | float) or checked in self.words.values():
            return checked
        low, high = self.minimum, self.maximum
        finite = isinstance(checked, int) or math.isfinite(checked)
        if not finite or (low is not None and checked < low) or (high is not None and checked > high):
            raise self._bad(value)
        return checked

    def parse(self, text: str) -> Value:
        """Read a value as it is typed: `0.8`, `40`, `on`, `none` to unset, several texts one a line."""
        stripped = text.strip()
        if self.kind == "choice" and stripped:
            return self._typed(stripped.lower(), text)
        if stripped.lower() in ("none", "unset", "") and self.kind not in ("text", "texts"):
            return None
        if self.kind == "bool":
            return self._switch(stripped, text)
        if self.kind == "text":
            return text if stripped else None
        if self.kind == "texts":
            return tuple(line for line in text.split("\n") if line)
        if self.kind == "stages":
            return self.check(tuple(re.split(r"[,;\s]+", stripped)))
        if self.kind in ("ints", "floats"):
            return self._typed(tuple(self._number(part, text) for part in re.split(r"[,\s]+", stripped)), text)
        return self._typed(self._number(stripped, text), text)

    def show(self, value: Value) -> str:
        """Write `value` as `parse` reads it."""
        if value is None:
            return self.unset or "unset"
        if isinstance(value, bool):
            return "on" if value else "off"
        if word := next((word for word, number in self.words.items() if number == value), ""):
            return word
        if self.kind == "stages" and isinstance(value, tuple):
            return ", ".join(map(str, value))
        if isinstance(value, tuple):
            return ", ".join(repr(item) if isinstance(item, str) else f"{item:.10g}" for item in value)
        if isinstance(value, float):
            return f"{value:.4g}"
        return str(value)

    @property
    def range(self) -> str:
        """What values are allowed, in words."""
        if self.kind == "bool":
            return "on or off"
        if self.kind == "choice":
            return " or ".join(self.choices)
        if self.kind == "text":
            return "a text"
        if self.kind == "texts":
            return "one or more texts"
        if self.kind == "stages":
            return f"stages out of {', '.join(DEFAULT_CHAIN)}"
        numbers = "whole numbers" if self.kind in ("int", "ints") else "numbers"
        if self.minimum is not None and self.maximum is not None:
            numbers += f" from {self.minimum:g} to {self.maximum:.10g}"
        elif self.minimum is not None:
            numbers += f" from {self.minimum:g} up"
        return ", or ".join((numbers, *self.words))

    def _switch(self, stripped: str, text: str) -> bool:
        if stripped.lower() in ON + OFF:
            return stripped.lower() in ON
        raise self._bad(text)

    def _typed(self, value: Value, text: str) -> Value:
        """Check a value that was read from `text`, which is what an error repeats."""
        try:
            return self.check(value)
        except ParameterError:
            raise self._bad(text) from None

    def _number(self, text: str, whole: str) -> int | float:
        if text.lower() in self.words:
            return self.words[text.lower()]
        try:
            return float(text) if self.kind in ("float", "floats") else int(text)
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


def _as_float(declared: Declaration, value: Value) -> Value:
    if isinstance(value, str) and value in declared.words:
        return float(declared.words[value])
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise declared._bad(value)
    return float(value)


def _as_int(declared: Declaration, value: Value) -> Value:
    if isinstance(value, str) and value in declared.words:
        return declared.words[value]
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        raise declared._bad(value)
    return int(value)


def _as_bool(declared: Declaration, value: Value) -> Value:
    if not isinstance(value, bool):
        raise declared._bad(value)
    return value


def _as_choice(declared: Declaration, value: Value) -> Value:
    """One of the choices; where on and off are among them, a switch is taken for them."""
    if isinstance(value, bool) or (isinstance(value, str) and value in ON + OFF and value not in declared.choices):
        value = "on" if value in (True, *ON) else "off"
    if value not in declared.choices:
        raise declared._bad(value)
    return value


def _as_text(declared: Declaration, value: Value) -> Value:
    if not isinstance(value, str):
        raise declared._bad(value)
    return value if value.strip() else None


def _as_texts(declared: Declaration, value: Value) -> Value:
    items = (value,) if isinstance(value, str) else value
    if not isinstance(items, Sequence) or not all(isinstance(item, str) for item in items):
        raise declared._bad(value)
    if not all(items):
        raise ParameterError(
            f"{declared.name} can't hold an empty text.", hint="Take it out; an unset shell variable is empty, too."
        )
    return tuple(str(item) for item in items)


def _as_ints(declared: Declaration, value: Value) -> Value:
    items = (value,) if isinstance(value, int) else value
    if not isinstance(items, Sequence) or not all(type(item) is int and item >= 0 for item in items):
        raise declared._bad(value)
    return tuple(int(item) for item in items)


def _as_floats(declared: Declaration, value: Value) -> Value:
    items = (value,) if isinstance(value, int | float) else value
    if isinstance(items, str) or not isinstance(items, Sequence):
        raise declared._bad(value)
    numbers = [float(item) for item in items if type(item) in (int, float)]
    if len(numbers) < len(items) or not all(0 <= number < math.inf for number in numbers):
        raise declared._bad(value)
    return tuple(numbers)


_STAGE_NAMES = {alias: name for name, stage in STAGES.items() for alias in (name, *stage.aliases)}


def _as_stages(declared: Declaration, value: Value) -> Value:
    named = _as_texts(declared, value)
    stages: list[Stage] = []
    for text in named if isinstance(named, tuple) else ():
        name = _STAGE_NAMES.get(str(text).lower().replace("-", "_"))
        if name is None:
            raise ParameterError(f"There is no stage “{text}”.", hint=f"{declared.name} takes {declared.range}.")
        if not STAGES[name].movable:
            raise ParameterError(f"The stage {name} can't be placed: {_WHY_FIXED[STAGES[name].terminal]}.")
        if name in stages:
            raise ParameterError(f"The stage {name} stands twice in {declared.name}.", hint="Name each stage once.")
        stages.append(name)
    return tuple(stages)


_WHY_FIXED = {
    True: "it chooses the token, so it always stands last; its own parameters turn it on",
    False: "it always stands first; its own parameters turn it on",
}

_CONVERTERS: dict[Kind, Callable[[Declaration, Value], Value]] = {
    "float": _as_float,
    "int": _as_int,
    "bool": _as_bool,
    "choice": _as_choice,
    "text": _as_text,
    "texts": _as_texts,
    "ints": _as_ints,
    "floats": _as_floats,
    "stages": _as_stages,
}
