# ruff: noqa: E501 (a pattern stands on one line)
"""Little stories about whoever is asked for."""

from __future__ import annotations

from random import Random

from chatapp.pocket.corpus import grammar, names
from chatapp.pocket.corpus.turn import Exchange, Turn
from chatapp.pocket.corpus.written import mixed

_ASK = (
    "(tell|write|make up|invent|give|read|create|compose|narrate|spin) [me|us|for me] a [short|little|nice|funny|good|new|small|quick|bedtime|sweet|tiny] (story|tale|fairy tale|fable) (about|of|with|on|featuring|starring) WHO",
    "(can|could|would|will) you (tell|write|make up|invent|give) [me] a [short|little|nice|small] (story|tale) (about|with|of) WHO",
    "[a|one|short|please a|a short|a little] (story|tale|fairy tale) (about|of|with) WHO",
    "(i want|i would like|i need|i'd love|let me hear|i want to hear|i feel like hearing) a [short|little|good|bedtime] (story|tale) (about|of|with) WHO",
    "once upon a time there was WHO[, (continue|go on|what happened|tell me more)]",
    "(my (child|daughter|son|kid)) (wants|would like|asks for) a story about WHO",
    "do you know a story (about|with|of) WHO",
    "(tell|write) [me] something [nice|short|funny] about WHO, a story",
    "WHO: a [short|little] story",
    "let's hear (the|a) (story|tale) of WHO",
    "how about a (story|tale) (about|with) WHO",
    "story time: WHO",
    "make WHO the hero of a (story|tale)",
)
_ASK_ANY = (
    "(tell|write|make up|give|read) [me|us] a [short|little|nice|funny|bedtime|good] (story|tale|fairy tale)",
    "[a|one|short|please a|another] (story|tale|fairy tale) [please]",
    "(can|could) you (tell|write) [me] a [short] (story|tale)",
    "(i want|i would like|i need|let me hear) a [short|bedtime] (story|tale)",
    "(do you know|have you got) (a|any) [good] (story|stories|tale|tales)",
    "(once upon a time|story time|tell me a bedtime story|write something creative|some fiction please)",
)
_MORE = (
    "(another one|another|one more|again|and another|tell me another [one]|more|next|a different one|a new one|another story|one more story|tell me one more)",
    "(more stories|once more|another tale|give me another|write another [one])",
)
_MORE_WHO = (
    "(and|now|another|another one|again|one more|now one|the same|next one) (about|with) WHO",
    "(now|and) (a story|one|tell me one|the same) (about|with) WHO",
    "what about WHO",
)
_SHORTER = (
    "(shorter|make it shorter|a shorter one|too long|shorter please|can you make it shorter|shorten it|in one sentence|make it short|shorten that|sum it up|summarise it|briefer|the short version|a short version please)",
)
_WISHES = (
    " who wants to fly", " who is afraid of the dark", " in space", " that can't sleep", " for my daughter", " who lost a shoe",
    " in winter", " with a happy end", " who meets a friend", " who loves cheese", " for children", " who learns to swim",
)  # fmt: skip
_FINDS = (
    "a golden key", "a lost letter", "a silver bell", "a broken kite", "a tiny lamp", "a blue stone", "an old map", "a warm scarf",
    "a strange egg", "a wooden box", "a red ball", "a small book", "a shiny coin", "a glass ring", "a green hat",
)  # fmt: skip
_FRIENDS = (
    "a bird", "an old woman", "a snail", "a child", "a miller", "a star", "a goat", "a fish", "an owl", "a mouse", "a hen", "a cloud",
)  # fmt: skip
_ENDS = ("The end.", "And they were happy.", "They are friends to this day.")
_NAME_OF = (
    "(what (is|was) (the|its|his|her) name|what was WHO called|what is WHO called|how was WHO called|who (is|was) it about|who was (the|) (hero|story about)|what was the name of WHO|name of the hero)",
)
_WHAT_FOUND = (
    "what did (WHO|he|she|it|they|NAME) (find|discover|see)",
    "what was (found|it that WHO found)",
    "(what|which thing) was found",
)
_WHERE = (
    "where did (WHO|he|she|it|NAME) live",
    "where (was|is) (it|that|the story|WHO)",
    "where does the story (happen|take place)",
)


def _article(noun: str) -> str:
    return ("an " if noun[0] in "aeiou" or noun.startswith("honest") else "a ") + noun


