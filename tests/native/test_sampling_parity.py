"""Each native stage, alone and in lists of several, draws the tokens of a bare llama.cpp chain, and does something.

The stages stand in the order that the parameter `samplers` gives; the bare chain is built from the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio
from bare_llama import ask
from engine_run import opened, reply
from tiny_model import EOS, EOT, vocabulary

from chatapp.core.backend import GenerationRequest
from chatapp.core.loading import LoadSettings
from chatapp.core.parameters import Stage, Value
from chatapp.engine.worker.llama import Vocabulary
from chatapp.engine.worker.sampling.stages import Setting

SEED, LENGTH = 41, 80
CONTEXT_SIZE = 1024
TEXTS = [text for text, _, _ in vocabulary()]
SIZE = len(TEXTS)
# Text that holds most tokens, so that what looks back finds something to look at.
PROMPT = "".join(map(chr, range(32, 127))) + "".join(map(chr, range(0x80, 0x100))) + "And so on, and so on, and so on. "
# The ends are made unlikely instead of banned: llama.cpp's typical_p makes no sense of a logit of -inf.
ENDS = [(EOS, -50.0), (EOT, -50.0)]
# "a" and "b", each as a character and as a byte; infill joins them, and ends where nothing is likely.
FEW = [(TEXTS.index(text), 25.0) for text in (b"a", b"b", b"<0x61>", b"<0x62>")]
BREAKERS = ["\n", ":"]


def derived(stage: Stage) -> int:
    """The seed that a stage with dice of its own gets at the start of a reply."""
    nothing = cast(Vocabulary, None)
    return Setting({}, nothing, CONTEXT_SIZE, seed=SEED, prompt=(), written=0, end_tokens=()).dice(stage)


@dataclass(frozen=True)
class Piece:
    """One stage: its name in `samplers`, its parameters, and llama.cpp's own sampler with its arguments.

    `biases` are added to the logits before it, where it needs others than the model's.
    """

    stage: Stage
    edits: dict[str, Value]
    bare: tuple[object, ...]
    biases: tuple[tuple[int, float], ...] = ()

    @property
    def is_terminal(self) -> bool:
        return self.stage in ("mirostat", "adaptive_p")


def penalties(repeat: float = 1.0, frequency: float = 0.0, presence: float = 0.0, last_n: int = 64) -> Piece:
    edits = {"repeat_penalty": repeat, "frequency_penalty": frequency, "presence_penalty": presence}
    window = CONTEXT_SIZE if last_n < 0 else last_n
    return Piece(
        "penalties", {**edits, "repeat_last_n": last_n}, ("penalties", SIZE, window, repeat, frequency, presence)
    )


def dry(multiplier: float, allowed_length: int = 1, last_n: int = -1) -> Piece:
    edits: dict[str, Value] = {
        "dry_multiplier": multiplier,
        "dry_base": 1.5,
        "dry_allowed_length": allowed_length,
        "dry_last_n": last_n,
        "dry_breakers": tuple(BREAKERS),
    }
    window = CONTEXT_SIZE if last_n < 0 else last_n
    return Piece("dry", edits, ("dry", multiplier, 1.5, allowed_length, window, BREAKERS))


def top_n_sigma(n: float) -> Piece:
    return Piece("top_n_sigma", {"top_n_sigma": n}, ("top_n_sigma", n))


def top_k(k: int) -> Piece:
    return Piece("top_k", {"top_k": k}, ("top_k", k))


def typical_p(p: float) -> Piece:
    return Piece("typical_p", {"typical_p": p}, ("typical_p", p))


def top_p(p: float) -> Piece:
    return Piece("top_p", {"top_p": p}, ("top_p", p))


def min_p(p: float) -> Piece:
    return Piece("min_p", {"min_p": p}, ("min_p", p))


def xtc(probability: float, threshold: float) -> Piece:
    edits: dict[str, Value] = {"xtc_probability": probability, "xtc_threshold": threshold}
    return Piece("xtc", edits, ("xtc", probability, threshold, derived("xtc")))


def infill() -> Piece:
    return Piece("infill", {"infill": True}, ("infill",), tuple(FEW))


def temperature(value: float) -> Piece:
    return Piece("temperature", {"temperature": value}, ("temperature", value))


def dynamic_temperature(value: float, spread: float, exponent: float = 1.0) -> Piece:
    edits: dict[str, Value] = {"temperature": value, "dynatemp_range": spread, "dynatemp_exponent": exponent}
    return Piece("temperature", edits, ("dynamic_temperature", value, spread, exponent))


def mirostat(tau: float, eta: float = 0.1) -> Piece:
    edits: dict[str, Value] = {"mirostat": 1, "mirostat_tau": tau, "mirostat_eta": eta}
    return Piece("mirostat", edits, ("mirostat", SIZE, derived("mirostat"), tau, eta))


def mirostat_2(tau: float, eta: float = 0.1) -> Piece:
    edits: dict[str, Value] = {"mirostat": 2, "mirostat_tau": tau, "mirostat_eta": eta}
    return Piece("mirostat", edits, ("mirostat_v2", derived("mirostat"), tau, eta))


def adaptive_p(target: float, decay: float = 0.9) -> Piece:
    edits: dict[str, Value] = {"adaptive_target": target, "adaptive_decay": decay}
    return Piece("adaptive_p", edits, ("adaptive_p", target, decay, derived("adaptive_p")))


ALONE: dict[str, list[Piece]] = {
    "repeat_penalty": [penalties(repeat=1.5)],
    "frequency_penalty": [penalties(frequency=1.0)],
    "presence_penalty": [penalties(presence=1.5)],
    "penalties over the whole context": [penalties(1.2, 0.3, 0.4, last_n=-1)],
    "dry": [dry(1.5)],
    "dry over a window": [dry(1.5, allowed_length=0, last_n=100)],
    "top_n_sigma": [top_n_sigma(1.0)],
    "top_k": [top_k(20)],
    "typical_p": [typical_p(0.5)],
    "top_p": [top_p(0.7)],
    "min_p": [min_p(0.1)],
    "xtc": [xtc(0.5, 0.03)],
    "infill": [infill()],
    "temperature": [temperature(1.6)],
    "dynamic temperature": [dynamic_temperature(1.5, 0.5, 2.0)],
    "mirostat": [mirostat(3.0)],
    "mirostat 2": [mirostat_2(3.0)],
    "adaptive_p": [adaptive_p(0.3)],
}
LISTS: list[list[Piece]] = [
    [penalties(1.3), top_k(40), top_p(0.9), temperature(1.4)],
    [temperature(1.6), min_p(0.1)],
    [min_p(0.05), temperature(1.6)],
    [top_n_sigma(1.2), temperature(2.0)],
    [typical_p(0.8), top_p(0.7)],
    [top_p(0.9), typical_p(0.6)],
    [dry(2.0), top_k(60), min_p(0.05), temperature(1.3)],
    [min_p(0.02), xtc(0.6, 0.04), temperature(1.2)],
    [xtc(0.6, 0.03), top_p(0.8)],
    [penalties(presence=1.0, frequency=0.5), mirostat_2(4.0)],
    [top_k(50), mirostat(3.0)],
    [min_p(0.02), adaptive_p(0.4)],
    [dynamic_temperature(1.4, 0.4), top_p(0.8)],
    [top_p(0.9), dynamic_temperature(1.6, 0.6, 0.5)],
    [top_k(80), top_p(0.9), infill(), temperature(1.2)],
    [temperature(1.8), top_k(30), top_p(0.8), min_p(0.3)],
    [temperature(1.5), xtc(0.5, 0.02), typical_p(0.7), dry(1.0)],
    [penalties(1.1, 0.2, 0.2), dry(1.0), temperature(1.3), mirostat_2(4.5)],
    [
        penalties(1.2),
        dry(0.8),
        top_n_sigma(2.5),
        top_k(20),
        typical_p(0.95),
        top_p(0.9),
        min_p(0.06),
        xtc(0.6, 0.05),
        temperature(1.5),
    ],
    [
        temperature(1.5),
        dry(0.8),
        xtc(0.5, 0.02),
        min_p(0.03),
        top_p(0.95),
        typical_p(0.9),
        top_k(15),
        penalties(1.2),
        adaptive_p(0.3),
    ],
]
CASES = {**ALONE, **{f"list {number}": pieces for number, pieces in enumerate(LISTS, start=1)}}


def biases_of(pieces: Sequence[Piece]) -> list[tuple[int, float]]:
    return [*ENDS, *(bias for piece in pieces for bias in piece.biases)]


def edits_of(pieces: Sequence[Piece]) -> dict[str, Value]:
    off: dict[str, Value] = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0}
    given = {name: value for piece in pieces for name, value in piece.edits.items()}
    movable = [piece.stage for piece in pieces if not piece.is_terminal]
    return {
        **off,
        **given,
        "samplers": ("logit_bias", *movable),
        "logit_bias": tuple(f"#{token}={bias}" for token, bias in biases_of(pieces)),
        "seed": SEED,
        "max_new_tokens": LENGTH,
    }


def chain_of(pieces: Sequence[Piece]) -> list[tuple[object, ...]]:
    end = () if pieces and pieces[-1].is_terminal else (("dist", SEED),)
    return [("bias", SIZE, biases_of(pieces)), *(piece.bare for piece in pieces), *end]


@dataclass(frozen=True)
class Drawn:
    """What the engine wrote, what the bare chain wrote, and at how many tokens each of its samplers did something."""

    engine: list[int]
    bare: list[int]
    changes: list[int]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def drawn(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Drawn]:
    """Every case, and the dice alone; one engine and one bare loop serve them all."""
    cases = {**CASES, "dice": []}
    engine: dict[str, list[int]] = {}
    jobs = []
    # With it, a token's logits are the same to the last bit wherever its cells lie.
    load = LoadSettings(context_size=CONTEXT_SIZE, threads=1, flash_attention="on")
    async with opened(tiny_model, tmp_path_factory.mktemp("logs"), load=load) as backend:
        for name, pieces in cases.items():
            request = GenerationRequest(prompt=PROMPT, edits=edits_of(pieces))
            prepared = await backend.prepare(request)
            run = await reply(backend, request)
            assert prepared.token_ids is not None
            # As the engine computes it: what it remembers of the prompt, then the rest.
            rest = len(prepared.token_ids) - run.end.cached_tokens
            split = [count for count in (run.end.cached_tokens, rest) if count]
            jobs.append(
                {
                    "tokens": prepared.token_ids,
                    "split": split,
                    "limit": len(run.tokens),
                    "chain": chain_of(pieces),
                    "changes": True,
                }
            )
            engine[name] = list(run.tokens)
    answers = ask(tiny_model, jobs, context_size=CONTEXT_SIZE, flash_attention=True)
    return {
        name: Drawn(engine[name], answer[: len(engine[name])], answer[len(engine[name]) :])
        for name, answer in zip(cases, answers, strict=True)
    }


@pytest.mark.parametrize("case", CASES)
def test_the_tokens_are_those_of_a_bare_chain(drawn: dict[str, Drawn], case: str) -> None:
    assert drawn[case].engine == drawn[case].bare
    assert len(drawn[case].engine) == LENGTH


@pytest.mark.parametrize("case", CASES)
def test_every_stage_changes_the_candidates_at_a_fifth_of_the_tokens(drawn: dict[str, Drawn], case: str) -> None:
    pieces = CASES[case]
    changes = dict(zip([piece.bare[0] for piece in pieces], drawn[case].changes[1:], strict=False))
    assert min(changes.values()) >= LENGTH / 5, changes


@pytest.mark.parametrize("case", CASES)
def test_every_case_draws_other_tokens_than_the_dice_alone(drawn: dict[str, Drawn], case: str) -> None:
    assert drawn[case].engine != drawn["dice"].engine


def test_there_are_twenty_different_lists() -> None:
    assert len({tuple(piece.bare[0] for piece in pieces) for pieces in LISTS}) == 20
    assert {piece.bare[0] for pieces in LISTS for piece in pieces} == {pieces[0].bare[0] for pieces in ALONE.values()}
