"""Code in colour: which part of a line is a keyword, a string, a comment.

pygments is loaded when the first block of a known language is seen, or by `warmup`. A block that still grows is
read from a checkpoint near its end, so that a long one does not cost more with every line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

_NAMES = """
ada asm awk bash bat batch c c++ clojure cmake cobol console cpp crystal cs csharp css cuda d dart diff docker
dockerfile elixir elm erlang f# fortran fsharp glsl go golang gradle graphql groovy haskell hcl hs html http ini
java javascript jinja js json json5 jsonc jsx julia kotlin latex less lisp lua make makefile markdown matlab md
nasm nginx nim nix objc objective-c ocaml pascal patch perl php pl postgresql powershell prolog properties proto
protobuf ps1 py py3 python python3 r racket rb react reg rs ruby rust sass scala scheme scss sh shell
shell-session sol solidity sql svelte swift tcl terraform tex tf toml ts tsx typescript v vb verilog vhdl vim
vue wasm xml yaml yml zig zsh
"""
LANGUAGES = frozenset(_NAMES.split())
"""Languages that are highlighted: those in common use, since a rare lexer may take for ever over hostile text."""

_MAX_CODE = 60_000
_MAX_LINE = 1_000
_KEPT_LINES = 12


class _Lexer(Protocol):
    """What is used of a pygments lexer; a kind of token prints as `Token.Name.Function`."""

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, object, str]]:
        """Yield position, kind and text of each token."""
        ...


class CodeToken(NamedTuple):
    """Characters `start` to `end` of a line in the palette's style `style`."""

    start: int
    end: int
    style: str


class Highlighter:
    """The tokens of one block of code, line by line, kept while the block grows."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._lines: list[str] = []
        self._tokens: list[list[CodeToken]] = []
        self._checkpoint = 0
        self._whole = False

    def highlight(self, lines: Sequence[str], *, whole: bool) -> list[list[CodeToken]]:
        """Return the tokens of each line.

        Unless `whole`, lines before the last checkpoint keep the tokens that they had; what is read after it may
        differ in colour from a reading of everything.
        """
        same = self._lines == list(lines)
        if same and (self._whole or not whole):
            return self._tokens
        kept = self._checkpoint
        if whole or self._lines[:kept] != list(lines[:kept]):
            kept = 0
        fresh, safe = tokenize(lines[kept:], self.language)
        self._tokens = self._tokens[:kept] + fresh
        self._lines, self._whole = list(lines), kept == 0
        candidates = [kept + line for line in safe if kept + line <= len(lines) - _KEPT_LINES]
        self._checkpoint = max(candidates, default=kept)
        return self._tokens


def tokenize(lines: Sequence[str], language: str) -> tuple[list[list[CodeToken]], list[int]]:
    """Read code; return each line's tokens, and the lines before which nothing was left open."""
    found: list[list[CodeToken]] = [[] for _ in lines]
    safe: list[int] = []
    lexer = _lexer(language) if language in LANGUAGES else None
    if lexer is None or sum(map(len, lines)) > _MAX_CODE or any(len(line) > _MAX_LINE for line in lines):
        return found, safe
    row = column = 0
    for kind, value in _tokens_of(lexer, "\n".join(lines) + "\n"):
        style = _style_of(kind)
        parts = value.split("\n")
        if style in ("", "code-operator", "code-name", "code-keyword") and value.endswith("\n"):
            safe.append(row + len(parts) - 1)
        for number, part in enumerate(parts):
            if number:
                row, column = row + 1, 0
            if part and style and row < len(found):
                found[row].append(CodeToken(column, column + len(part), style))
            column += len(part)
    return found, safe


def _tokens_of(lexer: _Lexer, code: str) -> Iterator[tuple[object, str]]:
    """Kinds and texts that together are `code` again, whatever the lexer does."""
    expected = 0
    for start, kind, value in lexer.get_tokens_unprocessed(code):
        if start != expected:
            return
        expected = start + len(value)
        yield kind, value


@lru_cache(maxsize=64)
def _lexer(language: str) -> _Lexer | None:
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    try:
        found: _Lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return None
    return found


@lru_cache(maxsize=512)
def _style_of(kind: object) -> str:
    """The palette's name for a kind of token, empty for plain text."""
    path = str(kind)
    for prefix, style in (
        ("Token.Comment", "code-comment"),
        ("Token.Keyword", "code-keyword"),
        ("Token.Operator.Word", "code-keyword"),
        ("Token.Operator", "code-operator"),
        ("Token.Literal.Number", "code-number"),
        ("Token.Literal", "code-string"),
        ("Token.Name.Function", "code-name"),
        ("Token.Name.Class", "code-name"),
        ("Token.Name.Tag", "code-keyword"),
        ("Token.Name.Decorator", "code-name"),
        ("Token.Name.Attribute", "code-name"),
        ("Token.Name.Builtin", "code-name"),
        ("Token.Generic.Deleted", "code-keyword"),
        ("Token.Generic.Inserted", "code-string"),
        ("Token.Generic.Heading", "code-name"),
    ):
        if path.startswith(prefix):
            return style
    return ""