class _Story:
    """What one story says: who, with which nature and name, where, what is found and who lost it."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.who = names.being(rng)
        self.nature = rng.choice(names.NATURES) if rng.random() < 0.4 else ""
        self.name = names.person(rng) if rng.random() < 0.4 else ""
        self.friend = names.being(rng) if rng.random() < 0.2 else ""
        self.place = rng.choice(names.PLACES)
        self.find = rng.choice(_FINDS)
        self.owner = rng.choice([owner for owner in _FRIENDS if owner.split()[-1] != self.who])

    def asked(self) -> str:
        """How the hero is asked for: `a brave fox named Ida and a bear`."""
        hero = _article(f"{self.nature} {self.who}".strip())
        if self.name:
            hero += self.rng.choice((" named ", " called ", " with the name ", " whose name is ")) + self.name
        if self.friend:
            return f"{hero} and {_article(self.friend)}"
        chance = self.rng.random()
        if chance < 0.12:
            return hero + self.rng.choice((" ", " who lives ", " that lives ")) + self.place
        return hero + self.rng.choice(_WISHES) if chance < 0.24 else hero

    def text(self) -> str:
        """The story."""
        rng, who = self.rng, self.who
        hero = _article(f"{self.nature} {who}".strip()) + (f" called {self.name}" if self.name else "")
        subject = self.name or f"the {who}"
        title = subject[0].upper() + subject[1:]
        if self.friend:
            opening = f"Once there were {hero} and {_article(self.friend)} who lived {self.place}."
            meeting = (
                f"Together with the {self.friend}, {subject} looked for whoever had lost it, and met {self.owner}."
            )
        else:
            opening = f"Once there was {hero} who lived {self.place}."
            meeting = rng.choice(
                (f"{title} walked all day and met {self.owner}.", f"On the way {subject} met {self.owner}.")
            )
        finding = rng.choice(
            (f"One day {subject} found {self.find}.", f"One morning {subject} found {self.find} in the grass.")
        )
        owner = self.owner.split()[-1] if self.owner != "an old woman" else "old woman"
        ending = f'"That is mine," said the {owner}. {title} gave it back, and they became friends.'
        return " ".join((opening, finding, meeting, ending, rng.choice(_ENDS)))

    def summary(self) -> str:
        """The story in one sentence."""
        subject = f"{self.name} the {self.who}" if self.name else f"The {self.who}"
        return f"{subject} found {self.find} and gave it back to {self.owner}."


def _fill(frames: tuple[str, ...], who: str, rng: Random, name: str = "") -> str:
    text = grammar.pick(frames, rng).replace("WHO", who)
    return grammar.noisy(text.replace("NAME", name or "it"), rng, exact=True)


def exchange(rng: Random) -> Exchange:
    """Ask for a story, then perhaps about it, for a shorter one or for another."""
    story = _Story(rng)
    if rng.random() < 0.2:
        turns = [Turn(grammar.noisy(grammar.pick(_ASK_ANY, rng), rng), _any(story))]
    else:
        turns = [Turn(_fill(mixed("story", _ASK), story.asked(), rng, story.name), story.text())]
    while rng.random() < 0.4 and len(turns) < 3:
        chance = rng.random()
        if chance < 0.25:
            story = _Story(rng)
            turns.append(Turn(grammar.noisy(grammar.pick(mixed("story more", _MORE), rng), rng), _any(story)))
        elif chance < 0.5:
            story = _Story(rng)
            turns.append(Turn(_fill(mixed("story more who", _MORE_WHO), story.asked(), rng, story.name), story.text()))
        elif chance < 0.68:
            asked = grammar.pick(mixed("story shorter", _SHORTER), rng)
            turns.append(Turn(grammar.noisy(asked, rng), story.summary()))
        else:
            turns.append(_about(story, rng))
    return tuple(turns)


def _any(story: _Story) -> str:
    story.name = story.name if story.rng.random() < 0.5 else ""
    story.friend = ""
    if story.who not in names.BEINGS[:60]:
        story.who = story.rng.choice(names.BEINGS[:60])
        story.owner = "an old woman"
    return story.text()


def _about(story: _Story, rng: Random) -> Turn:
    """A question about the story that was told."""
    the, chance = f"the {story.who}", rng.random()
    if chance < 0.35:
        answer = f"It was about {story.name}." if story.name else f"It was about the {story.who}."
        return Turn(_fill(mixed("story who", _NAME_OF), the, rng, story.name), answer)
    if chance < 0.75:
        return Turn(_fill(mixed("story find", _WHAT_FOUND), the, rng, story.name), f"It was {story.find}.")
    return Turn(_fill(mixed("story where", _WHERE), the, rng, story.name), f"It was {story.place}.")
