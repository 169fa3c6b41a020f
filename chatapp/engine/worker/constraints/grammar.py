"""What a grammar allows at each token of one answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile

import numpy as np

from chatapp.core.errors import ParameterError
from chatapp.engine.worker import llama
from chatapp.engine.worker.constraints.gbnf import QUOTED
from chatapp.engine.worker.llama import Candidates, NativeStage, Vocabulary

BYTE_LIMIT_S, TOKEN_LIMIT_S, MASK_LIMIT_S = 0.02, 0.1, 1.0
"""Processor time that going on by a byte, and looking at one token and at all of them, may take.

Where a text can be read in ever more ways each byte multiplies them, so that a long token, or a look at one, may take
for ever. Ordinary grammars stay under a millisecond a byte.
"""
_NEVER_UTF8 = (0xC0, 0xC1, *range(0xF5, 0x100))
"""Bytes that no text holds; a class of what is not wanted, as in [^x], lets them pass in llama.cpp."""
_NOTHING = np.zeros(1, np.float32)


class Grammar:
    """The state of a GBNF grammar in one answer; it never takes a token that it does not allow.

    On top of llama.cpp's own rules, the bytes of the tokens must be valid UTF-8 (llama.cpp lets some overlong forms
    pass), and control tokens are no text: they are allowed only where the grammar names tokens itself. What takes too
    long raises ParameterError, and the answer is over.
    """

    def __init__(self, vocabulary: Vocabulary, gbnf: str) -> None:
        """Begin an answer; raise ParameterError where llama.cpp can't read `gbnf`."""
        self._vocabulary = vocabulary
        self._gbnf = gbnf
        self._names_tokens = "<" in QUOTED.sub("", gbnf)
        self._end_tokens = frozenset(vocabulary.end_tokens())
        self._control = frozenset(self._control_tokens())
        never = (vocabulary.find(bytes([byte])) for byte in _NEVER_UTF8)
        self._never_ids = np.array(sorted({*self._control, *(token for token in never if token is not None)}), np.int32)
        self._one = Candidates(1)
        self._accepted: list[int] = []
        self._pending = b""
        self._known: dict[int, bool] = {}
        self._stage = self._begun()

    @property
    def length(self) -> int:
        """How many tokens it has taken."""
        return len(self._accepted)

    @property
    def may_end(self) -> bool:
        """Whether the answer is complete as it stands."""
        return any(self.allows(token) for token in self._end_tokens)

    def allows(self, token: int) -> bool:
        """Whether `token` may come next."""
        if (known := self._known.get(token)) is None:
            known = self._known[token] = self._finds(token)
        return known

    def _finds(self, token: int) -> bool:
        if token in self._end_tokens:
            return not self._pending and self._passes(token)
        return token not in self._control and self._after(token) is not None and self._passes(token)

    def mask(self, candidates: Candidates) -> None:
        """Give those of `candidates` that may not come next no chance."""
        candidates.rule_out(self._never_ids)
        with within(MASK_LIMIT_S):
            self._stage.apply(candidates)
        if self._pending:
            left = candidates.ids[np.isfinite(candidates.logits)]
            broken = [token for token in left.tolist() if token in self._end_tokens or self._after(token) is None]
            candidates.rule_out(np.array(broken, np.int32))

    def accept(self, token: int) -> None:
        """Go on behind `token`; raise ValueError where it is not allowed, since llama.cpp would abort."""
        if not self.take(token):
            raise ValueError(f"the grammar does not allow token {token} after {len(self._accepted)} tokens")

    def take(self, token: int) -> bool:
        """Go on behind `token` where it is allowed; tell whether it is."""
        if not self.allows(token):
            return False
        self._take(token)
        return True

    def _take(self, token: int) -> None:
        if token not in self._end_tokens:
            self._pending = self._after(token) or b""
        for part in self._parts(token):
            with within(BYTE_LIMIT_S):
                self._stage.accept(part)
        self._accepted.append(token)
        self._known.clear()

    def _parts(self, token: int) -> list[int]:
        """The tokens of the single bytes that `token` stands for, or itself where they are not the same."""
        if self._names_tokens or token in self._end_tokens:
            return [token]
        found = [self._vocabulary.find(bytes([byte])) for byte in self._vocabulary.piece(token)]
        parts = [part for part in found if part is not None]
        return parts if len(parts) == len(found) else [token]

    def replay(self, tokens: Sequence[int]) -> int:
        """Take `tokens` one after the other up to the first that is not allowed; return how many were."""
        return sum(1 for _ in takewhile(self.take, tokens))

    def rewind(self, length: int) -> None:
        """Go back to where the first `length` of the accepted tokens were taken."""
        kept = self._accepted[:length]
        begun = self._begun()
        self._stage.close()
        self._stage, self._accepted = begun, []
        self._pending = b""
        self._known.clear()
        for token in kept:
            self._take(token)

    def close(self) -> None:
        """Free it."""
        self._stage.close()

    def _begun(self) -> NativeStage:
        stage = llama.grammar(self._vocabulary, self._gbnf)
        if stage is None:
            raise ParameterError("llama.cpp can't read the grammar.", hint="Try it with `chatapp ask --grammar`.")
        return stage

    def _passes(self, token: int) -> bool:
        self._one.fill(_NOTHING)
        self._one.ids[0] = token
        with within(TOKEN_LIMIT_S):
            self._stage.apply(self._one)
        return bool(np.isfinite(self._one.logits[0]))

    def _after(self, token: int) -> bytes | None:
        """The bytes of a character that is not complete behind `token`, None where they can be no UTF-8."""
        data = self._pending + self._vocabulary.piece(token)
        try:
            data.decode()
        except UnicodeDecodeError as error:
            return data[error.start :] if error.reason == "unexpected end of data" else None
        return b""

    def _control_tokens(self) -> list[int]:
        if self._names_tokens:
            return []
        special = self._vocabulary.special_tokens().values()
        return [mark.token_id for mark in special if mark.control and mark.token_id not in self._end_tokens]


@contextmanager
def within(limit_s: float) -> Iterator[None]:
    """Raise ParameterError where what is done inside took this thread more than `limit_s` seconds of its processor."""
    began = time.thread_time()
    yield
    if (spent := time.thread_time() - began) > limit_s:
        raise ParameterError(
            f"The grammar can read the text in too many ways: one step took {spent:.2f} s, and the next takes longer.",
            hint="Make it smaller: fewer alternatives, and no rule that can match the same text in several ways.",
        )


class ThoughtsFirst:
    """A grammar at the first token of a reply, which may also be the one that opens the model's thoughts."""

    def __init__(self, grammar: Grammar, opening: int) -> None:
        self._grammar = grammar
        self._opening = opening

    def allows(self, token: int) -> bool:
        """Whether `token` may come first."""
        return token == self._opening or self._grammar.allows(token)

    def mask(self, candidates: Candidates) -> None:
        """Give those of `candidates` that may not come first no chance."""
        row = candidates.rows(np.array([self._opening], np.int32))
        kept = candidates.logits[row].copy()
        self._grammar.mask(candidates)
        candidates.logits[row] = kept
