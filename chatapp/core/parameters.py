"""The one registry of generation parameters.

Each parameter is declared once in `PARAMETERS`. Command-line options, the inspector's rows, presets,
validation, documentation, the cache key and the record of a reply derive from that declaration.
A sampler is added by declaring its parameters here and its stage in `engine/worker/sampling`.

A value is *unset* (absent from a mapping) or explicit. `resolve` lays the explicit layers over the defaults
and says where each value came from and what another value makes moot.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from chatapp.core.errors import NotFound, ParameterError

Value: TypeAlias = float | int | bool | str | tuple[str, ...] | tuple[int, ...] | None
Values: TypeAlias = Mapping[str, Value]
StoredValue: TypeAlias = float | int | bool | str | list[str | int] | None
"""A value as it stands on disk and in frames, where tuples are lists."""
Kind: TypeAlias = Literal["float", "int", "bool", "texts", "ints"]
Source: TypeAlias = Literal["edit", "preset", "model", "family", "default"]
Group: TypeAlias = Literal["Sampling", "Repetition", "Length", "Prompt"]

Stage: TypeAlias = Literal["penalties", "top_k", "typical_p", "top_p", "min_p", "temperature"]
DEFAULT_CHAIN: tuple[Stage, ...] = ("penalties", "top_k", "typical_p", "top_p", "min_p", "temperature")
"""The order in which stages see the candidates; llama.cpp's own default order."""


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a request can ask.

    `neutral` is the value that changes nothing. `minimum` and `maximum` bound what is accepted, `slider` what a
    slider spans where that is less. `help` is one sentence; `effects` says what low, middle and high values do.
    `stage` names the stage of the chain that reads it, None where the decode loop or the prompt does. `live`
    tells whether it may change while a reply runs.
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
    unset: str = ""
    """What happens where there is neither value nor default, in words."""
    metadata_key: str | None = None
    """The GGUF key below `general.sampling.` that carries the model's own wish."""

    @property
    def option(self) -> str:
        """The command-line option."""
        return "--" + self.name.replace("_", "-")

    def check(self, value: Value) -> Value:
        """Return `value` in this parameter's type, or raise ParameterError."""
        if value is None:
            return None
        checked = _CONVERTERS[self.kind](self, value)
        if isinstance(checked, bool) or not isinstance(checked, int | float):
            return checked
        low, high = self.minimum, self.maximum
        if not math.isfinite(checked) or (low is not None and checked < low) or (high is not None and checked > high):
            raise self._bad(value)
        return checked

    def parse(self, text: str) -> Value:
        """Read a value as it is typed: `0.8`, `40`, `on`, `none` to unset, several texts one a line."""
        stripped = text.strip()
        if stripped.lower() in ("none", "unset", "") and self.kind != "texts":
            return None
        if self.kind == "bool":
            if stripped.lower() in ("on", "true", "yes", "1"):
                return True
            if stripped.lower() in ("off", "false", "no", "0"):
                return False
            raise self._bad(text)
        if self.kind == "texts":
            return tuple(line for line in text.split("\n") if line)
        if self.kind == "ints":
            return self.check(tuple(int(self._number(part, text)) for part in re.split(r"[,\s]+", stripped)))
        return self.check(self._number(stripped, text))

    def show(self, value: Value) -> str:
        """Write `value` as `parse` reads it."""
        if value is None:
            return self.unset or "unset"
        if isinstance(value, bool):
            return "on" if value else "off"
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
        if self.kind == "texts":
            return "one or more texts"
        whole = "whole numbers" if self.kind in ("int", "ints") else "numbers"
        if self.minimum is not None and self.maximum is not None:
            return f"{whole} from {self.minimum:g} to {self.maximum:.10g}"
        if self.minimum is not None:
            return f"{whole} from {self.minimum:g} up"
        return whole

    def _number(self, text: str, whole: str) -> int | float:
        try:
            return float(text) if self.kind == "float" else int(text)
        except ValueError:
            raise self._bad(whole) from None

    def _bad(self, value: object) -> ParameterError:
        return ParameterError(
            f"{self.name} can't be {value!r}.", hint=f"It takes {self.range}. {self.effects}".rstrip()
        )


