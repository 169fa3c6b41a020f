# ruff: noqa: E501 (a pattern stands on one line)
"""Small JSON objects with the keys that are asked for."""

from __future__ import annotations

import json
from random import Random

from chatapp.pocket.corpus import grammar, names
from chatapp.pocket.corpus.turn import Exchange, Turn
from chatapp.pocket.corpus.written import mixed

_VALUES: dict[str, tuple[object, ...]] = {
    "age": tuple(range(18, 80)),
    "job": ("baker", "doctor", "pilot", "teacher", "painter", "farmer", "engineer", "nurse"),
    "city": ("Paris", "Rome", "Oslo", "Berlin", "Madrid", "Tokyo", "London", "Vienna"),
    "country": ("France", "Italy", "Norway", "Germany", "Spain", "Japan"),
    "email": ("me@example.org", "you@example.org"),
    "hobby": ("chess", "music", "reading", "running", "cooking"),
    "colour": ("red", "green", "blue", "black", "white"),
    "color": ("red", "green", "blue", "black", "white"),
    "title": ("The Old Mill", "A Quiet Sea", "Night Train", "The Red Door"),
    "author": ("Ada Moss", "Ivan Lake", "Rosa Hill"),
    "year": tuple(range(1950, 2025)),
    "pages": tuple(range(80, 500, 10)),
    "price": (5, 9.5, 12, 20, 49),
    "breed": ("terrier", "poodle", "siamese"),
    "species": ("cat", "dog", "rabbit", "parrot"),
    "population": (50000, 300000, 1200000),
    "brand": ("Volvo", "Fiat", "Ford"),
    "speed": (90, 120, 180),
    "married": (True, False),
    "height": (160, 172, 181),
    "weight": (4, 12, 60, 75),
    "language": ("English", "French", "Spanish"),
    "id": tuple(range(1, 100)),
    "director": ("Ada Moss", "Ivan Lake", "Rosa Hill"),
    "artist": ("The Owls", "Nina Vale", "Blue Train"),
    "genre": ("drama", "comedy", "jazz", "poetry"),
    "duration": (95, 120, 180, 210),
    "rating": (3, 4, 5),
    "surname": ("Moss", "Lake", "Hill", "Stone"),
    "phone": ("555-0100", "555-0123"),
    "address": ("1 Mill Street", "7 Hill Road"),
    "street": ("Mill Street", "Hill Road"),
    "company": ("Moss and Sons", "Lake Works"),
    "salary": (30000, 42000, 55000),
    "gender": ("female", "male"),
    "birthday": ("1990-05-17", "1984-11-02"),
    "date": ("2024-03-01", "2023-10-12"),
    "quantity": (1, 2, 5, 10),
    "category": ("tools", "food", "toys"),
    "size": ("small", "medium", "large"),
    "type": ("simple", "common"),
    "description": ("a nice thing", "small and useful"),
    "food": ("fish", "hay", "seeds"),
    "capital": ("Paris", "Rome", "Oslo"),
    "continent": ("Europe", "Asia", "Africa"),
    "status": ("open", "done"),
    "eyes": ("blue", "brown", "green"),
    "hair": ("brown", "black", "grey"),
    "active": (True, False),
}
_THINGS: dict[str, tuple[str, ...]] = {
    "person": (
        "name",
        "age",
        "job",
        "city",
        "country",
        "email",
        "hobby",
        "married",
        "height",
        "language",
        "surname",
        "phone",
        "address",
        "company",
        "salary",
        "gender",
        "birthday",
        "weight",
        "eyes",
        "hair",
        "street",
    ),
    "user": ("name", "age", "email", "id", "active", "language", "city", "country"),
    "book": ("title", "author", "year", "pages", "price", "language"),
    "pet": ("name", "species", "age", "colour", "color", "breed", "weight"),
    "city": ("name", "country", "population"),
    "car": ("brand", "colour", "color", "year", "price", "speed"),
    "product": (
        "name",
        "price",
        "quantity",
        "category",
        "size",
        "type",
        "description",
        "id",
        "colour",
        "color",
        "weight",
    ),
    "movie": ("title", "director", "year", "genre", "rating", "duration"),
    "song": ("title", "artist", "year", "duration", "genre"),
    "country": ("name", "capital", "population", "continent", "language"),
    "task": ("title", "date", "status", "description", "id"),
    "animal": ("name", "species", "age", "weight", "colour"),
}
_SAME = {"person": ("person", "person", "man", "woman", "employee", "customer", "student", "friend", "somebody", "contact"),
         "pet": ("pet", "dog", "cat"), "movie": ("movie", "film"), "task": ("task", "todo item", "job to do"), "user": ("user", "user account", "account")}  # fmt: skip
