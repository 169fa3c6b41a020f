"""A Markdown text as lines, drawn again cheaply while it grows.

Blocks before the last top-level one can't change any more when text is appended, so their lines are kept; only
the last block is parsed and laid out again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chatapp.ui.markdown.block import Block, Definition, parse_blocks
from chatapp.ui.markdown.inline import Wrap
from chatapp.ui.markdown.layout import Fragment, Layout, Memory, Prefix
from chatapp.ui.markdown.line import Piece, RenderedLine
from chatapp.ui.markdown.palette import Palette
from chatapp.ui.markdown.plain import lay_out_plain
from chatapp.ui.markdown.source import Source

MIN_WIDTH = 12
"""Narrower views get lines of this width, cut at the edge."""

MARKDOWN_LIMIT = 400_000
"""Texts with more characters are shown as they are, without being parsed."""


class Document:
    """The lines of one text at one width; `text_width` is that of its prose, None for all there is.

    `margin` pieces stand left of every line. A `plain` document interprets nothing. Offsets in lines, links and
    wraps are into the raw text given to `update`.
    """

    def __init__(
        self,
        palette: Palette,
        width: int,
        *,
        text_width: int | None = None,
        margin: Sequence[Piece] = (),
        plain: bool = False,
        numbered: bool = True,
        simple_emoji: bool = False,
    ) -> None:
        self.palette = palette
        self.width = max(MIN_WIDTH, width)
        self.text_width = max(MIN_WIDTH, min(text_width or self.width, self.width))
        self.lines: list[RenderedLine] = []
        self.raw = ""
        self._margin = tuple(margin)
        self._plain = plain
        self._numbered = numbered
        self._simple_emoji = simple_emoji
        self._begin_again()

    def _begin_again(self) -> None:
        self._stable = Fragment()
        self._tail = Fragment()
        self._stable_raw = 0
        self._definitions: dict[str, Definition] = {}
        self._addresses: dict[str, str] = {}
        self._memory: Memory | None = None

    @property
    def links(self) -> Mapping[int, str]:
        """Addresses that may be opened, by the raw offset at which their link starts."""
        return {**self._stable.links, **self._tail.links}

    @property
    def codes(self) -> list[str]:
        """The texts of the blocks of code; the first one is number 1."""
        return self._stable.codes + self._tail.codes

    @property
    def wraps(self) -> list[Wrap]:
        """The ranges that have hidden marks around them."""
        return self._stable.wraps + self._tail.wraps

    def update(self, raw: str, *, final: bool = False) -> int:
        """Show `raw` instead; return the index of the first line that changed.

        Cheap where `raw` continues the text before. With `final` everything is laid out once more, so that the
        colours of code that grew are exact.
        """
        if raw == self.raw and self.lines and not (final and self._memory is not None):
            return len(self.lines)
        grew = raw.startswith(self.raw) and bool(self.raw)
        if final or len(raw) < self._stable_raw or not raw.startswith(self.raw[: self._stable_raw]):
            self._begin_again()
        self.raw = raw
        if self._plain or len(raw) > MARKDOWN_LIMIT:
            return self._replace(0, self._lay_out_plain().lines)
        if grew and not final and self._memory is None:
            self._memory = Memory()
        return self._update_tail()

    def _lay_out_plain(self) -> Fragment:
        self._begin_again()
        source = Source(self.raw, simple_emoji=self._simple_emoji)
        self._tail = lay_out_plain(source, self.palette, self.width, self._prefix(), self.text_width)
        return self._tail

    def _update_tail(self) -> int:
        """Parse from the last stable point; make all blocks but the last stable."""
        source = Source(self.raw[self._stable_raw :], base=self._stable_raw, simple_emoji=self._simple_emoji)
        blocks, definitions = parse_blocks(source.text, self._definitions)
        addresses = {name: definition.href for name, definition in definitions.items()}
        if self._stable_raw and addresses != self._addresses:
            # A definition can reach back into blocks that were drawn already.
            self._begin_again()
            return self._update_tail()
        self._addresses = addresses
        keep = len(self._stable.lines)
        if self._memory is not None:
            self._memory.turn()
        fresh = self._lay_out(source, blocks[:-1])
        self._stable.extend(fresh)
        self._tail = self._lay_out(source, blocks[-1:])
        if len(blocks) > 1:
            start = blocks[-1].start
            self._stable_raw = source.raw_offset(start)
            self._definitions = {name: found for name, found in definitions.items() if found.start < start}
        return self._replace(keep, fresh.lines + self._tail.lines)

    def _lay_out(self, source: Source, blocks: Sequence[Block]) -> Fragment:
        """Lay out blocks that follow the stable lines."""
        layout = Layout(
            source,
            self.palette,
            self.width,
            text_width=self.text_width,
            references=self._addresses,
            first_code=len(self._stable.codes) + 1 if self._numbered else None,
            memory=self._memory,
        )
        prefix = self._prefix()
        if blocks and self._stable.lines:
            layout.blank(prefix, blocks[0].start)
        layout.blocks(blocks, prefix)
        return layout.out

    def _prefix(self) -> Prefix:
        width = sum(len(piece.text) for piece in self._margin)
        return Prefix(self._margin, self._margin, width)

    def _replace(self, first: int, fresh: list[RenderedLine]) -> int:
        """Put `fresh` lines from `first` on, keeping the objects of lines that look as before."""
        old = self.lines[first:]
        same = 0
        for before, after in zip(old, fresh, strict=False):
            if before is not after and not before.same_as(after):
                break
            same += 1
        self.lines[first + same :] = fresh[same:]
        return first + same
