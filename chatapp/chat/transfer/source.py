"""The bytes of what is imported, read within limits: files, standard input, and archives, of which nothing is unpacked
to the disk.
"""

from __future__ import annotations

import codecs
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

import msgspec

from chatapp.chat.transfer import limits
from chatapp.core.errors import FileProblem

_CONVERSATIONS = re.compile(r"conversations(-\d+)?\.json")
_CHUNK = 1 << 20
_BROKEN_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    LookupError,
)
_HINT = "Export it again, or take conversations.json out of it and import that."


class Source(msgspec.Struct, frozen=True):
    """The text of a file as UTF-8, and how it is named in what is said of it."""

    name: str
    content: bytes


def read_file(path: Path) -> tuple[Source, ...]:
    """What `path` holds: one source, or those of an archive; raise FileProblem."""
    name = f"“{path}”"
    try:
        if path.is_dir():
            raise FileProblem(f"{name} is a folder.", hint="Name the files that are in it.")
        with path.open("rb") as file:
            return read_stream(file, name)
    except OSError as error:
        raise FileProblem(f"{name} can't be read: {error.strerror or error}.", hint="Check the path.") from None
    except ValueError as error:
        raise FileProblem(f"{name} can't be read: {error}.", hint="Check the path.") from None


def read_stream(stream: IO[bytes], name: str) -> tuple[Source, ...]:
    """What `stream` holds, as `read_file`."""
    content = _bounded(stream, name)
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return tuple(_members(content, name))
    return (Source(name, _utf8(content, name)),)


def _bounded(stream: IO[bytes], name: str) -> bytes:
    """All of `stream`; raise FileProblem where that is more than a file may hold."""
    gathered = bytearray()
    while chunk := stream.read(_CHUNK):
        gathered += chunk
        if len(gathered) > limits.FILE_BYTES:
            raise FileProblem(
                f"{name} holds more than {limits.FILE_BYTES // 10**6:,} MB.", hint="Import it in several parts."
            )
    return bytes(gathered)


def _members(content: bytes, name: str) -> Iterator[Source]:
    """The conversation files of a ChatGPT export archive; raise FileProblem."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in _chosen(archive.infolist(), name):
                inside = f"{name}, {member.filename}"
                with archive.open(member) as file:
                    yield Source(inside, _utf8(_bounded(file, inside), inside))
    except _BROKEN_ARCHIVE as error:
        raise FileProblem(f"{name} is no archive that can be read: {error}.", hint=_HINT) from None


def _chosen(entries: list[zipfile.ZipInfo], name: str) -> list[zipfile.ZipInfo]:
    """The members to read; raise FileProblem for an archive that no export makes."""
    if len(entries) > limits.ARCHIVE_ENTRIES:
        raise FileProblem(f"{name} holds more than {limits.ARCHIVE_ENTRIES:,} files.", hint=_HINT)
    for entry in entries:
        if _leads_out(entry.filename):
            raise FileProblem(f"{name} holds a file that leads out of it: “{entry.filename}”.", hint=_HINT)
    chosen = [entry for entry in entries if _CONVERSATIONS.fullmatch(PurePosixPath(entry.filename).name)]
    if not chosen:
        raise FileProblem(
            f"{name} holds no conversations.json.", hint="An archive must be one that ChatGPT's data export made."
        )
    if len({entry.filename for entry in chosen}) < len(chosen):
        raise FileProblem(f"{name} holds the same file twice: “{chosen[0].filename}”.", hint=_HINT)
    for entry in chosen:
        unpacked = entry.file_size
        if unpacked > limits.SMALL_BYTES and unpacked > limits.COMPRESSION * max(1, entry.compress_size):
            raise FileProblem(
                f"{name}, {entry.filename}, would unpack {entry.compress_size:,} bytes to {unpacked:,}.", hint=_HINT
            )
        if unpacked > limits.FILE_BYTES:
            raise FileProblem(f"{name}, {entry.filename}, holds more than {limits.FILE_BYTES // 10**6:,} MB.")
        if entry.flag_bits & 0x1:
            raise FileProblem(f"{name}, {entry.filename}, is encrypted.", hint=_HINT)
    return sorted(chosen, key=lambda entry: entry.filename)


def _leads_out(name: str) -> bool:
    parts = re.split(r"[/\\]", name)
    return ".." in parts or parts[0] == "" or re.match(r"[A-Za-z]:", name) is not None or "\0" in name


def _utf8(content: bytes, name: str) -> bytes:
    """`content` without its byte-order mark; raise FileProblem where it is no text."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return content.decode("utf-16").encode()
        except UnicodeError:
            raise FileProblem(f"{name} is damaged: it begins as UTF-16, but is none.") from None
    return content.removeprefix(codecs.BOM_UTF8)
