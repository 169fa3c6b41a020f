"""Prompts to token ids, so that only a template can name a control token.

The ids are those that llama.cpp gives for the whole prompt with special parsing on, as the model was trained,
as long as no message holds control-token text; where one does, it stays text. For this the control tokens are
found here, in the template's own text, the way llama.cpp does it: longest first, each from left to right. What
lies between two of them is tokenised as one string, whoever wrote it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from chatapp.core.pieces import Piece

_SPACE = frozenset(" \t\n\v\f\r")
"""What llama.cpp lets LSTRIP and RSTRIP tokens eat."""
_MARKER = re.compile(
    r"<\|.*>|<[^<>\s]*\|>|<｜.*｜>|\[/?[A-Z][A-Z0-9_]*\]|</?\w+[_:]\w+>|</?think(?:ing)?>|◁.*▷", re.DOTALL
)
"""User-defined tokens that mark structure; others (line breaks, HTML tags, runs of spaces) are ordinary text."""
_ANCHORS = ("\n", "|", "\x01", "a")
_SENTENCEPIECE_SPACE = "▁"
"""Vocabularies that put a space before text read this character as one."""

_Span: TypeAlias = tuple[int, int]


class SpecialToken(Protocol):
    """A token that text can name."""

    @property
    def token_id(self) -> int:
        """Its id."""
        ...

    @property
    def control(self) -> bool:
        """Whether it is no text that the vocabulary's author added by hand."""
        ...

    @property
    def strips_left(self) -> bool:
        """Whether it eats white space before it."""
        ...

    @property
    def strips_right(self) -> bool:
        """Whether it eats white space after it."""
        ...


class Vocabulary(Protocol):
    """What tokenising needs of a model's vocabulary."""

    @property
    def size(self) -> int:
        """Number of tokens."""
        ...

    @property
    def adds_bos(self) -> bool:
        """Whether prompts begin with the beginning-of-sequence token."""
        ...

    @property
    def bos(self) -> int | None:
        """The beginning-of-sequence token."""
        ...

    def special_tokens(self) -> Mapping[str, SpecialToken]:
        """Control and user-defined tokens by their text."""
        ...

    def is_control(self, token: int) -> bool:
        """Whether the token is never part of anybody's text."""
        ...

    def tokenize(self, text: str, *, parse_special: bool, add_special: bool = False) -> list[int]:
        """Tokenise `text` as llama.cpp does."""
        ...

    def piece(self, token: int) -> bytes:
        """The bytes of one token."""
        ...


