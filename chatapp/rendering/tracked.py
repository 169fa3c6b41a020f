"""Strings that remember where their characters come from.

A chat template mixes its own text with that of messages, and only its own may name control tokens. `Tracked`
carries a source for each run of its characters through every operation that templates really use. Whatever
loses track counts as foreign, and so does every plain string: doubt never makes a control token.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import SupportsIndex, TypeAlias

TEMPLATE = 0
"""Source of what the template itself wrote; messages count from 1."""
FOREIGN = -1
"""Source of everything that can't be traced."""

Runs: TypeAlias = tuple[tuple[int, int], ...]
"""(length, source) of neighbouring runs; no length is 0 and no two neighbours share a source."""

_PLACEHOLDER = re.compile(r"%(?:\((?P<name>\w+)\))?(?P<kind>[sd%])")


class Tracked(str):
    """A string with the sources of its characters; equal to the plain string in every other way."""

    __slots__ = ("_runs",)
    _runs: Runs

    def __new__(cls, text: str = "", runs: Runs | None = None) -> Tracked:
        """Make one of `text`; without `runs` it is foreign."""
        made = super().__new__(cls, text)
        made._runs = runs if runs is not None else ((len(text), FOREIGN),) if text else ()
        return made

    def __str__(self) -> str:
        return self

    def __iter__(self) -> Iterator[str]:
        return (self[index] for index in range(len(self)))

    def __add__(self, other: str) -> str:
        if not isinstance(other, str) or hasattr(other, "__html__"):
            return NotImplemented
        return joined((self, other))

    def __radd__(self, other: str) -> str:
        return joined((other, self)) if isinstance(other, str) else NotImplemented

    def __mul__(self, count: SupportsIndex) -> str:
        text = str.__mul__(self, count)
        return Tracked(text, ((len(text), self._runs[0][1]),) if text and len(self._runs) == 1 else None)

    __rmul__ = __mul__

    def __mod__(self, arguments: object) -> str:
        if not is_template(self):
            return plain(str.__mod__(self, arguments))
        return _filled(self, arguments)

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        text = str.__getitem__(self, key)
        if not isinstance(key, slice):
            position = key.__index__() % len(self)
            return _cut(self, position, position + 1)
        start, stop, step = key.indices(len(self))
        if step == 1:
            return _cut(self, start, max(start, stop))
        sources = [source for length, source in self._runs for _ in range(length)][key]
        return Tracked(text, tuple((len(list(group)), source) for source, group in groupby(sources)))

    def join(self, parts: Iterable[str]) -> str:
        """As `str.join`."""
        listed: list[str] = []
        for part in parts:
            if listed:
                listed.append(self)
            listed.append(part)
        return joined(listed)

    def strip(self, chars: str | None = None) -> str:
        """As `str.strip`."""
        start = len(self) - len(str.lstrip(self, chars))
        return _cut(self, start, max(start, len(str.rstrip(self, chars))))

    def lstrip(self, chars: str | None = None) -> str:
        """As `str.lstrip`."""
        return _cut(self, len(self) - len(str.lstrip(self, chars)), len(self))

    def rstrip(self, chars: str | None = None) -> str:
        """As `str.rstrip`."""
        return _cut(self, 0, len(str.rstrip(self, chars)))

    def removeprefix(self, prefix: str) -> str:
        """As `str.removeprefix`."""
        return _cut(self, len(prefix) if self.startswith(prefix) else 0, len(self))

    def removesuffix(self, suffix: str) -> str:
        """As `str.removesuffix`."""
        return _cut(self, 0, len(str.removesuffix(self, suffix)))

    def split(self, sep: str | None = None, maxsplit: SupportsIndex = -1) -> list[str]:
        """As `str.split`."""
        return _located(self, str.split(self, sep, maxsplit), sep)

    def rsplit(self, sep: str | None = None, maxsplit: SupportsIndex = -1) -> list[str]:
        """As `str.rsplit`."""
        return _located(self, str.rsplit(self, sep, maxsplit), sep)

    def splitlines(self, keepends: bool = False) -> list[str]:
        """As `str.splitlines`."""
        found: list[str] = []
        start = 0
        for whole, line in zip(str.splitlines(self, True), str.splitlines(self, keepends), strict=True):
            found.append(_cut(self, start, start + len(line)))
            start += len(whole)
        return found

    def partition(self, sep: str) -> tuple[str, str, str]:
        """As `str.partition`."""
        before, mark, _ = str.partition(self, sep)
        return self._parted(len(before), len(mark))

    def rpartition(self, sep: str) -> tuple[str, str, str]:
        """As `str.rpartition`."""
        before, mark, _ = str.rpartition(self, sep)
        return self._parted(len(before), len(mark))

    def _parted(self, start: int, length: int) -> tuple[str, str, str]:
        stop = start + length
        return _cut(self, 0, start), _cut(self, start, stop), _cut(self, stop, len(self))

    def replace(self, old: str, new: str, count: SupportsIndex = -1) -> str:
        """As `str.replace`."""
        if not old:
            return derived(str.replace(self, old, new, count), self, new)
        pieces = str.split(self, old, count)
        listed: list[str] = []
        for piece in _located(self, pieces, old):
            if listed:
                listed.append(new)
            listed.append(piece)
        return joined(listed)

    def lower(self) -> str:
        """As `str.lower`."""
        return _reshaped(self, str.lower(self))

    def upper(self) -> str:
        """As `str.upper`."""
        return _reshaped(self, str.upper(self))

    def capitalize(self) -> str:
        """As `str.capitalize`."""
        return _reshaped(self, str.capitalize(self))

    def title(self) -> str:
        """As `str.title`."""
        return _reshaped(self, str.title(self))


