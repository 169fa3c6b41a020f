"""Reads the notation of regular expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NoReturn, TypeAlias

from chatapp.core.errors import ParameterError
from chatapp.engine.worker.constraints.expression import (
    ANY,
    EMPTY,
    Characters,
    Expression,
    Literal,
    among,
    chain,
    characters,
    choice,
    repeat,
    span,
)

DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Anchor:
    """The beginning or the end of the text."""

    is_start: bool
    position: int


@dataclass(frozen=True, slots=True)
class Row:
    """Pieces one after the other, with an anchor somewhere among them."""

    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Branches:
    """One of several pieces, with an anchor somewhere among them."""

    pieces: tuple[Piece, ...]


Piece: TypeAlias = Expression | Anchor | Row | Branches
"""A part of a pattern; what anchors mean is settled once all of it is read."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What `(?i)` and `(?s)` turn on."""

    ignores_case: bool = False
    dot_is_all: bool = False


DIGIT = span("0", "9")
WORD = characters(((48, 57), (65, 90), (95, 95), (97, 122)))
SPACE = among(" \t\n\r\f\v")
_CLASSES = {"d": DIGIT, "D": ~DIGIT, "w": WORD, "W": ~WORD, "s": SPACE, "S": ~SPACE}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_GROUPS = {
    "?=": "a look-ahead (?=…)",
    "?!": "a negative look-ahead (?!…)",
    "?<=": "a look-behind (?<=…)",
    "?<!": "a negative look-behind (?<!…)",
    "?>": "an atomic group (?>…)",
    "?(": "a condition (?(…)…)",
    "?P=": "a back-reference (?P=…)",
    "?P>": "a recursive group (?P>…)",
    "?R": "a recursive group (?R)",
    "?&": "a recursive group (?&…)",
    "?|": "a branch reset (?|…)",
}
_ORDINARY = re.compile(r"[^\\^$.|?*+()\[\]{}\0]+(?![?*+{])")
"""Characters that stand for themselves, the last one without a quantifier."""
_COUNT = re.compile(r"\{(\d*)(,?)(\d*)\}")
_FLAGS = re.compile(r"\?([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])")
_NAMED = re.compile(r"\?P?<([^>=!]+)>")


