"""Which parameters make which stage.

A stage is declared in `core/parameters`, with its name and its parameters, and made here; all else derives from that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from chatapp.core.errors import ParameterError
from chatapp.core.parameters import PARAMETERS, Value
from chatapp.core.parameters import Stage as StageName
from chatapp.engine.worker import llama
from chatapp.engine.worker.llama import Candidates, Vocabulary
from chatapp.engine.worker.sampling.cutting import EpsilonCutoff, EtaCutoff, TailFree, TopA, TopK, TypicalP
from chatapp.engine.worker.sampling.repeating import EncoderRepetition, ExponentialDecay, NoRepeatNgram
from chatapp.engine.worker.sampling.shaping import LogitBias, Smoothing
from chatapp.engine.worker.sampling.tokens import read_biases


class Stage(Protocol):
    """Narrows or reshapes the candidates, and learns which token was chosen."""

    def apply(self, candidates: Candidates) -> None:
        """Change `candidates` in place."""
        ...

    def accept(self, token: int) -> None:
        """Learn that `token` was chosen."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


@dataclass(frozen=True)
class Setting:
    """What a stage is built from.

    `values` are those in force, `prompt` the tokens before the reply, `written` how many of the reply there are,
    `seed` the request's.
    """

    values: Mapping[str, Value]
    vocabulary: Vocabulary
    context_size: int
    seed: int
    prompt: Sequence[int]
    written: int
    end_tokens: Sequence[int]

    def number(self, name: str) -> float:
        """The value of a float parameter."""
        return float(cast(float, self.values[name]))

    def count(self, name: str) -> int:
        """The value of an int parameter."""
        return int(cast(int, self.values[name]))

    def window(self, name: str) -> int:
        """How many of the last tokens to look at: -1 asks for the whole context, which llama.cpp reads as off."""
        asked = self.count(name)
        return self.context_size if asked < 0 else asked

    def dice(self, stage: StageName) -> int:
        """A seed for a stage that draws by itself.

        Derived from the request's, so that no two draw alike, and from the place in the reply, so that a stage that
        is replaced does not begin its draws anew.
        """
        return (self.seed + _DICE[stage] * 0x9E37_79B1 + self.written * 0x85EB_CA6B) % 0xFFFF_FFFF


_LONGEST_BREAKER = 40
_MOST_BREAKER_LOOKS = 4_000_000
"""llama.cpp looks for every breaker in every token, up to a microsecond each; more would hold up all replies."""
_DICE: dict[StageName, int] = {"xtc": 1, "mirostat": 2, "adaptive_p": 3}


@dataclass(frozen=True)
class Recipe:
    """How a stage is made: `build` returns None where its parameters are neutral.

    `remembers` tells that the stage keeps accepted tokens, so that a new one is shown the past.
    """

    build: Callable[[Setting], Stage | None]
    remembers: bool = False


def _exponential_decay(setting: Setting) -> Stage | None:
    factor, start = setting.number("exponential_decay_factor"), setting.values["exponential_decay_start"]
    if factor == 1.0 or start is None:
        return None
    return ExponentialDecay(int(cast(int, start)), factor, setting.end_tokens, setting.written)


def _logit_bias(setting: Setting) -> Stage | None:
    items = cast("tuple[str, ...]", setting.values["logit_bias"] or ())
    return LogitBias(read_biases(items, setting.vocabulary)) if items else None


def _penalties(setting: Setting) -> Stage | None:
    repeat = setting.number("repeat_penalty")
    frequency, presence = setting.number("frequency_penalty"), setting.number("presence_penalty")
    window = setting.window("repeat_last_n")
    if window == 0 or (repeat == 1.0 and frequency == 0.0 and presence == 0.0):
        return None
    return llama.penalties(setting.vocabulary.size, window, repeat, frequency, presence)


def _encoder_repetition(setting: Setting) -> Stage | None:
    penalty = setting.number("encoder_repetition_penalty")
    return EncoderRepetition(penalty, setting.prompt) if penalty != 1.0 else None


def _no_repeat_ngram(setting: Setting) -> Stage | None:
    size = setting.count("no_repeat_ngram_size")
    return NoRepeatNgram(size) if size > 0 else None


