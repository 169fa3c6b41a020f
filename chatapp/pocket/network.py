"""The network: a llama of about five million parameters, its tensors named as GGUF names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
import torch.nn.functional as functional

Tensor: TypeAlias = Any
"""A torch tensor; torch is not installed where types are checked."""


@dataclass(frozen=True)
class Shape:
    """Sizes of the network. `context` is the longest sequence that it is trained on."""

    vocabulary: int = 2048
    width: int = 256
    blocks: int = 6
    heads: int = 4
    feed_forward: int = 704
    context: int = 1024
    rope_base: float = 10000.0
    norm_epsilon: float = 1e-5

    @property
    def head_width(self) -> int:
        """Dimensions of one attention head, all rotated."""
        return self.width // self.heads


class Network:
    """Parameters by GGUF name, and the forward pass.

    The output is tied to the embedding. Rotary embedding pairs a head's first half with its second, which is fast
    here; llama.cpp pairs neighbours, so `exported` puts the rows of queries and keys in its order, and `load` back.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        width, inner = shape.width, shape.feed_forward
        self.parameters: dict[str, Tensor] = {
            "token_embd.weight": self._matrix(shape.vocabulary, width),
            "output_norm.weight": self._ones(width),
        }
        for block in range(shape.blocks):
            sizes = {"attn_q": (width, width), "attn_k": (width, width), "attn_v": (width, width)}
            sizes |= {
                "attn_output": (width, width),
                "ffn_gate": (inner, width),
                "ffn_up": (inner, width),
                "ffn_down": (width, inner),
            }
            for name, (rows, columns) in sizes.items():
                self.parameters[f"blk.{block}.{name}.weight"] = self._matrix(rows, columns)
            for name in ("attn_norm", "ffn_norm"):
                self.parameters[f"blk.{block}.{name}.weight"] = self._ones(width)
        self._cosines, self._sines = self._rotations()
        self._future = torch.full((shape.context, shape.context), -30000.0).triu(1)

    def states(self, tokens: Tensor) -> Tensor:
        """What the output is read from: (batch, time) → (batch, time, width)."""
        state = functional.embedding(tokens, self.parameters["token_embd.weight"])
        for block in range(self.shape.blocks):
            state = state + self._attention(state, f"blk.{block}.")
            state = state + self._feed_forward(state, f"blk.{block}.")
        return self._norm(state, "output_norm.weight")

    def logits(self, states: Tensor) -> Tensor:
        """Scores of the next token: (positions, width) → (positions, vocabulary)."""
        return states @ self.parameters["token_embd.weight"].T

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over the tensors of a model file, ordered as `exported` orders them."""
        for name, parameter in self.parameters.items():
            tensor = tensors[name]
            if _is_rotated(name):
                pairs = tensor.view(self.shape.heads, self.shape.head_width // 2, 2, self.shape.width)
                tensor = pairs.transpose(1, 2).reshape(self.shape.width, self.shape.width)
            parameter.data.copy_(tensor)

    def exported(self, name: str, tensor: Tensor) -> Tensor:
        """The tensor as llama.cpp wants it."""
        if not _is_rotated(name):
            return tensor
        halves = tensor.view(self.shape.heads, 2, self.shape.head_width // 2, self.shape.width)
        return halves.transpose(1, 2).reshape(self.shape.width, self.shape.width)

    def _matrix(self, rows: int, columns: int) -> Tensor:
        return (torch.randn(rows, columns) * 0.02).requires_grad_()

    def _ones(self, size: int) -> Tensor:
        return torch.ones(size).requires_grad_()

    def _norm(self, state: Tensor, name: str) -> Tensor:
        return functional.rms_norm(
            state, (self.shape.width,), self.parameters[name].to(state.dtype), self.shape.norm_epsilon
        )

    def _linear(self, state: Tensor, name: str) -> Tensor:
        return functional.linear(state, self.parameters[name + ".weight"])

    def _attention(self, state: Tensor, block: str) -> Tensor:
        batch, time, width = state.shape
        normed = self._norm(state, block + "attn_norm.weight")

        def heads(name: str) -> Tensor:
            projected = self._linear(normed, block + name)
            return projected.view(batch, time, self.shape.heads, self.shape.head_width).transpose(1, 2)

        queries = self._rotated(heads("attn_q")) * self.shape.head_width**-0.5
        scores = queries @ self._rotated(heads("attn_k")).transpose(2, 3) + self._future[:time, :time].to(queries.dtype)
        mixed = scores.softmax(-1).to(scores.dtype) @ heads("attn_v")
        return self._linear(mixed.transpose(1, 2).reshape(batch, time, width), block + "attn_output")

    def _feed_forward(self, state: Tensor, block: str) -> Tensor:
        normed = self._norm(state, block + "ffn_norm.weight")
        gate = functional.silu(self._linear(normed, block + "ffn_gate"))
        return self._linear(gate * self._linear(normed, block + "ffn_up"), block + "ffn_down")

    def _rotations(self) -> tuple[Tensor, Tensor]:
        frequencies = self.shape.rope_base ** (-torch.arange(0, self.shape.head_width, 2) / self.shape.head_width)
        angles = torch.arange(self.shape.context)[:, None] * frequencies[None]
        cosines, sines = angles.cos(), angles.sin()
        return torch.cat((cosines, cosines), -1), torch.cat((-sines, sines), -1)

    def _rotated(self, heads: Tensor) -> Tensor:
        time = heads.shape[2]
        first, second = heads.chunk(2, -1)
        turned = torch.cat((second, first), -1)
        return heads * self._cosines[:time].to(heads.dtype) + turned * self._sines[:time].to(heads.dtype)


def _is_rotated(name: str) -> bool:
    return name.endswith(("attn_q.weight", "attn_k.weight"))
