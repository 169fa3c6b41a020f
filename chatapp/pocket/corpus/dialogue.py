# ruff: noqa: E501 (a pattern stands on one line)
"""Whole conversations out of exchanges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import accumulate
from random import Random

from chatapp.pocket.corpus import (
    app_actions,
    commands,
    concepts,
    filler,
    grammar,
    key_questions,
    knowledge,
    objects,
    sampling,
    small_talk,
    stories,
    unknown,
)
from chatapp.pocket.corpus.intent import Intent
from chatapp.pocket.corpus.turn import Dialogue, Exchange, Turn
from chatapp.pocket.corpus.written import mixed, wordings

SYSTEMS = (
    "You are Pocket, the small model built into chatapp.",
    "You are a helpful assistant.",
    "You are a helpful, friendly assistant. Answer briefly.",
    "Answer briefly.",
    "You are a helpful assistant. Keep your answers short and correct.",
    "Be concise.",
    "You are an assistant in a terminal.",
    "Help the user with chatapp.",
    "You are a polite and honest assistant.",
    "Be kind and answer in plain English.",
    "You are an expert.",
    "Today is a good day. You answer all questions as well as you can.",
    "You are a chatbot.",
    "Answer the user's questions truthfully.",
    "You are a teacher for children.",
    "Follow the user's instructions.",
)

_AGAIN = (
    "(what did you say|say that again|can you repeat that|repeat that please|repeat|pardon|sorry what|once more|again please|i did not get that|come again|what was that|please say it again|could you say that again|i forgot what you said|tell me that again|repeat your last answer|which key was that [again]|what was the (key|command|value|answer) [again]|(what|which) was it again|one more time|i was not listening|you said what)",
)
_THEN_DO = (
    "and (to|how to|how do i|how can i|if i want to) VP",
    "[and] (what|how) about DOING",
    "(and|now|then) to VP",
    "and for DOING",
)
_THEN_KEY = ("and NAME", "[and] (what|how) about NAME", "[and] what does NAME do", "now NAME")


@cache
def intents() -> tuple[Intent, ...]:
    """All plain intents of the corpus."""
    return app_actions.intents() + commands.intents() + concepts.intents() + sampling.intents() + small_talk.intents()


def _drawn(group: tuple[Intent, ...]) -> Callable[[Random], Exchange]:
    weights = list(accumulate(intent.weight for intent in group))

    def exchange(rng: Random) -> Exchange:
        intent = rng.choices(group, cum_weights=weights)[0]
        turns = [Turn(intent.question(rng), intent.answer(rng))]
        while len(turns) < 3 and (following := _following(intent)) and rng.random() < 0.22:
            intent = rng.choice(following)
            turns.append(Turn(grammar.noisy(_short(intent, rng), rng), intent.answer(rng)))
        return tuple(turns)

    return exchange


@cache
def _following(intent: Intent) -> tuple[Intent, ...]:
    """What may be asked for in a few words after `intent`: another key, another command or an option of `ask`."""
    kind = intent.name.partition(" ")[0]
    if intent.name == "command ask" or f"then {intent.name}" in wordings():
        alike = [option for option in commands.intents() if f"then {option.name}" in wordings()]
    elif kind == "command":
        alike = [other for other in commands.intents() if other.name.startswith("command ")]
    elif kind in ("key", "what"):
        alike = [other for other in app_actions.intents() if other.name.startswith(f"{kind} ")]
    else:
        alike = []
    return tuple(other for other in alike if other.name != intent.name and (other.do or kind == "what"))


def _short(intent: Intent, rng: Random) -> str:
    """A second question, which leans on the one before: `and to quit?`."""
    written = wordings().get(f"then {intent.name}")
    if written and rng.random() < 0.5:
        return rng.choice(written)
    if not intent.do:
        key = rng.choice(key_questions.spellings(intent.name.removeprefix("what ")))
        return grammar.pick(mixed("then other", _THEN_KEY), rng).replace("NAME", key)
    phrase = grammar.pick(intent.do, rng)
    frame = grammar.pick(mixed("then do", _THEN_DO), rng)
    return frame.replace("VP", phrase).replace("DOING", grammar.gerund(phrase))


_TOPICS: tuple[tuple[float, Callable[[Random], Exchange]], ...] = (
    (28, _drawn(app_actions.intents())),
    (15, _drawn(commands.intents())),
    (11, _drawn(concepts.intents())),
    (12, sampling.exchange),
    (13, _drawn(sampling.intents())),
    (11, _drawn(small_talk.intents())),
    (8, stories.exchange),
    (9, knowledge.capitals),
    (6, knowledge.opposites),
    (20, knowledge.sums),
    (12, objects.exchange),
    (11, lambda rng: (unknown.turn(rng),)),
)
_CUMULATED = list(accumulate(weight for weight, _ in _TOPICS))


def exchange(rng: Random) -> Exchange:
    """Draw an exchange about anything, sometimes with a request to repeat the answer."""
    turns = rng.choices(_TOPICS, cum_weights=_CUMULATED)[0][1](rng)
    if rng.random() < 0.05 and len(turns[-1].assistant) < 160:
        return (*turns, Turn(grammar.noisy(grammar.pick(mixed("again", _AGAIN), rng), rng), turns[-1].assistant))
    return turns


def _system(rng: Random) -> str:
    if rng.random() < 0.5:
        return ""
    if rng.random() < 0.08:
        return filler.prose(rng, rng.choice((1, 2, 4)))
    return rng.choice(SYSTEMS[:2]) if rng.random() < 0.4 else rng.choice(SYSTEMS)


def dialogue(rng: Random, characters: int) -> Dialogue:
    """Make a conversation of about so many characters at most, with a name to remember in some."""
    turns: list[Turn] = []
    name, named = "", rng.random() < 0.13
    talkative = rng.random() < 0.35
    used = 0
    while True:
        chance = rng.random()
        if named and (chance < 0.3 or not name):
            if name and chance < 0.3:
                addition: Exchange = small_talk.recall(name, rng)
                named = rng.random() < 0.3
            else:
                turn, name = small_talk.introduction(rng)
                addition = (turn,)
        elif chance < 0.012 and not name:
            addition = small_talk.recall("", rng)
        elif talkative and chance < 0.35 and characters > 1200:
            addition = (filler.turn(rng),)
        else:
            addition = exchange(rng)
        used += sum(len(turn.user) + len(turn.assistant) + 40 for turn in addition)
        if turns and used > characters:
            break
        turns.extend(addition)
    return Dialogue(_system(rng), tuple(turns))


def dialogues(seed: int, *, short: bool) -> Iterator[Dialogue]:
    """Yield conversations without end: of a few turns, or long ones."""
    rng = Random(seed)
    while True:
        yield dialogue(rng, rng.choice((150, 300, 600)) if short else rng.choice((600, 1500, 2500, 3600, 3600)))
