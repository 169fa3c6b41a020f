"""Block Markdown as a tree of values, each with the lines and offsets that it comes from.

markdown-it-py finds the blocks; its inline rules are not used. Offsets are into the text that was parsed.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

Alignment: TypeAlias = Literal["left", "center", "right"]

MAX_NESTING = 100
_MARKER = re.compile(r"[-*+](?=[ \t]|$)|\d{1,9}[.)](?=[ \t]|$)")
_CONTAINERS = re.compile(r"(?:[ \t>]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$))*[ \t>]*")
_BLANK = " \t"


class InlineText:
    """The text of a paragraph, heading or cell, and where each part of it stands in the source."""

    __slots__ = ("_positions", "_sources", "text")

    def __init__(self) -> None:
        self.text = ""
        self._positions: list[int] = []
        self._sources: list[int] = []

    def add(self, text: str, source: int) -> None:
        """Append text that stands at `source`."""
        self._positions.append(len(self.text))
        self._sources.append(source)
        self.text += text

    def source(self, position: int, *, end: bool = False) -> int:
        """The source offset of a position; with `end`, of the end of what stands before it."""
        if not self._positions:
            return 0
        index = max(0, bisect_right(self._positions, position - 1 if end else position) - 1)
        return self._sources[index] + position - self._positions[index]


@dataclass(slots=True)
class Paragraph:
    """A paragraph, or a heading where `level` is 1 to 6."""

    start: int
    end: int
    content: InlineText
    level: int = 0


@dataclass(slots=True)
class CodeLine:
    """A line of code; `source` is the offset of its first character, -1 where indentation was made up for it."""

    text: str
    source: int


@dataclass(slots=True)
class CodeBlock:
    """Fenced or indented code; `closed` tells whether its end was seen."""

    start: int
    end: int
    language: str
    lines: list[CodeLine]
    closed: bool = True

    @property
    def text(self) -> str:
        """The code itself."""
        return "\n".join(line.text for line in self.lines)


@dataclass(slots=True)
class Rule:
    """A horizontal rule."""

    start: int
    end: int


@dataclass(slots=True)
class Quote:
    """A block quote."""

    start: int
    end: int
    children: list[Block] = field(default_factory=list)


@dataclass(slots=True)
class Item:
    """A list item; `marker` is the range of its bullet or number, or None where it could not be found."""

    start: int
    end: int
    marker: tuple[int, int] | None = None
    children: list[Block] = field(default_factory=list)


@dataclass(slots=True)
class Listing:
    """A list; `first_number` is None for bullets, `delimiter` stands behind each number."""

    start: int
    end: int
    first_number: int | None
    delimiter: str = "."
    loose: bool = False
    items: list[Item] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """A table; the first row is its header."""

    start: int
    end: int
    alignments: list[Alignment] = field(default_factory=list)
    rows: list[list[InlineText]] = field(default_factory=list)


Block: TypeAlias = Paragraph | CodeBlock | Rule | Quote | Listing | Table


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    """The parser, loaded when the first text needs it, which is after the first paint."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING}).enable("table").disable("html_block")


class Definition(NamedTuple):
    """Where a link definition leads, and the offset at which it stands; -1 for one from an earlier text."""

    href: str
    start: int


def parse_blocks(
    text: str, definitions: Mapping[str, Definition] | None = None
) -> tuple[list[Block], dict[str, Definition]]:
    """Parse a text; return its top-level blocks and all link definitions, those given included.

    A link definition is a paragraph as well, so that nothing is hidden.
    """
    given: dict[str, dict[str, object]] = {
        name: {"href": definition.href, "start": -1} for name, definition in (definitions or {}).items()
    }
    environment = {"references": given}
    tokens: list[Token] = []
    parser = _parser()
    parser.block.parse(text, parser, environment, tokens)
    builder = _TreeBuilder(text)
    blocks = builder.build(tokens)
    found = {name: builder.definition(entry) for name, entry in environment["references"].items()}
    return builder.with_gaps(blocks, 0, len(text)), found


