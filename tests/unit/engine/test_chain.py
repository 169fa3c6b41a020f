"""The stages of a reply: neutral values make none, changes replace only what they concern, greedy is greedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pytest

from chatapp.core.parameters import PARAMETERS, Value
from chatapp.engine.worker.llama import Candidates
from chatapp.engine.worker.sampling.chain import Chain
from chatapp.engine.worker.sampling.stages import STAGES

SIZE = 8
LOGITS = np.array([3.0, 2.5, 2.0, 1.0, 0.5, 0.0, -1.0, -2.0], dtype=np.float32)
NEUTRAL: dict[str, Value] = {name: each.neutral for name, each in PARAMETERS.items()}


@pytest.fixture
def candidates() -> Candidates:
    return Candidates(SIZE)


@pytest.fixture
def make() -> Iterator[Callable[..., Chain]]:
    chains: list[Chain] = []

    def new(edits: Mapping[str, Value], **options: object) -> Chain:
        settings: dict[str, object] = {"seed": 1, "vocabulary_size": SIZE, "context_size": 64, **options}
        chains.append(Chain({**NEUTRAL, **edits}, **settings))  # type: ignore[arg-type]
        return chains[-1]

    yield new
    for chain in chains:
        chain.close()


Make = Callable[..., Chain]


def draws(chain: Chain, candidates: Candidates, count: int = 200) -> list[int]:
    return [chain.choose(candidates, LOGITS) for _ in range(count)]


def test_every_stage_reads_the_parameters_that_name_it() -> None:
    for name, recipe in STAGES.items():
        assert set(recipe.reads) == {each.name for each in PARAMETERS.values() if each.stage == name}


def test_neutral_values_draw_from_all_by_their_probability(make: Make, candidates: Candidates) -> None:
    counts = Counter(draws(make({}), candidates, 20_000))
    wanted = np.exp(LOGITS) / np.exp(LOGITS).sum()
    assert [counts[token] / 20_000 for token in range(SIZE)] == pytest.approx(wanted, abs=0.015)


@pytest.mark.parametrize(
    ("edits", "kept"),
    [
        ({"top_k": 3}, {0, 1, 2}),
        ({"top_p": 0.5}, {0, 1}),
        ({"min_p": 0.3}, {0, 1, 2}),
        ({"temperature": 0.02}, {0}),
        ({"temperature": 0.0}, {0}),
        ({"top_k": 1}, {0}),
    ],
)
def test_a_stage_keeps_the_likely(make: Make, candidates: Candidates, edits: dict[str, Value], kept: set[int]) -> None:
    assert set(draws(make(edits), candidates)) == kept


def test_stages_come_in_order(make: Make, candidates: Candidates) -> None:
    # Hot logits let top_p keep more; it stands before the temperature, which so does not matter to it.
    assert set(draws(make({"top_p": 0.5, "temperature": 50.0}), candidates)) == {0, 1}


def test_the_likeliest_is_taken_whatever_would_cut_it(make: Make, candidates: Candidates) -> None:
    edits = {"temperature": 0.0, "typical_p": 0.05, "repeat_penalty": 2.0, "repeat_last_n": 64}
    assert draws(make(edits, history=[7]), candidates, 3) == [0, 0, 0]
    drawn = draws(make({"typical_p": 0.05}), candidates, 50)
    assert 0 not in drawn


def test_penalties_look_back_at_the_prompt_and_at_what_was_accepted(make: Make, candidates: Candidates) -> None:
    chain = make({"temperature": 0.0, "presence_penalty": 2.0, "repeat_last_n": 2}, history=[0])
    chosen = []
    for _ in range(4):
        chosen.append(chain.choose(candidates, LOGITS))
        chain.accept(chosen[-1])
    assert chosen == [1, 2, 0, 1]


def test_a_penalty_that_is_turned_on_knows_the_past(make: Make, candidates: Candidates) -> None:
    chain = make({"temperature": 0.0, "repeat_last_n": -1}, history=[0])
    chain.accept(1)
    assert chain.choose(candidates, LOGITS) == 0
    assert chain.update({"presence_penalty": 10.0}) == ["presence_penalty"]
    assert chain.choose(candidates, LOGITS) == 2
    assert chain.update({"presence_penalty": 0.0}) == ["presence_penalty"]
    assert chain.choose(candidates, LOGITS) == 0


def test_no_change_disturbs_the_dice(make: Make, candidates: Candidates) -> None:
    plain, changed = make({"seed": 5}), make({"seed": 5})
    before = draws(plain, candidates, 50)
    assert draws(changed, candidates, 20) == before[:20]
    assert changed.update({"top_k": 1}) == ["top_k"]
    assert changed.update({"top_k": 0, "min_p": 0.0}) == ["top_k"]
    assert draws(changed, candidates, 30) == before[20:]


def test_the_seed_makes_the_dice(make: Make, candidates: Candidates) -> None:
    first, same, other = (draws(make({}, seed=seed), candidates) for seed in (3, 3, 4))
    assert first == same != other


def test_ends_are_banned_while_they_are_ignored(make: Make, candidates: Candidates) -> None:
    chain = make({"temperature": 0.0, "ignore_eos": True}, end_tokens=[0, 1])
    assert chain.choose(candidates, LOGITS) == 2
    assert chain.update({"ignore_eos": False}) == ["ignore_eos"]
    assert chain.choose(candidates, LOGITS) == 0
    chain.update({"ignore_eos": True})
    assert chain.choose(candidates, LOGITS) == 2


def test_what_the_models_author_forbids_never_comes(make: Make, candidates: Candidates) -> None:
    chain = make({}, suppressed_tokens=[0, 2])
    assert not {0, 2} & set(draws(chain, candidates))


def test_a_chain_tells_its_values(make: Make) -> None:
    chain = make({"top_k": 3})
    assert chain.update({"top_k": 3}) == []
    chain.update({"max_new_tokens": 7})
    assert (chain.values["top_k"], chain.values["max_new_tokens"]) == (3, 7)
