"""Load settings: each that can take effect on a processor does, and llama.cpp itself says so."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine_run import GREEDY, opened, raw, reply
from experts_model import LAYERS, write_experts_model
from recurrent_model import write_recurrent_model
from tiny_adapter import write_tiny_adapter
from tiny_model import write_tiny_model

from chatapp.backends.local import LocalBackend
from chatapp.core.errors import (
    ChatappError,
    ContextFull,
    ModelInvalid,
    ModelLoadFailed,
    NotFound,
    Unsupported,
)
from chatapp.core.loading import Adapter, Effect, LoadSettings

TEXT = "The quick brown fox jumps over the lazy dog, and then it does so again and again."
linux = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose heads are wide enough for every cache type."""
    return write_tiny_model(tmp_path_factory.mktemp("models") / "wide.gguf", width=128, heads=4)


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return write_tiny_adapter(tmp_path / "style.gguf", width=128)


def settings(**values: Any) -> LoadSettings:
    return LoadSettings(**{"threads": 1, **values})


async def effect_of(backend: LocalBackend) -> Effect:
    async for _ in backend.load():
        pass
    assert backend.model is not None and backend.model.effect is not None
    return backend.model.effect


async def scored(backend: LocalBackend) -> list[float]:
    return [token.logprob for token in (await backend.score("", TEXT)).tokens]


async def measure(model: Path, logs: Path, **values: Any) -> tuple[Effect, list[float]]:
    """What a load came to, and what the model makes of a text under it."""
    async with opened(model, logs, load=settings(**values)) as backend:
        return await effect_of(backend), await scored(backend)


def difference(one: list[float], two: list[float]) -> float:
    return max(abs(first - second) for first, second in zip(one, two, strict=True))


async def failure(model: Path, logs: Path, **values: Any) -> ChatappError:
    async with opened(model, logs, load=settings(**values)) as backend:
        with pytest.raises(ChatappError) as caught:
            await effect_of(backend)
    return caught.value


async def test_unasked_everything_is_told_and_nothing_is_unmet(model: Path, tmp_path: Path) -> None:
    found, _ = await measure(model, tmp_path)
    assert (found.gpu_layers, found.layers, [(each.device, each.layers) for each in found.placements]) == (
        *(0, 3),
        [("CPU", 3)],
    )
    assert (found.context_size, found.pool_size, found.sequences) == (2048, 2048, 16)
    assert (found.threads, found.batch_threads, found.batch_size, found.micro_batch_size) == (1, 1, 512, 512)
    assert (found.cache_type_k, found.cache_type_v, found.flash_attention) == ("f16", "f16", False)
    assert (found.mmap, found.mlock, found.adapters, found.unmet) == (True, False, (), ())
    assert (found.rope_scaling, found.rope_freq_base, found.rope_freq_scale) == ("none", 10_000.0, 1.0)
    # Two layers of 2,048 cells with 128 keys and 128 values of two bytes.
    assert found.cache_bytes == pytest.approx(2 * 2048 * 256 * 2, rel=0.01)


async def test_sizes_and_threads_are_those_asked_for(model: Path, tmp_path: Path) -> None:
    asked = {
        "context_size": 1000, "pool_size": 3072, "sequences": 3, "threads": 2, "batch_threads": 1, "batch_size": 64,
        "micro_batch_size": 32,
    }  # fmt: skip
    found, _ = await measure(model, tmp_path, **asked)
    assert {name: getattr(found, name) for name in asked} == asked
    assert found.unmet == ()


async def test_a_pool_of_several_contexts_holds_several_conversations(model: Path, tmp_path: Path) -> None:
    long = {name: name * 700 for name in "ab"}
    reused = {}
    for pool in (1024, 2048):
        async with opened(model, tmp_path, load=settings(context_size=1024, pool_size=pool)) as backend:
            for name in "aba":
                run = await reply(backend, raw(long[name], max_new_tokens=1, **GREEDY))
            slots = await backend.prepare(raw("x"))
            assert slots.context_size == 1024
            reused[pool] = run.end.cached_tokens
            with pytest.raises(ContextFull):
                await backend.prepare(raw("x" * 1100))
    assert reused[2048] >= 699


