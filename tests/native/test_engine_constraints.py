"""What an answer must and must not hold, how long it may think and run, and what is told of its tokens."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio
from engine_run import begin, chat, collect, opened, raw, reply

from chatapp.backends.local import LocalBackend
from chatapp.core.backend import GenerationRequest
from chatapp.core.errors import ParameterError
from chatapp.core.events import ParameterChanged, TextAdded, TokenDetail, TokenDetails
from chatapp.core.parameters import Value
from chatapp.pocket.digest import MODEL

pytestmark = pytest.mark.asyncio(loop_scope="module")

WILD: dict[str, Value] = {"temperature": 1.5, "top_k": 0, "top_p": 1.0}
STORY = "Tell me a story about a cat and a dog."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pocket(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalBackend]:
    """The built-in model, which writes words."""
    async with opened(MODEL, tmp_path_factory.mktemp("logs")) as backend:
        yield backend


def details(events: list[object]) -> list[TokenDetail]:
    """What was told of each token in the end."""
    told: list[TokenDetail] = []
    for event in events:
        if isinstance(event, TokenDetails):
            told[event.offset :] = event.tokens
    return told


# Words


@pytest.mark.parametrize("variants", [False, True])
async def test_forbidden_words_never_appear(pocket: LocalBackend, variants: bool) -> None:
    free = await reply(pocket, chat(STORY, temperature=0.0, max_new_tokens=40))
    written = [word for word in dict.fromkeys(re.findall(r"[a-z]+", free.text.lower())) if word != "a"]
    words = (*written[:5], "a dog", "the")
    taken_back = 0
    for seed in range(8):
        request = chat(STORY, forbidden_words=words, forbidden_variants=variants, seed=seed, max_new_tokens=90, **WILD)
        run = await reply(pocket, request)
        pattern = rf"\b({'|'.join(words)})\b".replace(" ", r"\s+")
        assert not re.search(pattern, run.text, re.IGNORECASE), run.text
        assert run.end.reply_tokens == len(run.tokens) <= 90
        assert len(details(run.events)) == len(run.tokens)
        assert [each.token_id for each in details(run.events)] == list(run.tokens)
        taken_back += run.end.rewinds
    assert taken_back > 8


async def test_what_is_taken_back_was_never_shown(pocket: LocalBackend) -> None:
    free = await reply(pocket, chat(STORY, temperature=0.0, max_new_tokens=60))
    word = next(word for word in re.findall(r"[a-z]{4,}", free.text))
    run = await reply(pocket, chat(STORY, temperature=0.0, max_new_tokens=60, forbidden_words=(word,)))
    assert run.end.rewinds > 0
    shown = ""
    for event in run.events:
        if isinstance(event, TextAdded):
            shown += event.text
            assert not re.search(rf"\b{word}\b", shown, re.IGNORECASE)
    assert shown.startswith(free.text[: free.text.index(word)].rstrip(" "))


async def test_a_forbidden_word_does_not_come_back_without_its_space(pocket: LocalBackend) -> None:
    for seed in range(8):
        edits: dict[str, Value] = {"forbidden_words": ("fox", "cat", "dog"), "max_new_tokens": 60, "seed": seed, **WILD}
        run = await reply(pocket, chat("Tell me a story about a fox, a cat and a dog.", **edits))
        assert not re.search(r"(fox|cat|dog)\b", run.text, re.IGNORECASE), run.text


async def test_required_words_come_before_the_end(pocket: LocalBackend) -> None:
    for seed in range(4):
        run = await reply(pocket, chat("Hello!", required_words=("lantern", "green river"), seed=seed))
        assert (run.end.stop_reason, run.end.missing_words) == ("end", ())
        assert re.search(r"\blantern\b", run.text) and re.search(r"\bgreen river\b", run.text)


async def test_a_reply_that_was_cut_says_which_words_are_missing(pocket: LocalBackend) -> None:
    run = await reply(pocket, chat("Hello!", required_words=("lantern",), max_new_tokens=2))
    assert (run.end.stop_reason, run.end.missing_words) == ("max_new_tokens", ("lantern",))


async def test_min_new_tokens_puts_off_the_end(pocket: LocalBackend) -> None:
    free = await reply(pocket, chat("Hello!", temperature=0.0))
    run = await reply(pocket, chat("Hello!", temperature=0.0, min_new_tokens=40, max_new_tokens=60))
    assert free.end.reply_tokens < 40 <= run.end.reply_tokens


async def test_allowed_tokens_are_all_that_is_written(pocket: LocalBackend) -> None:
    edits: dict[str, Value] = {"allowed_tokens": ("a", "e"), "min_new_tokens": 5, "max_new_tokens": 20, **WILD}
    run = await reply(pocket, raw("a", **edits))
    assert set(run.text) <= {"a", "e"} and len(run.text) >= 5


async def test_a_token_that_the_model_does_not_have_is_refused(pocket: LocalBackend) -> None:
    for edits in ({"allowed_tokens": ("supercalifragilistic",)}, {"logit_bias": ("#99999999=1",)}):
        with pytest.raises(ParameterError) as caught:
            await reply(pocket, chat("Hello!", **edits))
        assert caught.value.hint


# Ends


async def test_max_time_cuts(engine: LocalBackend) -> None:
    run = await reply(engine, raw("a", max_time=0.05, ignore_eos=True, temperature=1.0))
    assert run.end.stop_reason == "max_time"
    # The last token comes just before the time is up.
    assert run.end.timings.generation_s > 0.0 and run.end.reply_tokens > 0


async def test_a_loop_ends_the_reply(engine: LocalBackend) -> None:
    run = await reply(engine, raw("a", choices=("ab" * 200,), loop_limit=6, temperature=1.0, max_new_tokens=300))
    assert run.end.stop_reason == "loop"
    assert 32 <= run.end.reply_tokens < 200


async def test_ending_becomes_likelier(engine: LocalBackend) -> None:
    lengths = []
    for factor in (1.0, 2.0):
        edits: dict[str, Value] = {"exponential_decay_factor": factor, "exponential_decay_start": 5}
        run = await reply(engine, raw("a", seed=3, max_new_tokens=400, min_new_tokens=5, **edits, **WILD))
        lengths.append(run.end.reply_tokens)
    assert lengths[1] < lengths[0] and lengths[1] < 40


async def test_no_candidate_ends_the_reply(engine: LocalBackend) -> None:
    run = await reply(engine, raw("a", choices=("xyz",), allowed_tokens=("a",), temperature=1.0))
    assert run.end.stop_reason == "no_candidate"


# Forms


@pytest.mark.parametrize("edits", [{"choices": ("yes", "no", "may be")}, {"regex": "(yes|no|may be)"}])
async def test_an_answer_is_one_of_the_choices(pocket: LocalBackend, edits: dict[str, Value]) -> None:
    for seed in range(6):
        run = await reply(pocket, chat("Is it?", seed=seed, **edits, **WILD))
        assert (run.end.stop_reason, run.text in ("yes", "no", "may be")) == ("end", True), run.text


async def test_an_answer_goes_on_from_the_prefill(pocket: LocalBackend) -> None:
    run = await reply(pocket, chat("Is it?", prefill="may", choices=("yes", "may be"), **WILD))
    assert run.text == " be"


async def test_a_form_with_forbidden_words(pocket: LocalBackend) -> None:
    edits: dict[str, Value] = {"regex": "(red|blue|green) (cat|dog)", "forbidden_words": ("red", "cat"), **WILD}
    texts = {(await reply(pocket, chat("What?", seed=seed, **edits))).text for seed in range(6)}
    assert texts <= {"blue dog", "green dog"} and texts


async def test_a_schema_is_kept(pocket: LocalBackend) -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    for seed in range(4):
        run = await reply(pocket, chat("A number", json_schema=json.dumps(schema), seed=seed, **WILD))
        assert run.end.stop_reason == "end"
        assert isinstance(json.loads(run.text)["n"], int)


# Live changes and their replay


async def test_a_replay_with_the_recorded_changes_gives_the_same_tokens(engine: LocalBackend) -> None:
    settings: dict[str, Value] = {"temperature": 1.4, "top_k": 0, "top_p": 1.0, "seed": 11, "max_new_tokens": 4000}
    edits: dict[str, Value] = {"ignore_eos": True, **settings}
    # Thousands of tokens meet near ties, which only exact mode decides alike each time.
    live = await begin(engine, GenerationRequest(prompt="Once", edits=edits, exact=True))

    async def turn_down() -> None:
        await live.update({"temperature": 0.3, "top_k": 5, "xtc_probability": 0.5})

    first = await collect(live, TextAdded, turn_down)
    changes = tuple(event for event in first.events if isinstance(event, ParameterChanged))
    assert {change.name for change in changes} == {"temperature", "top_k", "xtc_probability"}
    assert 0 < changes[0].offset < 4000
    request = GenerationRequest(prompt="Once", edits=edits, changes=changes, exact=True)
    again = await reply(engine, request)
    assert again.tokens == first.tokens
    repeated = [event for event in again.events if isinstance(event, ParameterChanged)]
    assert [(each.offset, each.name, each.value) for each in repeated] == [
        (each.offset, each.name, each.value) for each in changes
    ]
    plain = await reply(engine, GenerationRequest(prompt="Once", edits=edits, exact=True))
    assert plain.tokens[: changes[0].offset] == first.tokens[: changes[0].offset]
    assert plain.tokens != first.tokens


async def test_an_unset_parameter_goes_back_to_what_lies_below(engine: LocalBackend) -> None:
    live = await begin(engine, raw("Once", ignore_eos=True, top_k=3, max_new_tokens=3000))

    async def unset() -> None:
        await live.update({"top_k": None})

    run = await collect(live, TextAdded, unset)
    changes = [event for event in run.events if isinstance(event, ParameterChanged)]
    assert [(change.name, change.value) for change in changes] == [("top_k", 50)]


async def test_a_change_that_contradicts_another_is_refused_and_the_reply_goes_on(engine: LocalBackend) -> None:
    live = await begin(engine, raw("Once", ignore_eos=True, max_new_tokens=2000, mirostat=2))
    refused: list[ParameterError] = []

    async def contradict() -> None:
        try:
            await live.update({"adaptive_target": 0.5})
        except ParameterError as error:
            refused.append(error)

    run = await collect(live, TextAdded, contradict)
    assert len(refused) == 1 and run.end.stop_reason == "max_new_tokens"


async def test_a_token_that_the_model_does_not_have_changes_nothing(engine: LocalBackend) -> None:
    live = await begin(engine, raw("Once", ignore_eos=True, max_new_tokens=2000))
    refused: list[ParameterError] = []

    async def ask() -> None:
        try:
            await live.update({"logit_bias": ("#99999999=1",), "top_k": 3})
        except ParameterError as error:
            refused.append(error)
        await live.update({"logit_bias": ("#65=1",)})

    run = await collect(live, TextAdded, ask)
    changes = [event for event in run.events if isinstance(event, ParameterChanged)]
    assert [change.name for change in changes] == ["logit_bias"]
    assert len(refused) == 1 and run.end.stop_reason == "max_new_tokens"


# What is told of tokens


async def test_each_token_is_told_with_its_rivals(engine: LocalBackend) -> None:
    request = GenerationRequest(
        prompt="Once", edits={"temperature": 1.0, "seed": 2, "max_new_tokens": 40}, alternatives=5
    )
    run = await reply(engine, request)
    told = details(run.events)
    assert [each.token_id for each in told] == list(run.tokens)
    for each in told:
        assert len(each.alternatives) == 5 and each.logprob <= 0.0 and each.entropy >= 0.0
        logprobs = [logprob for _, logprob in each.alternatives]
        assert logprobs == sorted(logprobs, reverse=True)
        if each.rank < 5:
            assert each.alternatives[each.rank][1] == pytest.approx(each.logprob, abs=1e-5)
        else:
            assert each.logprob <= logprobs[-1]
    assert [each.seconds for each in told] == sorted(each.seconds for each in told)


async def test_a_score_says_what_the_reply_said(pocket: LocalBackend) -> None:
    request = chat("Hello!", temperature=0.0)
    prepared = await pocket.prepare(request)
    run = await reply(pocket, request)
    told = details(run.events)
    score = await pocket.score(prepared.prompt, run.text)
    assert [each.token_id for each in score.tokens] == list(run.tokens)
    assert [each.logprob for each in score.tokens] == pytest.approx([each.logprob for each in told], abs=0.05)
    assert [each.rank for each in score.tokens] == [each.rank for each in told]


async def test_candidates_say_what_cuts_them(pocket: LocalBackend) -> None:
    prepared = await pocket.prepare(chat("Hello!"))
    assert prepared.token_ids is not None
    listed = await pocket.candidates(prepared.token_ids, {"temperature": 1.0, "top_k": 3, "top_p": 1.0}, limit=8)
    assert [each.cut_by for each in listed] == [""] * 3 + ["top_k"] * 5
    assert sum(each.probability for each in listed) == pytest.approx(1.0, abs=1e-5)
    assert all(first.logprob >= second.logprob for first, second in itertools.pairwise(listed))
    greedy = await pocket.candidates(prepared.token_ids, {"temperature": 0.0}, limit=3)
    assert [each.probability for each in greedy] == [1.0, 0.0, 0.0]


async def test_questions_are_answered_beside_a_running_reply(engine: LocalBackend) -> None:
    live = await begin(engine, raw("Once", ignore_eos=True, temperature=1.0, max_new_tokens=600))
    asked: list[int] = []

    async def ask() -> None:
        score = await engine.score("Once upon", " a time there was")
        asked.append(len(score.tokens))
        asked.append(len(await engine.candidates((1, 2, 3), {}, limit=4)))

    run = await collect(live, TextAdded, ask)
    assert asked == [len(" a time there was"), 4]
    assert run.end.reply_tokens == 600
    assert np.isfinite([each.logprob for each in details(run.events)]).all()
