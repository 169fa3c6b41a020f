"""The stages of a reply: neutral values make none, changes replace only what they concern, greedy is greedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import cast

import numpy as np
import pytest

from chatapp.core.errors import ParameterError
from chatapp.core.parameters import DEFAULT_CHAIN, PARAMETERS, STAGES, Value
from chatapp.engine.worker.llama import Candidates, Vocabulary
from chatapp.engine.worker.sampling.chain import Chain
from chatapp.engine.worker.sampling.cutting import TopK
from chatapp.engine.worker.sampling.stages import READS, RECIPES

SIZE = 8
LOGITS = np.array([3.0, 2.5, 2.0, 1.0, 0.5, 0.0, -1.0, -2.0], dtype=np.float32)
NEUTRAL: dict[str, Value] = {
    name: each.default if each.neutral is None else each.neutral for name, each in PARAMETERS.items()
}


class EightTokens:
    """A vocabulary of the letters a to h."""

    size = SIZE

    def piece(self, token: int) -> bytes:
        return b"abcdefgh"[token : token + 1]

    def tokenize(self, text: str, *, parse_special: bool) -> list[int]:
        return [max(0, "abcdefgh".find(letter)) for letter in text]

    def find(self, text: str) -> int | None:
        return "abcdefgh".find(text) if len(text) == 1 else None


class Refusal:
    """A constraint that refuses some tokens, and counts how often it must mask."""

    def __init__(self, *refused: int) -> None:
        self.refused = refused
        self.masked = 0

    def allows(self, token: int) -> bool:
        return token not in self.refused

    def mask(self, candidates: Candidates) -> None:
        self.masked += 1
        candidates.rule_out(np.array(self.refused, np.int32))


@pytest.fixture
def candidates() -> Candidates:
    return Candidates(SIZE)


@pytest.fixture
def make() -> Iterator[Callable[..., Chain]]:
    chains: list[Chain] = []

    def new(edits: Mapping[str, Value], **options: object) -> Chain:
        settings: dict[str, object] = {
            "seed": 1,
            "vocabulary": cast(Vocabulary, EightTokens()),
            "context_size": 64,
            **options,
        }
        chains.append(Chain({**NEUTRAL, **edits}, **settings))  # type: ignore[arg-type]
        return chains[-1]

    yield new
    for chain in chains:
        chain.close()


Make = Callable[..., Chain]


def draws(chain: Chain, candidates: Candidates, count: int = 200) -> list[int | None]:
    return [chain.choose(candidates, LOGITS) for _ in range(count)]


def test_every_stage_is_declared_and_made() -> None:
    assert list(RECIPES) == list(STAGES)
    assert all(READS.values())
    assert {name for each in PARAMETERS.values() if (name := each.stage)} == set(STAGES)


def test_neutral_values_make_no_stage(make: Make) -> None:
    built = make({})._stages
    assert {name for name, stage in built.items() if stage is not None} == set()


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
    assert draws(make(edits, prompt=[7]), candidates, 3) == [0, 0, 0]
    drawn = draws(make({"typical_p": 0.05}), candidates, 50)
    assert 0 not in drawn


def test_penalties_look_back_at_the_prompt_and_at_what_was_accepted(make: Make, candidates: Candidates) -> None:
    chain = make({"temperature": 0.0, "presence_penalty": 2.0, "repeat_last_n": 2}, prompt=[0])
    chosen = []
    for _ in range(4):
        token = chain.choose(candidates, LOGITS)
        assert token is not None
        chosen.append(token)
        chain.accept(token)
    assert chosen == [1, 2, 0, 1]


def test_a_penalty_that_is_turned_on_knows_the_past(make: Make, candidates: Candidates) -> None:
    chain = make({"temperature": 0.0, "repeat_last_n": -1}, prompt=[0])
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


def test_the_order_of_samplers_decides(make: Make, candidates: Candidates) -> None:
    # Behind a hot temperature the likeliest two make up less than half, before it they are more.
    hot: dict[str, Value] = {"top_p": 0.5, "temperature": 50.0}
    assert set(draws(make({**hot, "samplers": ("top_p", "temperature")}), candidates)) == {0, 1}
    assert set(draws(make({**hot, "samplers": ("temperature", "top_p")}), candidates)) == {0, 1, 2, 3}


def test_a_stage_that_is_not_named_does_nothing(make: Make, candidates: Candidates) -> None:
    chain = make({"top_k": 1, "samplers": tuple(name for name in DEFAULT_CHAIN if name != "top_k")})
    assert len(set(draws(chain, candidates))) > 1


def test_tokens_are_biased_by_text_and_by_id(make: Make, candidates: Candidates) -> None:
    chain = make({"temperature": 0.0, "logit_bias": ("h=100", "#1=-inf")})
    assert chain.choose(candidates, LOGITS) == 7
    chain.update({"logit_bias": ("#0=-inf",)})
    assert chain.choose(candidates, LOGITS) == 1


@pytest.mark.parametrize("item", ["ab=1", "#99=1", "h", "h=much", "h=inf", "=1"])
def test_a_bias_that_means_nothing_is_refused_and_nothing_changes(
    make: Make, candidates: Candidates, item: str
) -> None:
    with pytest.raises(ParameterError):
        make({"logit_bias": (item,)})
    chain = make({"temperature": 0.0})
    with pytest.raises(ParameterError):
        chain.update({"logit_bias": (item,), "min_new_tokens": 3, "temperature": 1.0})
    assert (chain.values["temperature"], chain.values["min_new_tokens"]) == (0.0, 0)
    assert chain.choose(candidates, LOGITS) == 0


def test_only_allowed_tokens_and_the_end_are_chosen(make: Make, candidates: Candidates) -> None:
    chain = make({"allowed_tokens": ("d", "#5")}, end_tokens=[7])
    assert set(draws(chain, candidates, 400)) == {3, 5, 7}


def test_the_end_waits_for_min_new_tokens(make: Make, candidates: Candidates) -> None:
    chain = make({"temperature": 0.0, "min_new_tokens": 2}, end_tokens=[0])
    chosen = []
    for _ in range(3):
        token = chain.choose(candidates, LOGITS)
        assert token is not None
        chosen.append(token)
        chain.accept(token)
    assert chosen == [1, 1, 0]


def test_a_token_can_be_forbidden_at_one_place(make: Make, candidates: Candidates) -> None:
    chain = make({"temperature": 0.0})
    assert chain.choose(candidates, LOGITS, forbidden={0, 1}) == 2
    assert chain.choose(candidates, LOGITS) == 0
    assert chain.choose(candidates, LOGITS, forbidden=range(SIZE)) is None


def test_a_constraint_masks_only_what_it_refuses(make: Make, candidates: Candidates) -> None:
    chain, idle, busy = make({"temperature": 0.0}), Refusal(5), Refusal(0, 1)
    assert (chain.choose(candidates, LOGITS, constraint=idle), idle.masked) == (0, 0)
    assert (chain.choose(candidates, LOGITS, constraint=busy), busy.masked) == (2, 1)


@pytest.mark.parametrize("version", [1, 2])
def test_a_refused_choice_does_not_move_mirostat(make: Make, candidates: Candidates, version: int) -> None:
    edits: dict[str, Value] = {"mirostat": version, "mirostat_tau": 1.0, "mirostat_eta": 1.0}
    refused, never_tried = make(edits), make(edits)
    everything = Refusal(0, 1, 2, 3)
    masked = LOGITS.copy()
    masked[:4] = -np.inf
    for _ in range(30):
        token = refused.choose(candidates, LOGITS, constraint=everything)
        assert token in range(4, SIZE)
        assert never_tried.choose(candidates, masked) in range(4, SIZE)


def test_going_back_gives_the_same_state(make: Make, candidates: Candidates) -> None:
    edits: dict[str, Value] = {"temperature": 0.0, "presence_penalty": 2.0, "no_repeat_ngram_size": 2}
    straight, back = make(edits, prompt=[0]), make(edits, prompt=[0])
    for token in (3, 4):
        straight.accept(token)
        back.accept(token)
    for token in (5, 6, 7):
        back.accept(token)
    back.rewind(2)
    for _ in range(4):
        token = straight.choose(candidates, LOGITS)
        assert token is not None
        assert back.choose(candidates, LOGITS) == token
        straight.accept(token)
        back.accept(token)


def test_a_choice_is_explained_without_being_made(make: Make, candidates: Candidates) -> None:
    chain, untouched = make({"top_k": 4, "min_p": 0.5}), make({"top_k": 4, "min_p": 0.5})
    explained = chain.explain(candidates, LOGITS, 6)
    assert [(each.text, each.cut_by) for each in explained] == [
        ("a", ""), ("b", ""), ("c", "min_p"), ("d", "min_p"), ("e", "top_k"), ("f", "top_k"),
    ]  # fmt: skip
    assert sum(each.probability for each in explained) == pytest.approx(1.0)
    assert sum(np.exp(each.logprob) for each in explained) < 1.0
    assert draws(chain, candidates, 30) == draws(untouched, candidates, 30)


def test_explaining_throws_no_dice(make: Make, candidates: Candidates) -> None:
    edits: dict[str, Value] = {"xtc_probability": 0.5, "xtc_threshold": 0.1}
    explained, plain = make(edits), make(edits)
    for _ in range(30):
        explained.explain(candidates, LOGITS, 4)
        assert explained.choose(candidates, LOGITS) == plain.choose(candidates, LOGITS)


def test_a_steady_choice_tells_what_it_cuts(make: Make, candidates: Candidates) -> None:
    explained = make({"mirostat": 2, "mirostat_tau": 0.4}).explain(candidates, LOGITS, SIZE)
    assert {each.cut_by for each in explained} == {"", "mirostat"}
    assert sum(each.probability for each in explained) == pytest.approx(1.0, abs=1e-5)


def test_a_token_without_a_chance_does_not_spoil_typical_p(make: Make, candidates: Candidates) -> None:
    edits: dict[str, Value] = {"typical_p": 0.6}
    with_bans = draws(make(edits, suppressed_tokens=[7]), candidates)
    masked = LOGITS.copy()
    masked[7] = -200.0
    plain = make(edits)
    assert with_bans == [plain.choose(candidates, masked) for _ in range(200)]
    assert 1 < len(set(with_bans)) < SIZE - 1


@pytest.mark.parametrize("tied", [False, True])
def test_the_likeliest_are_looked_up_as_llama_finds_them(tied: bool) -> None:
    size = 4096
    logits = np.random.default_rng(5).normal(0, 3, size).astype(np.float32)
    if tied:
        logits = np.round(logits * 4) / 4
    banned = np.argsort(-logits)[:3].astype(np.int32)
    native, ours = Candidates(size), Candidates(size)
    native.fill(logits)
    native.rule_out(banned)
    stage = TopK(40)
    stage.apply(native)
    assert stage.fill(ours, logits, banned) is not tied
    if not tied:
        assert (ours.ids.tolist(), ours.logits.tolist()) == (native.ids.tolist(), native.logits.tolist())
        assert ours.is_sorted and native.is_sorted
    stage.close()
