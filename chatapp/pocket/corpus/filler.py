# ruff: noqa: E501 (a pattern stands on one line)
"""Earlier talk of any kind: turns that the model reads and does not learn, so that answers hold behind them."""

from __future__ import annotations

from random import Random

from chatapp.pocket.corpus import names
from chatapp.pocket.corpus.lexicon import words
from chatapp.pocket.corpus.turn import Turn

_SUBJECTS = words(
    "the train|my neighbour|the old house|our garden|the weather|a friend of mine|the teacher|the market|my brother|the river|"
    "the committee|a small shop|the museum|this recipe|the harvest|the museum guide|the road to the village|the library|our dog|"
    "the concert|the bridge|the letter|the school|the new roof|a neighbour's cat|the mountain path|the harbour|the soup|the engine|"
    "everyone|nobody here|the film|the winter|the first snow|my grandmother|the clock in the hall|a long walk|the boat"
)
_VERBS = words(
    "was late|needs more time|stood near|looked like|reminded me of|was better than|had nothing to do with|came before|will follow|"
    "is quite close to|was built after|smelled of|cost more than|was painted by|belonged to|waited for|changed because of|"
    "opens behind|was older than|is famous for|was lost with|was repaired with|can be seen from|began with|ended without"
)
_OBJECTS = words(
    "the station|last summer|a wooden table|the other side|some bread and cheese|two old chairs|the north wind|the evening light|"
    "a long story|the sea|three small boats|an open window|green apples|the second floor|the town hall|a cup of tea|the whole street|"
    "the year before|a big surprise|the first day of spring|his coat|warm rain|the usual price|an empty box|the corner|"
    "many questions|a yellow door|the same idea|music from next door|good advice|the mayor|a slow afternoon"
)
_LINKS = (". ", ". ", ". ", ", and ", ", but ", "; ", ", because ", ", so ", ", while ")
_OPENERS = (
    "",
    "",
    "",
    "Yes, ",
    "I think ",
    "You know, ",
    "In short, ",
    "As I said, ",
    "Well, ",
    "Of course, ",
    "Maybe ",
    "Yesterday ",
)


def prose(rng: Random, clauses: int) -> str:
    """Write grammatical sentences that mean little."""
    text = _opened(_clause(rng), rng)
    for _ in range(clauses - 1):
        link = rng.choice(_LINKS)
        text += link + (_opened(_clause(rng), rng) if link == ". " else _clause(rng))
    return text + "."


def _clause(rng: Random) -> str:
    subject = rng.choice(_SUBJECTS) if rng.random() < 0.8 else names.person(rng)
    thing = rng.choice(_OBJECTS) if rng.random() < 0.85 else names.invented(rng)
    year = f" in {rng.randrange(1800, 2030)}" if rng.random() < 0.15 else ""
    return f"{subject} {rng.choice(_VERBS)} {thing}{year}"


def _opened(clause: str, rng: Random) -> str:
    opener = rng.choice(_OPENERS)
    return opener + clause if opener else clause[0].upper() + clause[1:]


def turn(rng: Random) -> Turn:
    """A person says something and is answered with something."""
    asked = prose(rng, rng.choice((1, 1, 2, 3, 5)))
    if rng.random() < 0.4:
        asked = asked[:-1] + "?"
    return Turn(asked, prose(rng, rng.choice((1, 2, 3, 4))), learnt=False)
