"""Which tokens of a reply other settings would have cut, found out in slices so that nobody waits for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from chatapp.core.details import Details
from chatapp.core.distribution import Unknown, fate
from chatapp.core.parameters import Values

CUT_SIGN = "✕"
"""Stands under a token that would have been cut."""


class Counterfactual:
    """The fates of a reply's tokens under `values`: looked at by position, as far as `work` has come.

    `cut_by` holds the stage that would have cut a token, `unknown` why it can't be told. `kept` could have been drawn.
    """

    def __init__(self, details: Details, values: Values, vocabulary_size: int | None = None) -> None:
        self.details = details
        self.values = dict(values)
        self.vocabulary_size = vocabulary_size
        self.done = 0
        self.cut_by: dict[int, str] = {}
        self.unknown: dict[int, Unknown] = {}

    @property
    def is_done(self) -> bool:
        """Whether every token has been looked at."""
        return self.done >= len(self.details)

    def work(self, go_on: Callable[[], bool]) -> range:
        """Look at further tokens while `go_on` says so, one at least; give those that were looked at."""
        begin = self.done
        while self.done < len(self.details):
            self._look(self.done)
            self.done += 1
            if not go_on():
                break
        return range(begin, self.done)

    def forget_from(self, position: int) -> None:
        """Look again at the tokens from `position` on, for they are not what they were."""
        self.done = min(self.done, position)
        self.cut_by = {at: stage for at, stage in self.cut_by.items() if at < self.done}
        self.unknown = {at: why for at, why in self.unknown.items() if at < self.done}

    @property
    def words(self) -> str:
        """What came of it, in a sentence or two."""
        total = len(self.details)
        if not self.is_done:
            return f"The current settings: {self.done:,} of {total:,} tokens looked at."
        if len(self.unknown) == total > 0:
            return f"Which tokens the current settings would have cut can't be told: {self._reasons()}."
        mark = f"{CUT_SIGN} " if self.cut_by else ""
        told = f"{mark}The current settings would have cut {_count(len(self.cut_by), total)}"
        stages = Counter(self.cut_by.values()).most_common(2)
        told += f" ({', '.join(f'{stage} {count:,}' for stage, count in stages)})." if stages else "."
        if self.unknown:
            told += f" {len(self.unknown):,} can't be told: {self._reasons()}."
        return told

    def _look(self, position: int) -> None:
        detail = self.details[position]
        if detail is None:
            self.unknown[position] = Unknown("", "nothing was told of the token")
            return
        told = fate(detail, self.values, vocabulary_size=self.vocabulary_size)
        if isinstance(told, Unknown):
            self.unknown[position] = told
        elif told:
            self.cut_by[position] = told

    def _reasons(self) -> str:
        """The commonest reason."""
        why, count = Counter(self.unknown.values()).most_common(1)[0]
        more = " and other reasons" if count < len(self.unknown) else ""
        return f"{why.stage}: {why.reason}{more}" if why.stage else f"{why.reason}{more}"


def _count(cut: int, total: int) -> str:
    return f"{cut or 'none'} of {total:,} tokens" if total != 1 else f"{'it' if cut else 'not'} the one token"
