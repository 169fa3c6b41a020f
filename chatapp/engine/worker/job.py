"""One sample of a request, from its arrival to its last token."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import cast

from chatapp.core.details import UNTOLD
from chatapp.core.errors import ParameterError
from chatapp.core.events import ParameterChanged, StopReason, TokenDetail
from chatapp.core.parameters import Value
from chatapp.engine.protocol import Generate
from chatapp.engine.worker.constraints.grammar import Grammar, ThoughtsFirst
from chatapp.engine.worker.llama import Candidates, Logits, Vocabulary
from chatapp.engine.worker.loops import goes_round
from chatapp.engine.worker.reply import Reply
from chatapp.engine.worker.sampling.chain import Chain, Constraint
from chatapp.engine.worker.words import ForbiddenWords, RequiredWords


@dataclass(eq=False)
class Job:
    """A reply in the making: its sampler chain, its constraints, its text and what is known of each token.

    `prompt_size` counts the request's own tokens; `prompt` also holds those that the reply began with, and after a
    preemption what was written since.
    `values` are the parameters in force but for `thinking`, which lie over them while the model thinks. `forced` are
    the tokens to write next, `is_forced` tells that the one chosen last was one of them, `banned` are tokens that can't
    stand at a place of the reply. `forgotten` counts the tokens behind the request's `keep` first ones that made way
    for the reply. `opening` is the token with which the model may begin to think by itself. Times are
    seconds of the monotonic clock, None until they come.
    """

    request: Generate
    sample: int
    seed: int
    values: dict[str, Value]
    thinking: dict[str, Value]
    chain: Chain
    reply: Reply
    grammar: Grammar | None
    required: RequiredWords
    vocabulary: Vocabulary
    prompt: list[int]
    arrived: float
    opening: int | None = None
    started: float | None = None
    first_token: float | None = None
    last_token: float = 0.0
    prompt_computed: float | None = None
    cached: int = 0
    cached_reason: str = ""
    written: list[int] = field(default_factory=list)
    details: list[TokenDetail] = field(default_factory=list)
    forced: deque[int] = field(default_factory=deque)
    is_forced: bool = False
    banned: dict[int, set[int]] = field(default_factory=dict)
    forced_words: set[str] = field(default_factory=set)
    grammar_began: int = 0
    grammar_lengths: list[int] = field(default_factory=list)
    thoughts: int = 0
    forgotten: int = 0
    changes_made: int = 0
    rewinds: int = 0
    flushed: float = 0.0
    details_told: int = 0
    progressed: float = 0.0
    queued_for: str = ""

    @property
    def prompt_size(self) -> int:
        """Tokens of the prompt as it was asked."""
        return len(self.request.token_ids)

    @property
    def new_tokens(self) -> int:
        """Tokens of the reply that were not given to it."""
        return max(0, len(self.written) - len(self.request.begun))

    @property
    def tokens(self) -> list[int]:
        """Prompt and reply as the model sees them: without what was forgotten."""
        whole = [*self.request.token_ids, *self.written]
        return whole[: self.request.keep] + whole[self.request.keep + self.forgotten :]

    # Choosing

    def choose(self, candidates: Candidates, logits: Logits) -> int | None:
        """The next token: one that is forced, else the chain's; None where every token is ruled out."""
        if self.forced:
            return self.take_forced()
        # A required word that was written is none any more if the model goes on with its letters.
        glued = self.vocabulary.continuing if self.is_forced and self._ends_in_a_word else frozenset[int]()
        self.is_forced = False
        forbidden = self._banned_here() | glued
        return self.chain.choose(candidates, logits, forbidden=forbidden, constraint=self._constraint())

    def take_forced(self) -> int:
        """The first of the forced tokens."""
        self.is_forced = True
        return self.forced.popleft()

    def choose_other_than(self, tokens: Collection[int], candidates: Candidates, logits: Logits) -> int | None:
        """The next token where `tokens` can't stand either."""
        self.is_forced = False
        forbidden = {*self._banned_here(), *tokens}
        return self.chain.choose(candidates, logits, forbidden=forbidden, constraint=self._constraint())

    @property
    def _ends_in_a_word(self) -> bool:
        return bool(self.written) and self.vocabulary.piece(self.written[-1])[-1:].isalnum()

    def _constraint(self) -> Constraint | None:
        """What the next token must keep to: thoughts have no form, and a reply may begin with them."""
        if self.grammar is None or self.reply.is_reasoning:
            return None
        if self.opening is not None and not self.written:
            return ThoughtsFirst(self.grammar, self.opening)
        return self.grammar

    def _banned_here(self) -> set[int]:
        return self.banned.get(len(self.written), set())

    # Growing and shrinking

    def begin(self) -> None:
        """Take the tokens that the reply begins with; raise ParameterError where they don't fit its form."""
        thinking = self.reply.is_reasoning
        for token in self.request.begun:
            if self.grammar is not None and self._belongs_to_form(token) and not self.grammar.take(token):
                raise misfit()
            self.chain.accept(token)
            self.grammar_lengths.append(self.grammar.length if self.grammar is not None else 0)
            self.written.append(token)
            self.details.append(TokenDetail(UNTOLD, 0.0, UNTOLD, 0.0))
            self.reply.push(token)
            self.thoughts += self.reply.is_reasoning
        self.details_told = len(self.written)
        self.reply.begin(cast("tuple[str, ...]", self.values["stop"] or ()))
        if thinking != self.reply.is_reasoning:
            self._turn()

    def _belongs_to_form(self, token: int) -> bool:
        """Whether `token` is part of the answer, which begins with its first text."""
        if self.reply.is_reasoning or self.vocabulary.is_control(token):
            return False
        return bool(self.reply.answer) or bool(self.vocabulary.piece(token).strip())

    def write(self, token: int, detail: TokenDetail) -> None:
        """Add `token` to the reply."""
        thinking = self.reply.is_reasoning
        self.chain.accept(token)
        if self.grammar is not None:
            # What is forced ends the thoughts; the form begins behind it.
            if not thinking and not self.is_forced:
                self.grammar.take(token)
            self.grammar_lengths.append(self.grammar.length)
        self.written.append(token)
        self.details.append(detail)
        self.reply.push(token)
        if self.reply.is_reasoning:
            self.thoughts += 1
        if thinking != self.reply.is_reasoning:
            self._turn()

    def rewind(self, length: int) -> None:
        """Take back all but the first `length` tokens of the reply, and never write the next one there again."""
        thinking = self.reply.is_reasoning
        self.banned.setdefault(length, set()).add(self.written[length])
        for place in [place for place in self.banned if place > length]:
            del self.banned[place]
        self.forced.clear()
        del self.written[length:], self.details[length:]
        self.details_told = min(self.details_told, length)
        self.chain.rewind(length)
        self.reply.rewind(length)
        if self.grammar is not None:
            del self.grammar_lengths[length:]
            self.grammar.rewind(self.grammar_lengths[-1] if length else self.grammar_began)
        self.rewinds += 1
        if thinking != self.reply.is_reasoning:
            self._turn()

    def _turn(self) -> None:
        """The model began to think, or to answer: the values of the one give way to those of the other."""
        self.chain.update({name: self._in_force(name) for name in self.thinking})

    def _in_force(self, name: str) -> Value:
        return self.thinking[name] if self.reply.is_reasoning and name in self.thinking else self.values[name]

    def forget(self) -> int:
        """Forget the older half of what is not to be kept, so that the reply can go on; return how many tokens."""
        half = (len(self.tokens) - self.request.keep) // 2
        self.forgotten += half
        return half

    # Live changes

    def update(self, changes: Mapping[str, Value]) -> list[str]:
        """Put `changes` in force from the next token on, also over the values for thinking; return what changed."""
        changed = [name for name, value in changes.items() if self.values[name] != value or name in self.thinking]
        self.chain.update(changes)
        self.values.update(changes)
        for name in changes:
            self.thinking.pop(name, None)
        if "stop" in changed:
            self.reply.stop_at(cast("tuple[str, ...]", self.values["stop"] or ()))
        if {"forbidden_words", "forbidden_variants"}.intersection(changed):
            self.reply.forbid(forbidden_words(self.values))
        return changed

    def changes_due(self) -> list[ParameterChanged]:
        """The changes that the request wants made before the next token, each once."""
        due = [change for change in self.request.changes[self.changes_made :] if change.offset <= len(self.written)]
        self.changes_made += len(due)
        return due

    def answer_now(self) -> bool:
        """Write the end of the thoughts next; False where the model does not think."""
        form = self.request.reasoning
        if form is None or not self.reply.is_reasoning:
            return False
        if not self.forced:
            self.forced.extend(self.vocabulary.tokenize(form.closing, parse_special=True))
        return True

    # Ends

    def spends_its_budget(self) -> bool:
        """Whether the model has thought as long as it may."""
        budget = self.values["reasoning_budget"]
        return budget is not None and self.reply.is_reasoning and self.thoughts >= cast(int, budget)

    def missing_words(self) -> tuple[str, ...]:
        """Words that the answer must hold and does not."""
        return self.required.missing(self.reply.answer)

    def force_word(self) -> bool:
        """Write a missing word next, each one once; False where none is left or a grammar decides what is written."""
        if self.grammar is not None:
            return False
        word = next((word for word in self.missing_words() if word not in self.forced_words), None)
        if word is None:
            return False
        self.forced_words.add(word)
        self.forced.extend(self._tokens_of(word))
        return bool(self.forced)

    def _tokens_of(self, word: str) -> list[int]:
        """The tokens of `word` as they continue the answer, with a space between where it needs one."""
        answer = self.reply.answer
        wanted = word if not answer or answer[-1].isspace() else f" {word}"
        for text in (wanted, word):
            tokens = self.vocabulary.tokenize(text, parse_special=False)
            if b"".join(map(self.vocabulary.piece, tokens)).decode("utf-8", "replace") == wanted:
                return tokens
        return tokens

    def ends_at(self, token: int, end_tokens: frozenset[int]) -> StopReason | None:
        """Why the reply ends before `token`, which is then no part of it."""
        if token in end_tokens:
            return "end"
        if token in cast("tuple[int, ...]", self.values["stop_token_ids"] or ()):
            return "stop_token"
        return None

    def ends_after(self, context_size: int, now: float) -> StopReason | None:
        """Why the reply ends now that a token was written."""
        if self.reply.stop_met is not None:
            return "stop_text"
        if (limit := self.limit(context_size, now)) is not None:
            return limit
        times = cast(int, self.values["loop_limit"])
        return "loop" if times and goes_round(self.written[len(self.request.begun) :], times) else None

    def limit(self, context_size: int, now: float) -> StopReason | None:
        """Which length or time the reply has reached."""
        values, written = self.values, len(self.written)
        length = self.prompt_size + written
        if values["max_new_tokens"] is not None and self.new_tokens >= cast(int, values["max_new_tokens"]):
            return "max_new_tokens"
        if values["max_length"] is not None and length >= cast(int, values["max_length"]):
            return "max_length"
        if length - self.forgotten >= context_size:
            return "context_full"
        if values["max_time"] is not None and now - (self.first_token or now) >= cast(float, values["max_time"]):
            return "max_time"
        return None

    def close(self) -> None:
        """Free what its chain and its grammar hold."""
        self.chain.close()
        if self.grammar is not None:
            self.grammar.close()


def misfit() -> ParameterError:
    """The error of a beginning that the form of the answer does not allow."""
    return ParameterError(
        "The beginning that was given to the reply does not fit the form that the answer must have.",
        hint="Change the prefill, or the grammar, schema, pattern or choices.",
    )


def forbidden_words(values: Mapping[str, Value]) -> ForbiddenWords:
    """The words that must not appear under `values`."""
    words = cast("tuple[str, ...]", values["forbidden_words"] or ())
    return ForbiddenWords(words, variants=bool(values["forbidden_variants"]))
