"""Whether a LoRA adapter belongs to a model, and what identifies it."""

from __future__ import annotations

from pathlib import Path

from chatapp.core.errors import ModelInvalid
from chatapp.models.fingerprint import fingerprint
from chatapp.models.gguf import read_header
from chatapp.models.header import GgufHeader

_HINT = "Convert it with llama.cpp's convert_lora_to_gguf.py, or fetch it as GGUF."


def adapter_fingerprint(path: Path, model: GgufHeader) -> str:
    """The identity of the adapter at `path`; raise a ModelError where it is none, or none for `model`.

    Whether its tensors fit is found out by llama.cpp.
    """
    header = read_header(path)
    if header.text("general.type") != "adapter":
        raise ModelInvalid(f"“{path}” is no LoRA adapter but a model or something else.", hint=_HINT)
    kind = header.text("adapter.type")
    if kind != "lora":
        raise ModelInvalid(f"“{path}” is an adapter of the kind “{kind}”; only lora can be used.", hint=_HINT)
    if header.architecture != model.architecture:
        raise ModelInvalid(
            f"The LoRA adapter “{path}” is for {header.architecture or 'an unnamed architecture'}, "
            f"and {model.path.name} is {model.architecture}.",
            hint="Use an adapter that was made for this very model.",
        )
    return fingerprint(path, header)
