"""Whether a GGUF file, sound as it is, can hold a conversation."""

from __future__ import annotations

import re
from pathlib import Path

from chatapp.core.errors import ModelInvalid
from chatapp.models.header import GgufHeader

_SPLIT_NAME = re.compile(r"^(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})$")
_EMBEDDERS = frozenset(
    {"bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3", "t5encoder"}
)


def check_suitable(header: GgufHeader) -> None:
    """Raise ModelInvalid where the file is no model that writes text, or only a part of one."""
    path, architecture = header.path, header.architecture
    kind = header.text("general.type")
    if kind == "adapter":
        raise ModelInvalid(f"“{path}” is a LoRA adapter.", hint="Open the model that it was made for.")
    if kind in ("mmproj", "projector") or architecture == "clip":
        raise ModelInvalid(f"“{path}” is a projector for pictures or sound.", hint="Open the model it belongs to.")
    if kind == "imatrix" or architecture == "imatrix":
        raise ModelInvalid(f"“{path}” is an importance matrix for quantising.", hint="Open a model.")
    _check_parts(header)
    if not architecture:
        raise ModelInvalid(
            f"“{path}” names no architecture, so it is no model that llama.cpp can run.",
            hint="Fetch the file again, or convert the model again.",
        )
    if architecture in _EMBEDDERS:
        raise ModelInvalid(
            f"“{path}” is an embedding model ({architecture}) and writes no text.", hint="Open a chat or base model."
        )
    if not header.tensors:
        raise ModelInvalid(f"“{path}” holds a vocabulary and no weights.", hint="Open the model that belongs to it.")
    if not header.tokenizer or header.tokenizer in ("no_vocab", "none"):
        raise ModelInvalid(
            f"“{path}” has no tokenizer, so it can read no text.",
            hint="Convert the model again together with its tokenizer files, or get another GGUF of it.",
        )


def part_paths(path: Path, count: int) -> tuple[Path, ...]:
    """The files of a model in `count` parts of which `path` is one; `path` alone where its name doesn't say."""
    match = _SPLIT_NAME.match(path.stem)
    if match is None or count < 2:
        return (path,)
    return tuple(
        path.with_name(f"{match['stem']}-{number:05d}-of-{match['count']}{path.suffix}")
        for number in range(1, min(count, 99_999) + 1)
    )


def is_later_part(path: Path) -> bool:
    """Whether the file's name says that it is a part of a model, and not the first."""
    match = _SPLIT_NAME.match(path.stem)
    return match is not None and int(match["number"]) > 1


def _check_parts(header: GgufHeader) -> None:
    number, count = header.split
    if count < 2:
        return
    parts = part_paths(header.path, count)
    if number > 1:
        first = f" {parts[0].name}" if len(parts) > 1 else ""
        raise ModelInvalid(
            f"“{header.path}” is part {number} of {count} of a model.", hint=f"Open the first part{first}."
        )
    missing = [part.name for part in parts if not part.is_file()]
    if len(parts) == 1:
        raise ModelInvalid(
            f"“{header.path}” is the first of {count} parts, and its name doesn't say which the others are.",
            hint=f"llama.cpp finds them as NAME-00001-of-{count:05d}.gguf and so on.",
        )
    if missing:
        raise ModelInvalid(
            f"“{header.path}” is the first of {count} parts; {len(missing)} missing: {', '.join(missing[:3])}.",
            hint="Put all parts into one folder.",
        )
