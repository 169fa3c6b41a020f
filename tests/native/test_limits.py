"""Context and prompt sizes around every limit: no exception but the one that says so, and the stop reason is right."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from engine_run import follow, opened

from chatapp.core.errors import EngineError
from chatapp.core.parameters import Value

SIZES = (
    5, 6, 7, 8, 9, 16, 31, 32, 33, 64, 100, 127, 128, 129, 255, 256, 257, 300, 511, 512, 513, 767, 768, 769, 1000, 1001,
)  # fmt: skip
ROOMS = (-1, 0, 1, 2, 3, 5, 8)
"""Tokens that a prompt leaves free."""
LIMITS: tuple[Value, ...] = (None, 1, 4)
ENDLESS: dict[str, Value] = {"temperature": 1.0, "ignore_eos": True, "seed": 1}


def tokens(count: int, seed: int = 0) -> tuple[int, ...]:
    return tuple(5 + (index * 37 + seed * 11) % 256 for index in range(count))


def cases(size: int) -> list[tuple[int, Value]]:
    """Prompt sizes with a limit of new tokens."""
    return [(size - room, limit) for room in ROOMS for limit in LIMITS if size - room > 0]


def test_there_are_five_hundred() -> None:
    assert sum(len(cases(size)) for size in SIZES) >= 500


@pytest.mark.parametrize("size", SIZES)
async def test_every_prompt_ends_at_the_right_limit(tiny_model: Path, tmp_path: Path, size: int) -> None:
    async with opened(tiny_model, tmp_path, context_size=size) as engine:
        for count, limit in cases(size):
            room = size - count
            if room <= 0:
                with pytest.raises(EngineError, match="longer than its context"):
                    await follow(engine, tokens(count), max_new_tokens=limit, **ENDLESS)
                continue
            end = (await follow(engine, tokens(count), max_new_tokens=limit, **ENDLESS)).end
            is_limited = isinstance(limit, int) and limit <= room
            assert end.stop_reason == ("max_new_tokens" if is_limited else "context_full"), (count, limit)
            assert end.reply_tokens == (limit if is_limited else room), (count, limit)


async def test_a_full_pool_lets_one_after_the_other_in(tiny_model: Path, tmp_path: Path) -> None:
    for size in (64, 256, 257, 300):
        async with opened(tiny_model, tmp_path, context_size=size) as engine:
            counts = [size - 1, size // 2, 1, size - 3, size // 3, size - 2]
            runs = await asyncio.gather(
                *(follow(engine, tokens(count, seed=seed), **ENDLESS) for seed, count in enumerate(counts))
            )
            for count, run in zip(counts, runs, strict=True):
                assert (run.end.stop_reason, run.end.reply_tokens) == ("context_full", size - count)
