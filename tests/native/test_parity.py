"""Through worker, pipe and client come exactly the tokens that a bare llama.cpp loop writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bare_llama import ask
from engine_run import chat, opened, raw, reply
from tiny_model import EOS, EOT
from vocabulary_model import write_vocabulary_model

import chatapp
from chatapp.core.backend import GenerationRequest
from chatapp.core.loading import LoadSettings
from chatapp.core.messages import Message
from chatapp.core.parameters import Value

TESTS = Path(__file__).parents[1]
VOCABULARIES = sorted((TESTS.parent.parent / "shared" / "data").glob("ggml-vocab-*.gguf"))
POCKET = Path(chatapp.__file__).parent / "pocket" / "pocket.gguf"
BATCH_SIZE, CONTEXT_SIZE = 512, 1024

RAW = "Once upon a time — naïve 日本 <|im_start|> 12345"
LONG = "All work and no play. " * 30
TURNS = (Message.of("system", "You are terse."), "Hi, what's this?")
GREEDY: dict[str, Value] = {"temperature": 0.0, "max_new_tokens": 48}
DRAWN: dict[str, Value] = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "seed": 7, "max_new_tokens": 100}

Chain = list[list[object]]


def batches(size: int, cached: int) -> list[int]:
    """In which steps the engine, alone, computes a prompt of `size` tokens of which `cached` were there."""
    whole, rest = divmod(size - cached, BATCH_SIZE)
    return [count for count in (cached, *[BATCH_SIZE] * whole, rest) if count]


async def assert_same(
    model: Path, logs: Path, asked: Sequence[tuple[GenerationRequest, Chain]], *, flash_attention: bool = False
) -> list[list[int]]:
    """The engine's replies, after comparing each with what llama.cpp writes through the given samplers.

    Without flash attention, as on the processor unless asked, a token's logits depend in their last bits on where its
    cells lie, which dice may tell.
    """
    replies: list[list[int]] = []
    jobs: list[dict[str, Any]] = []
    load = LoadSettings(context_size=CONTEXT_SIZE, threads=1, flash_attention="on" if flash_attention else "off")
    async with opened(model, logs, load=load) as backend:
        for request, chain in asked:
            prepared = await backend.prepare(request)
            run = await reply(backend, request)
            assert prepared.token_ids is not None
            split = batches(len(prepared.token_ids), run.end.cached_tokens)
            jobs.append({"tokens": prepared.token_ids, "split": split, "limit": len(run.tokens), "chain": chain})
            replies.append(list(run.tokens))
    assert replies == ask(model, jobs, context_size=CONTEXT_SIZE, flash_attention=flash_attention)
    return replies


async def test_a_raw_prompt_is_continued_as_by_a_bare_loop(tiny_model: Path, tmp_path: Path) -> None:
    replies = await assert_same(tiny_model, tmp_path, [(raw(RAW, **GREEDY), [["greedy"]])])
    assert len(set(replies[0])) > 10


async def test_a_chat_is_answered_as_by_a_bare_loop(tiny_model: Path, tmp_path: Path) -> None:
    replies = await assert_same(tiny_model, tmp_path, [(chat(*TURNS, **GREEDY), [["greedy"]])])
    assert len(set(replies[0])) > 10


async def test_a_prompt_of_several_batches_is_continued_as_by_a_bare_loop(tiny_model: Path, tmp_path: Path) -> None:
    await assert_same(tiny_model, tmp_path, [(raw(LONG, **GREEDY), [["greedy"]])])


async def test_a_windowed_model_writes_as_in_a_bare_loop(make_model: Any, tmp_path: Path) -> None:
    model = make_model(architecture="gemma3", sliding_window=16)
    # The penalty keeps tied random weights from repeating one token.
    request = raw(LONG, repeat_penalty=10.0, **GREEDY)
    replies = await assert_same(model, tmp_path, [(request, [["penalties", 356, 64, 10.0, 0.0, 0.0], ["greedy"]])])
    assert len(set(replies[0])) > 10


@pytest.mark.parametrize("vocabulary", VOCABULARIES, ids=lambda path: path.stem)
async def test_real_vocabularies_write_as_in_a_bare_loop(vocabulary: Path, tmp_path: Path) -> None:
    model = write_vocabulary_model(tmp_path / f"{vocabulary.stem}.gguf", vocabulary)
    replies = await assert_same(
        model, tmp_path, [(raw(RAW, **GREEDY), [["greedy"]]), (chat(*TURNS, **GREEDY), [["greedy"]])]
    )
    assert all(len(set(written)) > 3 for written in replies)


@pytest.mark.skipif(not POCKET.is_file(), reason="the built-in model is not there")
async def test_the_built_in_model_writes_as_in_a_bare_loop(tmp_path: Path) -> None:
    asked = [raw("The capital of France is", **GREEDY), chat("Hello! Who are you?", **GREEDY), chat(*TURNS, **GREEDY)]
    replies = await assert_same(POCKET, tmp_path, [(request, [["greedy"]]) for request in asked])
    assert all(replies)


async def test_raw_prompts_have_llama_cpps_own_tokens(tiny_model: Path, tmp_path: Path) -> None:
    texts = ["Hello", RAW, " <|im_end|>x", "<unk>"]
    async with opened(tiny_model, tmp_path) as backend:
        prepared = [await backend.prepare(raw(text)) for text in texts]
    wanted = ask(tiny_model, [{"text": text, "special": True} for text in texts], context_size=CONTEXT_SIZE)
    assert [list(each.token_ids or ()) for each in prepared] == wanted


SAMPLERS: dict[str, tuple[dict[str, Value], Chain]] = {
    "dice alone": ({}, []),
    "top_k": ({"top_k": 5}, [["top_k", 5]]),
    "top_p": ({"top_p": 0.5}, [["top_p", 0.5]]),
    "min_p": ({"min_p": 0.3}, [["min_p", 0.3]]),
    "typical_p": ({"typical_p": 0.4}, [["typical_p", 0.4]]),
    "temperature": ({"temperature": 0.5}, [["temperature", 0.5]]),
    "repeat_penalty": ({"repeat_penalty": 1.8}, [["penalties", 356, 64, 1.8, 0.0, 0.0]]),
    "frequency_penalty": ({"frequency_penalty": 4.0}, [["penalties", 356, 64, 1.0, 4.0, 0.0]]),
    "presence_penalty": ({"presence_penalty": 6.0}, [["penalties", 356, 64, 1.0, 0.0, 6.0]]),
    "repeat_last_n": (
        {"presence_penalty": 6.0, "repeat_last_n": 8},
        [["penalties", 356, 8, 1.0, 0.0, 6.0]],
    ),
    "whole context": (
        {"presence_penalty": 6.0, "repeat_last_n": -1},
        [["penalties", 356, CONTEXT_SIZE, 1.0, 0.0, 6.0]],
    ),
    "greedy with a penalty": (
        {"temperature": 0.0, "repeat_penalty": 1.5, "typical_p": 0.2},
        [["penalties", 356, 64, 1.5, 0.0, 0.0], ["greedy"]],
    ),
    "all": (
        {"repeat_penalty": 1.2, "top_k": 40, "typical_p": 0.9, "top_p": 0.9, "min_p": 0.05, "temperature": 1.3},
        [
            ["penalties", 356, 64, 1.2, 0.0, 0.0],
            ["top_k", 40],
            ["typical_p", 0.9],
            ["top_p", 0.9],
            ["min_p", 0.05],
            ["temperature", 1.3],
        ],
    ),
}


async def test_every_stage_draws_the_tokens_of_a_bare_chain(tiny_model: Path, tmp_path: Path) -> None:
    # Not ruled out but made hopeless: llama.cpp's typical_p makes no sense of a probability of 0.
    hopeless = ["bias", 356, [[EOS, -50.0], [EOT, -50.0]]]
    biases = (f"#{EOS}=-50", f"#{EOT}=-50")
    asked = []
    for edits, stages in SAMPLERS.values():
        chain = stages if ["greedy"] in stages else [*stages, ["dist", DRAWN["seed"]]]
        asked.append((raw(RAW, **{**DRAWN, "logit_bias": biases, **edits}), [hopeless, *chain]))
    replies = dict(zip(SAMPLERS, await assert_same(tiny_model, tmp_path, asked, flash_attention=True), strict=True))
    for name, written in replies.items():
        assert len(written) == 100
        assert name == "dice alone" or written != replies["dice alone"], f"{name} changed nothing"
