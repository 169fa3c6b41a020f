"""The stages of one reply, in order, and the choice at their end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chatapp.core.parameters import DEFAULT_CHAIN, Value
from chatapp.core.parameters import Stage as StageName
from chatapp.engine.worker import llama
from chatapp.engine.worker.llama import Candidates, Logits
from chatapp.engine.worker.sampling.stages import STAGES, Setting, Stage


class Chain:
    """Chooses the tokens of one reply.

    Bans come first, then the stages of `order`, then the choice: the highest logit where temperature is 0, else
    a draw. The dice are thrown by a stage of their own, so that no change of the others disturbs them.
    """

    def __init__(
        self,
        values: Mapping[str, Value],
        *,
        seed: int,
        vocabulary_size: int,
        context_size: int,
        end_tokens: Sequence[int] = (),
        suppressed_tokens: Sequence[int] = (),
        history: Sequence[int] = (),
        order: Sequence[StageName] = DEFAULT_CHAIN,
    ) -> None:
        """Build every stage; `history` are the prompt's tokens, which penalties look back at."""
        self._values = dict(values)
        self._vocabulary_size = vocabulary_size
        self._context_size = context_size
        self._end_tokens = tuple(end_tokens)
        self._suppressed_tokens = tuple(suppressed_tokens)
        self._history = list(history)
        self._order = tuple(order)
        self._stages: dict[StageName, Stage | None] = {}
        self._dice = llama.draw(seed)
        self._greedy = llama.greedy()
        self._ban = self._build_ban()
        for name in self._order:
            self._stages[name] = self._build(name)

    def choose(self, candidates: Candidates, logits: Logits) -> int:
        """The token that follows, by `logits` of shape (vocabulary,)."""
        greedy = self._values["temperature"] == 0.0
        # The others would only cut, and typical_p even the likeliest token.
        names = ("penalties",) if greedy else self._order
        active = [stage for name in names if (stage := self._stages[name]) is not None]
        if greedy and self._ban is None and self._stages["penalties"] is None:
            return int(logits.argmax())
        candidates.fill(logits)
        if self._ban is not None:
            self._ban.apply(candidates)
        for stage in active:
            stage.apply(candidates)
        (self._greedy if greedy else self._dice).apply(candidates)
        return candidates.selected

    def accept(self, token: int) -> None:
        """Tell every stage which token stands next in the reply."""
        self._history.append(token)
        for stage in self._stages.values():
            if stage is not None:
                stage.accept(token)

    def update(self, changes: Mapping[str, Value]) -> list[str]:
        """Put `changes` in force, replacing only the stages that they concern; return the names that changed."""
        changed = [name for name, value in changes.items() if self._values.get(name) != value]
        self._values.update(changes)
        for name in self._order:
            if set(STAGES[name].reads).intersection(changed):
                self._replace(name)
        if "ignore_eos" in changed:
            if self._ban is not None:
                self._ban.close()
            self._ban = self._build_ban()
        return changed

    @property
    def values(self) -> Mapping[str, Value]:
        """The values in force."""
        return self._values

    def close(self) -> None:
        """Free every stage."""
        for stage in (*self._stages.values(), self._ban, self._dice, self._greedy):
            if stage is not None:
                stage.close()

    def _replace(self, name: StageName) -> None:
        old = self._stages[name]
        self._stages[name] = self._build(name)
        if old is not None:
            old.close()

    def _build(self, name: StageName) -> Stage | None:
        recipe = STAGES[name]
        stage = recipe.build(Setting(self._values, self._vocabulary_size, self._context_size))
        if stage is not None and recipe.remembers:
            for token in self._history[-self._context_size :]:
                stage.accept(token)
        return stage

    def _build_ban(self) -> Stage | None:
        banned = [*self._suppressed_tokens, *(self._end_tokens if self._values["ignore_eos"] else ())]
        return llama.ban(self._vocabulary_size, banned) if banned else None
