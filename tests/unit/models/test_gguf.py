"""The GGUF reader: facts of sound files, and a clear error for everything else."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path

import gguf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_model import CHATML, vocabulary

from chatapp.core.errors import ModelInvalid, ModelNotFound
from chatapp.models.gguf import KEPT_ARRAY_ITEMS, read_header
from chatapp.models.header import MetadataArray, short_count
from chatapp.models.quantisation import FILE_TYPES, TENSOR_TYPES


def gguf_bytes(*, tensors: int = 0, keys: int = 0, body: bytes = b"", version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, keys) + body


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def key(name: str, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


def tensor(name: str, shape: tuple[int, ...], kind: int, offset: int) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def refusal(path: Path, content: bytes) -> ModelInvalid:
    path.write_bytes(content)
    with pytest.raises(ModelInvalid) as caught:
        read_header(path)
    assert str(path) in caught.value.message
    assert caught.value.hint
    return caught.value


def test_reads_the_facts_of_a_model(tiny_model: Path) -> None:
    header = read_header(tiny_model)
    assert (header.architecture, header.name, header.context_length) == ("llama", "tiny", 2048)
    assert (header.embedding_length, header.block_count, header.quantisation) == (64, 2, "F32")
    assert header.vocabulary_size == len(vocabulary())
    assert header.template == CHATML
    assert header.tokenizer == "llama"
    assert header.size_bytes == tiny_model.stat().st_size
    reader = gguf.GGUFReader(tiny_model)
    assert header.parameter_count == sum(int(tensor.n_elements) for tensor in reader.tensors)
    assert header.data_offset == reader.data_offset
    assert {t.name: t.size_bytes for t in header.tensors} == {t.name: int(t.n_bytes) for t in reader.tensors}
    assert header.summary == "llama, 128K, F32, 2,048 tokens"


def test_long_arrays_are_stepped_over_and_short_ones_kept(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "a.gguf", "llama")
    writer.add_array("short.texts", ["a", "é", ""])
    writer.add_array("short.numbers", [1, 2, 3])
    writer.add_array("long.texts", [str(number) * 50 for number in range(50_000)])
    writer.add_array("long.numbers", list(range(KEPT_ARRAY_ITEMS + 1)))
    writer.add_string("after", "all of them")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    header = read_header(tmp_path / "a.gguf")
    assert header.metadata["short.texts"] == MetadataArray("string", 3, ("a", "é", ""))
    assert header.metadata["short.numbers"] == MetadataArray("i32", 3, (1, 2, 3))
    assert header.metadata["long.texts"] == MetadataArray("string", 50_000)
    assert header.metadata["long.numbers"] == MetadataArray("i32", KEPT_ARRAY_ITEMS + 1)
    assert header.metadata["after"] == "all of them"


def test_the_models_own_sampling_is_named_as_the_registry_names_it(make_model: Callable[..., Path]) -> None:
    path = make_model(sampling={"temp": 0.6, "top_k": 20, "penalty_repeat": 1.05, "unheard_of": 1})
    header = read_header(path)
    assert header.sampling == {"temperature": 0.6, "top_k": 20, "repeat_penalty": 1.05}
    assert header.sampling_problems == ()


def test_a_wish_outside_its_range_is_told_and_left_out(make_model: Callable[..., Path]) -> None:
    header = read_header(make_model(sampling={"temp": -1.0, "top_k": 20}))
    assert header.sampling == {"top_k": 20}
    assert "temperature" in header.sampling_problems[0]


def test_a_model_without_tokenizer_or_template_is_read(make_model: Callable[..., Path]) -> None:
    header = read_header(make_model(tokenizer=False, template=None))
    assert (header.tokenizer, header.template, header.vocabulary_size) == ("", None, 0)


def test_quantisation_falls_back_to_what_most_bytes_are(tmp_path: Path) -> None:
    body = tensor("small", (32,), 0, 0) + tensor("large", (256, 8), 12, 128)
    path = tmp_path / "q.gguf"
    path.write_bytes(gguf_bytes(tensors=2, body=body) + bytes(2000))
    assert read_header(path).quantisation == "Q4_K"


def test_every_type_that_the_format_library_knows_has_its_size() -> None:
    known = {int(kind): sizes for kind, sizes in gguf.GGML_QUANT_SIZES.items()}
    ours = {number: (kind.block, kind.size_bytes) for number, kind in TENSOR_TYPES.items() if kind.name != "Q8_1"}
    assert {number: sizes for number, sizes in known.items() if number != 9}.items() <= ours.items()
    names = {int(kind): kind.name for kind in gguf.GGMLQuantizationType}
    assert all(TENSOR_TYPES[number].name == name for number, name in names.items())


def test_every_file_type_that_the_format_library_knows_has_its_name() -> None:
    for kind in gguf.LlamaFileType:
        if kind.name != "GUESSED":
            assert kind.name.removeprefix("MOSTLY_").removeprefix("ALL_").removesuffix("_MOE") == FILE_TYPES[int(kind)]


def test_truncated_weights_are_counted(tiny_model: Path, tmp_path: Path) -> None:
    content = tiny_model.read_bytes()
    error = refusal(tmp_path / "cut.gguf", content[:-5000])
    assert f"truncated: {len(content) - 5000:,} of {len(content):,} bytes" in error.message


def test_a_truncated_header_is_said_to_be_one(tiny_model: Path, tmp_path: Path) -> None:
    assert "truncated" in refusal(tmp_path / "cut.gguf", tiny_model.read_bytes()[:3000]).message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"GGUF\x00\x00\x00\x03" + bytes(16), "big-endian"),
        (gguf_bytes(version=1), "version 1"),
        (gguf_bytes(version=9), "version 9"),
        (gguf_bytes(keys=1 << 60), "metadata keys"),
        (gguf_bytes(tensors=1 << 63), "tensors"),
        (gguf_bytes(keys=1, body=struct.pack("<Q", 1 << 62) + bytes(64)), "truncated"),
        (gguf_bytes(keys=1, body=key("a", 9, struct.pack("<IQ", 8, 1 << 40)) + bytes(64)), "'a'"),
        (gguf_bytes(keys=1, body=key("a", 9, struct.pack("<IQ", 4, 1 << 60)) + bytes(64)), "'a'"),
        (gguf_bytes(keys=1, body=key("a", 9, struct.pack("<IQ", 9, 1)) + bytes(64)), "none can have"),
        (gguf_bytes(keys=1, body=key("a", 77, bytes(8))), "unknown type 77"),
        (gguf_bytes(keys=2, body=key("a", 4, bytes(4)) * 2), "twice"),
        (gguf_bytes(keys=1, body=key("general.alignment", 4, struct.pack("<I", 7))), "power of two"),
        (gguf_bytes(tensors=1, body=tensor("t", (1, 1, 1, 1, 1), 0, 0)), "5 dimensions"),
        (gguf_bytes(tensors=1, body=tensor("t", (32,), 31, 0)), "no longer reads"),
        (gguf_bytes(tensors=1, body=tensor("t", (32,), 999, 0)), "doesn't know"),
        (gguf_bytes(tensors=1, body=tensor("t", (33,), 2, 0)), "rows of 33"),
        (gguf_bytes(tensors=1, body=tensor("t", (), 2, 0)), "rows of 1"),
        (gguf_bytes(tensors=1, body=tensor("t", (1 << 62, 1 << 62, 1 << 62), 0, 0)), "larger than any file"),
        (gguf_bytes(tensors=1, body=tensor("t", (4,), 0, 5)), "multiple of 32"),
        (gguf_bytes(tensors=1, body=tensor("t", (4,), 0, 1 << 60)), "truncated"),
        (gguf_bytes(tensors=2, body=tensor("t", (4,), 0, 0) * 2) + bytes(64), "same name"),
    ],
)
def test_a_header_that_can_not_be_true_is_refused_with_its_reason(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refusal(tmp_path / "bad.gguf", content).message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (struct.pack("<Q", 20) + b'{"a":{"dtype":"F32"}' + bytes(100), "safetensors"),
        (b"PK\x03\x04" + bytes(20) + b"archive/data.pkl" + bytes(100), "PyTorch"),
        (b"PK\x03\x04" + bytes(200), "zip"),
        (b"\x80\x02}q\x00." + bytes(100), "pickle"),
        (b"\x08\x07\x12\x07pytorch" + b"onnx" + bytes(100), "ONNX"),
        (b"tjgg" + bytes(100), "GGJT"),
        (b"lmgg" + bytes(100), "GGML"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
        (b"  \n<html>", "web page"),
        (b"Entry not found", "error message"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "Git LFS"),
        (b"\x1f\x8b\x08" + bytes(100), "gzip"),
        (bytes(4096), "zeros"),
        (b"just some words\n", "text file"),
        (b"\xf1\x02\x03\x04" * 100, "f1 02 03 04"),
    ],
)
def test_a_foreign_file_is_named_as_what_it_is(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refusal(tmp_path / "model.gguf", content).message


@pytest.mark.parametrize(
    ("files", "said", "hinted"),
    [
        (["config.json", "model-00001-of-00002.safetensors"], "safetensors folder", "GGUF"),
        (["pytorch_model.bin"], "PyTorch", "GGUF"),
        (["a.gguf", "b.gguf"], "folder", "a.gguf, b.gguf"),
        ([], "folder without any GGUF", "GGUF file"),
    ],
)
def test_a_folder_is_named_as_what_it_holds(tmp_path: Path, files: list[str], said: str, hinted: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in files:
        (folder / name).touch()
    with pytest.raises(ModelInvalid, match=said) as caught:
        read_header(folder)
    assert hinted in caught.value.hint


def test_a_missing_file_and_a_path_through_a_file_are_not_found(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "none.gguf", tmp_path / "file" / "none.gguf"):
        with pytest.raises(ModelNotFound, match="none"):
            read_header(path)


def test_a_path_that_no_system_takes_is_refused() -> None:
    with pytest.raises(ModelInvalid):
        read_header(Path("a\x00b.gguf"))


@pytest.fixture(scope="module")
def sound(tiny_model: Path) -> tuple[bytes, int]:
    return tiny_model.read_bytes(), read_header(tiny_model).header_bytes


def read_or_refuse(path: Path, content: bytes) -> None:
    """Any other exception than ModelInvalid fails the test that calls this."""
    path.write_bytes(content)
    try:
        header = read_header(path)
    except ModelInvalid as error:
        assert error.hint
        return
    assert header.summary is not None
    assert header.sampling is not None
    assert header.quantisation is not None
    assert header.split
    assert header.name


def test_thousands_of_damaged_headers_are_read_or_refused(sound: tuple[bytes, int], tmp_path: Path) -> None:
    content, header_bytes = sound
    content = content[: header_bytes + 256]
    dice = random.Random(1)
    path = tmp_path / "damaged.gguf"
    for _ in range(3000):
        damaged = bytearray(content)
        for _ in range(dice.choice((1, 1, 2, 8, 64))):
            at = dice.randrange(4, header_bytes)
            how = dice.randrange(4)
            if how == 0:
                damaged[at] = dice.randrange(256)
            elif how == 1:
                damaged[at : at + 8] = dice.choice((b"\xff" * 8, bytes(8), struct.pack("<Q", 1 << dice.randrange(64))))
            elif how == 2:
                del damaged[at : at + dice.randrange(1, 40)]
            else:
                damaged[at:at] = dice.randbytes(dice.randrange(1, 40))
        read_or_refuse(path, bytes(damaged))


def test_a_header_cut_anywhere_is_refused(sound: tuple[bytes, int], tmp_path: Path) -> None:
    content, header_bytes = sound
    for length in range(0, header_bytes, 7):
        refusal(tmp_path / "cut.gguf", content[:length])


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.integers(0, 40), st.integers(0, 40))
def test_any_bytes_behind_the_magic_are_read_or_refused(tmp_path: Path, body: bytes, tensors: int, keys: int) -> None:
    read_or_refuse(tmp_path / "any.gguf", gguf_bytes(tensors=tensors, keys=keys, body=body))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_at_all_are_refused(tmp_path: Path, content: bytes) -> None:
    if not content.startswith(b"GGUF"):
        refusal(tmp_path / "any.gguf", content)


def test_a_huge_sparse_file_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "sparse.gguf"
    with path.open("wb") as file:
        file.write(gguf_bytes(keys=1, body=key("a", 8, struct.pack("<Q", 1 << 39))))
        file.truncate(1 << 40)
    with pytest.raises(ModelInvalid, match="bytes long"):
        read_header(path)


def test_numbers_are_written_as_models_are_named() -> None:
    assert [short_count(number) for number in (0, 7, 3_140_000, 494_000_000, 7_240_000_000)] == [
        "",
        "7",
        "3.14M",
        "494M",
        "7.24B",
    ]
