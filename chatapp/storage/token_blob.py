"""The details of a reply's tokens as one compressed BLOB.

A byte for the version, then a zlib stream of: how many tokens, the first position whose alternatives are kept, how
many alternatives; and the columns of `Details` in their order. All is little-endian, four bytes an entry, and
every column laid out as first bytes, second bytes and so on, so that numbers that are alike compress well.
"""

from __future__ import annotations

import struct
import sys
import zlib
from array import array

from chatapp.core.details import COLUMNS, UNTOLD, Details

VERSION = 1
KEPT_BYTES = 4_000_000
"""What a reply may take before it is compressed; the alternatives of its oldest tokens go first."""

LARGEST_BYTES = 256_000_000
"""A BLOB that would unpack to more is none of ours."""

_HEADER = struct.Struct("<III")
_TOKEN_BYTES = 4 * COLUMNS
_ALTERNATIVE_BYTES = 8
_LEVEL = 4


def pack(details: Details, *, kept_bytes: int = KEPT_BYTES) -> bytes:
    """`details` as a BLOB that takes at most `kept_bytes` before it is compressed.

    The figures of the tokens themselves are kept whatever they take.
    """
    room = max(0, kept_bytes - _HEADER.size - _TOKEN_BYTES * len(details)) // _ALTERNATIVE_BYTES
    excess = len(details.alternative_ids) - room
    if excess > 0:
        first = next(place for place, end in enumerate(details.alternative_ends, 1) if end >= excess)
        details = details.without_alternatives_before(first)
    header = _HEADER.pack(len(details), details.alternatives_from, len(details.alternative_ids))
    columns = (_planes(column) for column in details.columns)
    return bytes([VERSION]) + zlib.compress(b"".join((header, *columns)), _LEVEL)


def unpack(blob: bytes) -> Details | None:
    """The details in `blob`; None where it is damaged or of another version."""
    if blob[:1] != bytes([VERSION]):
        return None
    stream = zlib.decompressobj()
    try:
        raw = stream.decompress(blob[1:], LARGEST_BYTES)
    except zlib.error:
        return None
    if not stream.eof or len(raw) < _HEADER.size:
        return None
    count, alternatives_from, alternatives = _HEADER.unpack_from(raw)
    if len(raw) != _HEADER.size + _TOKEN_BYTES * count + _ALTERNATIVE_BYTES * alternatives:
        return None
    details = Details()
    details.alternatives_from = alternatives_from
    start = _HEADER.size
    for place, column in enumerate(details.columns):
        end = start + 4 * (count if place < COLUMNS else alternatives)
        column.frombytes(_interleaved(raw[start:end]))
        if sys.byteorder == "big":
            column.byteswap()
        start = end
    return details if _is_sound(details) else None


def _is_sound(details: Details) -> bool:
    """Whether the positions of alternatives rise to their number."""
    ends = details.alternative_ends
    rises = all(before <= after for before, after in zip((0, *ends), ends, strict=False))
    ids = min(details.token_ids, default=0) >= UNTOLD and min(details.alternative_ids, default=0) >= 0
    return rises and ids and (ends[-1] if ends else 0) == len(details.alternative_ids)


def _planes(column: array[int] | array[float]) -> bytes:
    """The column's first bytes, then its second ones, and so on."""
    if sys.byteorder == "big":
        column = column[:]
        column.byteswap()
    raw = column.tobytes()
    return b"".join(raw[place::4] for place in range(4))


def _interleaved(planes: bytes) -> bytes:
    """What `_planes` was made of."""
    length = len(planes) // 4
    raw = bytearray(len(planes))
    for place in range(4):
        raw[place::4] = planes[place * length : (place + 1) * length]
    return bytes(raw)
