"""The tokens of a model."""

from __future__ import annotations

import ctypes
from functools import cached_property

import llama_cpp.llama_cpp as llama
import msgspec


class SpecialToken(msgspec.Struct, frozen=True):
    """A token that text can name: a control token, or one that the vocabulary's author added by hand."""

    token_id: int
    control: bool
    strips_left: bool
    strips_right: bool


class Vocabulary:
    """The tokens of a model."""

    def __init__(self, handle: llama.llama_vocab_p) -> None:
        self._handle = handle
        self.size = int(llama.llama_vocab_n_tokens(handle))
        self._pieces: dict[int, bytes] = {}
        self._by_piece: dict[bytes, int] = {}
        self._marks: list[tuple[int, int]] | None = None

    @property
    def handle(self) -> llama.llama_vocab_p:
        """The native vocabulary, for samplers that need it."""
        return self._handle

    @property
    def exists(self) -> bool:
        """Whether the model has a tokenizer at all."""
        return self.size > 0 and int(llama.llama_vocab_type(self._handle)) != llama.LLAMA_VOCAB_TYPE_NONE

    @property
    def adds_bos(self) -> bool:
        """Whether the model wants a beginning-of-sequence token before every prompt."""
        return bool(llama.llama_vocab_get_add_bos(self._handle))

    @property
    def bos(self) -> int | None:
        """The beginning-of-sequence token."""
        return _token_or_none(llama.llama_vocab_bos(self._handle))

    @property
    def eos(self) -> int | None:
        """The end-of-sequence token."""
        return _token_or_none(llama.llama_vocab_eos(self._handle))

    def end_tokens(self) -> list[int]:
        """Every token that ends a reply."""
        named = {int(llama.llama_vocab_eos(self._handle)), int(llama.llama_vocab_eot(self._handle))}
        candidates = {token for token, _ in self._marked()} | (named - {llama.LLAMA_TOKEN_NULL})
        return sorted(token for token in candidates if llama.llama_vocab_is_eog(self._handle, token))

    def suppressed_tokens(self) -> list[int]:
        """Tokens that the model's author never wants drawn."""
        count = ctypes.c_int32()
        tokens = llama.llama_vocab_get_suppress_tokens(self._handle, ctypes.byref(count))
        return [int(tokens[index]) for index in range(count.value)] if tokens else []

    def special_tokens(self) -> dict[str, SpecialToken]:
        """Control and user-defined tokens by their text."""
        return {
            self.text(token): SpecialToken(
                token,
                bool(attributes & (llama.LLAMA_TOKEN_ATTR_CONTROL | llama.LLAMA_TOKEN_ATTR_UNKNOWN)),
                bool(attributes & llama.LLAMA_TOKEN_ATTR_LSTRIP),
                bool(attributes & llama.LLAMA_TOKEN_ATTR_RSTRIP),
            )
            for token, attributes in self._marked()
        }

    def _marked(self) -> list[tuple[int, int]]:
        """Tokens that are no ordinary text, with their attributes; asked for once, since it walks the vocabulary."""
        if self._marks is None:
            wanted = (
                llama.LLAMA_TOKEN_ATTR_CONTROL | llama.LLAMA_TOKEN_ATTR_USER_DEFINED | llama.LLAMA_TOKEN_ATTR_UNKNOWN
            )
            attributes = (int(llama.llama_vocab_get_attr(self._handle, token)) for token in range(self.size))
            self._marks = [(token, marks) for token, marks in enumerate(attributes) if marks & wanted]
        return self._marks

    def is_control(self, token: int) -> bool:
        """Whether the token is never part of anybody's text."""
        return bool(llama.llama_vocab_is_control(self._handle, token))

    def text(self, token: int | None) -> str:
        """The token's own text, as templates name it; empty for None."""
        return "" if token is None else llama.llama_vocab_get_text(self._handle, token).decode("utf-8", "replace")

    def tokenize(self, text: str, *, parse_special: bool, add_special: bool = False) -> list[int]:
        """Tokenise `text`; `parse_special` turns control-token text into the tokens, `add_special` adds BOS."""
        data = text.encode("utf-8", "replace")
        capacity = len(data) + 16
        while True:
            buffer = (llama.llama_token * capacity)()
            count = int(
                llama.llama_tokenize(self._handle, data, len(data), buffer, capacity, add_special, parse_special)
            )
            if count >= 0:
                return list(buffer[:count])
            if -count <= capacity:
                raise ValueError("llama.cpp could not tokenise this text")
            capacity = -count

    def piece(self, token: int) -> bytes:
        """The bytes that `token` stands for, control tokens included; they may end inside a character."""
        known = self._pieces.get(token)
        if known is None:
            known = self._pieces[token] = self._ask_piece(token)
        return known

    @cached_property
    def continuing(self) -> frozenset[int]:
        """The tokens that begin with an ASCII letter or digit, and so continue a word that stands before them."""
        return frozenset(token for token in range(self.size) if self.piece(token)[:1].isalnum())

    def find(self, piece: bytes) -> int | None:
        """The first token that stands for `piece`, which a tokenizer may always write otherwise."""
        if not self._by_piece:
            self._by_piece = {self.piece(token): token for token in reversed(range(self.size))}
        return self._by_piece.get(piece)

    def _ask_piece(self, token: int) -> bytes:
        capacity = 64
        while True:
            buffer = ctypes.create_string_buffer(capacity)
            count = int(llama.llama_token_to_piece(self._handle, token, buffer, capacity, 0, True))
            if count >= 0:
                return buffer.raw[:count]
            capacity = -count


def _token_or_none(token: int) -> int | None:
    return int(token) if token != llama.LLAMA_TOKEN_NULL else None
