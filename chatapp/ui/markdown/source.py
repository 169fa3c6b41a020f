"""The text that is shown for a raw text, with a way back from each shown offset to the raw one."""

from __future__ import annotations

import re
from bisect import bisect_right

from chatapp.core.cleaning import clean, is_clean

_MARK = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200d\u2060\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
_EMOJI = "\u2190-\u2bff\U0001f000-\U0001faff"
_PILED_MARKS = re.compile(f"([{_MARK}]{{4}})[{_MARK}]+")
# A joiner that joins no emoji takes the width of the next character in some measures, and of none in others.
_STRAY_JOINER = re.compile(f"(?<![{_EMOJI}\ufe0f])\u200d|\u200d(?![{_EMOJI}])")
_JOINERS = re.compile("[\u200d\ufe0f]+")
_NEWLINE = re.compile("\r\n?")
_NEVER = re.compile("(?!)")


def show_inline(text: str) -> str:
    """A short text as it is shown within a line."""
    return Source(text).text.replace("\n", " ").replace("\t", " ")


class Source:
    """Raw text made showable: control characters visible, at most four combining marks a character, no stray joiners.

    `text` is what is shown. With `simple_emoji`, joiners and variation selectors are left out of it. `base` is
    added to every raw offset, for a source that is the tail of a longer text.
    """

    __slots__ = ("_raw", "_shown", "base", "text")

    def __init__(self, raw: str, *, base: int = 0, simple_emoji: bool = False) -> None:
        self.base = base
        self._shown: list[int] = []
        self._raw: list[int] = []
        usual = raw.isascii() or not (
            _PILED_MARKS.search(raw) or _STRAY_JOINER.search(raw) or (simple_emoji and _JOINERS.search(raw))
        )
        self.text = raw if usual and is_clean(raw) else self._replace(raw, simple_emoji)

    def _replace(self, raw: str, simple_emoji: bool) -> str:
        """Build the shown text piece by piece, noting where its length departs from the raw one's."""
        pieces: list[str] = []
        shown = position = 0
        dropped = _JOINERS if simple_emoji else _NEVER

        def put(until: int, text: str, end: int) -> None:
            nonlocal shown, position
            pieces.append(raw[position:until])
            shown += until - position
            if len(text) != end - until:
                self._shown += (shown, shown + len(text))
                self._raw += (until, end)
            pieces.append(text)
            shown += len(text)
            position = end

        index, length = 0, len(raw)
        while index < length:
            character = raw[index]
            if character.isprintable() and character < "\u0300":
                index += 1
                continue
            end, text = index + 1, character
            if marks := _PILED_MARKS.match(raw, index):
                end, text = marks.end(), _STRAY_JOINER.sub("", dropped.sub("", marks.group(1)))
            elif joiners := dropped.match(raw, index) or _STRAY_JOINER.match(raw, index):
                end, text = joiners.end(), ""
            elif newline := _NEWLINE.match(raw, index):
                end, text = newline.end(), "\n"
            elif not character.isprintable():
                text = clean(character)
            if text != raw[index:end]:
                put(index, text, end)
            index = end
        put(length, "", length)
        return "".join(pieces)

    def raw_offset(self, offset: int) -> int:
        """The raw offset of what stands at `offset` in `text`."""
        if not self._shown:
            return self.base + offset
        index = bisect_right(self._shown, offset) - 1
        if index < 0:
            return self.base + offset
        raw = self._raw[index] + offset - self._shown[index]
        if index + 1 < len(self._raw):
            raw = min(raw, self._raw[index + 1])
        return self.base + raw

    def breaks(self, start: int, end: int) -> list[int]:
        """The offsets strictly between `start` and `end` where shown and raw text part ways."""
        if not self._shown:
            return []
        return sorted({offset for offset in self._shown if start < offset < end})
