"""Records what Hugging Face's own logits processors make of seeded random logits: `python make_processors.py`.

Needs torch and transformers (4.57 or later), which no test does: they compare the stages with the record beside this
file. Its arrays are `logits` of shape (rows, vocabulary), `text` (the token ids before, the first PROMPT of them the
prompt), and for each case its result, shaped like `logits`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import generation

RECORD = Path(__file__).with_name("processors.npz")
VOCABULARY, TEXT, PROMPT = 200, 60, 40
END_TOKENS = [3, 77]

Processor = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def make_logits(random: np.random.Generator) -> np.ndarray:
    """Rows from nearly flat to nearly certain, one of them all negative, the last one with banned tokens."""
    scales = (0.3, 1.0, 2.0, 3.0, 6.0, 1.5, 2.0)
    rows = [random.normal(size=VOCABULARY) * scale for scale in scales]
    rows[5] -= 12.0
    rows[6][random.choice(VOCABULARY, 60, replace=False)] = -np.inf
    return np.array(rows, dtype=np.float32)


def make_cases(text: list[int]) -> dict[str, Processor]:
    """Every processor by the name of its parameter and its value."""
    prompt = torch.tensor([text[:PROMPT]])
    cases: dict[str, Processor] = {}
    for penalty in (0.8, 1.3):
        cases[f"repetition_penalty {penalty}"] = generation.RepetitionPenaltyLogitsProcessor(penalty)
        cases[f"encoder_repetition_penalty {penalty}"] = generation.EncoderRepetitionPenaltyLogitsProcessor(
            penalty, prompt
        )
    for size in (1, 2, 3, 4):
        cases[f"no_repeat_ngram_size {size}"] = generation.NoRepeatNGramLogitsProcessor(size)
    for cutoff in (0.0003, 0.004, 0.02, 0.5):
        cases[f"epsilon_cutoff {cutoff}"] = generation.EpsilonLogitsWarper(cutoff)
        cases[f"eta_cutoff {cutoff}"] = generation.EtaLogitsWarper(cutoff)
    for p in (0.2, 0.9):
        cases[f"typical_p {p}"] = generation.TypicalLogitsWarper(p)
        cases[f"top_p {p}"] = generation.TopPLogitsWarper(p)
    for p in (0.05, 0.5):
        cases[f"min_p {p}"] = generation.MinPLogitsWarper(p)
    for k in (1, 7, 150):
        cases[f"top_k {k}"] = generation.TopKLogitsWarper(k)
    for start in (5, 19, 20):
        cases[f"exponential_decay_start {start}"] = generation.ExponentialDecayLengthPenalty(
            (start, 1.1), END_TOKENS, PROMPT
        )
    return cases


def main() -> None:
    random = np.random.default_rng(20)
    logits = make_logits(random)
    text = random.integers(0, 12, TEXT).tolist()
    record = {"logits": logits, "text": np.array(text, dtype=np.int32)}
    for name, processor in make_cases(text).items():
        rows = [processor(torch.tensor([text]), torch.tensor(row[None].copy()))[0].numpy() for row in logits]
        record[name] = np.array(rows, dtype=np.float32)
    np.savez_compressed(RECORD, **record)


if __name__ == "__main__":
    main()
