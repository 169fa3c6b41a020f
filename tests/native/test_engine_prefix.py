"""Nothing is computed twice, what is said about it is true, and reuse never changes a reply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from engine_run import GREEDY, Run, chat, follow, opened, reply
from hybrid_model import write_hybrid_model
from recurrent_model import write_recurrent_model

from chatapp.backends.local import LocalBackend
from chatapp.core.messages import Message

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROMPT = tuple(5 + index * 37 % 256 for index in range(100))
OTHER = tuple(5 + (index * 91 + 17) % 256 for index in range(100))


def changed(tokens: Sequence[int], at: int) -> tuple[int, ...]:
    """`tokens` with another one at position `at`."""
    return (*tokens[:at], 5 + (tokens[at] - 4) % 256, *tokens[at + 1 :])


def counts(run: Run) -> tuple[int, int]:
    """How many tokens of the prompt were there, and how many were computed."""
    assert run.end.cached_tokens + run.end.processed_tokens == run.end.prompt_tokens
    return run.end.cached_tokens, run.end.processed_tokens


async def write(engine: LocalBackend, tokens: Sequence[int], limit: int = 10) -> Run:
    # The penalty keeps random weights from repeating one token for ever, which would hide a wrong reply.
    return await follow(engine, tokens, max_new_tokens=limit, repeat_penalty=10.0, **GREEDY)


async def assert_as_fresh(model: Path, logs: Path, asked: dict[tuple[int, ...], Run]) -> None:
    """Each reply is the one of an engine that never saw another prompt."""
    for tokens, run in asked.items():
        async with opened(model, logs) as fresh:
            assert (await write(fresh, tokens, run.end.reply_tokens)).tokens == run.tokens


async def test_the_next_turn_computes_only_what_is_new(tiny_model: Path, tmp_path: Path) -> None:
    async with opened(tiny_model, tmp_path) as engine:
        first = await write(engine, PROMPT)
        assert counts(first) == (0, 100)
        assert first.end.cached_reason == "nothing of this prompt was computed before"
        # The last token of a reply that was cut was never computed.
        turn = (*PROMPT, *first.tokens, *OTHER[:20])
        second = await write(engine, turn)
        assert counts(second) == (109, 21)
        assert second.end.cached_reason == ""
        third = await write(engine, (*turn, *second.tokens, *OTHER[20:30]))
        assert counts(third) == (139, 11)
    await assert_as_fresh(tiny_model, tmp_path, {turn: second})


async def test_regenerating_computes_one_token(tiny_model: Path, tmp_path: Path) -> None:
    async with opened(tiny_model, tmp_path) as engine:
        first = await write(engine, PROMPT)
        again = await write(engine, PROMPT)
        assert counts(again) == (99, 1)
        assert again.end.cached_reason == ""
        assert again.tokens == first.tokens


async def test_branches_share_their_prefix_and_keep_their_own(tiny_model: Path, tmp_path: Path) -> None:
    left, right = (*PROMPT, *OTHER[:30]), (*PROMPT, *OTHER[50:80])
    async with opened(tiny_model, tmp_path) as engine:
        first = await write(engine, left)
        branch = await write(engine, right)
        assert counts(branch) == (100, 30)
        assert branch.end.cached_reason == "differs from what is kept at token 101 of 130"
        back = await write(engine, (*left, *first.tokens, 7))
        assert counts(back) == (139, 2)
        over = await write(engine, (*right, *branch.tokens, 7))
        assert counts(over) == (139, 2)
    await assert_as_fresh(tiny_model, tmp_path, {right: branch, (*left, *first.tokens, 7): back})


async def test_an_early_edit_keeps_what_stands_before_it(tiny_model: Path, tmp_path: Path) -> None:
    edited = changed(PROMPT, 40)
    async with opened(tiny_model, tmp_path) as engine:
        await write(engine, PROMPT)
        run = await write(engine, edited)
        assert counts(run) == (40, 60)
        assert run.end.cached_reason == "differs from what is kept at token 41 of 100"
        unlike = await write(engine, OTHER)
        assert counts(unlike) == (0, 100)
    await assert_as_fresh(tiny_model, tmp_path, {edited: run})


async def test_a_conversation_is_read_once(tiny_model: Path, tmp_path: Path) -> None:
    async with opened(tiny_model, tmp_path) as engine:
        for seed in range(200):
            request = chat("Hi", temperature=1.0, top_k=0, top_p=1.0, seed=seed, max_new_tokens=2)
            first = await reply(engine, request)
            if first.tokens and first.text.isascii() and first.text.isprintable() and first.end.reply_tokens == 2:
                break
        answer = Message("assistant", Message.of("assistant", first.text).parts, first.tokens)
        second = await reply(engine, chat("Hi", answer, "And now?", max_new_tokens=2, **GREEDY))
    assert first.text.isascii()
    assert second.end.cached_tokens == first.end.prompt_tokens + first.end.reply_tokens - 1


async def test_a_stopped_prompt_is_continued_where_it_stood(tiny_model: Path, tmp_path: Path) -> None:
    # A reply of no tokens leaves a whole prompt behind it.
    async with opened(tiny_model, tmp_path) as engine:
        empty = await follow(engine, PROMPT, max_length=1, **GREEDY)
        assert empty.end.reply_tokens == 0
        assert counts(await write(engine, (*PROMPT, 9))) == (100, 1)


async def test_more_conversations_than_sequences_forget_the_oldest(tiny_model: Path, tmp_path: Path) -> None:
    prompts = [tuple(5 + (index * 7 + number * 13) % 256 for index in range(20)) for number in range(20)]
    async with opened(tiny_model, tmp_path) as engine:
        for prompt in prompts:
            assert counts(await write(engine, prompt, 2))[0] == 0
        assert counts(await write(engine, prompts[-1], 2)) == (19, 1)
        assert counts(await write(engine, prompts[0], 2)) == (0, 20)


async def test_a_full_pool_puts_idle_conversations_away_and_brings_them_back(tiny_model: Path, tmp_path: Path) -> None:
    async with opened(tiny_model, tmp_path, context_size=256) as engine:
        first = await write(engine, PROMPT)
        await write(engine, OTHER)
        third = tuple(reversed(PROMPT))
        run = await write(engine, third, 150)
        assert run.end.stop_reason == "max_new_tokens"
        back = await write(engine, (*PROMPT, *first.tokens, 9))
        assert counts(back) == (109, 2)
        again = await write(engine, third, 150)
        assert counts(again) == (99, 1)
        assert again.tokens == run.tokens
    await assert_as_fresh(tiny_model, tmp_path, {third: run, (*PROMPT, *first.tokens, 9): back})


@pytest.mark.parametrize(("edit", "cached"), [(30, 0), (60, 0), (90, 90)])
async def test_a_window_that_is_gone_is_computed_again(
    make_model: Callable[..., Path], tmp_path: Path, edit: int, cached: int
) -> None:
    model = make_model("window.gguf", architecture="gemma3", sliding_window=16)
    edited = (*(PROMPT * 10)[:edit], *OTHER[:5])  # short, so that what is missing shows in the reply
    async with opened(model, tmp_path) as engine:
        # The first makes way for the third, which fills its cells and then some of those that the second's window
        # has left behind: the second's first fifty or so tokens.
        await write(engine, OTHER * 6, 1)
        await write(engine, PROMPT * 10, 1)
        await write(engine, tuple(reversed(OTHER)) * 4, 250)
        run = await write(engine, edited)
        assert run.end.cached_tokens == cached
        assert cached or "be cut back" in run.end.cached_reason
    assert len(set(run.tokens)) == 10
    await assert_as_fresh(model, tmp_path, {edited: run})


async def test_a_hole_in_a_window_is_computed_again(make_model: Callable[..., Path], tmp_path: Path) -> None:
    model = make_model("window.gguf", architecture="gemma3", sliding_window=16)
    edited = (*(PROMPT * 10)[:90], *OTHER[:5])
    async with opened(model, tmp_path) as engine:
        # As above, but the first sixty tokens are shared with a branch, so the cells behind them are taken.
        await write(engine, OTHER * 6, 1)
        await write(engine, PROMPT * 10, 1)
        await write(engine, (*PROMPT[:60], *OTHER[:10]), 1)
        await write(engine, tuple(reversed(OTHER)) * 4, 250)
        run = await write(engine, edited)
    await assert_as_fresh(model, tmp_path, {edited: run})


async def test_a_windowed_conversation_goes_on(make_model: Callable[..., Path], tmp_path: Path) -> None:
    model = make_model("window.gguf", architecture="gemma3", sliding_window=16)
    long = PROMPT * 12
    async with opened(model, tmp_path) as engine:
        first = await write(engine, long, 300)
        turn = (*long, *first.tokens, *OTHER)
        second = await write(engine, turn)
        assert counts(second) == (1499, 101)
    await assert_as_fresh(model, tmp_path, {turn: second})


@pytest.mark.parametrize("write_model", [write_recurrent_model, write_hybrid_model])
async def test_a_recurrent_state_is_continued_or_computed_again(
    write_model: Callable[[Path], Path], tmp_path: Path
) -> None:
    model = write_model(tmp_path / "state.gguf")
    async with opened(model, tmp_path) as engine:
        first = await write(engine, PROMPT)
        turn = (*PROMPT, *first.tokens, *OTHER[:20])
        second = await write(engine, turn)
        assert counts(second) == (109, 21)
        edited = changed(PROMPT, 40)
        third = await write(engine, edited)
        assert counts(third) == (0, 100)
        assert "can't be cut back" in third.end.cached_reason
        again = await write(engine, PROMPT)
        assert counts(again) == (99, 1)
        assert again.tokens == first.tokens
        # The way that a template writes a finished turn otherwise: all but the last few tokens are the same.
        otherwise = (*PROMPT[:80], *OTHER[:30])
        fourth = await write(engine, otherwise)
        assert counts(fourth) == (67, 43)
    await assert_as_fresh(model, tmp_path, {turn: second, edited: third, otherwise: fourth})