class _TreeBuilder:
    """Turns the flat list of tokens into a tree."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.length = len(text)
        self.markers_from: dict[int, int] = {}
        self.tokens: list[Token] = []
        self.index = 0

    def build(self, tokens: list[Token]) -> list[Block]:
        """Build the top-level blocks."""
        self.tokens, self.index = tokens, 0
        return self.children("")

    def range_of(self, token: Token) -> tuple[int, int]:
        """The offsets of a token's lines, without the newline after the last."""
        first, last = token.map or [0, 0]
        return self.starts[first], max(self.starts[first], min(self.starts[last] - 1, self.length))

    def children(self, closing: str) -> list[Block]:
        """Build blocks until the token `closing`, which is consumed."""
        blocks: list[Block] = []
        while self.index < len(self.tokens):
            token = self.tokens[self.index]
            self.index += 1
            if token.type == closing:
                break
            block = self.block(token)
            if block is not None:
                blocks.append(block)
        return blocks

    def block(self, token: Token) -> Block | None:
        """Build the block that `token` opens."""
        start, end = self.range_of(token)
        match token.type:
            case "paragraph_open":
                return Paragraph(start, end, self.inline(self.next_token()))
            case "heading_open":
                level = int(token.tag[1])
                marker = token.markup if token.markup.startswith("#") else ""
                return Paragraph(start, end, self.inline(self.next_token(), marker), level)
            case "fence":
                return self.fence(token, start, end)
            case "code_block":
                return CodeBlock(start, end, "", self.code_lines(token, (token.map or [0, 0])[0]))
            case "hr":
                return Rule(start, end)
            case "blockquote_open":
                return Quote(start, end, self.with_gaps(self.children("blockquote_close"), start, end))
            case "bullet_list_open" | "ordered_list_open":
                return self.listing(token, start, end)
            case "table_open":
                return self.table(token, start, end)
            case _:
                return None

    def definition(self, entry: Mapping[str, object]) -> Definition:
        """A definition as the parser keeps it."""
        rows = entry.get("map")
        return Definition(str(entry["href"]), self.starts[rows[0]] if isinstance(rows, list) else -1)

    def with_gaps(self, blocks: list[Block], start: int, end: int) -> list[Block]:
        """The blocks, with the text between them as paragraphs.

        The parser leaves out link definitions and what is nested too deeply; nothing may be hidden by that.
        """
        complete: list[Block] = []
        for block in blocks:
            complete += self.gap(start, block.start)
            complete.append(block)
            start = block.end
        return [*complete, *self.gap(start, end)]

    def gap(self, start: int, end: int) -> list[Block]:
        """The lines that begin between two offsets, less the markers of their containers, as a paragraph if any."""
        content = InlineText()
        first = last = -1
        for row in range(bisect_left(self.starts, start), bisect_left(self.starts, end)):
            line = self.lines[row]
            markers = _CONTAINERS.match(line)
            column = markers.end() if markers else 0
            if line[column:].strip():
                if content.text:
                    content.add("\n", self.starts[row] - 1)
                content.add(line[column:], self.starts[row] + column)
                first, last = (row if first < 0 else first), row
        if first < 0:
            return []
        return [Paragraph(self.starts[first], self.starts[last] + len(self.lines[last]), content)]

    def next_token(self) -> Token:
        """Consume a token."""
        self.index += 1
        return self.tokens[self.index - 1]

    def inline(self, token: Token, marker: str = "") -> InlineText:
        """The text of an inline token with the source of each of its lines."""
        content = InlineText()
        first = (token.map or [0, 0])[0]
        for number, line in enumerate(token.content.split("\n")):
            text = line.strip(_BLANK)
            row = min(first + number, len(self.lines) - 1)
            source = self.lines[row]
            if marker:
                column = source.find(text, source.find(marker) + len(marker))
            else:
                column = len(source.rstrip(_BLANK)) - len(text)
                if not source.startswith(text, column):
                    column = source.find(text)
            if number:
                content.add("\n", self.starts[row] - 1)
            content.add(text, self.starts[row] + max(column, 0))
        return content

    def fence(self, token: Token, start: int, end: int) -> CodeBlock:
        """A fenced block; it is closed where it has one line more than its opening and its code."""
        first, last = token.map or [0, 0]
        lines = self.code_lines(token, first + 1)
        words = token.info.split()
        language = words[0].strip("{}.").lower() if words else ""
        return CodeBlock(start, end, language, lines, closed=last - first == len(lines) + 2)

    def code_lines(self, token: Token, first: int) -> list[CodeLine]:
        """The lines of code in a token whose code begins at line `first`."""
        texts = token.content.split("\n")
        if texts and not texts[-1]:
            texts.pop()
        lines: list[CodeLine] = []
        for number, text in enumerate(texts):
            row = min(first + number, len(self.lines) - 1)
            source = self.lines[row]
            column = len(source) - len(text)
            found = column >= 0 and source.endswith(text)
            lines.append(CodeLine(text, self.starts[row] + column if found else -1))
        return lines

    def listing(self, token: Token, start: int, end: int) -> Listing:
        """A list with its items."""
        ordered = token.type == "ordered_list_open"
        number = token.attrs.get("start", 1) if ordered else None
        listing = Listing(start, end, int(number) if number is not None else None, token.markup)
        while (inner := self.next_token()).type == "list_item_open":
            first, last = self.range_of(inner)
            marker = self.marker((inner.map or [0, 0])[0])
            begun = self.index
            children = self.children("list_item_close")
            listing.loose = listing.loose or any(
                found.type == "paragraph_open" and found.level == inner.level + 1 and not found.hidden
                for found in self.tokens[begun : self.index]
            )
            listing.items.append(Item(first, last, marker, self.with_gaps(children, first, last)))
        return listing

    def marker(self, row: int) -> tuple[int, int] | None:
        """The next list marker of a line that no outer list has taken."""
        match = _MARKER.search(self.lines[row], self.markers_from.get(row, 0))
        if match is None:
            return None
        self.markers_from[row] = match.end()
        return self.starts[row] + match.start(), self.starts[row] + match.end()

    def table(self, token: Token, start: int, end: int) -> Table:
        """A table with its cells."""
        table = Table(start, end)
        while (inner := self.next_token()).type != "table_close":
            if inner.type == "tr_open":
                row = (inner.map or [0, 0])[0]
                cells = split_cells(self.lines[row], self.starts[row])
                table.rows.append(self.row(table, cells))
        return table

    def row(self, table: Table, cells: list[InlineText]) -> list[InlineText]:
        """The cells of one row, as many as the header has, each taken from the source line."""
        row: list[InlineText] = []
        header = not table.rows
        while (inner := self.next_token()).type != "tr_close":
            if inner.type not in ("th_open", "td_open"):
                continue
            content = self.tokens[self.index].content
            while cells and cells[0].text != content and content:
                cells.pop(0)
            row.append(cells.pop(0) if cells else InlineText())
            if header:
                style = str(inner.attrs.get("style", ""))
                table.alignments.append("right" if "right" in style else "center" if "center" in style else "left")
        return row


def split_cells(line: str, start: int) -> list[InlineText]:
    """Split a row at its unescaped bars; an escaped bar is a bar."""
    cells: list[InlineText] = []
    cell = InlineText()
    begin = 0
    escaped = False
    for position, character in enumerate(line):
        if character == "|":
            if escaped:
                cell.add(line[begin : position - 1], start + begin)
                begin = position
            else:
                cell.add(line[begin:position], start + begin)
                cells.append(_trimmed(cell))
                cell, begin = InlineText(), position + 1
        escaped = character == "\\"
    cell.add(line[begin:], start + begin)
    cells.append(_trimmed(cell))
    return cells


def _trimmed(cell: InlineText) -> InlineText:
    """The cell without the blanks around it."""
    text = cell.text.strip(_BLANK)
    first = len(cell.text) - len(cell.text.lstrip(_BLANK))
    trimmed = InlineText()
    trimmed.text = text
    trimmed._positions = [max(0, position - first) for position in cell._positions]
    trimmed._sources = [
        source + max(0, first - position) for position, source in zip(cell._positions, cell._sources, strict=True)
    ]
    return trimmed
