"""Pastes that hold escape characters, which Textual's parser takes apart.

Between the marks of a bracketed paste, `textual._xterm_parser` reads what follows an ESC as a sequence of its own: up
to 32 characters are lost to the paste, and arrive as keys where they mean something or are too many. A log with colours
loses words so, and a paste could press enter. Here ESC becomes its visible symbol before the parser sees it, as
`core.cleaning` would have it in the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from weakref import WeakKeyDictionary

from textual import constants
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.message import Message

from chatapp.core.cleaning import clean

_ESC = "\x1b"


class PasteGuard:
    """What a terminal sends, piece by piece, with every ESC inside of a paste made visible."""

    def __init__(self) -> None:
        self._inside = False
        self._begun = ""
        """The beginning of a mark, at the end of what came so far."""
        self._at = 0.0

    def guard(self, data: str, now: float) -> str:
        """The next piece, come at `now` in seconds, as the parser may see it; a begun end mark waits for its rest."""
        if not self._inside and now - self._at > constants.ESCAPE_DELAY:
            self._begun = ""  # By now the parser has taken it for keys.
        self._at = now
        seen = len(self._begun) if not self._inside else 0  # The parser has it already: start marks don't wait.
        rest, self._begun = self._begun + data, ""
        guarded: list[str] = []
        while rest:
            mark = BRACKETED_PASTE_END if self._inside else BRACKETED_PASTE_START
            before, found, behind = rest.partition(mark)
            if not found:
                self._begun = _begun_mark(rest, mark)
                before = rest[: len(rest) - len(self._begun)] if self._inside else rest
            guarded.append(before.replace(_ESC, clean(_ESC)) + found if self._inside else before + found)
            self._inside ^= bool(found)
            rest = behind
        return "".join(guarded)[seen:]


def _begun_mark(text: str, mark: str) -> str:
    """The beginning of `mark` that `text` ends with."""
    return next((mark[:length] for length in range(len(mark) - 1, 0, -1) if text.endswith(mark[:length])), "")


_FEED = XTermParser.feed
_guards: WeakKeyDictionary[XTermParser, PasteGuard] = WeakKeyDictionary()


def keep_pastes_whole() -> None:
    """Let every parser of what a terminal sends take pastes as they are."""
    XTermParser.feed = _feed  # type: ignore[assignment, method-assign]


def _feed(parser: XTermParser, data: str) -> Iterable[Message]:
    guarded = _guards.setdefault(parser, PasteGuard()).guard(data, monotonic())
    return _FEED(parser, guarded) if guarded or not data else ()
