"""An intent: one thing that people may want, in all its wordings, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from chatapp.pocket.corpus import grammar, lexicon
from chatapp.pocket.corpus.written import wordings


@dataclass(frozen=True)
class Intent:
    """What people ask and what they get.

    `do` are infinitive phrases (*stop the reply*), `about` noun phrases (*the context window*), `say` whole
    utterances; all are patterns. One of `answers` is given, as it stands. `weight` says how often it is drawn.
    """

    name: str
    answers: tuple[str, ...]
    do: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    say: tuple[str, ...] = ()
    weight: float = 1.0

    def question(self, rng: Random) -> str:
        """Draw a wording."""
        return grammar.noisy(self.wording(rng), rng)

    def wording(self, rng: Random) -> str:
        """Draw a wording without noise: one that was written out, or one of a pattern."""
        written = wordings().get(self.name)
        if written and rng.random() < 0.7:
            return rng.choice(written)
        kinds = [kind for kind, forms in (("do", self.do), ("about", self.about), ("say", self.say)) if forms]
        weights = [{"do": 3, "about": 3, "say": 3}[kind] for kind in kinds]
        kind = rng.choices(kinds, weights)[0]
        if kind == "say":
            return grammar.pick(self.say, rng)
        if kind == "about":
            return grammar.pick(lexicon.ABOUT_FRAMES, rng).replace("NP", grammar.pick(self.about, rng))
        phrase = grammar.pick(self.do, rng)
        if rng.random() < 0.15:
            return grammar.pick(lexicon.DOING_FRAMES, rng).replace("VP", grammar.gerund(phrase))
        return grammar.pick(lexicon.DO_FRAMES, rng).replace("VP", phrase)

    def answer(self, rng: Random) -> str:
        """Draw an answer."""
        return rng.choice(self.answers)
