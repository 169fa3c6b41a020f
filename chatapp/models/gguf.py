"""Reads the header of a GGUF file without trusting it.

Every length is held against the size of the file before anything is read or allocated, long arrays are stepped
over, and whatever can't be true ends in ModelInvalid. Headers take milliseconds; the weights are never touched.
"""

from __future__ import annotations

import io
import stat
import struct
from pathlib import Path
from typing import NoReturn

from chatapp.core.errors import ModelInvalid, ModelNotFound
from chatapp.models import foreign
from chatapp.models.header import GgufHeader, MetadataArray, MetadataValue, Scalar, TensorInfo
from chatapp.models.quantisation import REMOVED_TENSOR_TYPES, TENSOR_TYPES

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAXIMUM_KEYS = 65_536
MAXIMUM_TENSORS = 100_000
MAXIMUM_ARRAY_STRINGS = 8_000_000
MAXIMUM_TEXT_BYTES = 64_000_000
KEPT_ARRAY_ITEMS = 512
"""Longer arrays are stepped over; only their length is known."""

_WINDOW = 1 << 18
_DAMAGED = "The file is damaged, or was changed by a program that got it wrong. Fetch it again."
_SHORT = "The download or copy ended early. Fetch the file again."

_SCALARS: dict[int, tuple[str, struct.Struct]] = {
    0: ("u8", struct.Struct("<B")),
    1: ("i8", struct.Struct("<b")),
    2: ("u16", struct.Struct("<H")),
    3: ("i16", struct.Struct("<h")),
    4: ("u32", struct.Struct("<I")),
    5: ("i32", struct.Struct("<i")),
    6: ("f32", struct.Struct("<f")),
    7: ("bool", struct.Struct("<?")),
    10: ("u64", struct.Struct("<Q")),
    11: ("i64", struct.Struct("<q")),
    12: ("f64", struct.Struct("<d")),
}
_STRING, _ARRAY = 8, 9
_U32, _U64 = struct.Struct("<I"), struct.Struct("<Q")


