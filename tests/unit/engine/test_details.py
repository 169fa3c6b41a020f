"""What is told of a token agrees with the definition, whatever the logits are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.engine.worker.sampling.details import Measure, top


@given(st.integers(1, 400), st.integers(0, 30), st.integers(0, 2**32 - 1), st.booleans(), st.integers(0, 399))
def test_it_says_what_the_softmax_says(size: int, count: int, seed: int, with_ties: bool, chosen: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 4, size).astype(np.float32)
    if with_ties:
        logits = np.round(logits)
    token = chosen % size
    detail = Measure().detail(logits, token, alternatives=count, seconds=0.5)
    exact = logits.astype(np.float64)
    log_sum_exp = exact.max() + np.log(np.exp(exact - exact.max()).sum())
    logprobs = exact - log_sum_exp
    assert detail.log_sum_exp == pytest.approx(log_sum_exp, abs=1e-4)
    assert detail.logprob == pytest.approx(logprobs[token], abs=1e-4)
    assert detail.entropy == pytest.approx(-(np.exp(logprobs) * logprobs).sum(), abs=1e-3)
    assert detail.rank == (exact > exact[token]).sum()
    assert [logprob for _, logprob in detail.alternatives] == pytest.approx(
        sorted(logprobs, reverse=True)[:count], abs=1e-4
    )
    assert all(logprob == pytest.approx(logprobs[other], abs=1e-4) for other, logprob in detail.alternatives)


def test_a_token_that_the_model_rules_out_spoils_nothing() -> None:
    logits = np.array([1.0, -np.inf, 1.0], np.float32)
    detail = Measure().detail(logits, 0, alternatives=2, seconds=0.0)
    assert (detail.entropy, detail.logprob) == (pytest.approx(np.log(2), abs=1e-6), pytest.approx(-np.log(2), abs=1e-6))
    assert {token for token, _ in detail.alternatives} == {0, 2}


def test_no_alternatives_are_no_tokens() -> None:
    assert top(np.array([1.0, 2.0], np.float32), 0)[1].tolist() == []