class Tokenizer:
    """Turns prompts into ids for one vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._marks = [
            _Mark(text, token, token.control or vocabulary.is_control(token.token_id))
            for text, token in sorted(
                vocabulary.special_tokens().items(), key=lambda item: len(item[0].encode()), reverse=True
            )
            if text
        ]
        self._structure = {mark.token_id: mark.text for mark in self._marks if mark.is_structure}
        # llama.cpp leaves control tokens alone when it parses plain text, but finds these even then.
        self._added = [mark.text for mark in self._marks if mark.is_structure and not mark.is_control]
        self._prefixes_space = b"".join(map(vocabulary.piece, self._parsed("a"))) == b" a"

    def tokens(self, pieces: Iterable[Piece], *, add_bos: bool | None = None) -> list[int]:
        """The ids of a prompt in pieces.

        `add_bos` says whether it begins with the beginning-of-sequence token, None leaves it to the model. The
        token is never doubled; one that the template wrote is taken away only where `add_bos` is False.
        """
        ids: list[int] = []
        run: list[Piece] = []
        follows_text = False
        for piece in pieces:
            if piece.token_ids and self._are_text(piece, run, follows_text):
                ids += self._run(run, follows_text)
                ids += piece.token_ids
                run, follows_text = [], True
            else:
                run.append(piece)
        ids += self._run(run, follows_text)
        return self._begun(ids, add_bos)

    def raw(self, text: str, *, add_bos: bool | None = None) -> list[int]:
        """The ids of a prompt that is its author's own: control-token text in it is parsed."""
        return self._begun(self._vocabulary.tokenize(text, parse_special=True), add_bos)

    def count(self, text: str) -> int:
        """How many tokens `text` is, control-token text counted as text."""
        return len(self.tokens([Piece(text, "content")], add_bos=False))

    def _begun(self, ids: list[int], add_bos: bool | None) -> list[int]:
        bos = self._vocabulary.bos
        if bos is None:
            return ids
        begins = ids[:1] == [bos]
        if add_bos is False:
            return ids[1:] if begins else ids
        wanted = self._vocabulary.adds_bos or add_bos is True
        return [bos, *ids] if wanted and not begins else ids

    def _are_text(self, piece: Piece, run: Sequence[Piece], follows_text: bool) -> bool:
        """Whether the ids that `piece` carries are exactly its text after `run`, and nothing but text."""
        ids = piece.token_ids
        if any(not 0 <= token < self._vocabulary.size or token in self._structure for token in ids):
            return False
        written = b"".join(map(self._vocabulary.piece, ids))
        text = piece.text.encode("utf-8", "replace")
        if written == text or not self._prefixes_space:
            return written == text
        parts = self._parts(_Stretch(run))
        begins = isinstance(parts[-1], int) if parts else not follows_text
        return begins and written == b" " + text

    def _run(self, run: Sequence[Piece], follows_text: bool) -> list[int]:
        """The ids of neighbouring pieces without known ids, after text or after a special token."""
        stretch = _Stretch(run)
        ids: list[int] = []
        for part in self._parts(stretch):
            if isinstance(part, int):
                ids.append(part)
            else:
                ids += self._text(stretch.text[slice(*part)], follows_text)
            follows_text = not isinstance(part, int)
        return ids

    def _parts(self, stretch: _Stretch) -> list[int | _Span]:
        """The special tokens in `stretch` and the text between them."""
        parts: list[int | _Span] = [(0, len(stretch.text))] if stretch.text else []
        for mark in self._marks:
            if mark.text not in stretch.text:
                continue
            found: list[int | _Span] = []
            for part in parts:
                if isinstance(part, int):
                    found.append(part)
                else:
                    found += mark.split(stretch, part)
            parts = found
        return parts

    def _text(self, text: str, follows_text: bool) -> list[int]:
        """The ids of `text`, in which nothing is a token of structure."""
        ids = self._cut(text, self._added, follows_text)
        # Merging ordinary characters can still end at a control token ("</s" and ">" in Llama's vocabulary).
        merged = {mark for token in ids if (mark := self._structure.get(token)) and mark in text}
        return self._cut(text, [*self._added, *merged], follows_text) if merged else ids

    def _cut(self, text: str, marks: Sequence[str], follows_text: bool) -> list[int]:
        """The ids of `text`, cut open within each of `marks` that stands in it."""
        cuts = sorted({at + 1 for mark in marks for at in _occurrences(text, mark)})
        ids: list[int] = []
        for start, stop in zip((0, *cuts), (*cuts, len(text)), strict=True):
            ids += self._continued(text[start:stop]) if follows_text or start else self._parsed(text[start:stop])
        return ids

    def _parsed(self, text: str) -> list[int]:
        return self._vocabulary.tokenize(text, parse_special=False)

    def _continued(self, text: str) -> list[int]:
        """The ids of `text` that goes on in the middle of a string, where no space is put before it."""
        ids = self._parsed(text)
        if not self._prefixes_space or not text:
            return ids
        wanted = text.replace(_SENTENCEPIECE_SPACE, " ").encode("utf-8", "replace")
        for anchor in _ANCHORS:
            head = self._parsed(anchor)
            whole = self._parsed(anchor + text)
            rest = whole[len(head) :]
            if whole[: len(head)] == head and b"".join(map(self._vocabulary.piece, rest)) == wanted:
                return rest
        return ids


class _Mark:
    """A special token and how it is found in text."""

    def __init__(self, text: str, token: SpecialToken, is_control: bool) -> None:
        self.text = text
        self.token_id = token.token_id
        self.is_control = is_control
        self.is_structure = is_control or _MARKER.fullmatch(text.strip()) is not None
        self._strips_left = token.strips_left
        self._strips_right = token.strips_right

    def split(self, stretch: _Stretch, span: _Span) -> Iterator[int | _Span]:
        """The text of `span` with this token taken out wherever it may stand."""
        text, (start, stop) = stretch.text, span
        position = start
        while (at := text.find(self.text, position, stop)) >= 0:
            end = at + len(self.text)
            if self.is_structure and not stretch.is_template(at, end):
                position = at + 1
                continue
            while self._strips_left and at > start and stretch.is_template_space(at - 1):
                at -= 1
            if at > start:
                yield start, at
            yield self.token_id
            while self._strips_right and end < stop and stretch.is_template_space(end):
                end += 1
            start = position = end
        if start < stop:
            yield start, stop


class _Stretch:
    """Text between two replies whose ids are known, and which of it the template wrote."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.text = "".join(piece.text for piece in pieces)
        self._starts: list[int] = []
        self._template: list[bool] = []
        position = 0
        for piece in pieces:
            self._starts.append(position)
            self._template.append(piece.source == "template")
            position += len(piece.text)

    def is_template(self, start: int, stop: int) -> bool:
        """Whether every character from `start` to `stop` is the template's."""
        return all(self._template[bisect_right(self._starts, start) - 1 : bisect_right(self._starts, stop - 1)])

    def is_template_space(self, at: int) -> bool:
        """Whether the character at `at` is the template's white space."""
        return self.text[at] in _SPACE and self.is_template(at, at + 1)


def _occurrences(text: str, mark: str) -> Iterator[int]:
    at = text.find(mark)
    while at >= 0:
        yield at
        at = text.find(mark, at + 1)