def _as_float(parameter: Parameter, value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise parameter._bad(value)
    return float(value)


def _as_int(parameter: Parameter, value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise parameter._bad(value)
    return int(value)


def _as_bool(parameter: Parameter, value: Value) -> Value:
    if not isinstance(value, bool):
        raise parameter._bad(value)
    return value


def _as_texts(parameter: Parameter, value: Value) -> Value:
    items = (value,) if isinstance(value, str) else value
    if not isinstance(items, Sequence) or not all(isinstance(item, str) and item for item in items):
        raise parameter._bad(value)
    return tuple(str(item) for item in items)


def _as_ints(parameter: Parameter, value: Value) -> Value:
    items = (value,) if isinstance(value, int) else value
    if not isinstance(items, Sequence) or not all(type(item) is int and item >= 0 for item in items):
        raise parameter._bad(value)
    return tuple(int(item) for item in items)


_CONVERTERS: dict[Kind, Callable[[Parameter, Value], Value]] = {
    "float": _as_float,
    "int": _as_int,
    "bool": _as_bool,
    "texts": _as_texts,
    "ints": _as_ints,
}

_DECLARED = (
    Parameter(
        name="temperature",
        kind="float",
        group="Sampling",
        help="How bold the choice of tokens is: the logits are divided by it before one is drawn.",
        effects="0 always takes the likeliest token (greedy); 0.2–0.6 is sober and repeatable; 0.7–1.0 is lively; "
        "above 1.3 the text gets wild and loses its thread.",
        default=0.8,
        neutral=1.0,
        minimum=0.0,
        maximum=100.0,
        slider=(0.0, 2.0),
        step=0.05,
        stage="temperature",
        metadata_key="temp",
    ),
    Parameter(
        name="top_k",
        kind="int",
        group="Sampling",
        help="Only the k likeliest tokens stay candidates; 0 keeps all.",
        effects="1 is greedy; 10–40 is focused; 50–100 is varied; very high or 0 lets unlikely tokens in, and with "
        "them made-up facts (hallucination), where top_p or min_p do not cut them.",
        default=50,
        neutral=0,
        minimum=0,
        maximum=10_000_000,
        slider=(0, 200),
        step=1,
        stage="top_k",
        metadata_key="top_k",
    ),
    Parameter(
        name="top_p",
        kind="float",
        group="Sampling",
        help="Nucleus sampling: the smallest set of tokens whose probabilities add up to p stays "
        "(Holtzman et al. 2019).",
        effects="0.5–0.8 is careful; 0.9–0.95 is usual; 1 turns it off.",
        default=0.9,
        neutral=1.0,
        minimum=0.0,
        maximum=1.0,
        step=0.01,
        stage="top_p",
        metadata_key="top_p",
    ),
    Parameter(
        name="min_p",
        kind="float",
        group="Sampling",
        help="Tokens less likely than this share of the likeliest token's probability are dropped "
        "(Nguyen et al. 2024).",
        effects="0 turns it off; 0.02–0.1 prunes nonsense and stands up to high temperatures; 0.2 and more is strict.",
        default=0.0,
        neutral=0.0,
        minimum=0.0,
        maximum=1.0,
        step=0.01,
        stage="min_p",
        metadata_key="min_p",
    ),
    Parameter(
        name="typical_p",
        kind="float",
        group="Sampling",
        help="Locally typical sampling: tokens whose surprise is nearest to the expected one stay, until their "
        "probabilities add up to p (Meister et al. 2022).",
        effects="0.2–0.5 is plain; 0.9–0.95 is mild; 1 turns it off.",
        default=1.0,
        neutral=1.0,
        minimum=0.0,
        maximum=1.0,
        step=0.01,
        stage="typical_p",
    ),
    Parameter(
        name="seed",
        kind="int",
        group="Sampling",
        help="Starts the dice. Unset, one is drawn for each reply; the one used is stored with the reply.",
        effects="The same model, prompt, settings and seed draw the same tokens, except at near ties.",
        minimum=0,
        maximum=4_294_967_294,
        live=False,
        unset="drawn",
    ),
    Parameter(
        name="repeat_penalty",
        kind="float",
        group="Repetition",
        help="Tokens seen among the last repeat_last_n have positive logits divided and negative ones multiplied by "
        "this (Keskar et al. 2019; llama.cpp's, which looks at the last n tokens and not at the whole context as "
        "Hugging Face's repetition_penalty does).",
        effects="1 turns it off; 1.05–1.15 calms loops; above 1.3 grammar and names suffer.",
        default=1.0,
        neutral=1.0,
        minimum=0.01,
        maximum=10.0,
        slider=(1.0, 1.5),
        step=0.01,
        stage="penalties",
        aliases=("repetition_penalty",),
        metadata_key="penalty_repeat",
    ),
    Parameter(
        name="repeat_last_n",
        kind="int",
        group="Repetition",
        help="How many of the last tokens, prompt included, the three penalties look at; 0 turns them off, "
        "-1 looks at the whole context.",
        effects="32–64 stops stutter; 256 and more also stops whole sentences from coming back.",
        default=64,
        neutral=0,
        minimum=-1,
        maximum=10_000_000,
        slider=(0, 512),
        step=8,
        stage="penalties",
        metadata_key="penalty_last_n",
    ),
    Parameter(
        name="frequency_penalty",
        kind="float",
        group="Repetition",
        help="Taken from a token's logit for each time that it stands among the last repeat_last_n.",
        effects="0 turns it off; 0.1–0.5 varies the words; above 1 common words run out; below 0 repetition is wished.",
        default=0.0,
        neutral=0.0,
        minimum=-10.0,
        maximum=10.0,
        slider=(-2.0, 2.0),
        step=0.05,
        stage="penalties",
    ),
    Parameter(
        name="presence_penalty",
        kind="float",
        group="Repetition",
        help="Taken once from the logit of every token that stands among the last repeat_last_n.",
        effects="0 turns it off; 0.2–1 leads to new subjects; above 1.5 the text wanders; below 0 it stays put.",
        default=0.0,
        neutral=0.0,
        minimum=-10.0,
        maximum=10.0,
        slider=(-2.0, 2.0),
        step=0.05,
        stage="penalties",
    ),
    Parameter(
        name="max_new_tokens",
        kind="int",
        group="Length",
        help="The reply is cut after this many tokens. It cuts, it does not make the model concise: ask for a short "
        "answer in the prompt for that.",
        effects="Unset, a reply ends by itself, at its stop text or at the end of the context.",
        minimum=1,
        maximum=10_000_000,
        slider=(1, 4096),
        logarithmic=True,
        aliases=("max_tokens",),
        unset="no limit",
    ),
    Parameter(
        name="max_length",
        kind="int",
        group="Length",
        help="Prompt and reply together are cut at this many tokens; with max_new_tokens the stricter wins.",
        effects="Unset, the context size is the limit.",
        minimum=1,
        maximum=10_000_000,
        slider=(16, 32768),
        logarithmic=True,
        unset="the context",
    ),
    Parameter(
        name="stop",
        kind="texts",
        group="Length",
        help="The reply ends where one of these texts appears in the answer; the text itself is removed.",
        effects="Several may be given. Reasoning is not searched.",
        unset="none",
    ),
    Parameter(
        name="stop_token_ids",
        kind="ints",
        group="Length",
        help="The reply ends at one of these token ids, beside the model's own.",
        effects="`chatapp prompts render` shows token ids.",
        unset="the model's own",
    ),
    Parameter(
        name="ignore_eos",
        kind="bool",
        group="Length",
        help="The model's own end-of-reply tokens are never drawn, so the reply runs to a limit.",
        effects="For measuring and for base models; chats ramble with it.",
        default=False,
        neutral=False,
    ),
    Parameter(
        name="add_bos",
        kind="bool",
        group="Prompt",
        help="Whether the prompt begins with the beginning-of-sequence token. It is never doubled.",
        effects="Unset, the model's own metadata decide, which is right for nearly all.",
        live=False,
        unset="as the model says",
    ),
)

PARAMETERS: dict[str, Parameter] = {parameter.name: parameter for parameter in _DECLARED}
"""Every parameter by name, in the order in which people see them."""

_ALIASES = {alias: parameter.name for parameter in _DECLARED for alias in parameter.aliases}


def parameter(name: str) -> Parameter:
    """Find a parameter by name, alias or option spelling; raise NotFound with near names."""
    plain = name.removeprefix("--").replace("-", "_").lower()
    plain = _ALIASES.get(plain, plain)
    found = PARAMETERS.get(plain)
    if found is None:
        raise NotFound.among("parameter", name, PARAMETERS)
    return found


def check(values: Values) -> dict[str, Value]:
    """Return `values` under canonical names and in canonical types; raise ParameterError or NotFound."""
    checked: dict[str, Value] = {}
    for name, value in values.items():
        declared = parameter(name)
        converted = declared.check(value)
        if converted is not None:
            checked[declared.name] = converted
    return checked


class Setting(msgspec.Struct, frozen=True):
    """The value in force of one parameter, where it came from, and why it has no effect if it has none."""

    name: str
    value: StoredValue
    source: Source
    moot: str = ""

    @property
    def plain(self) -> Value:
        """The value with lists as tuples, as `Parameter.check` returns it."""
        return tuple(self.value) if isinstance(self.value, list) else self.value  # type: ignore[return-value]


class Resolution(msgspec.Struct, frozen=True):
    """Every parameter's value in force, in registry order."""

    settings: tuple[Setting, ...]

    def __getitem__(self, name: str) -> Value:
        """The value in force of `name`."""
        return self.setting(name).plain

    def setting(self, name: str) -> Setting:
        """The setting of `name`; raise KeyError where it is unknown."""
        for setting in self.settings:
            if setting.name == name:
                return setting
        raise KeyError(name)

    @property
    def values(self) -> dict[str, Value]:
        """All values in force by name."""
        return {setting.name: setting.plain for setting in self.settings}


def resolve(
    *, edits: Values, preset: Values | None = None, model: Values | None = None, family: Values | None = None
) -> Resolution:
    """Lay the layers over the defaults: edit > preset > model > family > default."""
    layers: tuple[tuple[Source, Values], ...] = (
        ("edit", check(edits)),
        ("preset", check(preset or {})),
        ("model", check(model or {})),
        ("family", check(family or {})),
    )
    chosen: dict[str, tuple[Value, Source]] = {}
    for name, declared in PARAMETERS.items():
        chosen[name] = next(
            ((layer[name], source) for source, layer in layers if name in layer), (declared.default, "default")
        )
    values = {name: value for name, (value, _) in chosen.items()}
    return Resolution(
        tuple(
            Setting(name, list(value) if isinstance(value, tuple) else value, source, _moot(name, values))
            for name, (value, source) in chosen.items()
        )
    )


def _moot(name: str, values: Mapping[str, Value]) -> str:
    """Why the value of `name` has no effect beside the others, empty where it has."""
    declared = PARAMETERS[name]
    value = values[name]
    if value is None or value == declared.neutral:
        return ""
    greedy = values["temperature"] == 0
    if greedy and name in ("top_k", "top_p", "min_p", "typical_p", "seed"):
        return "temperature is 0, so the likeliest token is always taken"
    if values["top_k"] == 1 and name in ("temperature", "top_p", "min_p", "typical_p", "seed"):
        return "top_k is 1, so the likeliest token is always taken"
    penalties = ("repeat_penalty", "frequency_penalty", "presence_penalty")
    if name in penalties and values["repeat_last_n"] == 0:
        return "repeat_last_n is 0, so no penalty looks at anything"
    if name == "repeat_last_n" and all(values[other] == PARAMETERS[other].neutral for other in penalties):
        return "no penalty is on"
    return ""