def template_text(text: str) -> Tracked:
    """`text` as the template's own."""
    return Tracked(text, ((len(text), TEMPLATE),) if text else ())


def message_text(text: str, source: int) -> Tracked:
    """`text` as that of message `source`, counted from 1."""
    return Tracked(text, ((len(text), source),) if text else ())


def plain(text: str) -> str:
    """`text` as an ordinary string."""
    return "".join((text,))


def runs_of(text: str) -> Runs:
    """The sources of `text`."""
    if isinstance(text, Tracked):
        return text._runs
    return ((len(text), FOREIGN),) if text else ()


def is_template(text: str) -> bool:
    """Whether all of `text` is the template's own."""
    return isinstance(text, Tracked) and all(source == TEMPLATE for _, source in text._runs)


def joined(parts: Iterable[str]) -> Tracked:
    """All parts as one string, each keeping its sources."""
    listed = list(parts)
    text = "".join(listed)
    runs: list[tuple[int, int]] = []
    for part in listed:
        for length, source in runs_of(part):
            if runs and runs[-1][1] == source:
                runs[-1] = (runs[-1][0] + length, source)
            else:
                runs.append((length, source))
    return Tracked(text, tuple(runs))


def derived(text: str, *origins: object) -> str:
    """`text`, made from `origins` in a way that can't be followed: the template's only if all strings there are."""
    strings = [origin for origin in origins if isinstance(origin, str)]
    return template_text(text) if all(map(is_template, strings)) else Tracked(text)


def shown(value: object) -> str:
    """What a template prints for `value`; figures and truths are the template's own."""
    if isinstance(value, str):
        return value
    text = str(value)
    return template_text(text) if isinstance(value, int | float | None) else text


def _cut(text: Tracked, start: int, stop: int) -> Tracked:
    """Characters `start` to `stop` of `text`."""
    runs: list[tuple[int, int]] = []
    position = 0
    for length, source in text._runs:
        size = min(stop, position + length) - max(start, position)
        if size > 0:
            runs.append((size, source))
        position += length
    return Tracked(str.__getitem__(text, slice(start, stop)), tuple(runs))


def _located(text: Tracked, parts: list[str], separator: str | None) -> list[str]:
    """`parts` of `text`, in order and apart by `separator` (None: white space), with their sources."""
    found: list[str] = []
    position = 0
    for part in parts:
        start = position if separator is not None else text.find(part, position)
        found.append(_cut(text, start, start + len(part)))
        position = start + len(part) + len(separator or "")
    return found


def _reshaped(text: Tracked, result: str) -> str:
    """`result` of a change that keeps each character's place, unless it changed the length."""
    return Tracked(result, text._runs) if len(result) == len(text) else derived(result, text)


def _filled(pattern: Tracked, arguments: object) -> str:
    """`pattern % arguments` for %s, %d and %%; any other form is done by Python and counts as foreign."""
    whole = str.__mod__(pattern, arguments)
    given = list(arguments) if isinstance(arguments, tuple) else [arguments]
    listed: list[str] = []
    position = 0
    for match in _PLACEHOLDER.finditer(pattern):
        listed.append(_cut(pattern, position, match.start()))
        position = match.end()
        if match["kind"] == "%":
            listed.append(template_text("%"))
        elif match["name"] is not None and isinstance(arguments, Mapping):
            listed.append(shown(arguments[match["name"]]))
        elif given:
            listed.append(shown(given.pop(0)))
    listed.append(_cut(pattern, position, len(pattern)))
    result = joined(listed)
    return result if str.__eq__(result, whole) else Tracked(whole)
