"""What a file is that was taken for a GGUF model and is none.

Each answer says what stands there and how to come to something that llama.cpp reads.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_CONVERT = (
    "llama.cpp reads GGUF. Look for a repository of the same model with GGUF in its name, or convert it with "
    "convert_hf_to_gguf.py from llama.cpp."
)
_AGAIN = "Fetch the file again."


class Foreign(NamedTuple):
    """What a file is, as the end of “… is”, and how to mend it."""

    what: str
    hint: str


_BEGINNINGS: tuple[tuple[bytes, Foreign], ...] = (
    (
        b"version https://git-lfs.github.com/spec/",
        Foreign(
            "a Git LFS pointer and not the file that it stands for",
            "Run `git lfs pull` in that repository, or download the file itself.",
        ),
    ),
    (b"lmgg", Foreign("a model in the old GGML format of before August 2023", "Get the same model as GGUF.")),
    (b"fmgg", Foreign("a model in the old GGMF format of before August 2023", "Get the same model as GGUF.")),
    (b"tjgg", Foreign("a model in the old GGJT format of before August 2023", "Get the same model as GGUF.")),
    (b"algg", Foreign("a LoRA adapter in the old GGLA format", "Get a whole model as GGUF.")),
    (b"\x89HDF\r\n\x1a\n", Foreign("an HDF5 file, as Keras writes them", _CONVERT)),
    (b"\x93NUMPY", Foreign("a NumPy array", _CONVERT)),
    (b"\x1f\x8b", Foreign("gzip-compressed", "Unpack it first.")),
    (b"BZh", Foreign("bzip2-compressed", "Unpack it first.")),
    (b"\xfd7zXZ\x00", Foreign("xz-compressed", "Unpack it first.")),
    (b"\x28\xb5\x2f\xfd", Foreign("zstd-compressed", "Unpack it first.")),
    (b"7z\xbc\xaf\x27\x1c", Foreign("a 7-Zip archive", "Unpack it first.")),
    (b"Rar!", Foreign("a RAR archive", "Unpack it first.")),
)

_PAGE = Foreign(
    "a web page: the download fetched the page about the file, or an error",
    "Fetch the file again through its download link (on Hugging Face: /resolve/ instead of /blob/ in the address).",
)


def identify(path: Path, head: bytes, size_bytes: int) -> Foreign:
    """Say what the file at `path` is, whose first bytes are `head` and not those of GGUF."""
    for beginning, foreign in _BEGINNINGS:
        if head.startswith(beginning):
            return foreign
    if head.startswith(b"PK\x03\x04"):
        return _zip(head)
    if len(head) >= 2 and head[0] == 0x80 and head[1] in range(2, 6):
        return Foreign("a Python pickle, as PyTorch writes .bin and .pt files; chatapp never opens one", _CONVERT)
    if len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size_bytes:
        return Foreign("a safetensors file, the format of Hugging Face transformers", _CONVERT)
    if head[4:8] == b"TFL3":
        return Foreign("a TensorFlow Lite model", _CONVERT)
    if path.suffix.lower() == ".onnx" or (head.startswith(b"\x08") and b"onnx" in head[:256].lower()):
        return Foreign("an ONNX model", _CONVERT)
    return _text(head) or _unknown(head)


def identify_directory(path: Path) -> Foreign:
    """Say what kind of folder `path` is, by the names in it alone."""
    try:
        names = sorted(entry.name for entry in path.iterdir())[:10_000]
    except OSError as error:
        return Foreign(f"a folder that can't be read ({error.strerror})", "Name a GGUF file.")
    models = [name for name in names if name.lower().endswith(".gguf")]
    if models:
        shown = ", ".join(models[:5]) + (" …" if len(models) > 5 else "")
        return Foreign("a folder", f"Name one file in it: {shown}.")
    if any(name.endswith(".safetensors") for name in names):
        return Foreign("a safetensors folder, the format of Hugging Face transformers", _CONVERT)
    if any(name.startswith("pytorch_model") or name.endswith((".pt", ".pth")) for name in names):
        return Foreign("a folder with PyTorch weights", _CONVERT)
    if any(name.endswith(".onnx") for name in names):
        return Foreign("a folder with an ONNX model", _CONVERT)
    return Foreign("a folder without any GGUF file", "Name a GGUF file.")


def _zip(head: bytes) -> Foreign:
    if b"data.pkl" in head or b".data/" in head or b"/version" in head:
        return Foreign("a PyTorch archive (.pt, .bin); chatapp never opens one", _CONVERT)
    if b".npy" in head:
        return Foreign("a NumPy archive (.npz)", _CONVERT)
    return Foreign("a zip archive", "Unpack it first.")


def _text(head: bytes) -> Foreign | None:
    start = head[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml", b"<error")):
        return _PAGE
    if start.startswith((b"entry not found", b"invalid username", b"access to model", b'{"error', b'{"message')):
        return Foreign("an error message of a server, kept as if it were the file", _AGAIN)
    sample = head[:512]
    if sample and all(byte >= 0x20 or byte in b"\t\r\n" for byte in sample):
        return Foreign("a text file", "Name a GGUF model.")
    return None


def _unknown(head: bytes) -> Foreign:
    if not head.strip(b"\x00"):
        return Foreign("filled with zeros at its start, as an unfinished download leaves it", _AGAIN)
    return Foreign(f"no GGUF file: it begins with {head[:4].hex(' ')} and not with “GGUF”", _AGAIN)
