"""Our stages and llama.cpp's against what Hugging Face's own processors made of the same logits.

`tests/data/make_processors.py` wrote the record.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chatapp.engine.worker import llama
from chatapp.engine.worker.llama import Candidates
from chatapp.engine.worker.sampling.cutting import EpsilonCutoff, EtaCutoff, TypicalP
from chatapp.engine.worker.sampling.repeating import EncoderRepetition, ExponentialDecay, NoRepeatNgram
from chatapp.engine.worker.sampling.stages import Stage

PROMPT, END_TOKENS = 40, [3, 77]

with np.load(Path(__file__).parents[2] / "data" / "processors.npz") as record:
    RECORD = dict(record)
LOGITS, TEXT = RECORD.pop("logits"), RECORD.pop("text").tolist()
VOCABULARY = LOGITS.shape[1]


def whole_context(penalty: float) -> Stage:
    # llama.cpp's penalty looks at the last n tokens; over the whole text it is Hugging Face's.
    return told(llama.penalties(VOCABULARY, len(TEXT), penalty, 0.0, 0.0))


def told(stage: Stage) -> Stage:
    for token in TEXT:
        stage.accept(token)
    return stage


MAKE: dict[str, Callable[[float], Stage]] = {
    "repetition_penalty": whole_context,
    "encoder_repetition_penalty": lambda penalty: EncoderRepetition(penalty, TEXT[:PROMPT]),
    "no_repeat_ngram_size": lambda size: told(NoRepeatNgram(int(size))),
    "epsilon_cutoff": EpsilonCutoff,
    "eta_cutoff": EtaCutoff,
    "typical_p": TypicalP,
    "top_p": llama.top_p,
    "min_p": llama.min_p,
    "top_k": lambda k: llama.top_k(int(k)),
    "exponential_decay_start": lambda start: ExponentialDecay(int(start), 1.1, END_TOKENS, len(TEXT) - PROMPT),
}


@pytest.mark.parametrize("case", RECORD)
def test_a_stage_does_what_hugging_faces_processor_does(case: str) -> None:
    name, value = case.split()
    stage = MAKE[name](float(value))
    for logits, wanted in zip(LOGITS, RECORD[case], strict=True):
        candidates = Candidates(VOCABULARY)
        candidates.fill(logits)
        stage.apply(candidates)
        result = np.full(VOCABULARY, -np.inf, dtype=np.float32)
        result[candidates.ids] = candidates.logits
        np.testing.assert_allclose(result, wanted, rtol=1e-5)
    stage.close()


def test_every_processor_was_recorded_and_changed_something() -> None:
    assert {case.split()[0] for case in RECORD} == set(MAKE)
    for name in MAKE:
        assert any((RECORD[case] != LOGITS).any() for case in RECORD if case.split()[0] == name)