async def test_one_sequence_writes_samples_one_after_the_other(model: Path, tmp_path: Path) -> None:
    async with opened(model, tmp_path, load=settings(sequences=1)) as backend:
        run = await reply(backend, raw("x", samples=3, max_new_tokens=4, seed=1, ignore_eos=True))
        assert [sample.end.reply_tokens for sample in run.samples.values()] == [4, 4, 4]
    recurrent = write_recurrent_model(tmp_path / "recurrent.gguf")
    async with opened(recurrent, tmp_path, load=settings()) as backend:
        assert (await effect_of(backend)).sequences == 4


@pytest.mark.parametrize(
    ("key", "value"), [("q8_0", "f16"), ("f16", "q8_0"), ("q4_0", "q4_0"), ("f32", "f32"), ("iq4_nl", "q5_1")]
)
async def test_the_cache_is_kept_as_asked(model: Path, tmp_path: Path, key: str, value: str) -> None:
    # The kernel of flash attention reads 32 bits as 16.
    flash = "off" if key == "f32" else "auto"
    plain, before = await measure(model, tmp_path, flash_attention=flash)
    found, after = await measure(model, tmp_path, flash_attention=flash, cache_type_k=key, cache_type_v=value)
    assert (found.cache_type_k, found.cache_type_v) == (key, value)
    assert (found.cache_bytes < plain.cache_bytes) is (key != "f32")
    assert difference(before, after) > 0
    assert found.unmet == ()


async def test_flash_attention_is_off_where_it_was_turned_off(model: Path, tmp_path: Path) -> None:
    on, with_it = await measure(model, tmp_path, flash_attention="on")
    off, without = await measure(model, tmp_path, flash_attention="off")
    assert (on.flash_attention, off.flash_attention) == (True, False)
    assert 0 < difference(with_it, without) < 0.1


async def test_left_to_itself_flash_attention_is_used_on_the_processor_where_the_cache_needs_it(
    model: Path, tmp_path: Path
) -> None:
    plain, _ = await measure(model, tmp_path)
    quantised, _ = await measure(model, tmp_path, cache_type_v="q8_0")
    assert (plain.flash_attention, quantised.flash_attention) == (False, True)


async def test_a_cache_type_that_the_heads_do_not_allow_is_said(tiny_model: Path, tmp_path: Path) -> None:
    error = await failure(tiny_model, tmp_path, cache_type_k="q8_0", flash_attention="on")
    assert isinstance(error, Unsupported) and "q8_0" in error.message and "f16" in error.hint


async def test_rope_settings_change_what_is_read(model: Path, tmp_path: Path) -> None:
    _, plain = await measure(model, tmp_path)
    scores = {}
    for name, values in {
        "base": {"rope_freq_base": 500_000.0},
        "linear": {"rope_scaling": "linear", "rope_freq_scale": 0.25},
        "yarn": {"rope_scaling": "yarn", "rope_freq_scale": 0.25},
        "factors": {"rope_scaling": "yarn", "rope_freq_scale": 0.25, "yarn_ext_factor": 0.5, "yarn_beta_fast": 4.0},
        "none": {"rope_scaling": "none", "rope_freq_scale": 0.25},
    }.items():
        found, scores[name] = await measure(model, tmp_path, **values)
        assert found.rope_scaling == str(values.get("rope_scaling", "none"))
        assert found.rope_freq_base == values.get("rope_freq_base", 10_000.0)
        assert found.rope_freq_scale == (0.25 if name in ("linear", "yarn", "factors") else 1.0)
    assert all(difference(plain, scores[name]) > 1e-3 for name in ("base", "linear", "yarn", "factors"))
    assert difference(scores["linear"], scores["yarn"]) > 1e-3 < difference(scores["yarn"], scores["factors"])
    assert difference(plain, scores["none"]) == 0.0


async def test_a_context_beyond_the_trained_one_is_said(model: Path, tmp_path: Path) -> None:
    found, _ = await measure(model, tmp_path, context_size=4096)
    assert any("2,048" in notice for notice in found.unmet)
    stretched, _ = await measure(model, tmp_path, context_size=4096, rope_scaling="linear", rope_freq_scale=0.5)
    assert stretched.unmet == ()


