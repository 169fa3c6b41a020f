"""Blocks laid out as lines of a given width."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from rich.style import Style

from chatapp.ui.markdown.block import Block, CodeBlock, InlineText, Item, Listing, Paragraph, Quote, Rule, Table
from chatapp.ui.markdown.highlight import CodeToken, Highlighter
from chatapp.ui.markdown.inline import LINK, Inline, Run, Wrap, parse_inline
from chatapp.ui.markdown.line import Piece, RenderedLine, build_line, hard_lines, split_pieces
from chatapp.ui.markdown.link import is_openable
from chatapp.ui.markdown.palette import Palette
from chatapp.ui.markdown.source import Source
from chatapp.ui.markdown.table import lay_out_table
from chatapp.ui.markdown.wrap import chop, width_of, wrap

MIN_TEXT_WIDTH = 4
"""Bars and markers never leave text fewer cells than this; those that would are left out."""

_TAB = 4
_BAR = 2
"""Cells of the bar left of code."""
_BULLETS = "•◦▪"


class Prefix:
    """What stands left of every line: `first` once, `rest` from then on, both `width` cells wide."""

    __slots__ = ("first", "rest", "width")

    def __init__(self, first: tuple[Piece, ...] = (), rest: tuple[Piece, ...] = (), width: int = 0) -> None:
        self.first = first
        self.rest = rest
        self.width = width

    def take(self) -> tuple[Piece, ...]:
        """The prefix of the next line."""
        pieces, self.first = self.first, self.rest
        return pieces

    def inside(self, first: tuple[Piece, ...], rest: tuple[Piece, ...], width: int, limit: int) -> Prefix:
        """The prefix of what is nested one deeper, unchanged where that would leave too little room."""
        outer = self.take()
        if self.width + width + MIN_TEXT_WIDTH > limit:
            return Prefix(outer, self.rest, self.width)
        return Prefix(outer + first, self.rest + rest, self.width + width)


@dataclass(slots=True)
class Fragment:
    """Lines with what belongs to them; all offsets are raw ones.

    `links` maps the start of a link to its address, where that may be opened. `codes` are the texts of the code
    blocks. `wraps` are the ranges with hidden marks around them.
    """

    lines: list[RenderedLine] = field(default_factory=list)
    links: dict[int, str] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    wraps: list[Wrap] = field(default_factory=list)

    def extend(self, other: Fragment) -> None:
        """Append another fragment."""
        self.lines += other.lines
        self.links.update(other.links)
        self.codes += other.codes
        self.wraps += other.wraps


class Memory:
    """What was laid out for a text that grows, so that the unchanged parts of a long block are not laid out again.

    What one layout did not use is forgotten after it.
    """

    def __init__(self) -> None:
        self._old: dict[tuple[str, int], tuple[object, Fragment]] = {}
        self._new: dict[tuple[str, int], tuple[object, Fragment]] = {}
        self._highlighters: dict[int, Highlighter] = {}

    def turn(self) -> None:
        """Begin another layout."""
        self._old, self._new = self._new, {}

    def fragment(self, kind: str, start: int, key: object, make: Callable[[], Fragment]) -> Fragment:
        """The fragment made last time for the same `key`, else a new one."""
        name = (kind, start)
        found = self._old.get(name)
        if found is None or found[0] != key:
            found = (key, make())
        self._new[name] = found
        return found[1]

    def highlighter(self, start: int, language: str) -> Highlighter:
        """The highlighter of the block of code at `start`."""
        found = self._highlighters.get(start)
        if found is None or found.language != language:
            if len(self._highlighters) >= 8:
                self._highlighters.clear()
            found = self._highlighters[start] = Highlighter(language)
        return found


class Layout:
    """Lays blocks of one source out, into `out`.

    Lines are `width` wide. Prose ends at `text_width`, and so does code that fits there; wider code, and tables, take
    what there is.
    `first_code` is the number of the first block of code, or None to number none. With a `memory`, parts that it
    knows are taken from it.
    """

    def __init__(
        self,
        source: Source,
        palette: Palette,
        width: int,
        *,
        text_width: int | None = None,
        references: Mapping[str, str],
        first_code: int | None,
        memory: Memory | None = None,
    ) -> None:
        self.source = source
        self.palette = palette
        self.width = width
        self.text_width = min(text_width or width, width)
        self.references = references
        self.memory = memory
        self.out = Fragment()
        self._first_code = first_code
        self._codes_before = 0
        self._bullet_depth = 0

    def blocks(self, blocks: Sequence[Block], prefix: Prefix, *, spaced: bool = True) -> None:
        """Lay blocks out one after another, with a blank line between them if `spaced`."""
        for number, block in enumerate(blocks):
            if number and spaced:
                self.blank(prefix, block.start)
            self.block(block, prefix)

    def block(self, block: Block, prefix: Prefix) -> None:
        """Lay one block out."""
        match block:
            case Paragraph():
                self._paragraph(block, prefix)
            case CodeBlock():
                self._code(block, prefix)
            case Rule():
                dashes = Piece(
                    "─" * (self.text_width - prefix.width), self.palette.style("rule"), block.start, block.end
                )
                self._line((*prefix.take(), dashes), block.start)
            case Quote():
                self._quote(block, prefix)
            case Listing():
                self._listing(block, prefix)
            case Table():
                self._table(block, prefix)

    def blank(self, prefix: Prefix, offset: int) -> None:
        """A line with nothing but its prefix."""
        self._line(prefix.take(), offset)

    def _line(self, pieces: Sequence[Piece], offset: int, fill: Style | None = None, width: int | None = None) -> None:
        """Add a line; `fill` is the style of its empty end, up to `width` where that is not the whole one."""
        if fill is not None and width is not None and width < self.width:
            taken = sum(width_of(piece.text) for piece in pieces)
            pieces, fill = (*pieces, Piece(" " * max(0, width - taken), fill)), None
        line = build_line(pieces, self.source, self.width, self.palette.base, fallback=offset, fill=fill)
        self.out.lines.append(line)

    def _remembered(self, kind: str, start: int, end: int, prefix: Prefix, make: Callable[[], None]) -> None:
        """Lay out by `make`, or take from memory what it made for the same text at the same place."""

        def fragment() -> Fragment:
            outer, before = self.out, self._codes_before
            self.out, self._codes_before = Fragment(), before + len(outer.codes)
            make()
            made, self.out, self._codes_before = self.out, outer, before
            return made

        if self.memory is None:
            make()
            return
        number = self._codes_before + len(self.out.codes)
        key = (self.source.text[start:end], prefix.first, prefix.rest, number)
        made = self.memory.fragment(kind, self.source.raw_offset(start), key, fragment)
        prefix.take()
        self.out.extend(made)

    def _paragraph(self, block: Paragraph, prefix: Prefix) -> None:
        names = (f"heading-{min(block.level, 3)}",) if block.level else ()
        inline = self._inline(block.content)
        if block.level and block.content.text:
            inner = block.content.source(0), block.content.source(len(block.content.text), end=True)
            self._wrap(block.start, *inner, block.end)
        pieces = self.pieces(inline.runs, block.content, names)
        self._wrapped(pieces, prefix, block.start)

    def _inline(self, content: InlineText) -> Inline:
        """Read inline Markdown, noting its links and wraps."""
        inline = parse_inline(content.text, self.references)
        for start, href in inline.links.items():
            if is_openable(href):
                self.out.links[self.source.raw_offset(content.source(start))] = href
        for outer_start, inner_start, inner_end, outer_end, _block in inline.wraps:
            opening = content.source(outer_start), content.source(inner_start)
            closing = content.source(inner_end, end=True), content.source(outer_end, end=True)
            self._wrap(*opening, *closing)
        return inline

    def _wrap(self, outer_start: int, inner_start: int, inner_end: int, outer_end: int, *, block: bool = False) -> None:
        raw = self.source.raw_offset
        self.out.wraps.append(Wrap(raw(outer_start), raw(inner_start), raw(inner_end), raw(outer_end), block))

    def pieces(self, runs: Sequence[Run], content: InlineText, names: tuple[str, ...] = ()) -> list[Piece]:
        """Runs with their styles and their place in the source."""
        pieces: list[Piece] = []
        for run in runs:
            link = self.source.raw_offset(content.source(run.link)) if run.link >= 0 else -1
            if link in self.out.links:
                style = self.palette.style(*names, marks=run.marks) + Style.from_meta({"link": link})
            else:
                style = self.palette.style(*names, marks=run.marks & ~LINK)
            start, end = content.source(run.start), content.source(run.end, end=True)
            pieces.append(Piece(run.text.replace("\t", " "), style, start, max(start, end)))
        return pieces

    def _wrapped(self, pieces: Sequence[Piece], prefix: Prefix, offset: int) -> None:
        """Wrap pieces; a piece that is a newline ends a line."""
        for line in hard_lines(pieces):
            text = "".join(piece.text for piece in line)
            begin = line[0].start if line else offset
            for part in split_pieces(line, wrap(text, self.text_width - prefix.width)):
                self._line((*prefix.take(), *part), begin)

    def _quote(self, block: Quote, prefix: Prefix) -> None:
        bar = (Piece("│ ", self.palette.style("quote")),)
        inner = prefix.inside(bar, bar, 2, self.text_width)
        if not block.children:
            self.blank(inner, block.start)
        for number, child in enumerate(block.children):
            if number:
                self.blank(inner, child.start)
            self._remembered("quote", child.start, child.end, inner, partial(self.block, child, inner))

    def _listing(self, block: Listing, prefix: Prefix) -> None:
        ordered = block.first_number is not None
        first = block.first_number or 0
        marker_width = len(str(first + len(block.items) - 1)) + 2 if ordered else 2
        bullet = _BULLETS[self._bullet_depth % len(_BULLETS)]
        self._bullet_depth += not ordered
        style = self.palette.style("marker")
        for number, item in enumerate(block.items):
            if number and block.loose:
                self.blank(prefix, item.start)
            shown = f"{first + number}{block.delimiter} ".rjust(marker_width) if ordered else f"{bullet} "
            start, end = item.marker or (-1, -1)
            marker = (Piece(shown[:-1], style, start, end), Piece(" ", style))
            inner = prefix.inside(marker, (Piece(" " * marker_width, style),), marker_width, self.text_width)
            self._remembered("item", item.start, item.end, inner, partial(self._item, item, inner, block.loose))
        self._bullet_depth -= not ordered

    def _item(self, item: Item, prefix: Prefix, loose: bool) -> None:
        if item.children:
            self.blocks(item.children, prefix, spaced=loose)
        else:
            self.blank(prefix, item.start)

    def _table(self, block: Table, prefix: Prefix) -> None:
        rows = [
            [self.pieces(self._inline(cell).runs, cell, () if number else ("table-header",)) for cell in row]
            for number, row in enumerate(block.rows)
        ]
        border = self.palette.style("table-border")
        for pieces in lay_out_table(rows, block.alignments, self.width - prefix.width, border):
            self._line((*prefix.take(), *pieces), block.start)

    def _code(self, block: CodeBlock, prefix: Prefix) -> None:
        label, body = self.palette.style("code-label"), self.palette.style("code-block")
        number = ""
        self.out.codes.append(block.text)
        if self._first_code is not None:
            value = self._first_code + self._codes_before + len(self.out.codes) - 1
            number = str(value)
            label += Style.from_meta({"code": value})
        end = self._code_end(block, prefix)
        title = " ".join(word for word in ("╭", number, block.language) if word)
        self._code_label(prefix, title, label, block.start, end)
        if block.lines and block.lines[0].source >= 0 and block.lines[-1].source >= 0:
            last = block.lines[-1]
            self._wrap(block.start, block.lines[0].source, last.source + len(last.text), block.end, block=True)
        tokens = self._highlight(block)
        bar = Piece("│ ", self.palette.style("code-block", "code-label"))
        for line, line_tokens in zip(block.lines, tokens, strict=True):
            self._code_line(line.text, line.source, line_tokens, (prefix, bar, body, end, block.start))

    def _code_end(self, block: CodeBlock, prefix: Prefix) -> int:
        """Where the lines of code end: with prose, or at the edge where one of them needs more."""
        if self.text_width == self.width:
            return self.width
        longest = max((width_of(line.text.expandtabs(_TAB)) for line in block.lines), default=0)
        return self.text_width if prefix.width + _BAR + longest <= self.text_width else self.width

    def _code_label(self, prefix: Prefix, text: str, style: Style, offset: int, end: int) -> None:
        room = end - prefix.width
        shown = text[: max(1, room - 1)]
        gap = room - width_of(shown) - 5
        copy = " " * gap + "copy " if gap > 0 and self._first_code is not None else ""
        self._line((*prefix.take(), Piece(shown, style), Piece(copy, style)), offset, fill=style, width=end)

    def _highlight(self, block: CodeBlock) -> list[list[CodeToken]]:
        texts = [line.text for line in block.lines]
        if self.memory is None:
            return Highlighter(block.language).highlight(texts, whole=True)
        highlighter = self.memory.highlighter(self.source.raw_offset(block.start), block.language)
        return highlighter.highlight(texts, whole=block.closed)

    def _code_line(
        self, text: str, source: int, tokens: Sequence[CodeToken], context: tuple[Prefix, Piece, Style, int, int]
    ) -> None:
        prefix, bar, body, end, block_start = context
        width = max(2, end - prefix.width - _BAR)

        def make() -> None:
            pieces = expand_tabs(self._coloured(text, source, tokens))
            shown = "".join(piece.text for piece in pieces)
            begin = source if source >= 0 else block_start
            for part in split_pieces(pieces, chop(shown, width)):
                self._line((*prefix.take(), bar, *part), begin, fill=body, width=end)

        if self.memory is None or source < 0:
            make()
            return

        def fragment() -> Fragment:
            outer, self.out = self.out, Fragment()
            make()
            made, self.out = self.out, outer
            return made

        key = (text, tuple(tokens), prefix.first, prefix.rest, end)
        made = self.memory.fragment("code", self.source.raw_offset(source), key, fragment)
        prefix.take()
        self.out.lines += made.lines

    def _coloured(self, text: str, source: int, tokens: Sequence[CodeToken]) -> list[Piece]:
        """A line of code cut at its tokens."""
        pieces: list[Piece] = []
        position = 0

        def put(end: int, *names: str) -> None:
            nonlocal position
            if end > position:
                start = source + position if source >= 0 else -1
                stop = source + end if source >= 0 else -1
                pieces.append(Piece(text[position:end], self.palette.style("code-block", *names), start, stop))
                position = end

        for token in tokens:
            put(token.start)
            put(token.end, token.style)
        put(len(text))
        return pieces


def expand_tabs(pieces: Sequence[Piece]) -> list[Piece]:
    """Replace each tab by the spaces to the next tab stop."""
    if not any("\t" in piece.text for piece in pieces):
        return list(pieces)
    expanded: list[Piece] = []
    column = 0
    for text, style, start, _end in pieces:
        position = start
        for number, part in enumerate(text.split("\t")):
            if number:
                spaces = _TAB - column % _TAB
                place = (position, position + 1) if start >= 0 else (-1, -1)
                expanded.append(Piece(" " * spaces, style, *place))
                column += spaces
                position += 1
            if part:
                place = (position, position + len(part)) if start >= 0 else (-1, -1)
                expanded.append(Piece(part, style, *place))
                column += width_of(part)
                position += len(part)
    return expanded
