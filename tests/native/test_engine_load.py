"""Loading: progress, cancelling, and every file that is no usable model."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from engine_run import GREEDY, opened, raw, reply, wait_until
from tiny_model import write_tiny_model

from chatapp.core.errors import (
    EngineCrashed,
    EngineError,
    LoadCancelled,
    ModelError,
    ModelInvalid,
    ModelLoadFailed,
    ModelNotFound,
)
from chatapp.engine.worker.log import Log

MakeModel = Callable[..., Path]


async def test_progress_runs_from_nothing_to_all(tiny_model: Path, tmp_path: Path) -> None:
    async with opened(tiny_model, tmp_path) as backend:
        assert backend.model is None and backend.worker_pid is None
        fractions = [fraction async for fraction in backend.load()]
        assert fractions == sorted(fractions)
        assert (fractions[0], fractions[-1]) == (0.0, 1.0)
        assert [fraction async for fraction in backend.load()] == [1.0]


async def test_the_card_tells_what_runs(make_model: MakeModel, tmp_path: Path) -> None:
    model = make_model("some-name.gguf", name="\x1b[31mhostile", context_length=3000)
    async with opened(model, tmp_path) as backend:
        await backend.prepare(raw("x"))
        card = backend.model
    assert card is not None
    assert (card.name, card.architecture, card.path) == ("some-name", "llama", str(model))
    assert (card.trained_context_size, card.context_size, card.vocabulary_size) == (3000, 3000, 356)
    assert card.template and card.device == "cpu×1" and card.build
    assert card.parameter_count > 100_000 and card.size_bytes == 4 * card.parameter_count
    assert len(card.fingerprint) == 64


async def test_the_context_is_at_most_8192_unless_asked(make_model: MakeModel, tmp_path: Path) -> None:
    model = make_model(context_length=100_000)
    for asked, got in ((0, 8192), (12_000, 12_000), (100, 100)):
        async with opened(model, tmp_path, context_size=asked) as backend:
            assert (await backend.prepare(raw("x"))).context_size == got


async def test_several_callers_share_one_load(tiny_model: Path, tmp_path: Path) -> None:
    async with opened(tiny_model, tmp_path) as backend:
        prepared = await asyncio.gather(*(backend.prepare(raw(f"prompt {number}")) for number in range(5)))
        assert len({each.model_fingerprint for each in prepared}) == 1
    assert [path.name for path in tmp_path.glob("engine-*.log")] == []


@pytest.mark.parametrize("started", [False, True], ids=["while the worker starts", "while the file is read"])
async def test_a_load_can_be_cancelled_and_begun_again(make_model: MakeModel, tmp_path: Path, started: bool) -> None:
    model = make_model(layers=6, width=512, feed_forward=2048)
    async with opened(model, tmp_path) as backend:
        waiting = [asyncio.create_task(backend.prepare(raw("x"))) for _ in range(2)]
        if started:
            await wait_until(lambda: backend.worker_pid is not None)
        else:
            await wait_until(lambda: backend._client._loading is not None)
        await backend.cancel_load()
        for task in waiting:
            with pytest.raises(LoadCancelled):
                await task
        run = await reply(backend, raw("x", max_new_tokens=2, **GREEDY))
        assert run.end.reply_tokens == 2
        await backend.cancel_load()  # without effect
        assert backend.model is not None


async def test_closing_ends_a_load_under_way(tiny_model: Path, tmp_path: Path) -> None:
    async with opened(tiny_model, tmp_path) as backend:
        waiting = asyncio.create_task(backend.prepare(raw("x")))
        await wait_until(lambda: backend._client._loading is not None)
        await backend.close()
        with pytest.raises(EngineError, match="closed"):
            await waiting
        assert backend.worker_pid is None


def garbage(path: Path) -> None:
    path.write_bytes(b"\x00\x01\x02garbage" * 500)


def truncated(path: Path) -> None:
    write_tiny_model(path)
    path.write_bytes(path.read_bytes()[:-5000])


def cut_in_its_header(path: Path) -> None:
    truncated(path)
    path.write_bytes(path.read_bytes()[:700])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def without_tokenizer(path: Path) -> None:
    write_tiny_model(path, tokenizer=False)


def directory(path: Path) -> None:
    path.mkdir()
    (path / "model.safetensors").write_bytes(b"x")


def foreign_architecture(path: Path) -> None:
    write_tiny_model(path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"llama", b"lhama"))


@pytest.mark.parametrize(
    ("write", "kind", "telling"),
    [
        (lambda path: None, ModelNotFound, "no file"),
        (garbage, ModelInvalid, ""),
        (truncated, ModelInvalid, "truncated"),
        (cut_in_its_header, ModelInvalid, ""),
        (empty, ModelInvalid, "empty"),
        (without_tokenizer, ModelInvalid, "tokenizer"),
        (directory, ModelInvalid, ""),
        (foreign_architecture, ModelLoadFailed, "lhama"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_a_file_that_is_no_model_is_named_as_what_it_is(
    tmp_path: Path, write: Callable[[Path], None], kind: type[ModelError], telling: str
) -> None:
    path = tmp_path / "broken.gguf"
    write(path)
    async with opened(path, tmp_path / "logs") as backend:
        for _ in range(2):
            with pytest.raises(kind) as caught:
                await backend.prepare(raw("x"))
            assert "broken.gguf" in caught.value.message and telling in caught.value.message
            assert caught.value.hint


async def test_a_file_that_was_mended_loads(tmp_path: Path, make_model: MakeModel) -> None:
    path = tmp_path / "model.gguf"
    foreign_architecture(path)
    async with opened(path, tmp_path / "logs") as backend:
        with pytest.raises(ModelLoadFailed):
            await backend.prepare(raw("x"))
        path.write_bytes(make_model("sound.gguf").read_bytes())
        run = await reply(backend, raw("x", max_new_tokens=2, **GREEDY))
    assert run.end.reply_tokens == 2


async def test_an_engine_that_can_not_start_says_why(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "llama_cpp"
    broken.mkdir()
    (broken / "__init__.py").write_text('raise ImportError("libgomp.so.1: cannot open shared object file")')
    monkeypatch.syspath_prepend(str(tmp_path))
    async with opened(tiny_model, tmp_path / "logs") as backend:
        with pytest.raises(EngineCrashed, match=r"libgomp\.so\.1") as caught:
            await backend.prepare(raw("x"))
        assert "doctor" in caught.value.hint


async def test_an_engine_needs_no_place_for_its_log(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("a file where the directory should be")
    async with opened(tiny_model, tmp_path / "occupied") as backend:
        run = await reply(backend, raw("x", max_new_tokens=2, **GREEDY))
    assert run.end.reply_tokens == 2


async def test_an_older_log_is_not_taken_for_the_engines_own(tiny_model: Path, tmp_path: Path) -> None:
    async with opened(tiny_model, tmp_path) as backend:
        await backend.prepare(raw("x"))
        number = int(next(tmp_path.glob("engine-*.log")).stem.rpartition("-")[2])
    old = tmp_path / f"engine-{os.getpid()}-{number + 1}.log"
    old.write_text("GGML_ASSERT(an older crash)\n")
    async with opened(tiny_model, tmp_path) as backend:
        await backend.prepare(raw("x"))
        assert "older crash" not in old.read_text()


def test_the_log_keeps_the_first_error_of_a_load(tmp_path: Path) -> None:
    log = Log(tmp_path / "engine.log")
    log.write("error", "llama_model_load: error loading ")
    log.write("error", "model: tensor is missing\n")
    log.write("error", "llama_model_load_from_file_impl: failed to load model\n")
    assert log.said.first_error == "tensor is missing"
    log.begin_load()
    assert log.said.first_error == ""
    text = (tmp_path / "engine.log").read_text()
    assert "tensor is missing" in text
