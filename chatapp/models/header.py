"""What the header of a GGUF file says, as a value with typed access to the facts that matter."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import msgspec

from chatapp.core.errors import ParameterError
from chatapp.core.parameters import PARAMETERS, Value
from chatapp.models.quantisation import FILE_TYPES, TENSOR_TYPES

Scalar: TypeAlias = int | float | bool | str


class MetadataArray(msgspec.Struct, frozen=True):
    """An array of the header; `items` is None where it was too long to keep, its `length` is known all the same."""

    kind: str
    length: int
    items: tuple[Scalar, ...] | None = None


MetadataValue: TypeAlias = Scalar | MetadataArray


class TensorInfo(msgspec.Struct, frozen=True):
    """One tensor: its name, shape (fastest dimension first), type number, and place in the data section."""

    name: str
    shape: tuple[int, ...]
    type: int
    offset: int

    @property
    def count(self) -> int:
        """How many values it holds."""
        product = 1
        for dimension in self.shape:
            product *= dimension
        return product

    @property
    def size_bytes(self) -> int:
        """How many bytes it takes in the file."""
        kind = TENSOR_TYPES[self.type]
        return self.count // kind.block * kind.size_bytes


class GgufHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The header of one GGUF file.

    `size_bytes` is the file's own size, `header_bytes` where the tensor infos end and `data_offset` where the
    data begins. Texts come from the file and are untrusted: clean them before they reach a terminal.
    """

    path: Path
    version: int
    size_bytes: int
    header_bytes: int
    data_offset: int
    metadata: dict[str, MetadataValue]
    tensors: tuple[TensorInfo, ...]

    def text(self, key: str) -> str:
        """The text under `key`, empty where there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int:
        """The whole number under `key`, 0 where there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

    def length(self, key: str) -> int:
        """How many items the array under `key` has, 0 where there is none."""
        value = self.metadata.get(key)
        return value.length if isinstance(value, MetadataArray) else 0

    @property
    def texts(self) -> dict[str, str]:
        """The metadata that are text."""
        return {key: value for key, value in self.metadata.items() if isinstance(value, str)}

    @property
    def architecture(self) -> str:
        """Which graph llama.cpp builds, as in `llama`."""
        return self.text("general.architecture")

    @property
    def name(self) -> str:
        """What its makers call it, else the file's own name."""
        return self.text("general.name") or self.path.stem

    @property
    def license(self) -> str:
        """Its license, empty where it names none."""
        return self.text("general.license")

    @property
    def context_length(self) -> int:
        """How many tokens of context it was trained for, 0 where it doesn't say."""
        return self.number(f"{self.architecture}.context_length")

    @property
    def embedding_length(self) -> int:
        """The width of the model."""
        return self.number(f"{self.architecture}.embedding_length")

    @property
    def block_count(self) -> int:
        """How many layers it has."""
        return self.number(f"{self.architecture}.block_count")

    @property
    def vocabulary_size(self) -> int:
        """How many tokens it knows."""
        return self.length("tokenizer.ggml.tokens") or self.number(f"{self.architecture}.vocab_size")

    @property
    def tokenizer(self) -> str:
        """The kind of its tokenizer, as in `gpt2` or `llama`; empty where it has none."""
        return self.text("tokenizer.ggml.model")

    @property
    def template(self) -> str | None:
        """The chat template's source, None where there is none."""
        return self.text("tokenizer.chat_template") or None

    @property
    def named_templates(self) -> dict[str, str]:
        """Further templates by name, such as `tool_use`."""
        prefix = "tokenizer.chat_template."
        return {
            key.removeprefix(prefix): value
            for key, value in self.metadata.items()
            if key.startswith(prefix) and isinstance(value, str)
        }

    @property
    def parameter_count(self) -> int:
        """How many weights the file holds."""
        return sum(tensor.count for tensor in self.tensors)

    @property
    def quantisation(self) -> str:
        """How the weights are stored: what the file says, else the type that most of its bytes have."""
        file_type = self.metadata.get("general.file_type")
        if isinstance(file_type, int) and file_type in FILE_TYPES:
            return FILE_TYPES[file_type]
        totals: dict[int, int] = {}
        for tensor in self.tensors:
            totals[tensor.type] = totals.get(tensor.type, 0) + tensor.size_bytes
        return TENSOR_TYPES[max(totals, key=lambda number: totals[number])].name if totals else ""

    @property
    def split(self) -> tuple[int, int]:
        """Which part of how many this file is, counted from 1; (1, 1) for a model in one file."""
        count = max(self.number("split.count"), 1)
        return self.number("split.no") + 1, count

    @property
    def sampling(self) -> dict[str, Value]:
        """The model's own wishes for generation by registry name; see `sampling_problems` for those left out."""
        return self._sampling()[0]

    @property
    def sampling_problems(self) -> tuple[str, ...]:
        """Wishes that the registry refuses, in words."""
        return self._sampling()[1]

    def _sampling(self) -> tuple[dict[str, Value], tuple[str, ...]]:
        values: dict[str, Value] = {}
        problems: list[str] = []
        for parameter in PARAMETERS.values():
            wish = self.metadata.get(f"general.sampling.{parameter.metadata_key}") if parameter.metadata_key else None
            if wish is None or isinstance(wish, MetadataArray):
                continue
            try:
                values[parameter.name] = parameter.check(wish)
            except ParameterError as error:
                problems.append(f"the model's own {error.message}")
        return values, tuple(problems)

    @property
    def summary(self) -> str:
        """The model in a few words, as in `llama, 3.1M, Q8_0, 1,024 tokens`."""
        parts = [self.architecture, short_count(self.parameter_count), self.quantisation]
        if self.context_length:
            parts.append(f"{self.context_length:,} tokens")
        return ", ".join(part for part in parts if part)


def short_count(number: int) -> str:
    """Write a large number as models are named: `494M`, `7.2B`; empty for 0."""
    for limit, unit in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K")):
        if number >= limit:
            return f"{number / limit:.3g}{unit}" if number < 1000 * limit else f"{number // limit:,}{unit}"
    return str(number) if number else ""
