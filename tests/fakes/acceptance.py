"""Asks llama.cpp's own grammar sampler which texts a grammar allows, over a vocabulary of single bytes."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from chatapp.engine.worker import llama
from chatapp.engine.worker.constraints.grammar import Grammar
from chatapp.engine.worker.constraints.spelling import spelled
from chatapp.engine.worker.llama import Candidates, Model


class Acceptance:
    """The vocabulary of one model."""

    def __init__(self, model: Path) -> None:
        llama.start(lambda _level, _text: None)
        self._model = Model(model, vocabulary_only=True)
        self.vocabulary = self._model.vocabulary
        self._grammar: Grammar | None = None
        self._gbnf = ""

    def accepts(self, gbnf: str, text: str) -> bool:
        """Whether `text` is a whole answer."""
        grammar = self._begun(gbnf)
        tokens = spelled(self.vocabulary, text)
        assert tokens is not None
        return grammar.replay(tokens) == len(tokens) and grammar.may_end

    def accepts_bytes(self, gbnf: str, data: bytes) -> bool:
        """Whether an answer may begin with these bytes, each a token of its own."""
        grammar = self._begun(gbnf)
        tokens = [next(token for token in range(self.vocabulary.size) if self._is_byte(token, byte)) for byte in data]
        return grammar.replay(tokens) == len(tokens)

    def written(self, gbnf: str, seed: int, *, longest: int = 2000) -> str | None:
        """A random answer that ends by itself, None where it grew too long; hurried along by closing what can be."""
        grammar = self._begun(gbnf)
        chance = random.Random(seed)
        candidates = Candidates(self.vocabulary.size)
        data = b""
        ends = set(self.vocabulary.end_tokens())
        for _ in range(longest):
            candidates.fill(np.zeros(self.vocabulary.size, np.float32))
            grammar.mask(candidates)
            allowed = candidates.ids[np.isfinite(candidates.logits)].tolist()
            assert allowed, f"nothing may follow {data!r}"
            closing = [token for token in allowed if token in ends or self.vocabulary.piece(token) in _CLOSING]
            token = chance.choice(closing if closing and chance.random() < 0.5 else allowed)
            grammar.accept(token)
            if token in ends:
                return data.decode()
            data += self.vocabulary.piece(token)
        return None

    def close(self) -> None:
        """Free the model."""
        if self._grammar is not None:
            self._grammar.close()
        self._model.close()

    def _begun(self, gbnf: str) -> Grammar:
        if self._grammar is None or gbnf != self._gbnf:
            if self._grammar is not None:
                self._grammar.close()
            self._grammar, self._gbnf = Grammar(self.vocabulary, gbnf), gbnf
        else:
            self._grammar.rewind(0)
        return self._grammar

    def _is_byte(self, token: int, byte: int) -> bool:
        return self.vocabulary.piece(token) == bytes((byte,)) and not self.vocabulary.is_control(token)


_CLOSING = (b'"', b"}", b"]", b"{", b"[")
