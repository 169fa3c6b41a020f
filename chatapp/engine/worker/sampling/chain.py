"""The stages of one reply, in order, and the choice at their end.

    logits → what is ruled out → exponential decay → the stages of `samplers`, in order → the choice

Every stage changes one array of candidates in place, llama.cpp's own through `llama_sampler_apply`, ours in numpy.
A constraint looks at the chosen token alone; only where it refuses that one is the whole vocabulary masked and the
token chosen again, so that a reply which keeps to its form by itself costs nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol, cast

import numpy as np

from chatapp.core.backend import Candidate
from chatapp.core.parameters import STAGES, Value
from chatapp.core.parameters import Stage as StageName
from chatapp.engine.worker import llama
from chatapp.engine.worker.llama import Candidates, Logits, NativeStage, TokenIds, Vocabulary
from chatapp.engine.worker.sampling.cutting import TopK
from chatapp.engine.worker.sampling.details import top
from chatapp.engine.worker.sampling.stages import READS, RECIPES, Setting, Stage
from chatapp.engine.worker.sampling.tokens import read_token

_FIXED = tuple(name for name, stage in STAGES.items() if not stage.movable and not stage.terminal)
_TERMINAL = tuple(name for name, stage in STAGES.items() if stage.terminal)


class Constraint(Protocol):
    """Says which tokens may follow."""

    def allows(self, token: int) -> bool:
        """Whether `token` may follow."""
        ...

    def mask(self, candidates: Candidates) -> None:
        """Rule out all candidates that may not follow."""
        ...


class Chain:
    """Chooses the tokens of one reply.

    The dice are thrown by a stage of their own, so that no change of the others disturbs them.
    """

    def __init__(
        self,
        values: Mapping[str, Value],
        *,
        seed: int,
        vocabulary: Vocabulary,
        context_size: int,
        prompt: Sequence[int] = (),
        end_tokens: Sequence[int] = (),
        suppressed_tokens: Sequence[int] = (),
    ) -> None:
        """Build every stage; raise ParameterError where a value means nothing to this model."""
        self._values = dict(values)
        self._seed = seed
        self._vocabulary = vocabulary
        self._context_size = context_size
        self._prompt = tuple(prompt)
        self._reply: list[int] = []
        self._ends = np.asarray(sorted(end_tokens), np.int32)
        self._suppressed = np.asarray(sorted(suppressed_tokens), np.int32)
        self._not_allowed = self._outside(cast("tuple[str, ...]", self._values["allowed_tokens"] or ()))
        self._greedy = llama.greedy()
        self._dice = llama.draw(seed)
        self._stages: dict[StageName, Stage | None] = {}
        try:
            for name in RECIPES:
                self._stages[name] = self._build(name)
        except BaseException:
            self.close()
            raise

    @property
    def values(self) -> Mapping[str, Value]:
        """The values in force."""
        return self._values

    @property
    def is_greedy(self) -> bool:
        """Whether the likeliest token is always taken."""
        return self._values["temperature"] == 0.0

    def choose(
        self,
        candidates: Candidates,
        logits: Logits,
        *,
        forbidden: Collection[int] = (),
        constraint: Constraint | None = None,
    ) -> int | None:
        """The token that follows by `logits` of shape (vocabulary,); None where all are ruled out.

        `forbidden` tokens can't be chosen at this one place.
        """
        # Mirostat moves while it chooses, so a choice that may be refused is made by a copy.
        kept = self._copy_of_terminal() if constraint is not None else None
        token = self._choose(candidates, logits, forbidden)
        if constraint is None or (token is not None and constraint.allows(token)):
            if kept is not None:
                kept.close()
            return token
        self._restore_terminal(kept)
        return self._choose(candidates, logits, forbidden, constraint)

    def accept(self, token: int) -> None:
        """Tell every stage which token stands next in the reply."""
        self._reply.append(token)
        for stage in self._stages.values():
            if stage is not None:
                stage.accept(token)

    def rewind(self, length: int) -> None:
        """Go back to the first `length` tokens of the reply: stages that remember learn them anew, dice go on."""
        del self._reply[length:]
        for name, recipe in RECIPES.items():
            stage = self._stages[name]
            if recipe.remembers and isinstance(stage, NativeStage):
                # DRY takes long to make: it looks for every breaker in the whole vocabulary.
                stage.reset()
                self._tell_past(stage)
            elif recipe.remembers or name in _FIXED:
                self._stages[name] = self._build(name)
                _close((stage,))

    def update(self, changes: Mapping[str, Value]) -> list[str]:
        """Put `changes` in force, replacing only the stages that they concern; return the names that changed."""
        changed = [name for name, value in changes.items() if self._values.get(name) != value]
        before, fresh = dict(self._values), dict[StageName, Stage | None]()
        self._values.update(changes)
        try:
            for name in RECIPES:
                if READS[name].intersection(changed):
                    fresh[name] = self._build(name)
        except BaseException:
            self._values = before
            _close(fresh.values())
            raise
        replaced = [self._stages[name] for name in fresh]
        self._stages.update(fresh)
        _close(replaced)
        return changed

    def explain(self, candidates: Candidates, logits: Logits, limit: int) -> list[Candidate]:
        """The `limit` likeliest tokens by `logits`, with their chance under the settings and what cut them.

        The stages that draw are copied, so that the next choice is as it would have been.
        """
        highest, shown = top(logits, limit)
        log_sum_exp = highest + float(np.log(np.exp(logits - highest).sum()))
        cut_by: dict[int, str] = {}
        candidates.fill(logits)
        for tokens in self._ruled_out(()):
            candidates.rule_out(tokens)
        self._note_cuts(candidates, shown, "not allowed", cut_by)
        for name in self._order():
            stage = self._stages[name]
            if stage is not None:
                _apply_copy(stage, candidates)
                self._note_cuts(candidates, shown, name, cut_by)
        chances = self._chances(candidates, shown, cut_by)
        return [
            Candidate(
                token_id=int(token),
                text=self._vocabulary.piece(int(token)).decode("utf-8", "replace"),
                logprob=float(logits[token]) - log_sum_exp,
                probability=chances.get(int(token), 0.0),
                cut_by=cut_by.get(int(token), ""),
            )
            for token in shown
        ]

    def close(self) -> None:
        """Free every stage."""
        _close((*self._stages.values(), self._dice, self._greedy))

    # One choice

    def _choose(
        self,
        candidates: Candidates,
        logits: Logits,
        forbidden: Collection[int],
        constraint: Constraint | None = None,
    ) -> int | None:
        active = [stage for name in self._order() if (stage := self._stages[name]) is not None]
        ruled_out = self._ruled_out(forbidden)
        if self.is_greedy and not active and constraint is None:
            return _likeliest(logits, _joined(ruled_out))
        first = active[0] if active else None
        if constraint is None and isinstance(first, TopK) and first.fill(candidates, logits, _joined(ruled_out)):
            active = active[1:]
        else:
            candidates.fill(logits)
            for tokens in ruled_out:
                candidates.rule_out(tokens)
        if constraint is not None:
            constraint.mask(candidates)
        for stage in active:
            stage.apply(candidates)
        terminal = self._terminal()
        if terminal not in (self._greedy, self._dice):
            candidates.drop_ruled_out()
        terminal.apply(candidates)
        return candidates.selected

    def _order(self) -> list[StageName]:
        """The stages before the choice; where the likeliest is taken, those that may change which it is."""
        names = [*_FIXED, *cast("tuple[StageName, ...]", self._values["samplers"])]
        return [name for name in names if STAGES[name].reorders] if self.is_greedy else names

    def _ruled_out(self, forbidden: Collection[int]) -> list[TokenIds]:
        """The tokens that can't be chosen here, whatever the stages make of the others."""
        groups = [self._suppressed] if len(self._suppressed) else []
        if self._ends_are_out:
            groups.append(self._ends)
        if self._not_allowed is not None:
            groups.append(self._not_allowed)
        if forbidden:
            groups.append(np.fromiter(forbidden, np.int32))
        return groups

    @property
    def _ends_are_out(self) -> bool:
        return bool(self._values["ignore_eos"]) or len(self._reply) < cast(int, self._values["min_new_tokens"])

    def _outside(self, names: Sequence[str]) -> TokenIds | None:
        """All tokens but `names` and those that end the reply; None where no names are given."""
        if not names:
            return None
        allowed = [read_token(name, self._vocabulary, "allowed_tokens") for name in names]
        everything = np.arange(self._vocabulary.size, dtype=np.int32)
        return np.setdiff1d(everything, [*allowed, *self._ends]).astype(np.int32)

    # The stage that chooses

    def _terminal(self) -> NativeStage:
        if self.is_greedy:
            return self._greedy
        steady = (self._stages[name] for name in _TERMINAL)
        return cast(NativeStage, next((stage for stage in steady if stage is not None), self._dice))

    def _copy_of_terminal(self) -> NativeStage | None:
        terminal = self._terminal()
        return terminal.clone() if terminal not in (self._greedy, self._dice) else None

    def _restore_terminal(self, kept: NativeStage | None) -> None:
        terminal = self._terminal()
        for name in _TERMINAL:
            if kept is not None and self._stages[name] is terminal:
                terminal.close()
                self._stages[name] = kept

    # Making stages

    def _build(self, name: StageName) -> Stage | None:
        recipe = RECIPES[name]
        stage = recipe.build(
            Setting(
                values=self._values,
                vocabulary=self._vocabulary,
                context_size=self._context_size,
                seed=self._seed,
                prompt=self._prompt,
                written=len(self._reply),
                end_tokens=[int(token) for token in self._ends],
            )
        )
        if stage is not None and recipe.remembers:
            self._tell_past(stage)
        return stage

    def _tell_past(self, stage: Stage) -> None:
        for token in (*self._prompt, *self._reply)[-self._context_size :]:
            stage.accept(token)

    # Explaining a choice

    @staticmethod
    def _note_cuts(candidates: Candidates, shown: TokenIds, stage: str, cut_by: dict[int, str]) -> None:
        alive = candidates.ids[np.isfinite(candidates.logits)]
        for token in shown[~np.isin(shown, alive)]:
            cut_by.setdefault(int(token), stage)

    def _chances(self, candidates: Candidates, shown: TokenIds, cut_by: dict[int, str]) -> dict[int, float]:
        """The chance of each candidate that is left: what the terminal stage makes of it."""
        if self.is_greedy:
            chosen = int(candidates.ids[int(candidates.logits.argmax())])
            return {chosen: 1.0}
        candidates.drop_ruled_out()
        terminal = self._terminal().clone()
        terminal.apply(candidates)
        name = next((name for name in _TERMINAL if self._stages[name] is not None), "")
        if name:
            self._note_cuts(candidates, shown, name, cut_by)
        chances = {int(token): float(chance) for token, chance in zip(candidates.ids, candidates.chances, strict=True)}
        terminal.close()
        return chances


def _likeliest(logits: Logits, ruled_out: TokenIds) -> int | None:
    """The token with the highest logit that is not ruled out; of several the first, as llama.cpp takes it."""
    if not len(ruled_out):
        return int(logits.argmax())
    _, tokens = top(logits, len(ruled_out) + 1)
    left = tokens[~np.isin(tokens, ruled_out)]
    return int(left[0]) if len(left) and np.isfinite(logits[left[0]]) else None


def _joined(groups: Sequence[TokenIds]) -> TokenIds:
    return np.concatenate(groups) if groups else np.empty(0, np.int32)


def _apply_copy(stage: Stage, candidates: Candidates) -> None:
    """Apply `stage` without moving its dice; only llama.cpp's own have any."""
    if not isinstance(stage, NativeStage):
        stage.apply(candidates)
        return
    copy = stage.clone()
    copy.apply(candidates)
    copy.close()


def _close(stages: Iterable[Stage | None]) -> None:
    for stage in stages:
        if stage is not None:
            stage.close()