@linux
@pytest.mark.parametrize(("mmap", "mapped"), [("auto", True), ("on", True), ("off", False)])
async def test_the_file_is_mapped_or_read(model: Path, tmp_path: Path, mmap: str, mapped: bool) -> None:
    async with opened(model, tmp_path, load=settings(mmap=mmap)) as backend:
        assert (await effect_of(backend)).mmap is mapped
        maps = Path(f"/proc/{backend.worker_pid}/maps").read_text()
        assert ("wide.gguf" in maps) is mapped


async def test_a_lock_is_in_effect_or_its_refusal_is_said(model: Path, tmp_path: Path) -> None:
    found, _ = await measure(model, tmp_path, mlock=True)
    assert found.mlock is not any("mlock" in notice for notice in found.unmet)
    assert not (await measure(model, tmp_path))[0].mlock


async def test_adapters_change_what_is_written_by_their_scale(model: Path, adapter: Path, tmp_path: Path) -> None:
    _, plain = await measure(model, tmp_path)
    other = write_tiny_adapter(tmp_path / "other.gguf", width=128, tensor="attn_output", seed=9)
    scores = {}
    for name, lora in {
        "nothing": (Adapter(str(adapter), 0.0),),
        "whole": (Adapter(str(adapter)),),
        "half": (Adapter(str(adapter), 0.5),),
        "opposite": (Adapter(str(adapter), -1.0),),
        "both": (Adapter(str(adapter)), Adapter(str(other), 0.5)),
    }.items():
        found, scores[name] = await measure(model, tmp_path, lora=lora)
        assert found.adapters == lora and found.unmet == ()
    assert difference(plain, scores.pop("nothing")) == 0.0
    results = [plain, *scores.values()]
    assert all(difference(one, two) > 1e-3 for one in results for two in results if one is not two)


async def test_an_adapter_is_part_of_the_identity_by_its_content(model: Path, adapter: Path, tmp_path: Path) -> None:
    identities, keys = [], []
    for lora in ((), (Adapter(str(adapter)),), (Adapter(str(adapter), 0.5),)):
        async with opened(model, tmp_path, load=settings(lora=lora)) as backend:
            prepared = await backend.prepare(raw("x", seed=1))
            identities.append(prepared.model_fingerprint)
            keys.append(prepared.cache_key)
    write_tiny_adapter(adapter, width=128, seed=8)
    async with opened(model, tmp_path, load=settings(lora=(Adapter(str(adapter)),))) as backend:
        prepared = await backend.prepare(raw("x", seed=1))
    assert len({*identities, prepared.model_fingerprint}) == len({*keys, prepared.cache_key}) == 4


@pytest.mark.parametrize(
    "values",
    [
        {"cache_type_k": "q8_0"}, {"cache_type_v": "q8_0"}, {"flash_attention": "on"}, {"rope_freq_base": 20_000.0},
        {"rope_scaling": "yarn", "rope_freq_scale": 0.5}, {"threads": 2}, {"micro_batch_size": 64},
        {"batch_threads": 2}, {"rope_scaling": "yarn", "rope_freq_scale": 0.5, "yarn_beta_fast": 2.0},
    ],
    ids=lambda values: ",".join(values),
)  # fmt: skip
async def test_what_changes_a_reply_is_in_the_cache_key(model: Path, tmp_path: Path, values: dict[str, object]) -> None:
    keys = set()
    for each in ({}, values):
        async with opened(model, tmp_path, load=settings(**each)) as backend:
            keys.add((await backend.prepare(raw("x", seed=1))).cache_key)
    assert len(keys) == 2


async def test_where_weights_come_from_is_not_in_the_cache_key(model: Path, tmp_path: Path) -> None:
    keys = set()
    for mmap in ("on", "off"):
        async with opened(model, tmp_path, load=settings(mmap=mmap)) as backend:
            keys.add((await backend.prepare(raw("x", seed=1))).cache_key)
    assert len(keys) == 1


async def test_experts_stay_with_the_processor(tmp_path: Path) -> None:
    experts = write_experts_model(tmp_path / "experts.gguf")
    for asked, got in ((0, 0), (2, 2), (10_000, LAYERS)):
        found, scores = await measure(experts, tmp_path, cpu_experts=asked)
        assert found.cpu_experts == got and len(scores) == len(TEXT)


