"""What every backend owes to those who stand on the port; each check takes a backend that has the capability."""

from __future__ import annotations

import msgspec
import pytest

from chatapp.core.backend import Backend, GenerationRequest
from chatapp.core.details import Details
from chatapp.core.distribution import Distribution, distribution
from chatapp.core.events import Event, Finished, ParameterChanged, TextAdded, TokenDetail, TokenDetails
from chatapp.core.parameters import Value

PROMPT = GenerationRequest(prompt="Once upon a time", edits={"temperature": 0.0, "max_new_tokens": 6}, alternatives=8)
NEAR = 0.02
"""How far logits may differ between a token alone and one among many: batches of other sizes take other kernels."""


async def play(backend: Backend, request: GenerationRequest = PROMPT) -> list[Event]:
    """All events of one reply."""
    return [event async for event in await backend.start(await backend.prepare(request))]


def details_of(events: list[Event]) -> list[TokenDetail]:
    """What was told of the tokens, and of every one of them."""
    details = Details()
    for event in events:
        if isinstance(event, TokenDetails):
            details.replace_from(event.offset, event.tokens)
    assert isinstance(events[-1], Finished)
    details.cut(len(events[-1].token_ids))
    assert tuple(each.token_id for each in details if each is not None) == events[-1].token_ids
    return [each for each in details if each is not None]


async def check_details(backend: Backend) -> None:
    """Every token of a reply is told of, once and truthfully."""
    told = details_of(await play(backend))
    assert told
    for each in told:
        logprobs = [logprob for _, logprob in each.alternatives]
        ids = [token_id for token_id, _ in each.alternatives]
        assert 0 < len(ids) <= 8 and len(set(ids)) == len(ids)
        assert logprobs == sorted(logprobs, reverse=True)
        assert each.logprob <= 1e-6 and each.entropy >= 0 and each.rank >= 0
        assert (each.token_id in ids) == (each.rank < len(ids)) or each.logprob == pytest.approx(logprobs[-1])
        if each.token_id in ids:
            assert each.logprob == pytest.approx(logprobs[ids.index(each.token_id)], abs=1e-5)
    seconds = [each.seconds for each in told]
    assert seconds == sorted(seconds) and seconds[0] >= 0


async def check_details_do_not_change_the_reply(backend: Backend) -> None:
    """A reply is the same whether its tokens are told of or not."""
    plain = await play(backend, msgspec.structs.replace(PROMPT, alternatives=0))
    told = await play(backend)
    assert isinstance(plain[-1], Finished) and isinstance(told[-1], Finished)
    assert plain[-1].token_ids == told[-1].token_ids


async def check_changes(backend: Backend) -> None:
    """A change that the request plans is reported at its token, and holds from there on."""
    change = ParameterChanged(request_id=0, offset=2, name="max_new_tokens", value=4)
    events = await play(backend, msgspec.structs.replace(PROMPT, changes=(change,)))
    changed = [(each.offset, each.name, each.value) for each in events if isinstance(each, ParameterChanged)]
    assert changed == [(2, "max_new_tokens", 4)]
    assert isinstance(events[-1], Finished) and events[-1].reply_tokens == 4


async def check_score(backend: Backend) -> None:
    """A text is scored as it was told of while it was written."""
    events = await play(backend)
    text = "".join(event.text for event in events if isinstance(event, TextAdded))
    score = await backend.score(PROMPT.prompt or "", text)
    assert score == await backend.score(PROMPT.prompt or "", text)
    for scored, told in zip(score.tokens, details_of(events), strict=False):
        if scored.token_id != told.token_id:
            break  # the text, cut into tokens anew, may be cut elsewhere
        assert scored.logprob == pytest.approx(told.logprob, abs=NEAR)
        assert scored.entropy == pytest.approx(told.entropy, abs=NEAR)
    assert score.tokens[0].logprob <= 1e-6


async def check_candidates(backend: Backend) -> None:
    """Candidates are the likeliest tokens, and those that are left share a chance of 1 at most."""
    token_ids = (await backend.prepare(PROMPT)).token_ids or ()
    for limit in (1, 5):
        assert len(await backend.candidates(token_ids, {}, limit=limit)) == limit
    found = await backend.candidates(token_ids, {"top_k": 3, "top_p": 1.0, "temperature": 1.0}, limit=8)
    logprobs = [each.logprob for each in found]
    assert logprobs == sorted(logprobs, reverse=True)
    assert [each.cut_by for each in found] == [""] * 3 + ["top_k"] * 5
    assert all(each.probability == 0 for each in found if each.cut_by)
    assert sum(each.probability for each in found) == pytest.approx(1, abs=1e-4)
    coldest = await backend.candidates(token_ids, {"temperature": 0.0}, limit=3)
    assert [each.probability for each in coldest] == [1.0, 0.0, 0.0]
    first = details_of(await play(backend))[0]
    for candidate, (token_id, logprob) in zip(found, first.alternatives, strict=False):
        assert candidate.token_id == token_id
        assert candidate.logprob == pytest.approx(logprob, abs=NEAR)


SETTINGS: tuple[dict[str, Value], ...] = (
    {"top_k": 5, "top_p": 1.0},
    {"top_k": 4, "top_p": 0.8, "temperature": 0.5},
    {"top_k": 0, "top_p": 0.3, "temperature": 1.3},
    {"top_k": 6, "top_p": 1.0, "min_p": 0.3, "temperature": 1.5, "samplers": ("temperature", "top_k", "min_p")},
    {"top_k": 6, "top_p": 1.0, "typical_p": 0.6},
    {"top_k": 6, "top_p": 1.0, "tfs_z": 0.5},
    {"top_k": 6, "top_p": 1.0, "top_a": 0.3, "temperature": 0.9},
    {"top_k": 5, "top_p": 1.0, "epsilon_cutoff": 0.1},
    {"top_k": 5, "top_p": 1.0, "eta_cutoff": 0.15},
    {"top_k": 5, "top_p": 1.0, "smoothing_factor": 0.3, "smoothing_curve": 1.5, "temperature": 1.0},
    {"top_k": 7, "top_p": 1.0, "dynatemp_range": 0.5, "dynatemp_exponent": 1.5},
    {"top_k": 7, "top_p": 1.0, "top_n_sigma": 0.9, "samplers": ("top_k", "top_n_sigma", "temperature")},
    {"top_k": 7, "top_p": 1.0, "xtc_probability": 1.0, "xtc_threshold": 0.1},
)


async def check_told_figures_decide(backend: Backend) -> None:
    """What is told of a token decides its distribution under other settings, and the backend agrees."""
    first = details_of(await play(backend))[0]
    token_ids = (await backend.prepare(PROMPT)).token_ids or ()
    for values in SETTINGS:
        derived = distribution(first, values)
        assert isinstance(derived, Distribution), (values, derived)
        listed = {each.token_id: each for each in await backend.candidates(token_ids, values, limit=8)}
        for chance in derived.chances:
            # What was written need not be among the likeliest.
            candidate = listed.get(chance.token_id)
            if candidate is None:
                continue
            assert candidate.probability == pytest.approx(chance.probability, abs=1e-3), values
            assert candidate.cut_by == chance.cut_by, values


CHECKS = {
    check_details: "token_ids",
    check_details_do_not_change_the_reply: "token_ids",
    check_changes: "live_update",
    check_score: "score",
    check_candidates: "candidates",
    check_told_figures_decide: "candidates",
}
"""Each check with the capability that it needs."""
