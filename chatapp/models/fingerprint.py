"""A model file's identity, found in milliseconds however large the file is.

It is the SHA-256 of the file's size, its whole header and sixteen blocks of 64 KiB spread evenly over the data,
the first and the last among them; a file under four megabytes is read whole. Two files that differ only
between those blocks share a fingerprint, so it tells models apart and proves nothing about a download.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from chatapp.core.errors import ModelInvalid
from chatapp.models.gguf import read_header
from chatapp.models.header import GgufHeader

BLOCKS = 16
BLOCK_BYTES = 1 << 16
WHOLE_BELOW_BYTES = 1 << 22
_CHUNK = 1 << 20


def fingerprint(path: Path, header: GgufHeader | None = None) -> str:
    """The identity of the model at `path` in hexadecimal digits; raises as `read_header` does."""
    header = header or read_header(path)
    digest = hashlib.sha256(f"gguf {header.size_bytes} {header.header_bytes}\n".encode())
    try:
        with path.open("rb", buffering=0) as file:
            for start, end in _ranges(header):
                file.seek(start)
                left = end - start
                while left > 0 and (piece := file.read(min(left, _CHUNK))):
                    digest.update(piece)
                    left -= len(piece)
    except OSError as error:
        raise ModelInvalid(f"“{path}” can't be read: {error.strerror}.", hint="Check its permissions.") from None
    return digest.hexdigest()


def _ranges(header: GgufHeader) -> list[tuple[int, int]]:
    """Which bytes are hashed, from start to before end."""
    size, data = header.size_bytes, header.data_offset
    if size <= WHOLE_BELOW_BYTES or size - data <= BLOCKS * BLOCK_BYTES:
        return [(0, size)]
    last = size - BLOCK_BYTES
    starts = [data + (last - data) * block // (BLOCKS - 1) for block in range(BLOCKS)]
    return [(0, header.header_bytes), *((start, start + BLOCK_BYTES) for start in starts)]
