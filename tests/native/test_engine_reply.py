"""One reply: how it ends, what of it is shown, and how it is steered while it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from engine_run import GREEDY, begin, chat, collect, opened, raw, reply
from tiny_model import BOS, CHATML, EOS, EOT

from chatapp.backends.local import LocalBackend
from chatapp.core.backend import GenerationRequest
from chatapp.core.errors import ContextFull, EmptyPrompt, ParameterError, TemplateFailed, Unsupported
from chatapp.core.events import ParameterChanged, PromptProgress, ReasoningAdded, TextAdded, TokenDetails
from chatapp.core.messages import Message
from chatapp.core.parameters import Value

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROMPT = "Once upon a time"
ENDLESS: dict[str, Value] = {"temperature": 1.0, "ignore_eos": True}


# Ends


async def test_max_new_tokens_cuts(engine: LocalBackend) -> None:
    run = await reply(engine, raw(PROMPT, max_new_tokens=9, **GREEDY))
    assert run.end.stop_reason == "max_new_tokens"
    assert run.end.reply_tokens == len(run.tokens) == 9
    assert run.events[-1] is run.end
    assert sum(event.tokens for event in run.events if isinstance(event, TextAdded)) == 9


async def test_max_length_counts_the_prompt(engine: LocalBackend) -> None:
    run = await reply(engine, raw(PROMPT, max_length=25, **GREEDY))
    assert (run.end.stop_reason, run.end.prompt_tokens + run.end.reply_tokens) == ("max_length", 25)


async def test_the_stricter_limit_wins(engine: LocalBackend) -> None:
    run = await reply(engine, raw(PROMPT, max_length=1000, max_new_tokens=3, **GREEDY))
    assert (run.end.stop_reason, run.end.reply_tokens) == ("max_new_tokens", 3)


async def test_a_prompt_as_long_as_max_length_gets_no_reply(engine: LocalBackend) -> None:
    run = await reply(engine, raw(PROMPT, max_length=5, **GREEDY))
    assert (run.end.stop_reason, run.end.reply_tokens, run.text) == ("max_length", 0, "")


async def test_a_reply_ends_with_the_context(tiny_model: Path, tmp_path: Path) -> None:
    async with opened(tiny_model, tmp_path, context_size=100) as small:
        run = await reply(small, raw(PROMPT, **GREEDY))
        assert (run.end.stop_reason, run.end.prompt_tokens + run.end.reply_tokens) == ("context_full", 100)
        again = await reply(small, raw("Another", max_new_tokens=3, **GREEDY))
        assert again.end.reply_tokens == 3


async def test_a_prompt_that_fills_the_context_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    async with opened(tiny_model, tmp_path, context_size=100) as small:
        with pytest.raises(ContextFull) as caught:
            await small.prepare(raw("x" * 99))
        assert "100 tokens" in caught.value.message and caught.value.hint
        run = await reply(small, raw("x" * 98, **GREEDY))
        assert (run.end.stop_reason, run.end.reply_tokens) == ("context_full", 1)


async def test_the_models_own_end_is_no_part_of_the_reply(engine: LocalBackend) -> None:
    for seed in range(30):
        run = await reply(engine, raw(PROMPT, temperature=1.0, top_k=0, top_p=1.0, seed=seed, max_new_tokens=200))
        if run.end.stop_reason == "end":
            break
    assert run.end.stop_reason == "end"
    assert not {EOS, EOT} & set(run.tokens)
    assert run.end.reply_tokens == len(run.tokens) < 200


async def test_ignore_eos_never_draws_the_end(engine: LocalBackend) -> None:
    run = await reply(engine, raw(PROMPT, top_k=0, top_p=1.0, seed=0, max_new_tokens=1500, **ENDLESS))
    assert run.end.stop_reason == "max_new_tokens"
    assert not {EOS, EOT} & set(run.tokens)


async def test_stop_token_ids_end_the_reply(engine: LocalBackend) -> None:
    free = await reply(engine, raw(PROMPT, max_new_tokens=30, **GREEDY))
    run = await reply(engine, raw(PROMPT, stop_token_ids=(free.tokens[12],), **GREEDY))
    cut = free.tokens.index(free.tokens[12])
    assert (run.end.stop_reason, run.tokens) == ("stop_token", free.tokens[:cut])


@pytest.mark.parametrize("length", [1, 2, 7])
async def test_a_stop_string_is_removed_however_tokens_cut_it(engine: LocalBackend, length: int) -> None:
    free = await reply(engine, raw(PROMPT, max_new_tokens=60, **GREEDY))
    stop = free.text[20 : 20 + length]
    run = await reply(engine, raw(PROMPT, stop=(stop, "never comes"), max_new_tokens=60, **GREEDY))
    assert (run.end.stop_reason, run.end.stop_text) == ("stop_text", stop)
    assert run.text == free.text[: free.text.index(stop)]
    assert run.tokens == free.tokens[: len(run.tokens)]


async def test_half_a_stop_string_is_kept(engine: LocalBackend) -> None:
    free = await reply(engine, raw(PROMPT, max_new_tokens=60, **GREEDY))
    run = await reply(engine, raw(PROMPT, stop=(free.text[-4:] + "more",), max_new_tokens=60, **GREEDY))
    assert (run.end.stop_reason, run.text) == ("max_new_tokens", free.text)


# What goes in


async def test_add_bos_is_never_doubled(engine: LocalBackend) -> None:
    for prompt, add_bos, wanted in (("a", None, 1), ("a", True, 1), ("<s>a", True, 1), ("<s>a", False, 0)):
        edits: dict[str, Value] = {} if add_bos is None else {"add_bos": add_bos}
        prepared = await engine.prepare(raw(prompt, **edits))
        assert (prepared.token_ids or ()).count(BOS) == wanted, (prompt, add_bos)


async def test_an_empty_prompt_is_refused(engine: LocalBackend) -> None:
    with pytest.raises(EmptyPrompt):
        await engine.prepare(raw(""))
    with pytest.raises(EmptyPrompt):
        await engine.prepare(raw("<s>", add_bos=False))


async def test_a_bad_value_is_refused(engine: LocalBackend) -> None:
    with pytest.raises(ParameterError):
        await engine.prepare(raw(PROMPT, top_p=1.5))


async def test_a_base_model_completes_and_does_not_chat(make_model: Callable[..., Path], tmp_path: Path) -> None:
    async with opened(make_model("base.gguf", template=None), tmp_path) as backend:
        with pytest.raises(TemplateFailed) as caught:
            await backend.prepare(chat("Hello"))
        assert "base" in caught.value.message and "--raw" in caught.value.hint
        run = await reply(backend, raw("Hello", max_new_tokens=3, **GREEDY))
        assert run.end.reply_tokens == 3


async def test_a_prefill_begins_the_reply_and_is_not_repeated(engine: LocalBackend) -> None:
    whole = await engine.prepare(chat("Hi"))
    begun = await engine.prepare(chat("Hi", prefill="Well,"))
    assert begun.prompt == whole.prompt + "Well,"
    run = await reply(engine, chat("Hi", prefill="Well,", max_new_tokens=4, **GREEDY))
    assert run.end.prompt_tokens == (len(begun.token_ids or ()))
    assert not run.text.startswith("Well,")


async def test_the_files_wishes_stand_below_the_requests(make_model: Callable[..., Path], tmp_path: Path) -> None:
    model = make_model(sampling={"temp": 0.25, "top_k": 7, "top_p": 9.0})
    async with opened(model, tmp_path) as backend:
        prepared = await backend.prepare(raw(PROMPT, top_k=3))
    settings = {setting.name: (setting.value, setting.source) for setting in prepared.parameters.settings}
    assert settings["temperature"] == (0.25, "model")
    assert settings["top_k"] == (3, "edit")
    assert settings["top_p"][1] == "default"
    assert any("top_p" in notice for notice in prepared.notices)


# Dice


async def test_the_same_seed_writes_the_same_and_another_does_not(engine: LocalBackend) -> None:
    replies = [(await reply(engine, raw(PROMPT, max_new_tokens=40, seed=seed, **ENDLESS))).tokens for seed in (5, 6, 5)]
    assert replies[0] == replies[2] != replies[1]


async def test_an_unset_seed_is_drawn_and_told(engine: LocalBackend) -> None:
    first, second = [await reply(engine, raw(PROMPT, max_new_tokens=40, **ENDLESS)) for _ in range(2)]
    assert first.end.seed != second.end.seed
    again = await reply(engine, raw(PROMPT, max_new_tokens=40, seed=first.end.seed, **ENDLESS))
    assert again.tokens == first.tokens != second.tokens


async def test_samples_differ_and_share_their_prompt(engine: LocalBackend) -> None:
    run = await reply(engine, raw("Three ways to say it", samples=3, max_new_tokens=20, seed=11, **ENDLESS))
    assert sorted(run.samples) == [0, 1, 2]
    assert len({sample.tokens for sample in run.samples.values()}) == 3
    assert [run.samples[index].end.seed for index in range(3)] == [11, 12, 13]
    assert [run.samples[index].end.processed_tokens for index in (1, 2)] == [1, 1]


async def test_greedy_samples_are_alike(engine: LocalBackend) -> None:
    run = await reply(engine, raw("One way to say it", samples=3, max_new_tokens=20, **GREEDY))
    alone = await reply(engine, raw("One way to say it", max_new_tokens=20, **GREEDY))
    assert [run.samples[index].tokens for index in range(3)] == [alone.tokens] * 3


# Steering


async def test_stop_keeps_the_text(engine: LocalBackend) -> None:
    generation = await begin(engine, raw(PROMPT, **ENDLESS))
    run = await collect(generation, TextAdded, generation.stop)
    assert run.end.stop_reason == "stopped"
    assert run.text and run.end.reply_tokens
    await generation.stop()  # harmless
    after = await reply(engine, raw(PROMPT, max_new_tokens=3, **GREEDY))
    assert after.end.reply_tokens == 3


async def test_stop_ends_a_reply_whose_reader_has_left(engine: LocalBackend) -> None:
    generation = await begin(engine, raw(PROMPT, **ENDLESS))
    async for event in generation:
        if isinstance(event, TextAdded):
            break
    await generation.stop()
    run = await collect(generation)
    assert run.end.stop_reason == "stopped"


async def test_a_prompt_can_be_stopped(make_model: Callable[..., Path], tmp_path: Path) -> None:
    model = make_model(layers=4, width=256, feed_forward=512)
    prompt = "word " * 300
    async with opened(model, tmp_path) as backend:
        prepared = await backend.prepare(raw(prompt, max_new_tokens=8, **GREEDY))
        generation = await backend.start(prepared)
        run = await collect(generation, PromptProgress, generation.stop)
        assert (run.end.stop_reason, run.end.reply_tokens, run.text) == ("stopped", 0, "")
        after = await collect(await backend.start(prepared))
    async with opened(model, tmp_path) as backend:
        fresh = await reply(backend, raw(prompt, max_new_tokens=8, **GREEDY))
    assert after.tokens == fresh.tokens


async def test_parameters_change_while_a_reply_runs(engine: LocalBackend) -> None:
    edits: dict[str, Value] = {"seed": 1, **ENDLESS}
    generation = await begin(engine, GenerationRequest(prompt=PROMPT, edits=edits, alternatives=4, exact=True))
    run = await collect(generation, TextAdded, lambda: generation.update({"top_k": 1, "max_new_tokens": 2000}))
    changes = [event for event in run.events if isinstance(event, ParameterChanged)]
    assert {(change.name, change.value) for change in changes} == {("top_k", 1), ("max_new_tokens", 2000)}
    offset = changes[0].offset
    assert (run.end.stop_reason, run.end.reply_tokens) == ("max_new_tokens", 2000)
    assert 0 < offset < 2000
    # From the change on, the likeliest token that is no end is always taken; before it, not always.
    told = [detail for event in run.events if isinstance(event, TokenDetails) for detail in event.tokens]
    likeliest = [next(token for token, _ in detail.alternatives if token not in (EOS, EOT)) for detail in told]
    assert list(run.tokens[offset:]) == likeliest[offset:]
    assert list(run.tokens[:offset]) != likeliest[:offset]
    again = await reply(engine, GenerationRequest(prompt=PROMPT, edits=edits, changes=tuple(changes), exact=True))
    assert again.tokens == run.tokens


async def test_a_limit_lowered_below_what_is_written_ends_at_once(engine: LocalBackend) -> None:
    generation = await begin(engine, raw(PROMPT, **ENDLESS))
    run = await collect(generation, TextAdded, lambda: generation.update({"max_new_tokens": 1}))
    change = next(event for event in run.events if isinstance(event, ParameterChanged))
    assert (run.end.stop_reason, run.end.reply_tokens) == ("max_new_tokens", change.offset)


async def test_a_stop_string_may_come_later(engine: LocalBackend) -> None:
    generation = await begin(engine, raw(PROMPT, seed=2, **ENDLESS))
    run = await collect(generation, TextAdded, lambda: generation.update({"stop": ("e",)}))
    assert (run.end.stop_reason, run.end.stop_text) == ("stop_text", "e")


async def test_the_seed_can_not_change(engine: LocalBackend) -> None:
    generation = await begin(engine, raw(PROMPT, max_new_tokens=2, **GREEDY))
    with pytest.raises(Unsupported):
        await generation.update({"seed": 3})
    with pytest.raises(ParameterError):
        await generation.update({"temperature": -1.0})
    assert (await collect(generation)).end.reply_tokens == 2


async def test_answer_now_ends_the_thoughts(make_model: Callable[..., Path], tmp_path: Path) -> None:
    template = CHATML.replace("assistant\n{% endif %}", "assistant\n<think>\n{% endif %}")
    model = make_model(template=template)
    async with opened(model, tmp_path, context_size=16384) as backend:
        # Thoughts are not searched for the stop string, so only an answer can end this reply.
        generation = await begin(backend, chat("Why?", stop=("e",), **ENDLESS))
        run = await collect(generation, ReasoningAdded, generation.answer_now)
        closed = (await backend.prepare(raw("\n</think>\n\n", add_bos=False))).token_ids or ()
    assert run.end.stop_reason == "stop_text"
    assert run.sample.reasoning
    assert "</think>" not in run.text + run.sample.reasoning
    assert any(run.tokens[at : at + len(closed)] == closed for at in range(len(run.tokens)))


async def test_a_message_carries_the_tokens_that_made_it(engine: LocalBackend) -> None:
    # "Hi" is two tokens, spelt here in bytes as no tokenizer would.
    spelt = tuple(5 + byte for byte in b"Hi")
    message = Message("assistant", Message.of("assistant", "Hi").parts, spelt)
    prepared = await engine.prepare(chat("Say hi", message, "Again"))
    ids = prepared.token_ids or ()
    assert any(ids[at : at + 2] == spelt for at in range(len(ids)))
    wrong = Message("assistant", Message.of("assistant", "Ho").parts, spelt)
    ids = (await engine.prepare(chat("Say hi", wrong, "Again"))).token_ids or ()
    assert not any(ids[at : at + 2] == spelt for at in range(len(ids)))


async def test_what_the_engine_can_not_do_it_says(engine: LocalBackend) -> None:
    with pytest.raises(Unsupported):
        await engine.embed(["a"])
    assert not engine.capabilities.embed


async def test_control_token_text_counts_as_text(engine: LocalBackend) -> None:
    assert await engine.count("<|im_end|>") == len("<|im_end|>")
    assert await engine.count("") == 0
