# ruff: noqa: E501 (a pattern stands on one line)
"""Names and nouns to put into stories and objects, known ones and made-up ones."""

from __future__ import annotations

from random import Random

from chatapp.pocket.corpus.lexicon import words

PEOPLE = words(
    "Ada|Tom|Mia|Leo|Ida|Max|Eva|Ben|Zoe|Sam|Anna|Paul|Lena|Karl|Olga|Ivan|Nora|Hugo|Emma|Noah|Lucy|Jack|Alice|Bob|Carol|David|"
    "Ella|Frank|Grace|Henry|Iris|James|Kate|Liam|Mary|Nick|Otto|Peter|Quinn|Rosa|Simon|Tina|Uma|Victor|Wendy|Xenia|Yusuf|Zara|"
    "Amir|Bella|Carlos|Diana|Emil|Fiona|George|Hanna|Ines|Jonas|Klara|Lars|Maria|Nina|Oscar|Pia|Ravi|Sara|Theo|Ursula|Vera|Walter|"
    "Yuki|Aisha|Boris|Chloe|Dora|Erik|Felix|Gina|Heidi|Igor|Julia|Kofi|Lily|Mona|Nils|Olive|Pedro|Rita|Stefan|Tara|Ugo|Viola|"
    "Will|Yara|Zeno|Oliver|Sophie|Daniel|Laura|Michael|Sarah|John|Jane|Robert|Linda|Marco|Elena|Pierre|Chen|Mei|Kenji|Hiro|Fatima|"
    "Omar|Layla|Hassan|Priya|Arjun|Astrid|Bjorn|Ingrid|Sven|Greta|Hans|Pippa|Milo|Luna|Bruno|Coco|Fritz|Momo|Pip|Tilly|Bo|Max|Rex|"
    "Basil|Poppy|Rufus|Daisy|Barnaby|Matilda|Oswald|Clementine|Wilbur|Penny|Gus|Hazel|Ruby|Jasper|Edgar|Florence|Agnes|Ned"
)
BEINGS = words(
    "fox|cat|dog|bear|rabbit|owl|mouse|frog|wolf|duck|horse|turtle|hedgehog|squirrel|dragon|robot|king|girl|boy|sailor|baker|"
    "knight|penguin|elephant|lion|tiger|monkey|giraffe|whale|dolphin|shark|octopus|crab|snail|bee|ant|butterfly|spider|goat|sheep|"
    "cow|pig|hen|rooster|goose|swan|eagle|hawk|crow|raven|parrot|kitten|puppy|pony|donkey|camel|kangaroo|koala|panda|otter|beaver|"
    "badger|mole|bat|rat|hamster|lizard|snake|crocodile|unicorn|witch|wizard|princess|prince|queen|pirate|astronaut|farmer|teacher|"
    "doctor|painter|gardener|fisherman|miller|shepherd|giant|dwarf|elf|fairy|ghost|monster|troll|mermaid|clown|dancer|singer|"
    "musician|poet|tailor|shoemaker|blacksmith|carpenter|soldier|captain|pilot|driver|postman|nurse|scientist|inventor|programmer|"
    "computer|teapot|lamp|clock|train|tractor|boat|ship|car|bicycle|tree|flower|mushroom|stone|cloud|star|moon|snowman|pumpkin|"
    "potato|carrot|apple|cactus|shoe|hat|umbrella|pencil|book|spoon|kettle|toaster|lighthouse|caterpillar|ladybird|grasshopper|"
    "cricket|dragonfly|firefly|moth|worm|llama|alpaca|moose|deer|reindeer|walrus|seal|raccoon|skunk|sloth|flamingo|"
    "pelican|peacock|pigeon|sparrow|robin|woodpecker|salmon|goldfish|jellyfish|starfish|lobster|vampire|zombie|ninja|detective|"
    "thief|beggar|monk|nun|bird|fish|child|man|woman|chicken|turkey|cheetah|leopard|zebra|hippo|rhino|gorilla|dinosaur|lamb|"
    "piglet|duckling|android|alien|goblin|cook|waiter|judge|mayor|student|grandmother|grandfather"
)
NATURES = words(
    "small|red|brave|shy|clever|old|young|hungry|kind|lonely|curious|sleepy|little|tiny|big|green|blue|lazy|happy|sad|proud|quiet|"
    "friendly|grumpy|gentle|lost|poor|rich|wise|foolish|white|black|golden|silver|angry|merry|cheerful|clumsy|honest"
)
PLACES = (
    "in a deep forest", "by the sea", "on a green hill", "in a quiet village", "near an old mill", "under a big oak",
    "beside a river", "in a tall tower", "on a small island", "in a big city", "at the edge of the desert", "in the mountains",
    "in a little house", "on the moon", "in a garden", "behind the station", "in a cave", "at the end of the road",
)  # fmt: skip
_ONSETS = (
    "b",
    "d",
    "f",
    "g",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
    "z",
    "br",
    "gr",
    "tr",
    "pl",
    "st",
    "sh",
    "ch",
    "j",
    "h",
    "w",
    "dr",
    "fl",
)
_VOWELS = ("a", "e", "i", "o", "u", "a", "e", "i", "o", "oo", "ee", "ai")
_CODAS = ("", "", "", "n", "l", "r", "s", "m", "x", "k", "t", "nd", "rt", "p", "g")


def invented(rng: Random) -> str:
    """Make up a word, so that copying is learnt and not a list."""
    inner = rng.choices((0, 1, 2), (3, 6, 2))[0]
    syllables = [rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(("", "", "n", "r", "l")) for _ in range(inner)]
    return "".join(syllables) + rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS)


def person(rng: Random) -> str:
    """A first name."""
    return rng.choice(PEOPLE) if rng.random() < 0.65 else invented(rng).capitalize()


_ROLES = (
    "keeper",
    "driver",
    "seller",
    "hunter",
    "collector",
    "player",
    "maker",
    "dog",
    "bird",
    "boy",
    "girl",
    "cat",
    "king",
)


def being(rng: Random) -> str:
    """Somebody whom a story may be about."""
    chance = rng.random()
    if chance < 0.1:
        return f"{rng.choice(BEINGS)} {rng.choice(_ROLES)}"
    return rng.choice(BEINGS) if chance < 0.7 else invented(rng)
