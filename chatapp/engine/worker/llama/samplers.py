"""llama.cpp's samplers, one at a time: chatapp makes the chain itself."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import llama_cpp.llama_cpp as llama

from chatapp.engine.worker.llama.candidates import Candidates
from chatapp.engine.worker.llama.vocabulary import Vocabulary


class NativeStage:
    """One of llama.cpp's samplers. `keeps_order` tells that it neither cuts nor sorts."""

    def __init__(self, handle: llama.llama_sampler_p, *, keeps_order: bool = False) -> None:
        self._handle = handle
        self._keeps_order = keeps_order

    def apply(self, candidates: Candidates) -> None:
        """Narrow or reshape `candidates` in place."""
        llama.llama_sampler_apply(self._handle, ctypes.byref(candidates._native))
        candidates.in_order = candidates.in_order and self._keeps_order

    def accept(self, token: int) -> None:
        """Tell it which token was chosen."""
        llama.llama_sampler_accept(self._handle, token)

    def reset(self) -> None:
        """Forget every token that it was told of."""
        llama.llama_sampler_reset(self._handle)

    def clone(self) -> NativeStage:
        """Another one in the same state."""
        return NativeStage(llama.llama_sampler_clone(self._handle), keeps_order=self._keeps_order)

    def close(self) -> None:
        """Free it."""
        llama.llama_sampler_free(self._handle)


def greedy() -> NativeStage:
    """Choose the token with the highest logit."""
    return NativeStage(llama.llama_sampler_init_greedy())


def draw(seed: int) -> NativeStage:
    """Choose by chance, in proportion to the probabilities."""
    return NativeStage(llama.llama_sampler_init_dist(seed))


def mirostat(vocabulary_size: int, seed: int, tau: float, eta: float) -> NativeStage:
    """Choose so that the surprise stays near `tau` bits: version 1, which estimates the tail from 100 tokens."""
    return NativeStage(llama.llama_sampler_init_mirostat(vocabulary_size, seed, tau, eta, 100))


def mirostat_v2(seed: int, tau: float, eta: float) -> NativeStage:
    """Choose so that the surprise stays near `tau` bits: version 2."""
    return NativeStage(llama.llama_sampler_init_mirostat_v2(seed, tau, eta))


def adaptive_p(target: float, decay: float, seed: int) -> NativeStage:
    """Choose near the probability `target`, corrected by those chosen before."""
    return NativeStage(llama.llama_sampler_init_adaptive_p(target, decay, seed))


def top_k(k: int) -> NativeStage:
    """Keep the k likeliest."""
    return NativeStage(llama.llama_sampler_init_top_k(k))


def top_p(p: float) -> NativeStage:
    """Keep the smallest set whose probabilities reach p."""
    return NativeStage(llama.llama_sampler_init_top_p(p, 1))


def min_p(p: float) -> NativeStage:
    """Drop what is less likely than p times the likeliest."""
    return NativeStage(llama.llama_sampler_init_min_p(p, 1))


def typical_p(p: float) -> NativeStage:
    """Keep what is nearest to the expected surprise, until probabilities reach p."""
    return NativeStage(llama.llama_sampler_init_typical(p, 1))


def top_n_sigma(n: float) -> NativeStage:
    """Keep what lies within n standard deviations of the highest logit."""
    return NativeStage(llama.llama_sampler_init_top_n_sigma(n))


def xtc(probability: float, threshold: float, seed: int) -> NativeStage:
    """Now and then leave out all above the threshold but the last."""
    return NativeStage(llama.llama_sampler_init_xtc(probability, threshold, 1, seed))


def infill(vocabulary: Vocabulary) -> NativeStage:
    """Join candidates that begin alike."""
    return NativeStage(llama.llama_sampler_init_infill(vocabulary.handle))


def temperature(value: float) -> NativeStage:
    """Divide the logits."""
    return NativeStage(llama.llama_sampler_init_temp(value), keeps_order=True)


def dynamic_temperature(value: float, spread: float, exponent: float) -> NativeStage:
    """Divide the logits by a temperature within `spread` of `value` that follows the entropy."""
    return NativeStage(llama.llama_sampler_init_temp_ext(value, spread, exponent))


def penalties(vocabulary_size: int, last_n: int, repeat: float, frequency: float, presence: float) -> NativeStage:
    """Penalise tokens among the last `last_n` accepted."""
    handle = llama.llama_sampler_init_penalties(vocabulary_size, last_n, repeat, frequency, presence)
    return NativeStage(handle, keeps_order=True)


def dry(
    vocabulary: Vocabulary, multiplier: float, base: float, allowed_length: int, last_n: int, breakers: Sequence[str]
) -> NativeStage:
    """Penalise what would go on repeating a sequence of the last `last_n` tokens, cut at `breakers`."""
    texts = (ctypes.c_char_p * len(breakers))(*(text.encode() for text in breakers))
    handle = llama.llama_sampler_init_dry(
        vocabulary.handle, multiplier, base, allowed_length, last_n, texts, len(breakers)
    )
    return NativeStage(handle, keeps_order=True)


def grammar(vocabulary: Vocabulary, gbnf: str) -> NativeStage | None:
    """Give no chance to what the grammar `gbnf` does not allow next; None where llama.cpp can't read it."""
    handle = llama.llama_sampler_init_grammar(vocabulary.handle, gbnf.encode(), b"root")
    return NativeStage(handle, keeps_order=True) if handle else None