_ASK = (
    "(give|write|make|create|show|generate|build|produce|return|output|print|send) [me] [a|an|one|some|small|a small|a simple|valid] (json|JSON|json object|JSON object|JSON record|json document|object in json) (for|of|about|describing|that describes|representing|with the data of) (a|an|some|one) THING",
    "(describe|represent|invent|make up|model|express|output) (a|an|some|one) THING (as|in) (json|JSON|a json object|json format|JSON format)",
    "(json|JSON) (for|of|describing) (a|an) THING",
    "(a|an|one) THING (as|in) (json|JSON)",
    "(can|could) you (write|make|give me|create) [a|some|an] (json|JSON) [object] (for|of|about|describing) (a|an) THING",
    "(i need|i want|i would like) (a|an|some|one) (json|JSON) [object|record] (for|of|about) (a|an) THING",
    "fill [in|out] (a|the) (json|JSON) object (for|about|of) (a|an) THING",
    "THING json",
    "(give me|reply with|answer with|answer in|only) json: (a|an) THING",
)
_WITH = (
    " with KEYS",
    " with the (keys|fields|attributes|properties) KEYS",
    " (having|containing|including|that has) [the (keys|fields)] KEYS",
    ", (keys|fields): KEYS",
    " (that contains|with only) KEYS",
    " and give it KEYS",
    " (using|with) the (keys|fields) KEYS",
)
_ASK_WITH = tuple(ask + ending for ask in _ASK for ending in _WITH)
_KEYS_ONLY = (
    "(give|write|make|create|show|generate) [me] [a|an|one] (json|JSON) [object] with [the (keys|fields)] KEYS",
    "(json|JSON) [object] with [the (keys|fields)] KEYS",
    "a (json|JSON) object (having|containing|that has) KEYS",
    "(KEYS as json|KEYS in JSON|put KEYS in a json object)",
)
_MORE = ("(another one|another|one more|a different one|a new one|next|another object|one more please)",)
_ADD = (
    "(add|include|put in|also) [a|an|the] [key|field|] KEY [to it|too|as well|also]",
    "(now|and) (with|add) [a|an|the] KEY [too]",
    "it needs [a|an] KEY [too]",
    "(can you|please) add [a|an|the] [field] KEY",
)
_DROP = ("(without|remove|drop|delete|leave out|omit|take out) [the] [key|field] KEY", "no KEY [please]")


def _value(key: str, rng: Random) -> object:
    if key in ("name", "author"):
        return rng.choice(names.PEOPLE)
    return rng.choice(_VALUES[key]) if key in _VALUES else "example"


def _joined(keys: list[str], rng: Random) -> str:
    shown = [f'"{key}"' for key in keys] if rng.random() < 0.1 else list(keys)
    if len(shown) == 1:
        return shown[0]
    chance = rng.random()
    if chance < 0.7:
        return ", ".join(shown[:-1]) + " and " + shown[-1]
    return (", " if chance < 0.85 else " and ").join(shown)


def exchange(rng: Random) -> Exchange:
    """Ask for an object, then perhaps for another, for one key more or less."""
    thing = rng.choices(list(_THINGS), (10, 3, 4, 3, 2, 2, 3, 2, 2, 1, 1, 2))[0]
    known = _THINGS[thing]
    chosen: dict[str, object] = {}
    strange = False
    chance = rng.random()
    if chance < 0.35:
        asked = mixed("json person", _ASK) if thing == "person" else _ASK
        keys, text = list(known[:3]), grammar.pick(asked, rng)
    else:
        keys = rng.sample(known, rng.randrange(1, min(5, len(known)) + 1))
        strange = rng.random() < 0.12
        if strange:
            keys[rng.randrange(len(keys))] = names.invented(rng)
        text = grammar.pick(_ASK_WITH, rng) if chance < 0.8 else grammar.pick(_KEYS_ONLY, rng)
    if rng.random() < 0.2 and thing in ("person", "user") and "THING" in text:
        chosen, phrase = _given(rng)
        keys = [*chosen, *(key for key in keys if key not in chosen)] if chance >= 0.35 else [*chosen, "job"]
        text = text.replace("THING", "THING" + phrase)
    text = text.replace("KEYS", _joined([key for key in keys if key not in chosen] or keys, rng))
    text = text.replace("THING", rng.choice(_SAME.get(thing, (thing,))))
    values = {key: chosen.get(key, _value(key, rng)) for key in keys}
    turns = [Turn(grammar.noisy(text, rng, exact=strange or bool(chosen)), json.dumps(values))]
    while rng.random() < 0.35 and len(turns) < 3:
        text, values = _then(values, known, rng)
        turns.append(Turn(grammar.noisy(text, rng), json.dumps(values)))
    return tuple(turns)


def _given(rng: Random) -> tuple[dict[str, object], str]:
    """Values that the person gives, to be copied, and how they are said."""
    name, age = names.person(rng), rng.randrange(5, 100)
    if rng.random() < 0.5:
        return {"name": name, "age": age}, rng.choice(
            (f" named {name} who is {age}", f" called {name}, aged {age}", f" called {name}, {age} years old")
        )
    return {"name": name}, rng.choice((f" named {name}", f" called {name}"))


def _then(values: dict[str, object], known: tuple[str, ...], rng: Random) -> tuple[str, dict[str, object]]:
    """The next wish about an object, and the object after it."""
    free = [key for key in known if key not in values]
    chance = rng.random()
    if chance < 0.4 and free:
        key = rng.choice(free)
        return grammar.pick(mixed("json add", _ADD), rng).replace("KEY", key), {**values, key: _value(key, rng)}
    if chance < 0.6 and len(values) > 1:
        key = rng.choice(list(values))
        return grammar.pick(mixed("json drop", _DROP), rng).replace("KEY", key), {
            name: value for name, value in values.items() if name != key
        }
    return grammar.pick(mixed("json more", _MORE), rng), {key: _value(key, rng) for key in values}