def read_header(path: Path) -> GgufHeader:
    """Read the header of the GGUF file at `path`.

    Raises ModelNotFound where nothing stands there, ModelInvalid for anything that is no whole GGUF file; the
    message says what it is instead.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            what, hint = foreign.identify_directory(path)
            raise ModelInvalid(f"“{path}” is {what}.", hint=hint)
        if not stat.S_ISREG(status.st_mode):
            raise ModelInvalid(f"“{path}” is no regular file.", hint="Name a GGUF file.")
        with path.open("rb", buffering=0) as file:
            return _Reader(path, file, status.st_size).header()
    except (FileNotFoundError, NotADirectoryError):
        raise ModelNotFound(f"There is no file “{path}”.", hint="`chatapp models list` shows what is there.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ModelInvalid(f"“{path}” can't be read: {reason}.", hint="Check the path and its permissions.") from None


class _Reader:
    """A window that moves over the file and knows where the file ends."""

    def __init__(self, path: Path, file: io.RawIOBase | io.FileIO, size: int) -> None:
        self._path = path
        self._file = file
        self._size = size
        self._window = b""
        self._start = 0
        self._at = 0
        self._strings_left = MAXIMUM_ARRAY_STRINGS
        self._text_left = MAXIMUM_TEXT_BYTES

    @property
    def _position(self) -> int:
        return self._start + self._at

    def header(self) -> GgufHeader:
        version = self._beginning()
        tensor_count, key_count = self._u64("the number of tensors"), self._u64("the number of metadata keys")
        self._limit(tensor_count, MAXIMUM_TENSORS, 24, "tensors")
        self._limit(key_count, MAXIMUM_KEYS, 13, "metadata keys")
        metadata = self._metadata(key_count)
        tensors = tuple(self._tensor() for _ in range(tensor_count))
        if len({tensor.name for tensor in tensors}) != tensor_count:
            self._damaged("two tensors have the same name")
        header_bytes = self._position
        alignment = metadata.get("general.alignment", 32)
        if type(alignment) is not int or alignment <= 0 or alignment & (alignment - 1):
            self._damaged(f"its alignment is {alignment!r} and no power of two")
        data_offset = -(-header_bytes // alignment) * alignment
        self._check_data(tensors, data_offset, alignment)
        return GgufHeader(
            path=self._path,
            version=version,
            size_bytes=self._size,
            header_bytes=header_bytes,
            data_offset=data_offset,
            metadata=metadata,
            tensors=tensors,
        )

    def _beginning(self) -> int:
        """Read magic and version, or say what the file is instead; return the version."""
        if self._size == 0:
            raise ModelInvalid(f"“{self._path}” is empty.", hint=_SHORT)
        self._fill(0)
        head = self._window[:4096]
        if not head.startswith(MAGIC):
            what, hint = foreign.identify(self._path, head, self._size)
            raise ModelInvalid(f"“{self._path}” is {what}.", hint=hint)
        self._at = len(MAGIC)
        version = int(self._unpack(_U32, "its version"))
        if version in VERSIONS:
            return version
        if version and version & 0xFFFF == 0:
            raise ModelInvalid(
                f"“{self._path}” is a big-endian GGUF file, which llama.cpp reads on big-endian machines only.",
                hint="Get the little-endian file; nearly all are.",
            )
        raise ModelInvalid(
            f"“{self._path}” is GGUF of version {version}; versions 2 and 3 can be read.",
            hint="Convert the model again, or get a newer file of it." if version == 1 else _DAMAGED,
        )

    def _metadata(self, count: int) -> dict[str, MetadataValue]:
        metadata: dict[str, MetadataValue] = {}
        for _ in range(count):
            key = self._string("a metadata key", 65_535)
            if key in metadata:
                self._damaged(f"the metadata key {key[:80]!r} stands there twice")
            metadata[key] = self._value(int(self._unpack(_U32, f"the type of {key[:80]!r}")), key)
        return metadata

    def _value(self, kind: int, key: str) -> MetadataValue:
        if kind == _STRING:
            return self._string(f"the value of {key[:80]!r}", MAXIMUM_TEXT_BYTES)
        if kind == _ARRAY:
            return self._array(key)
        return self._scalar(kind, key)

    def _scalar(self, kind: int, key: str) -> Scalar:
        if kind not in _SCALARS:
            self._damaged(f"the metadata key {key[:80]!r} has the unknown type {kind}")
        name, layout = _SCALARS[kind]
        value = self._unpack(layout, f"the value of {key[:80]!r}")
        return _shortest(value) if name == "f32" else value

    def _array(self, key: str) -> MetadataArray:
        kind = int(self._unpack(_U32, f"the item type of {key[:80]!r}"))
        length = self._u64(f"the length of {key[:80]!r}")
        if kind == _STRING:
            return self._string_array(key, length)
        if kind not in _SCALARS:
            self._damaged(f"the array {key[:80]!r} has items of the type {kind}, which none can have")
        name, layout = _SCALARS[kind]
        self._limit(length, self._size, layout.size, f"items of {key[:80]!r}")
        if length > KEPT_ARRAY_ITEMS:
            self._skip(length * layout.size)
            return MetadataArray(name, length)
        return MetadataArray(name, length, tuple(self._scalar(kind, key) for _ in range(length)))

    def _string_array(self, key: str, length: int) -> MetadataArray:
        self._limit(length, self._strings_left, 8, f"items of {key[:80]!r}")
        self._strings_left -= length
        if length > KEPT_ARRAY_ITEMS:
            self._skip_strings(length)
            return MetadataArray("string", length)
        what = f"an item of {key[:80]!r}"
        return MetadataArray("string", length, tuple(self._string(what, MAXIMUM_TEXT_BYTES) for _ in range(length)))

    def _tensor(self) -> TensorInfo:
        name = self._string("the name of a tensor", 65_535)
        dimensions = int(self._unpack(_U32, f"the dimensions of {name[:80]!r}"))
        if dimensions > 4:
            self._damaged(f"the tensor {name[:80]!r} has {dimensions} dimensions; four are the most")
        shape = tuple(self._u64(f"the shape of {name[:80]!r}") for _ in range(dimensions))
        kind = int(self._unpack(_U32, f"the type of {name[:80]!r}"))
        tensor = TensorInfo(name, shape, kind, self._u64(f"the offset of {name[:80]!r}"))
        if kind in REMOVED_TENSOR_TYPES:
            raise ModelInvalid(
                f"“{self._path}” stores {name[:80]!r} in a way (type {kind}) that llama.cpp no longer reads.",
                hint="Get the model again as Q4_0 or IQ4_NL; llama.cpp repacks those by itself.",
            )
        if kind not in TENSOR_TYPES:
            raise ModelInvalid(
                f"“{self._path}” stores {name[:80]!r} as type {kind}, which this chatapp doesn't know.",
                hint="The file is damaged or newer than this chatapp. Fetch it again, or update chatapp.",
            )
        row = shape[0] if shape else 1
        if row % TENSOR_TYPES[kind].block:
            self._damaged(f"the tensor {name[:80]!r} has rows of {row:,}, which its type can't hold")
        return tensor

    def _check_data(self, tensors: tuple[TensorInfo, ...], data_offset: int, alignment: int) -> None:
        needed = 0
        for tensor in tensors:
            if tensor.offset % alignment:
                self._damaged(f"the tensor {tensor.name[:80]!r} doesn't begin at a multiple of {alignment}")
            if tensor.count > 1 << 62:
                self._damaged(f"the tensor {tensor.name[:80]!r} is larger than any file")
            needed = max(needed, data_offset + tensor.offset + tensor.size_bytes)
        if needed > self._size:
            raise ModelInvalid(
                f"“{self._path}” is truncated: {self._size:,} of {needed:,} bytes are there.", hint=_SHORT
            )

    def _string(self, what: str, limit: int) -> str:
        length = self._u64(f"the length of {what}")
        if length > self._size - self._position:
            self._cut(what)
        if length > min(limit, self._text_left):
            self._damaged(f"{what} is {length:,} bytes long")
        self._text_left -= length
        return self._take(length, what).decode("utf-8", "replace")

    def _u64(self, what: str) -> int:
        return int(self._unpack(_U64, what))

    def _unpack(self, layout: struct.Struct, what: str) -> int | float | bool:
        value: int | float | bool = layout.unpack(self._take(layout.size, what))[0]
        return value

    def _take(self, count: int, what: str) -> bytes:
        """Read `count` bytes; the caller has held larger counts against the file's size."""
        if self._at + count > len(self._window):
            self._fill(self._position, count)
            if count > len(self._window):
                self._cut(what)
        taken = self._window[self._at : self._at + count]
        self._at += count
        return taken

    def _fill(self, position: int, count: int = 0) -> None:
        """Move the window to `position`, with at least `count` bytes where the file has them."""
        self._file.seek(position)
        wanted = min(max(count, _WINDOW), max(self._size - position, 0))
        pieces: list[bytes] = []
        while wanted > 0 and (piece := self._file.read(wanted)):
            pieces.append(piece)
            wanted -= len(piece)
        self._window, self._start, self._at = b"".join(pieces), position, 0

    def _skip(self, count: int) -> None:
        if count > self._size - self._position:
            self._cut("an array")
        self._at += count
        if self._at > len(self._window):
            self._fill(self._position)

    def _skip_strings(self, count: int) -> None:
        """Step over `count` strings; one loop over the window, for vocabularies have hundreds of thousands."""
        unpack, window, at = _U64.unpack_from, self._window, self._at
        last = len(window) - 8
        for _ in range(count):
            if at > last:
                if self._start + at + 8 > self._size:
                    self._cut("an array of texts")
                self._fill(self._start + at)
                window, at, last = self._window, 0, len(self._window) - 8
                if last < 0:
                    self._cut("an array of texts")
            at += 8 + unpack(window, at)[0]
        self._at = at
        if self._position > self._size:
            self._cut("an array of texts")
        if at > len(window):
            self._fill(self._position)

    def _limit(self, count: int, limit: int, item_bytes: int, what: str) -> None:
        if count > limit or count * item_bytes > self._size - self._position:
            self._damaged(f"it claims {count:,} {what}, more than it can hold")

    def _cut(self, what: str) -> NoReturn:
        raise ModelInvalid(
            f"“{self._path}” is truncated: it ends after {self._size:,} bytes, within its header ({what}).",
            hint=_SHORT,
        )

    def _damaged(self, reason: str) -> NoReturn:
        raise ModelInvalid(f"“{self._path}” is damaged: {reason}.", hint=_DAMAGED)


def _shortest(value: float) -> float:
    """The shortest decimal that is the same 32-bit number: 0.8 and not 0.800000011920929."""
    layout = _SCALARS[6][1]
    for digits in (6, 7, 8):
        short = float(f"{value:.{digits}g}")
        try:
            if layout.pack(short) == layout.pack(value):
                return short
        except OverflowError:
            continue
    return value
