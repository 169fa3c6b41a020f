"""Tokens to text, one at a time: a token may end inside a character, a reader never sees half of one."""

from __future__ import annotations

import codecs


class Detokenizer:
    """Turns the bytes of successive tokens into text; over all calls the text equals that of the whole."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, piece: bytes) -> str:
        """The text that `piece` completes; an unfinished character waits."""
        return self._decoder.decode(piece)

    def finish(self) -> str:
        """What is left, an unfinished character as U+FFFD."""
        return self._decoder.decode(b"", True)
