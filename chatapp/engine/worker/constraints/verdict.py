"""What the parent asks of a trial and what the trial answers: msgpack frames, each behind its length."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from chatapp.core import framing
from chatapp.core.framing import HEADER_BYTES as HEADER_BYTES
from chatapp.core.framing import framed
from chatapp.core.parameters import StoredValue

OUT_OF_MEMORY = 77
"""The exit code of a trial that needed more memory than it may."""


class Trial(msgspec.Struct, frozen=True, tag="trial"):
    """Turn `values` into a grammar, and try it on the model at `path` with an answer that begins with `prefix`."""

    path: str
    values: dict[str, StoredValue]
    prefix: str
    limit_s: float
    limit_bytes: int


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The vocabulary is loaded; from here on the time counts."""


class Unreadable(msgspec.Struct, frozen=True, tag="unreadable"):
    """The model can't be opened; message and hint are a ModelError's."""

    message: str
    hint: str


class Passed(msgspec.Struct, frozen=True, tag="passed"):
    """`grammar` is usable GBNF."""

    grammar: str


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The values can't be enforced; message and hint are a ParameterError's."""

    message: str
    hint: str


Verdict: TypeAlias = Ready | Unreadable | Passed | Refused

_LONGEST_BYTES = 256 * 1024 * 1024
_encoder = msgspec.msgpack.Encoder()
trial_decoder: msgspec.msgpack.Decoder[Trial] = msgspec.msgpack.Decoder(Trial)
verdict_decoder: msgspec.msgpack.Decoder[Verdict] = msgspec.msgpack.Decoder(Verdict)


def encode(frame: Trial | Verdict) -> bytes:
    """A frame with its length in front."""
    return framed(_encoder.encode(frame))


def body_length(header: bytes) -> int:
    """The length that a header announces; raise ValueError for one that no frame has."""
    return framing.body_length(header, _LONGEST_BYTES)
