"""A conversation that is opened again after a restart is not computed again, and never wrong."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from engine_run import GREEDY, Run, follow, opened
from hybrid_model import write_hybrid_model
from recurrent_model import write_recurrent_model

from chatapp.engine.snapshots import SUFFIX, usage

PROMPT = tuple(5 + index * 37 % 256 for index in range(100))
MORE = tuple(5 + (index * 91 + 17) % 256 for index in range(20))


async def write(
    model: Path, folder: Path, *prompts: tuple[int, ...], keeps: bool = True, context: int = 0
) -> list[Run]:
    """What a new engine writes after each of `prompts`."""
    async with opened(
        model, folder / "logs", context_size=context, snapshots=folder / "kept" if keeps else None
    ) as engine:
        return [await follow(engine, prompt, max_new_tokens=10, repeat_penalty=10.0, **GREEDY) for prompt in prompts]


def files(folder: Path) -> list[Path]:
    return sorted((folder / "kept").glob(f"*/*{SUFFIX}"))


@pytest.fixture(params=["llama", "window", "recurrent", "hybrid"])
def model(request: pytest.FixtureRequest, make_model: Callable[..., Path], tmp_path: Path) -> Path:
    if request.param == "recurrent":
        return write_recurrent_model(tmp_path / "mamba.gguf")
    if request.param == "hybrid":
        return write_hybrid_model(tmp_path / "lfm2.gguf")
    if request.param == "window":
        return make_model("window.gguf", architecture="gemma3", sliding_window=16)
    return make_model()


async def test_the_next_turn_after_a_restart_computes_only_what_is_new(model: Path, tmp_path: Path) -> None:
    (first,) = await write(model, tmp_path, PROMPT)
    assert len(files(tmp_path)) == 1
    assert files(tmp_path)[0].stat().st_mode & 0o077 == 0
    turn = (*PROMPT, *first.tokens, *MORE)
    (second,) = await write(model, tmp_path, turn)
    assert (second.end.cached_tokens, second.end.processed_tokens) == (109, 21)
    # The longer state stands for the shorter one, where it can be cut back to it.
    assert len(files(tmp_path)) == (1 if model.name == "tiny.gguf" else 2)
    (fresh,) = await write(model, tmp_path, turn, keeps=False)
    assert (fresh.end.cached_tokens, fresh.tokens) == (0, second.tokens)


async def test_another_context_size_is_another_engine(tiny_model: Path, tmp_path: Path) -> None:
    await write(tiny_model, tmp_path, PROMPT, context=512)
    (other,) = await write(tiny_model, tmp_path, (*PROMPT, *MORE), context=1024)
    assert other.end.cached_tokens == 0
    assert [each.snapshots for each in usage(tmp_path / "kept")] == [2]


async def test_a_damaged_snapshot_is_never_used(tiny_model: Path, tmp_path: Path) -> None:
    (first,) = await write(tiny_model, tmp_path, PROMPT)
    turn = (*PROMPT, *first.tokens, *MORE)
    (wanted,) = await write(tiny_model, tmp_path, turn, keeps=False)
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    chance = random.Random(0)
    for kind in range(4):
        for old in files(tmp_path):
            old.unlink()
        damaged = bytearray(whole)
        at = (20, len(whole) // 2, len(whole) - 1, 60)[kind]
        damaged[at] ^= 1 + chance.randrange(255)
        path.write_bytes(damaged)
        (run,) = await write(tiny_model, tmp_path, turn)
        assert (run.end.cached_tokens, run.tokens) == (0, wanted.tokens), at
        if kind in (1, 2):
            assert run.end.cached_reason == "a snapshot on disk can't be used: its sum is wrong"


async def test_nothing_is_kept_without_a_place(tiny_model: Path, tmp_path: Path) -> None:
    await write(tiny_model, tmp_path, PROMPT, keeps=False)
    assert not (tmp_path / "kept").exists()


async def test_two_engines_share_a_folder(tiny_model: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    async with opened(tiny_model, tmp_path / "a", snapshots=kept) as one:
        async with opened(tiny_model, tmp_path / "b", snapshots=kept) as other:
            first = await follow(one, PROMPT, max_new_tokens=10, repeat_penalty=10.0, **GREEDY)
            await follow(other, MORE * 5, max_new_tokens=10, **GREEDY)
        # The other one has ended and left what it computed.
        run = await follow(one, (*MORE * 5, 9), max_new_tokens=10, **GREEDY)
        assert run.end.cached_tokens == 100
    assert len(files(tmp_path)) == 3
    assert first.end.cached_tokens == 0