class Parser:
    """Reads one pattern; positions in errors count characters from 1."""

    def __init__(self, pattern: str, what: str) -> None:
        self._text = pattern
        self._what = what
        self._at = 0
        self._depth = 0

    def parse(self) -> Piece:
        """The whole pattern."""
        piece = self._branches(Flags())
        if self._at < len(self._text):
            self.wrong("a ) without its (", self._at)
        return piece

    def refuse(self, feature: str, position: int, hint: str = "") -> NoReturn:
        """Raise ParameterError: `feature` can't be enforced."""
        raise ParameterError(
            f"{self._what} can't be enforced: it has {feature} at character {position + 1}.",
            hint=hint or "Say the same without it; literals, classes, groups, alternatives and counts can be enforced.",
        )

    def wrong(self, what: str, position: int) -> NoReturn:
        """Raise ParameterError: the pattern is no regular expression."""
        raise ParameterError(
            f"{self._what} is no regular expression: {what} at character {position + 1}.",
            hint="A \\ before a character takes it as it is.",
        )

    def _branches(self, flags: Flags) -> Piece:
        self._depth += 1
        if self._depth > DEEPEST:
            self.refuse(f"more than {DEEPEST} groups in each other", self._at)
        pieces: list[Piece] = []
        while True:
            piece, flags = self._row(flags)
            pieces.append(piece)
            if not self._take("|"):
                break
        self._depth -= 1
        if plain := _plain(pieces):
            return choice(*plain)
        return Branches(tuple(pieces))

    def _row(self, flags: Flags) -> tuple[Piece, Flags]:
        """Pieces up to the next | or ), and the flags that hold behind them."""
        pieces: list[Piece] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            start = self._at
            if (match := _FLAGS.match(self._text, start + 1)) and self._text[start] == "(" and match[3] == ")":
                flags = self._switched(flags, match)
                continue
            if (run := _ORDINARY.match(self._text, start)) and not flags.ignores_case:
                self._at = run.end()
                pieces.append(Literal(run[0]))
                continue
            pieces.append(self._counted(self._piece(flags), start))
        if not pieces:
            return EMPTY, flags
        if plain := _plain(pieces):
            return chain(*plain), flags
        return Row(tuple(pieces)), flags

    def _counted(self, piece: Piece, start: int) -> Piece:
        """`piece` and the quantifier behind it."""
        place = self._at
        count = self._count()
        if count is None:
            return piece
        least, most = count
        if most is not None and most < least:
            self.wrong("a count whose end is below its beginning", place)
        if self._take("+"):
            self.refuse("a possessive quantifier", place)
        self._take("?")
        again = self._at
        if self._count() is not None:
            self.wrong("a quantifier behind a quantifier", again)
        if isinstance(piece, Anchor | Row | Branches):
            if (least, most) == (0, 1) and not isinstance(piece, Anchor):
                return Branches((piece, EMPTY))
            self.refuse("a repeated anchor", start)
        return repeat(piece, least, most)

    def _count(self) -> tuple[int, int | None] | None:
        """The quantifier that stands here, without what makes it lazy or possessive."""
        mark = self._text[self._at : self._at + 1]
        if mark and mark in "*+?":
            self._at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[mark]
        match = _COUNT.match(self._text, self._at)
        # Anything else in braces stands for itself.
        if match is None or not (match[1] or match[3]):
            return None
        self._at = match.end()
        if len(match[1]) > 9 or len(match[3]) > 9:
            self.refuse("a count of more than nine digits", match.start())
        least = int(match[1] or 0)
        return least, least if not match[2] else int(match[3]) if match[3] else None

    def _piece(self, flags: Flags) -> Piece:
        start = self._at
        mark = self._text[start]
        self._at += 1
        match mark:
            case "(":
                return self._group(flags, start)
            case "[":
                return _folded(self._class(start), flags)
            case ".":
                return ANY if flags.dot_is_all else ~among("\n")
            case "^" | "$":
                return Anchor(mark == "^", start)
            case "\\":
                return self._escape(flags, start)
            case "*" | "+" | "?":
                self.wrong(f"a {mark} with nothing before it", start)
        return self._literal(mark, flags)

    def _literal(self, character: str, flags: Flags) -> Expression:
        if character == "\0":
            self.refuse("the character NUL", self._at - 1)
        folded = _folded(among(character), flags)
        return Literal(character) if folded == among(character) else folded

    def _group(self, flags: Flags, start: int) -> Piece:
        rest = self._text[self._at : self._at + 3]
        if rest.startswith("?#"):
            end = self._text.find(")", self._at)
            if end < 0:
                self.wrong("a comment without its end", start)
            self._at = end + 1
            return EMPTY
        if name := next((name for mark, name in _GROUPS.items() if rest.startswith(mark)), ""):
            self.refuse(name, start)
        if rest.startswith("?"):
            if match := _NAMED.match(self._text, self._at):
                self._at = match.end()
            elif (match := _FLAGS.match(self._text, self._at)) and match[3] == ":":
                flags = self._switched(flags, match)
            else:
                self.wrong("a group of unknown kind", start)
        piece = self._branches(flags)
        if not self._take(")"):
            self.wrong("a ( without its )", start)
        return piece

    def _switched(self, flags: Flags, match: re.Match[str]) -> Flags:
        """`flags` as `(?is-m)` or `(?is-m:` changes them."""
        for letters, on in ((match[1], True), (match[2] or "", False)):
            for letter in letters:
                if letter == "i":
                    flags = replace(flags, ignores_case=on)
                elif letter == "s":
                    flags = replace(flags, dot_is_all=on)
                elif letter not in "au":
                    self.refuse(f"the flag {letter}", match.start(), "The flags i, s and a can be used.")
        self._at = match.end()
        return flags

    def _escape(self, flags: Flags, start: int) -> Piece:
        """What a backslash outside of a class means."""
        letter = self._text[self._at : self._at + 1]
        if letter in ("A", "Z", "z") and letter:
            self._at += 1
            return Anchor(letter == "A", start)
        if letter in ("b", "B") and letter:
            self.refuse(f"the word boundary \\{letter}", start)
        if letter == "k" or (letter.isdigit() and letter != "0"):
            self.refuse(f"the back-reference \\{letter}", start)
        characters_of = self._escaped(start)
        if isinstance(characters_of, str):
            return self._literal(characters_of, flags)
        return _folded(characters_of, flags)

    def _escaped(self, start: int) -> str | Characters:
        """The character or the class that a backslash and what follows it stand for."""
        letter = self._text[self._at : self._at + 1]
        if not letter:
            self.wrong("a \\ with nothing behind it", start)
        self._at += 1
        if letter in _CLASSES:
            return _CLASSES[letter]
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter in "pP":
            self.refuse(f"the property \\{letter}{{…}}", start, "Write the characters as a class, such as [a-zA-Zäöü].")
        if letter in "NXRGQEKhHCLcl" and letter != "c":
            self.refuse(f"\\{letter}", start)
        if letter == "c" and self._text[self._at : self._at + 1].isalpha():
            self._at += 1
            return chr(ord(self._text[self._at - 1]) % 32)
        if letter in _HEX_DIGITS:
            return self._code(start, _HEX_DIGITS[letter])
        if letter == "0":
            self.refuse("the character NUL or an octal code", start)
        if letter.isascii() and letter.isalnum():
            self.wrong(f"the unknown escape \\{letter}", start)
        return letter

    def _code(self, start: int, length: int) -> str:
        braced = re.compile(r"\{([0-9A-Fa-f]{1,6})\}").match(self._text, self._at)
        digits = braced[1] if braced else self._text[self._at : self._at + length]
        if not re.fullmatch(r"[0-9A-Fa-f]+", digits) or (not braced and len(digits) < length):
            self.wrong("an incomplete character code", start)
        self._at += len(braced[0]) if braced else length
        code = int(digits, 16)
        if code not in ANY:
            self.refuse(f"the code {code:X}, which is no character that can be written,", start)
        return chr(code)

    def _class(self, start: int) -> Characters:
        """What stands in brackets."""
        negated = self._take("^")
        found: list[Characters] = []
        first = self._at
        while True:
            if self._at >= len(self._text):
                self.wrong("a [ without its ]", start)
            if self._text[self._at] == "]" and self._at > first:
                break
            low = self._member(start)
            is_range = self._text[self._at : self._at + 1] == "-" and self._text[self._at + 1 : self._at + 2] != "]"
            if not is_range:
                found.append(among(low) if isinstance(low, str) else low)
                continue
            place = self._at
            self._at += 1
            high = self._member(start) if self._at < len(self._text) else self.wrong("a [ without its ]", start)
            if not (isinstance(low, str) and isinstance(high, str)) or ord(high) < ord(low):
                self.wrong("a range whose ends are no characters in order", place)
            found.append(span(low, high))
        self._at += 1
        members = characters(part for one in found for part in one.ranges) & ANY
        if not members.ranges and not negated:
            self.refuse("a class of characters that can't be written", start)
        return ~members if negated else members

    def _member(self, start: int) -> str | Characters:
        character = self._text[self._at]
        self._at += 1
        if character != "\\":
            return character
        if self._take("b"):
            return "\b"
        if self._text[self._at : self._at + 1].isdigit() and self._text[self._at] != "0":
            self.refuse("an octal code", self._at - 1, "Write it as \\xHH.")
        return self._escaped(start)

    def _take(self, mark: str) -> bool:
        if self._text.startswith(mark, self._at):
            self._at += len(mark)
            return True
        return False