async def test_what_needs_a_gpu_is_said_to_have_none(model: Path, tmp_path: Path) -> None:
    found, _ = await measure(model, tmp_path, gpu_layers=20, tensor_split=(3.0, 1.0), main_gpu=1)
    (notice,) = found.unmet
    assert all(name in notice for name in ("gpu_layers", "tensor_split", "main_gpu", "processor alone"))
    assert (await measure(model, tmp_path, gpu_layers=0))[0].unmet == ()
    (forced,) = (await measure(model, tmp_path, gpu_layers=20, device="cpu"))[0].unmet
    assert "device is cpu" in forced


async def test_notices_of_the_card_and_of_the_backend_tell_it(model: Path, tmp_path: Path) -> None:
    async with opened(model, tmp_path, load=settings(gpu_layers=20)) as backend:
        (notice,) = (await effect_of(backend)).unmet
        assert backend.model is not None and notice in backend.model.notices and notice in backend.notices


async def test_an_unknown_device_is_answered_with_those_that_there_are(model: Path, tmp_path: Path) -> None:
    for device in ("CUDA7", "cpu,CUDA7", "vulkan0"):
        error = await failure(model, tmp_path, device=device)
        assert isinstance(error, NotFound) and "There is: cpu" in error.hint
    assert (await measure(model, tmp_path, device="CPU"))[0].gpu_layers == 0


def damaged(path: Path) -> Path:
    write_tiny_adapter(path, width=128)
    path.write_bytes(path.read_bytes()[:-3000])
    return path


@pytest.mark.parametrize(
    ("write", "kind", "telling"),
    [
        (lambda path: path, ChatappError, "no file"),
        (lambda path: path.write_bytes(b"no gguf at all" * 9), ModelInvalid, ""),
        (lambda path: write_tiny_model(path), ModelInvalid, "no LoRA adapter"),
        (lambda path: write_tiny_adapter(path, adapter="control_vector"), ModelInvalid, "control_vector"),
        (lambda path: write_tiny_adapter(path, architecture="gemma3"), ModelInvalid, "gemma3"),
        (lambda path: write_tiny_adapter(path, width=32), ModelLoadFailed, "shape"),
        (lambda path: write_tiny_adapter(path, width=128, tensor="nothing"), ModelLoadFailed, "nothing"),
        (damaged, ModelInvalid, "truncated"),
    ],
    ids=["missing", "no gguf", "a model", "another kind", "another architecture", "another width", "other tensors",
         "truncated"],
)  # fmt: skip
async def test_an_adapter_that_does_not_belong_is_named(
    model: Path, tmp_path: Path, write: Callable[[Path], object], kind: type[ChatappError], telling: str
) -> None:
    path = tmp_path / "wrong.gguf"
    write(path)
    error = await failure(model, tmp_path / "logs", lora=(Adapter(str(path)),))
    assert isinstance(error, kind) and "wrong.gguf" in error.message and telling in error.message
    assert error.hint


@linux
async def test_nothing_half_loaded_is_left(model: Path, adapter: Path, tmp_path: Path) -> None:
    """The same worker refuses again and again, holds nothing of the model, and then loads what is right."""
    write_tiny_adapter(adapter, width=32)
    async with opened(model, tmp_path / "logs", load=settings(lora=(Adapter(str(adapter)),))) as backend:
        open_files = set()
        for _ in range(3):
            with pytest.raises(ModelLoadFailed):
                await effect_of(backend)
            pid = backend.worker_pid
            assert "wide.gguf" not in Path(f"/proc/{pid}/maps").read_text()
            open_files.add(len(list(Path(f"/proc/{pid}/fd").iterdir())))
        assert len(open_files) == 1
        write_tiny_adapter(adapter, width=128)
        assert (await effect_of(backend)).adapters and backend.worker_pid == pid


async def test_a_context_too_large_for_memory_names_one_that_fits(model: Path, tmp_path: Path) -> None:
    error = await failure(model, tmp_path, context_size=2_000_000_000)
    assert isinstance(error, ModelLoadFailed) and "2,000,000,000" in error.message and "memory" in error.message
    assert "--context-size" in error.hint


async def test_two_loads_at_once_stay_apart(model: Path, adapter: Path, tmp_path: Path) -> None:
    (_, plain), (found, laid) = await asyncio.gather(
        measure(model, tmp_path), measure(model, tmp_path, lora=(Adapter(str(adapter)),))
    )
    assert found.adapters and difference(plain, laid) > 1e-3
