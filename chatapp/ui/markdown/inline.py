"""Inline Markdown with positions: emphasis, code, links, images, strikethrough, entities, line breaks.

markdown-it's inline tokens carry no positions, so this is a scanner of our own after the CommonMark
specification. It works on the text of one paragraph, heading or cell and yields runs that know their range in it.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from chatapp.ui.markdown.emphasis import Delimiter, pair_delimiters
from chatapp.ui.markdown.link import LinkTarget, parse_target, reference_label, show_address
from chatapp.ui.markdown.source import show_inline

STRONG, EMPHASIS, STRIKE, CODE, LINK, ADDRESS = 1, 2, 4, 8, 16, 32
"""The marks of a run, as bits."""

_SPECIAL = re.compile(r"[\\`*_~\[\]!<&\n]|https?://")
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_ENTITY = re.compile(r"&(?:#[xX][0-9a-fA-F]{1,6}|#[0-9]{1,7}|[A-Za-z][A-Za-z0-9]{1,31});")
_AUTOLINK = re.compile(r"<([A-Za-z][A-Za-z0-9+.\-]{1,31}:[^\s<>]*)>")
_EMAIL = re.compile(r"<([\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255})>", re.ASCII)
_LINE_BREAK = re.compile(r"<br\s?/?>", re.IGNORECASE)
_BARE_URL = re.compile(r"https?://[^\s<>`\"\[\]]+")
_REFERENCE = re.compile(r"\[((?:[^\[\]\\]|\\.){0,999})\]")
_REFERENCE = re.compile(r"\[((?:[^\[\]\\]|\\.){0,999})\]")
_TICKS = re.compile("`+")


class Run(NamedTuple):
    """Shown text with its marks; `start` and `end` are its range in the inline text.

    A line break is a run of its own. `link` is the start of the link that the run belongs to, -1 outside.
    """

    text: str
    start: int
    end: int
    marks: int = 0
    link: int = -1


class Wrap(NamedTuple):
    """Something with hidden marks around it: the outer range holds them, the inner one is what is shown.

    A `block` has them on lines of their own.
    """

    outer_start: int
    inner_start: int
    inner_end: int
    outer_end: int
    block: bool = False


@dataclass(slots=True)
class Inline:
    """What an inline text shows: runs, the addresses of its links by their start, and its wraps."""

    runs: list[Run]
    links: dict[int, str]
    wraps: list[Wrap]


@dataclass(slots=True)
class _Bracket:
    node: int
    position: int
    image: bool
    delimiters: int
    active: bool = True


class _Scanner:
    """One pass over a text; nodes first, marks laid over ranges of them at the end."""

    def __init__(self, text: str, references: Mapping[str, str]) -> None:
        self.text = text
        self.references = references
        self.nodes: list[Run] = []
        self.delimiters: list[Delimiter] = []
        self.brackets: list[_Bracket] = []
        self.ranges: list[tuple[int, int, int, int]] = []
        self.links: dict[int, str] = {}
        self.wraps: list[Wrap] = []
        self._ticks: dict[int, list[int]] | None = None

    def scan(self) -> Inline:
        """Scan the whole text."""
        position, text = 0, self.text
        length = len(text)
        while position < length:
            match = _SPECIAL.search(text, position)
            until = match.start() if match else length
            if until > position:
                self.put(text[position:until], position, until)
            if match is None:
                break
            position = self._special(match.group(), until)
        self._pair(0)
        return Inline(self._marked(), self.links, self.wraps)

    def put(self, text: str, start: int, end: int) -> None:
        """Add a node."""
        self.nodes.append(Run(text, start, end))

    def _special(self, found: str, at: int) -> int:
        """Read the construct that begins at `at`; return where scanning goes on."""
        text = self.text
        match found:
            case "\\":
                return self._escape(at)
            case "`":
                return self._code(at)
            case "*" | "_" | "~":
                return self._delimiter(found, at)
            case "[":
                return self._open_bracket(at, 1)
            case "!" if text.startswith("[", at + 1):
                return self._open_bracket(at, 2)
            case "]":
                return self._close_bracket(at)
            case "<":
                return self._angle(at)
            case "&":
                return self._entity(at)
            case "\n":
                self.put("\n", at, at + 1)
                return at + 1
            case "http://" | "https://":
                return self._bare_url(at)
            case _:
                self.put(found, at, at + len(found))
                return at + len(found)

    def _escape(self, at: int) -> int:
        following = self.text[at + 1 : at + 2]
        if following in _PUNCTUATION and following:
            self.put(following, at, at + 2)
            return at + 2
        if following == "\n":
            self.put("\n", at, at + 2)
            return at + 2
        self.put("\\", at, at + 1)
        return at + 1

    def _code(self, at: int) -> int:
        text = self.text
        if self._ticks is None:
            self._ticks = {}
            for run in _TICKS.finditer(text):
                self._ticks.setdefault(len(run.group()), []).append(run.start())
        end = at
        while end < len(text) and text[end] == "`":
            end += 1
        starts = self._ticks.get(end - at, [])
        index = bisect_right(starts, end - 1)
        if index == len(starts):
            self.put(text[at:end], at, end)
            return end
        close = starts[index]
        first, last = end, close
        content = text[first:last]
        if content.startswith((" ", "\n")) and content.endswith((" ", "\n")) and content.strip(" \n"):
            first, last = first + 1, last - 1
        begin = len(self.nodes)
        position = first
        for part in text[first:last].split("\n"):
            if position > first:
                self.put(" ", position - 1, position)
            self.put(part, position, position + len(part))
            position += len(part) + 1
        self.ranges.append((begin, len(self.nodes), CODE, -1))
        self.wraps.append(Wrap(at, first, last, close + end - at))
        return close + end - at

    def _delimiter(self, character: str, at: int) -> int:
        text = self.text
        end = at
        while end < len(text) and text[end] == character:
            end += 1
        if character != "~" or end - at == 2:
            before = text[at - 1] if at else "\n"
            after = text[end] if end < len(text) else "\n"
            self.delimiters.append(Delimiter.of(character, len(self.nodes), at, end, before, after))
        self.put(text[at:end], at, end)
        return end

    def _open_bracket(self, at: int, length: int) -> int:
        self.brackets.append(_Bracket(len(self.nodes), at, length == 2, len(self.delimiters)))
        self.put(self.text[at : at + length], at, at + length)
        return at + length

    def _close_bracket(self, at: int) -> int:
        target: LinkTarget | None = None
        if self.brackets:
            bracket = self.brackets.pop()
            if bracket.active:
                label = (bracket.position + (2 if bracket.image else 1), at)
                target = parse_target(self.text, at + 1) or self._reference(label, at + 1)
                if target is not None:
                    self._link(bracket, label, target)
                    return target.end
        self.put("]", at, at + 1)
        return at + 1

    def _reference(self, label: tuple[int, int], at: int) -> LinkTarget | None:
        """The target of `[label][name]`, `[label][]` or `[label]`, where the name is defined."""
        if not self.references:
            return None
        if self.text.startswith(":", at):
            return None  # The name of a definition, which is shown as it stands.
        named = _REFERENCE.match(self.text, at)
        end = named.end() if named else at
        name = named.group(1).strip() if named else ""
        name = name or self.text[label[0] : min(label[1], label[0] + 999)]
        href = self.references.get(reference_label(name))
        return LinkTarget(href, end) if href is not None else None

    def _link(self, bracket: _Bracket, label: tuple[int, int], target: LinkTarget) -> None:
        """Turn what stands between the brackets into a link, with its address behind it."""
        self._pair(bracket.delimiters)
        opening = self.nodes[bracket.node]
        shown = "".join(node.text for node in self.nodes[bracket.node + 1 :])
        self.nodes[bracket.node] = opening._replace(text="image: " if bracket.image else "")
        end = len(self.nodes)
        if shown != target.href:
            address = f" ({show_address(target.href)})" if shown.strip() else show_address(target.href)
            self.put(address, label[1], target.end)
            self.ranges.append((end, end + 1, ADDRESS, -1))
        self.ranges.append((bracket.node, len(self.nodes), LINK, bracket.position))
        self.links[bracket.position] = target.href
        self.wraps.append(Wrap(bracket.position, label[0], label[1], target.end))
        if not bracket.image:
            for earlier in self.brackets:
                earlier.active = earlier.active and earlier.image

    def _angle(self, at: int) -> int:
        for pattern, scheme in ((_AUTOLINK, ""), (_EMAIL, "mailto:")):
            if match := pattern.match(self.text, at):
                self._whole_link(at + 1, match.end() - 1, at, scheme)
                self.wraps.append(Wrap(at, at + 1, match.end() - 1, match.end()))
                return match.end()
        if match := _LINE_BREAK.match(self.text, at):
            self.put("\n", at, match.end())
            return match.end()
        self.put("<", at, at + 1)
        return at + 1

    def _bare_url(self, at: int) -> int:
        match = _BARE_URL.match(self.text, at)
        url = match.group() if match else ""
        while url and (url[-1] in ".,;:!?'*_~)}"):
            if url[-1] == ")" and url.count("(") >= url.count(")"):
                break
            url = url[:-1]
        if len(url) <= len("https://"):
            self.put(self.text[at : at + 4], at, at + 4)
            return at + 4
        self._whole_link(at, at + len(url), at, "")
        return at + len(url)

    def _whole_link(self, start: int, end: int, link: int, scheme: str) -> None:
        """Add a link that shows its own address."""
        self.put(self.text[start:end], start, end)
        self.ranges.append((len(self.nodes) - 1, len(self.nodes), LINK, link))
        self.links[link] = scheme + self.text[start:end]

    def _entity(self, at: int) -> int:
        match = _ENTITY.match(self.text, at)
        shown = html.unescape(match.group()) if match else ""
        if match is None or shown in ("", match.group()):
            self.put("&", at, at + 1)
            return at + 1
        self.put(show_inline(shown), at, match.end())
        return match.end()

    def _pair(self, bottom: int) -> None:
        """Pair the delimiters above `bottom` and take them off the stack."""
        for pair in pair_delimiters(self.delimiters[bottom:]):
            mark = STRIKE if pair.character == "~" else STRONG if pair.length == 2 else EMPHASIS
            self.ranges.append((pair.opener_node + 1, pair.closer_node, mark, -1))
            self.wraps.append(Wrap(*pair.positions))
        for delimiter in self.delimiters[bottom:]:
            node = self.nodes[delimiter.node]
            if delimiter.length < node.end - node.start:
                text = delimiter.character * delimiter.length
                self.nodes[delimiter.node] = Run(text, delimiter.start, delimiter.end)
        del self.delimiters[bottom:]

    def _marked(self) -> list[Run]:
        """The nodes with the marks of all ranges that hold them."""
        marks = [0] * len(self.nodes)
        links = [-1] * len(self.nodes)
        opened: list[dict[int, int]] = [{} for _ in range(len(self.nodes) + 1)]
        for first, last, mark, link in self.ranges:
            if mark == LINK:
                for index in range(first, last):
                    links[index] = link
            if first < last:
                opened[first][mark] = opened[first].get(mark, 0) + 1
                opened[last][mark] = opened[last].get(mark, 0) - 1
        depth: dict[int, int] = {}
        for index in range(len(self.nodes)):
            for mark, change in opened[index].items():
                depth[mark] = depth.get(mark, 0) + change
            for mark, count in depth.items():
                if count > 0:
                    marks[index] |= mark
        return [
            node._replace(marks=marks[index], link=links[index]) if marks[index] else node
            for index, node in enumerate(self.nodes)
            if node.text
        ]


def parse_inline(text: str, references: Mapping[str, str] | None = None) -> Inline:
    """Read the inline Markdown of `text`; `references` maps normalised labels to addresses."""
    if _SPECIAL.search(text) is None:
        return Inline([Run(text, 0, len(text))] if text else [], {}, [])
    return _Scanner(text, references or {}).scan()