def _plain(pieces: list[Piece]) -> list[Expression]:
    """`pieces` where none of them holds an anchor, else nothing."""
    plain = [piece for piece in pieces if not isinstance(piece, Anchor | Row | Branches)]
    return plain if len(plain) == len(pieces) else []


def _folded(members: Characters, flags: Flags) -> Characters:
    """`members` and, where case does not matter, their other cases."""
    if not flags.ignores_case:
        return members
    others = (variant for code, variants in _cases().items() if code in members for variant in variants)
    return members | characters((code, code) for code in others)


@lru_cache(maxsize=1)
def _cases() -> dict[int, tuple[int, ...]]:
    """The other cases of each character that has some of one character; of ASCII letters, those in ASCII."""
    cased = [chr(code) for first, last in _CASED for code in range(first, last + 1)]
    pairs = {(a, b) for a in cased for b in (a.lower(), a.upper()) if len(b) == 1 and a != b}
    found: dict[int, set[int]] = {}
    for a, b in pairs:
        if a.isascii() == b.isascii():
            found.setdefault(ord(a), set()).add(ord(b))
            found.setdefault(ord(b), set()).add(ord(a))
    return {code: tuple(others) for code, others in found.items()}


_CASED = ((0x41, 0x24FF), (0x2C00, 0x2DFF), (0xA640, 0xABFF), (0xFF21, 0xFF5A), (0x10400, 0x1E943))
"""Where in Unicode characters have cases."""
