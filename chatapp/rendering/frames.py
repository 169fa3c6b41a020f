"""The frames between the renderer's process and the one that asks it: msgpack behind four bytes of length."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from chatapp.core import framing
from chatapp.core.framing import HEADER_BYTES as HEADER_BYTES
from chatapp.core.framing import framed
from chatapp.core.messages import Role

MAX_FRAME_BYTES = 64 * 1024 * 1024


class Turn(msgspec.Struct, frozen=True):
    """A message as templates know it; `reasoning` is None where it is not to be sent back."""

    role: Role
    content: str
    reasoning: str | None = None


class Render(msgspec.Struct, frozen=True, kw_only=True, tag="render"):
    """Render `turns` through `template`."""

    template: str
    turns: tuple[Turn, ...]
    bos: str
    eos: str
    variables: dict[str, str | int | float | bool | None]
    add_generation_prompt: bool


Filling: TypeAlias = str | int | float | list[dict[str, str]]
"""What a variable of a prompt stands for; documents are objects with name and text."""


class Part(msgspec.Struct, frozen=True):
    """One text of a prompt: a template, and the variables that it alone knows."""

    template: str
    own: dict[str, Filling] = {}


class Fill(msgspec.Struct, frozen=True, kw_only=True, tag="fill"):
    """Render each of `parts` with `variables`; with `only_check`, see whether it could be."""

    parts: tuple[Part, ...]
    variables: dict[str, Filling]
    only_check: bool = False


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The process takes requests."""


class Rendered(msgspec.Struct, frozen=True, tag="rendered"):
    """The prompt in runs of (text, source).

    Source 0 is the template, n the n-th turn, -1 text that can't be traced.
    """

    runs: tuple[tuple[str, int], ...]
    notices: tuple[str, ...] = ()


class Filled(msgspec.Struct, frozen=True, tag="filled"):
    """The texts of the parts that were asked for; none where they were only checked."""

    texts: tuple[str, ...]


FailureKind: TypeAlias = Literal["syntax", "refused", "error", "too-much", "memory", "unknown"]


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The template can't be used; `line` is the template's and `part` counts those of a prompt, where they are known.

    Of the kind `unknown` the message is the name of a variable that nobody declared.
    """

    kind: FailureKind
    message: str
    line: int | None = None
    part: int | None = None


Request: TypeAlias = Render | Fill
Answer: TypeAlias = Ready | Rendered | Filled | Failed

_encoder = msgspec.msgpack.Encoder()
request_decoder: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
answer_decoder: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def encode(frame: Request | Answer) -> bytes:
    """A frame with its length in front."""
    return framed(_encoder.encode(frame))


def body_length(header: bytes) -> int:
    """The length that a header announces; raise ValueError for one that no frame has."""
    return framing.body_length(header, MAX_FRAME_BYTES)
