"""How chatapp's processes cut their streams into frames: four bytes of length, little-endian, then the body."""

from __future__ import annotations

HEADER_BYTES = 4


def framed(body: bytes) -> bytes:
    """`body` with its length in front."""
    return len(body).to_bytes(HEADER_BYTES, "little") + body


def body_length(header: bytes, most: int) -> int:
    """The length that a header announces; raise ValueError for one above `most`, which no frame has."""
    length = int.from_bytes(header, "little")
    if length > most:
        raise ValueError(f"a frame of {length:,} bytes")
    return length
