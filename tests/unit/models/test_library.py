"""Finding models by name, by path, and saying what is wrong with those that can't be used."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest

from chatapp.core.errors import ModelInvalid, ModelNotFound
from chatapp.core.paths import Paths
from chatapp.models.fingerprint import WHOLE_BELOW_BYTES, fingerprint
from chatapp.models.gguf import read_header
from chatapp.models.library import Library, pocket_path


@pytest.fixture
def paths(home: Path) -> Paths:
    paths = Paths.of()
    paths.models.mkdir(parents=True)
    return paths


@pytest.fixture
def library(paths: Paths, tiny_model: Path, tmp_path: Path) -> Library:
    for name in ("Qwen3-0.6B-Q8_0.gguf", "Llama-3.2-1B-Q4_K_M.gguf", "Llama-3.2-3B-Q4_K_M.gguf", "sub/gemma.gguf"):
        target = paths.models / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(tiny_model, target)
    pocket = tmp_path / "pocket.gguf"
    shutil.copy(tiny_model, pocket)
    return Library(paths, pocket=pocket)


@pytest.mark.parametrize(
    ("reference", "file"),
    [
        ("Qwen3-0.6B-Q8_0", "Qwen3-0.6B-Q8_0.gguf"),
        ("qwen3-0.6b-q8_0.gguf", "Qwen3-0.6B-Q8_0.gguf"),
        ("qwen", "Qwen3-0.6B-Q8_0.gguf"),
        ("llama-3.2-3", "Llama-3.2-3B-Q4_K_M.gguf"),
        ("gemma", "gemma.gguf"),
        ("pocket", "pocket.gguf"),
        ("POCKET", "pocket.gguf"),
    ],
)
def test_a_name_is_found_without_its_case_or_its_end(library: Library, reference: str, file: str) -> None:
    assert library.find(reference).name == file


def test_a_path_is_found(library: Library, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert library.find(str(tiny_model)) == tiny_model
    monkeypatch.chdir(tiny_model.parent)
    assert library.find("tiny.gguf") == tiny_model
    assert library.find("./tiny.gguf") == tiny_model


@pytest.mark.parametrize(
    ("reference", "said", "hinted"),
    [
        ("llama", "could be 2", "Llama-3.2-1B"),
        ("Qwne3-0.6B-Q8_0", "no model", "Did you mean Qwen3-0.6B-Q8_0"),
        ("zzz", "no model", "models list"),
        ("", "empty", "models list"),
        ("Qwen/Qwen3-0.6B-GGUF:Q8_0", "no file", "repository"),
        ("/nowhere/at/all.gguf", "no file", "path"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(library: Library, reference: str, said: str, hinted: str) -> None:
    with pytest.raises(ModelNotFound, match=said) as caught:
        library.find(reference)
    assert hinted in caught.value.hint


def test_a_mistyped_path_names_its_neighbour(library: Library, tiny_model: Path) -> None:
    with pytest.raises(ModelNotFound) as caught:
        library.find(str(tiny_model.with_name("tyny.gguf")))
    assert str(tiny_model) in caught.value.hint


def test_the_list_tells_facts_and_problems(library: Library, paths: Paths) -> None:
    (paths.models / "broken.gguf").write_bytes(b"<html>")
    models = {model.name: model for model in library.list()}
    assert next(iter(models)) == "pocket"
    assert models["broken"].problem is not None
    assert models["broken"].header is None
    assert models["gemma"].problem is None
    assert models["gemma"].header is not None
    assert models["gemma"].size_bytes == models["gemma"].header.size_bytes


def test_an_empty_home_has_an_empty_list(home: Path, tmp_path: Path) -> None:
    library = Library(Paths.of(), pocket=tmp_path / "none.gguf")
    assert library.list() == []
    with pytest.raises(ModelNotFound, match="built-in model is missing"):
        library.find("pocket")
    assert not home.exists()


def test_the_built_in_model_lies_in_the_package() -> None:
    assert pocket_path().parts[-3:] == ("chatapp", "pocket", "pocket.gguf")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tokenizer": False}, "no tokenizer"),
        ({"metadata": {"general.type": "adapter"}}, "LoRA adapter"),
        ({"metadata": {"general.type": "mmproj"}}, "projector"),
        ({"architecture": "bert"}, "embedding model"),
    ],
)
def test_a_file_that_can_not_chat_is_refused(
    library: Library, make_model: Callable[..., Path], options: dict[str, object], said: str
) -> None:
    with pytest.raises(ModelInvalid, match=said):
        library.find(str(make_model("odd.gguf", **options)))


def test_a_model_without_a_template_is_no_problem_here(library: Library, make_model: Callable[..., Path]) -> None:
    assert library.find(str(make_model("base.gguf", template=None)))


def split_model(folder: Path, count: int) -> list[Path]:
    """A model in parts, with the keys that gguf-split writes."""
    made = []
    for number in range(count):
        path = folder / f"big-{number + 1:05d}-of-{count:05d}.gguf"
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_uint16("split.no", number)
        writer.add_uint16("split.count", count)
        writer.add_tokenizer_model("llama")
        writer.add_tensor(f"tensor.{number}", np.zeros(8, dtype=np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        made.append(path)
    return made


def test_a_model_in_parts_is_one_model(library: Library, paths: Paths) -> None:
    parts = split_model(paths.models, 3)
    assert library.find("big") == parts[0]
    entry = next(model for model in library.list() if model.path == parts[0])
    assert entry.size_bytes == sum(part.stat().st_size for part in parts)
    assert [model.path for model in library.list() if model.path in parts[1:]] == []
    with pytest.raises(ModelInvalid, match="part 2 of 3") as caught:
        library.find(str(parts[1]))
    assert parts[0].name in caught.value.hint
    parts[2].unlink()
    with pytest.raises(ModelInvalid, match="missing"):
        library.find("big")


def test_a_fingerprint_is_the_contents_and_not_the_name(tiny_model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.gguf"
    shutil.copy(tiny_model, copy)
    assert fingerprint(copy) == fingerprint(tiny_model)
    content = bytearray(copy.read_bytes())
    content[-1] ^= 1
    copy.write_bytes(content)
    assert fingerprint(copy) != fingerprint(tiny_model)


@pytest.mark.parametrize("place", ["header", "first byte of data", "last byte"])
def test_a_large_file_is_sampled_at_its_header_and_its_ends(make_model: Callable[..., Path], place: str) -> None:
    path = make_model("large.gguf", width=512, feed_forward=1024, heads=8)
    header = read_header(path)
    assert header.size_bytes > WHOLE_BELOW_BYTES
    before = fingerprint(path)
    content = bytearray(path.read_bytes())
    at = {
        "header": content.index(b"message.role"),
        "first byte of data": header.data_offset,
        "last byte": len(content) - 1,
    }
    content[at[place]] ^= 1
    path.write_bytes(content)
    assert fingerprint(path) != before
