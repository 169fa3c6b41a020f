"""TOML files that people write, read without trust: bounded before they are parsed, never changed when broken."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import msgspec

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ChatappError, FileProblem

SIZE_LIMIT = 256 * 1024
DEPTH_LIMIT = 16
"""Parts of a dotted key, and levels of nesting; the parser takes seconds for a key of 20,000 parts."""

_OPAQUE = re.compile(
    r'"""(?:\\.|[^\\])*?"""' r"|'''.*?'''" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'" r"|#[^\n]*", re.DOTALL
)
_DEEP_KEY = re.compile(r"(?:\.[\w-]*){16}")
_LONG_NUMBER = re.compile(r"[0-9_]{1000}")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


Key: TypeAlias = str | tuple[str, ...]
"""A key, or `table.key`; names that hold dots come as a tuple, the tables from the outside in."""
Finding: TypeAlias = tuple[Key, str, str]
"""A key, what is wrong with it, and how to mend that."""

PROBLEM_LIMIT = 20
"""How many problems of one file are told one by one."""
_SHOWN = 300
"""Characters of one reason, which repeats the value that is wrong."""


class TomlFile(msgspec.Struct, frozen=True):
    """A file's text and what it says; both empty where there is no file."""

    path: Path
    text: str
    content: dict[str, object]

    def line_of(self, key: Key) -> int | None:
        """The line that sets `key`, or `table.key`; None where it is written in a way that isn't seen."""
        match = self._table(key[:-1], key[-1]) if isinstance(key, tuple) else self._setting(key)
        return self.text.count("\n", 0, match.start()) + 1 if match is not None else None

    def _setting(self, key: str) -> re.Match[str] | None:
        match = _setting_of(key).search(self.text)
        table, dot, inner = key.partition(".")
        if match is None and dot and (match := _setting_of(table).search(self.text)) is not None:
            match = _setting_of(inner).search(self.text, match.end()) or match
        return match

    def _table(self, tables: tuple[str, ...], key: str) -> re.Match[str] | None:
        """What sets `key` below the header of `tables`, or the header itself, or the table that it stands in."""
        if (whole := _header_of((*tables, key)).search(self.text)) is not None or not tables:
            return whole
        match = _header_of(tables).search(self.text)
        if match is None:
            return self._table(tables[:-1], tables[-1])
        return _setting_of(key).search(self.text, match.end()) or match

    def problems(self, found: Iterable[Finding]) -> tuple[FileProblem, ...]:
        """Problems of single keys; those behind the first twenty are only mentioned."""
        left = iter(found)
        told = [self._problem(*one) for one in islice(left, PROBLEM_LIMIT)]
        if next(left, None) is not None:
            told.append(file_problem(self.path, None, "there are more problems", "Mend these first."))
        return tuple(told)

    def _problem(self, key: Key, reason: str, hint: str) -> FileProblem:
        """What is wrong with one key."""
        return file_problem(self.path, self.line_of(key), reason, hint)


def _header_of(tables: tuple[str, ...]) -> re.Pattern[str]:
    names = r"[ \t]*\.[ \t]*".join(rf"[\"']?{re.escape(name)}[\"']?" for name in tables)
    return re.compile(rf"^[ \t]*\[?[ \t]*{names}[ \t]*[\].=]", re.MULTILINE)


def _setting_of(key: str) -> re.Pattern[str]:
    return re.compile(rf"^[ \t]*\[*[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*[\].=]", re.MULTILINE)


def read_toml(path: Path) -> TomlFile:
    """Read and parse the file at `path`; raise FileProblem with line and reason."""
    text = _read(path)
    check_bounds(path, text)
    try:
        return TomlFile(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
        place = _PLACE.search(reason)
        line = int(place[1]) if place is not None and place[1] else text.rstrip().count("\n") + 1
        column = f" (column {place[2]})" if place is not None and place[2] else ""
        plain = _PLACE.sub("", reason)
        raise file_problem(path, line, f"{plain}{column}", "Mend that line, or move the file away.") from None
    except (RecursionError, ValueError, OverflowError) as error:
        raise file_problem(path, None, str(error), "Mend it, or move the file away.") from None


def check_bounds(path: Path, text: str) -> None:
    """Raise FileProblem where keys, values or numbers go deeper or longer than is sensible; parses nothing."""
    bare = _OPAQUE.sub(lambda match: "s" + "\n" * match[0].count("\n"), text)
    bare = re.sub(r"[ \t]+", "", bare)
    for reason, place in (
        (f"nested more than {DEPTH_LIMIT} levels deep", _start(_DEEP_KEY.search(bare))),
        (f"nested more than {DEPTH_LIMIT} levels deep", _deep_nesting(bare)),
        ("a number that is far too long", _start(_LONG_NUMBER.search(bare))),
    ):
        if place is not None:
            raise file_problem(path, bare.count("\n", 0, place) + 1, reason, "Write it shorter.")


def file_problem(path: Path, line: int | None, reason: str, hint: str) -> FileProblem:
    """A FileProblem that names file, line and reason, and says that the file was left alone."""
    place = f"{clean_line(str(path))}{f', line {line}' if line else ''}"
    return FileProblem(f"{place}: {clean_line(reason)}", hint=f"{hint} The file is left as it is.")


def finding(key: Key, error: ChatappError) -> Finding:
    """What an error says of `key`."""
    message = error.message if len(error.message) <= _SHOWN else f"{error.message[:_SHOWN]}…"
    return key, message, error.hint


def _read(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise file_problem(path, None, "it is no file", "Move it away.")
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise file_problem(path, None, error.strerror or str(error), "Check who may read it.") from None
    if len(raw) > SIZE_LIMIT:
        raise file_problem(path, None, f"it is larger than {SIZE_LIMIT // 1024} KB", "Take out what isn't needed.")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise file_problem(path, line, "a byte that is no UTF-8", "Save the file as UTF-8.") from None


def _deep_nesting(bare: str) -> int | None:
    depth = 0
    for match in re.finditer(r"[\[\]{}]", bare):
        depth = depth + 1 if match[0] in "[{" else max(0, depth - 1)
        if depth > DEPTH_LIMIT:
            return match.start()
    return None


def _start(match: re.Match[str] | None) -> int | None:
    return match.start() if match is not None else None
