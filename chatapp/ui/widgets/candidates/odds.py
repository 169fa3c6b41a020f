"""The chances at a place of a reply under the settings in force, as well as they can be told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from chatapp.core.backend import Candidate
from chatapp.core.distribution import Chance, Distribution, Unknown, distribution, fates
from chatapp.core.events import TokenDetail
from chatapp.core.parameters import Values


class Place(NamedTuple):
    """A place in a reply: `name` says which in words, `detail` what is stored of it.

    `vocabulary_size` is None where it is unknown.
    """

    name: str
    detail: TokenDetail
    vocabulary_size: int | None = None


class Odds:
    """The chances at one place: told at once from what is stored, and exactly where the model was asked."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._values: Values = {}
        self._asked: tuple[Values, tuple[Chance, ...]] | None = None
        self._found: Distribution | Unknown = Unknown("", "nothing was reckoned yet")

    @property
    def unknown(self) -> Unknown | None:
        """Why the exact chances are not known, None where they are."""
        return self._found if isinstance(self._found, Unknown) else None

    @property
    def chances(self) -> tuple[Chance, ...]:
        """The listed tokens, likeliest first: under the settings, or the model's own where those are not known.

        What is cut for certain says so in either case.
        """
        return self._found.chances if isinstance(self._found, Distribution) else self._own()

    def reckon(self, values: Values) -> None:
        """Find the chances under other values."""
        self._values = values
        self._found = distribution(self.place.detail, values, vocabulary_size=self.place.vocabulary_size)
        if isinstance(self._found, Unknown) and self._asked is not None and self._asked[0] == values:
            chances = self._asked[1]
            self._found = Distribution(chances, max(0.0, 1.0 - math.fsum(one.probability for one in chances)))

    def learn(self, values: Values, candidates: Sequence[Candidate]) -> None:
        """Take what the model says of this place under `values`: exact chances, and a longer list for other values."""
        listed = tuple((one.token_id, one.logprob) for one in candidates)
        if len(listed) > len(self.place.detail.alternatives):
            detail = msgspec.structs.replace(self.place.detail, alternatives=listed)
            self.place = self.place._replace(detail=detail)
        chances = tuple(Chance(one.token_id, one.logprob, one.probability, one.cut_by) for one in candidates)
        self._asked = (dict(values), chances)
        self.reckon(self._values)

    def _own(self) -> tuple[Chance, ...]:
        detail = self.place.detail
        told = fates(detail, self._values, vocabulary_size=self.place.vocabulary_size)
        listed = dict([(detail.token_id, detail.logprob), *detail.alternatives])
        return tuple(
            Chance(token_id, logprob, math.exp(logprob), stage if isinstance(stage := told[token_id], str) else "")
            for token_id, logprob in sorted(listed.items(), key=lambda item: -item[1])
        )


def shown_of(chances: Sequence[Chance], room: int, cut_shown: int, written: int) -> list[Chance]:
    """As many as there is room for, in their order, the one that was written among them.

    At least `cut_shown` of those that are cut are among them, but of little room no more than a third.
    """
    if len(chances) <= room:
        return list(chances)
    cut = [one for one in chances if one.cut_by]
    kept = [one for one in chances if not one.cut_by]
    places = min(len(cut), max(min(cut_shown, room // 3), room - len(kept)))
    chosen = [*kept[: room - places], *cut[:places]]
    own = next((one for one in chances if one.token_id == written), None)
    if own is not None and own not in chosen:
        alike = [one for one in chosen if bool(one.cut_by) == bool(own.cut_by)] or chosen
        chosen[chosen.index(alike[-1])] = own
    ids = {one.token_id for one in chosen}
    return [one for one in chances if one.token_id in ids]