def _dry(setting: Setting) -> Stage | None:
    multiplier, window = setting.number("dry_multiplier"), setting.window("dry_last_n")
    if multiplier == 0.0 or window == 0:
        return None
    breakers = cast("tuple[str, ...]", setting.values["dry_breakers"] or ())
    if long := [text for text in breakers if len(text.encode()) > _LONGEST_BREAKER]:
        raise ParameterError(
            f"dry_breakers: “{long[0][:20]}…” is longer than {_LONGEST_BREAKER} bytes, and llama.cpp would cut it.",
            hint="Use a shorter text that stands at the same places.",
        )
    if (most := _MOST_BREAKER_LOOKS // setting.vocabulary.size) < len(breakers):
        raise ParameterError(
            f"dry_breakers: {len(breakers):,} texts are too many for this model's {setting.vocabulary.size:,} tokens.",
            hint=f"Give {most:,} at most.",
        )
    return llama.dry(
        setting.vocabulary,
        multiplier,
        setting.number("dry_base"),
        setting.count("dry_allowed_length"),
        window,
        breakers,
    )


def _smoothing(setting: Setting) -> Stage | None:
    factor = setting.number("smoothing_factor")
    return Smoothing(factor, setting.number("smoothing_curve")) if factor > 0.0 else None


def _top_n_sigma(setting: Setting) -> Stage | None:
    n = setting.number("top_n_sigma")
    return llama.top_n_sigma(n) if n > 0.0 else None


def _top_k(setting: Setting) -> Stage | None:
    k = setting.count("top_k")
    return TopK(k) if k > 0 else None


def _tfs_z(setting: Setting) -> Stage | None:
    z = setting.number("tfs_z")
    return TailFree(z) if z < 1.0 else None


def _typical_p(setting: Setting) -> Stage | None:
    p = setting.number("typical_p")
    return TypicalP(p) if p < 1.0 else None


def _top_a(setting: Setting) -> Stage | None:
    a = setting.number("top_a")
    return TopA(a) if a > 0.0 else None


def _top_p(setting: Setting) -> Stage | None:
    p = setting.number("top_p")
    return llama.top_p(p) if p < 1.0 else None


def _min_p(setting: Setting) -> Stage | None:
    p = setting.number("min_p")
    return llama.min_p(p) if p > 0.0 else None


def _epsilon_cutoff(setting: Setting) -> Stage | None:
    epsilon = setting.number("epsilon_cutoff")
    return EpsilonCutoff(epsilon) if epsilon > 0.0 else None


def _eta_cutoff(setting: Setting) -> Stage | None:
    eta = setting.number("eta_cutoff")
    return EtaCutoff(eta) if eta > 0.0 else None


def _xtc(setting: Setting) -> Stage | None:
    probability = setting.number("xtc_probability")
    if probability == 0.0:
        return None
    return llama.xtc(probability, setting.number("xtc_threshold"), setting.dice("xtc"))


def _infill(setting: Setting) -> Stage | None:
    return llama.infill(setting.vocabulary) if setting.values["infill"] else None


def _temperature(setting: Setting) -> Stage | None:
    value, spread = setting.number("temperature"), setting.number("dynatemp_range")
    if value == 0.0:
        return None
    if spread > 0.0:
        return llama.dynamic_temperature(value, spread, setting.number("dynatemp_exponent"))
    return llama.temperature(value) if value != 1.0 else None


def _mirostat(setting: Setting) -> Stage | None:
    version = setting.count("mirostat")
    tau, eta, seed = setting.number("mirostat_tau"), setting.number("mirostat_eta"), setting.dice("mirostat")
    if version == 0:
        return None
    return (
        llama.mirostat(setting.vocabulary.size, seed, tau, eta) if version == 1 else llama.mirostat_v2(seed, tau, eta)
    )


def _adaptive_p(setting: Setting) -> Stage | None:
    target = setting.number("adaptive_target")
    if target < 0.0:
        return None
    return llama.adaptive_p(target, setting.number("adaptive_decay"), setting.dice("adaptive_p"))


RECIPES: dict[StageName, Recipe] = {
    "exponential_decay": Recipe(_exponential_decay),
    "logit_bias": Recipe(_logit_bias),
    "penalties": Recipe(_penalties, remembers=True),
    "encoder_repetition": Recipe(_encoder_repetition),
    "no_repeat_ngram": Recipe(_no_repeat_ngram, remembers=True),
    "dry": Recipe(_dry, remembers=True),
    "smoothing": Recipe(_smoothing),
    "top_n_sigma": Recipe(_top_n_sigma),
    "top_k": Recipe(_top_k),
    "tfs_z": Recipe(_tfs_z),
    "typical_p": Recipe(_typical_p),
    "top_a": Recipe(_top_a),
    "top_p": Recipe(_top_p),
    "min_p": Recipe(_min_p),
    "epsilon_cutoff": Recipe(_epsilon_cutoff),
    "eta_cutoff": Recipe(_eta_cutoff),
    "xtc": Recipe(_xtc),
    "infill": Recipe(_infill),
    "temperature": Recipe(_temperature),
    "mirostat": Recipe(_mirostat),
    "adaptive_p": Recipe(_adaptive_p),
}
"""How each stage is made; `core.parameters.STAGES` says what each may do."""

READS: dict[StageName, frozenset[str]] = {
    name: frozenset(each.name for each in PARAMETERS.values() if each.stage == name) for name in RECIPES
}
"""The parameters of each stage: those that name it in their declaration."""
