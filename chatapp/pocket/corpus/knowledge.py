# ruff: noqa: E501 (a pattern stands on one line)
"""Capitals, opposites and small sums."""

from __future__ import annotations

import re
from random import Random

from chatapp.pocket.corpus import grammar, names
from chatapp.pocket.corpus.lexicon import words
from chatapp.pocket.corpus.turn import Exchange, Turn
from chatapp.pocket.corpus.written import mixed

_TABLE = (
    "France Paris|Germany Berlin|Spain Madrid|Italy Rome|Japan Tokyo|China Beijing|Norway Oslo|Sweden Stockholm|Finland Helsinki|"
    "Denmark Copenhagen|Poland Warsaw|Austria Vienna|Greece Athens|Portugal Lisbon|Ireland Dublin|Egypt Cairo|Kenya Nairobi|"
    "Canada Ottawa|Mexico Mexico_City|Brazil Brasilia|Peru Lima|Chile Santiago|Cuba Havana|India New_Delhi|Russia Moscow|"
    "Turkey Ankara|Iran Tehran|Iraq Baghdad|Israel Jerusalem|Hungary Budapest|Romania Bucharest|Bulgaria Sofia|Belgium Brussels|"
    "Switzerland Bern|Iceland Reykjavik|Thailand Bangkok|Vietnam Hanoi|Australia Canberra|Argentina Buenos_Aires|Morocco Rabat|"
    "the_United_Kingdom London|England London|Scotland Edinburgh|Wales Cardiff|the_United_States Washington|the_Netherlands Amsterdam|"
    "the_Czech_Republic Prague|Slovakia Bratislava|Slovenia Ljubljana|Croatia Zagreb|Serbia Belgrade|Bosnia Sarajevo|Albania Tirana|"
    "Ukraine Kyiv|Belarus Minsk|Estonia Tallinn|Latvia Riga|Lithuania Vilnius|Luxembourg Luxembourg|Malta Valletta|Cyprus Nicosia|"
    "Georgia Tbilisi|Armenia Yerevan|South_Korea Seoul|North_Korea Pyongyang|Mongolia Ulaanbaatar|Nepal Kathmandu|Pakistan Islamabad|"
    "Bangladesh Dhaka|Afghanistan Kabul|Indonesia Jakarta|Malaysia Kuala_Lumpur|the_Philippines Manila|Singapore Singapore|"
    "New_Zealand Wellington|Saudi_Arabia Riyadh|Syria Damascus|Lebanon Beirut|Jordan Amman|Qatar Doha|Algeria Algiers|Tunisia Tunis|"
    "Libya Tripoli|Sudan Khartoum|Ethiopia Addis_Ababa|Somalia Mogadishu|Uganda Kampala|Ghana Accra|Nigeria Abuja|Senegal Dakar|"
    "Angola Luanda|Zambia Lusaka|Zimbabwe Harare|South_Africa Pretoria|Madagascar Antananarivo|Colombia Bogota|Venezuela Caracas|"
    "Ecuador Quito|Bolivia La_Paz|Paraguay Asuncion|Uruguay Montevideo|Jamaica Kingston|Haiti Port-au-Prince|Panama Panama_City|"
    "Costa_Rica San_Jose|Guatemala Guatemala_City|Nicaragua Managua|Honduras Tegucigalpa"
)
CAPITALS: dict[str, str] = {
    country.replace("_", " "): city.replace("_", " ")
    for country, city in (entry.split(" ") for entry in _TABLE.split("|"))
}
_ALSO_CALLED = {
    "the United Kingdom": ("the UK", "Great Britain", "Britain", "the united kingdom"),
    "the United States": ("the USA", "America", "the US", "the United States of America", "USA"),
    "the Netherlands": ("Holland", "the Netherlands"),
    "the Czech Republic": ("Czechia", "the Czech Republic"),
}
_CAPITAL = (
    "(what is|what's|tell me|name|do you know|give me|which is|say|can you tell me|i need|what was|remind me of) the capital [city] of X",
    "capital [city] of X",
    "(which|what) city is (the capital|the seat of government) of X",
    "(which|what) is X's capital [city]",
    "X's capital",
    "X capital [city]",
    "what is the name of the capital of X",
    "the capital of X is (called what|what|which city|)",
    "(of|for) X, what is the capital",
    "what (do you call|is) the capital (in|of) X",
    "(which|what) city (does X have as its capital|governs X|is X governed from)",
    "(i forgot|i don't know|i would like to know|i want to know) the capital of X",
    "(where|in which city) does (the government|parliament) of X sit",
    "(what|which) capital (does X have|has X|belongs to X)",
    "can you name (X's capital|the capital of X)",
    "geography (quiz|question|test): capital of X",
    "X: (what is the capital|capital city|capital)",
)
_CAPITAL_THEN = (
    "[and] (of|what of) X",
    "and [the capital of|for|that of|the one of] X",
    "(what|how) about X",
    "[now|next] X",
    "and (what|how) about X",
    "the same for X",
    "X too",
    "and X's",
)
_COUNTRY = (
    "(which|what) country('s capital is X| has the capital X| is X the capital of| has X as its capital)",
    "X is the capital of (which country|what|what country|which land)",
    "(of which|of what) country is X the capital",
    "what is X the capital of",
)


def capitals(rng: Random) -> Exchange:
    """Ask for capitals, then perhaps for more of them."""
    if rng.random() < 0.08:
        return (_unknown_capital(mixed("capital", _CAPITAL), rng),)
    if rng.random() < 0.12:
        country, city = rng.choice([pair for pair in CAPITALS.items() if pair[1] != "London"])
        return (Turn(_filled(_COUNTRY, city, rng), f"{city} is the capital of {country}."),)
    asked = mixed("capital", _CAPITAL)
    frames: tuple[str, ...] = asked
    turns: list[Turn] = []
    while not turns or (rng.random() < 0.35 and len(turns) < 4):
        if turns and rng.random() < 0.06:
            turns.append(_unknown_capital(mixed("capital then", _CAPITAL_THEN), rng))
            continue
        country = rng.choice(list(CAPITALS))
        called = rng.choice((country, *_ALSO_CALLED.get(country, ())))
        turns.append(Turn(_filled(frames, called, rng), f"The capital of {country} is {CAPITALS[country]}."))
        frames = mixed("capital then", _CAPITAL_THEN) if rng.random() < 0.85 else asked
    return tuple(turns)


def _unknown_capital(frames: tuple[str, ...], rng: Random) -> Turn:
    place = names.invented(rng).capitalize() + rng.choice(("", "", "ia", "land", "stan"))
    return Turn(_filled(frames, place, rng), "I don't know that capital.")


def _filled(frames: tuple[str, ...], word: str, rng: Random, *, exact: bool = False) -> str:
    shown = word.lower() if rng.random() < 0.25 else word
    return grammar.noisy(grammar.pick(frames, rng).replace("X", shown), rng, exact=exact)


_PAIRS = (
    "hot cold|big small|fast slow|happy sad|light dark|old new|early late|hard soft|wet dry|rich poor|high low|near far|open closed|"
    "full empty|strong weak|loud quiet|clean dirty|long short|day night|up down|left right|good bad|right wrong|true false|young old|"
    "thick thin|wide narrow|deep shallow|heavy light|easy difficult|cheap expensive|safe dangerous|sweet sour|sharp blunt|tall short|"
    "smooth rough|bright dim|brave cowardly|polite rude|kind cruel|clever stupid|love hate|friend enemy|begin end|start stop|win lose|"
    "buy sell|give take|come go|push pull|laugh cry|remember forget|arrive leave|build destroy|ask answer|teach learn|rise fall|"
    "in out|over under|above below|before after|inside outside|front back|top bottom|first last|north south|east west|"
    "summer winter|black white|man woman|king queen|boy girl|brother sister|father mother|heaven hell|peace war|life death|"
    "question answer|entrance exit|success failure|victory defeat|truth lie|always never|everything nothing|everybody nobody|yes no|"
    "more less|many few|possible impossible|visible invisible|legal illegal|lucky unlucky|patient impatient|honest dishonest|"
    "careful careless|useful useless|public private|ancient modern|simple complex|calm nervous|cold hot|warm cool|awake asleep|"
    "alive dead|tight loose|straight crooked|positive negative|maximum minimum|increase decrease|accept refuse|attack defend|"
    "beautiful ugly|generous stingy|humble proud|lazy hardworking|noisy silent|present absent|raw cooked|sick healthy|single married"
)
OPPOSITES: dict[str, str] = {}
for _entry in _PAIRS.split("|"):
    _first, _second = _entry.split(" ")
    OPPOSITES.setdefault(_first, _second)
for _entry in _PAIRS.split("|"):
    _first, _second = _entry.split(" ")
    OPPOSITES.setdefault(_second, _first)
_OPPOSITE = (
    "(what is|what's|tell me|name|do you know|give me|say|can you tell me|find|what would be) the (opposite|antonym|contrary|reverse) (of|to|for) [the word] (X|X|X|\"X\"|'X')",
    "(opposite|antonym|contrary) of (X|X|X|\"X\"|'X')",
    '(which|what) (word is|is) the (opposite|antonym|contrary) of (X|"X")',
    "(which|what) word means the (opposite|contrary) of X",
    "X - opposite",
    "the (opposite|contrary) of X is (what|)",
    "what is the reverse of X",
    "(not X but what|if it is not X it is what|if something is not X, what is it)",
    "(which|what) (word|adjective) is opposite to X",
    "(an|the) antonym (for|of) X [please]",
    "i need (a word that means the opposite of|the opposite of|an antonym for) X",
    "what do you call the opposite of X",
    "X: opposite",
    "what is X's opposite",
    "what word is the contrary of X",
)
_OPPOSITE_THEN = (
    "[and] of X",
    "and (the opposite of|for) X",
    "(what|how) about X",
    "and X",
    "[now|next] X",
    "the same for X",
    "X",
)
_OPPOSITE_BACK = (
    "[and|now] the (opposite|contrary|antonym|reverse) of (that|this|that one|that word|your answer)",
    "[and] what is (the opposite of that|its opposite)",
    "(and of that|and back|now back again|the other way round)",
)


def opposites(rng: Random) -> Exchange:
    """Ask for opposites, then perhaps for more of them."""
    if rng.random() < 0.07:
        word = rng.choice(
            (names.invented(rng), *(rng.choice(("table", "spoon", "banana", "tuesday", "music", "paper", "seven")),))
        )
        return (Turn(_filled(_OPPOSITE, word, rng, exact=True), f"I don't know an opposite of {word}."),)
    asked = mixed("opposite", _OPPOSITE)
    frames: tuple[str, ...] = asked
    turns: list[Turn] = []
    word = ""
    while not turns or (rng.random() < 0.35 and len(turns) < 4):
        if turns and rng.random() < 0.25:
            word, frames = OPPOSITES[word], mixed("opposite back", _OPPOSITE_BACK)
        else:
            word = rng.choice(list(OPPOSITES))
        turns.append(Turn(_filled(frames, word, rng), f"The opposite of {word} is {OPPOSITES[word]}."))
        frames = mixed("opposite then", _OPPOSITE_THEN) if rng.random() < 0.85 else asked
    return tuple(turns)


_NUMERALS = words(
    "zero|one|two|three|four|five|six|seven|eight|nine|"
    "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty"
)
_PLUS = (
    "(what is|what's|calculate|compute|how much is|tell me|what does|what do you get for|work out|) (A + B|A+B|A plus B|A and B) [make|]",
    "(A + B|A+B|A plus B|A + B =|A+B=)",
    "(add|sum up|sum|total) A and B [for me]",
    "add B to A",
    "(what is|give me|calculate|) the sum of A and B",
    "(how much|what) (do|does|is) A (and|plus|+) B (make|give|equal|come to|together)",
    "(if i have|i have) A (apples|coins|books|eggs) and (get|find|buy|add) B more, how many (do i have|are there) [now]",
    "can you (add|sum|total) A and B",
    "A increased by B",
)
_MINUS = (
    "(what is|what's|calculate|compute|how much is|tell me|work out|) (A - B|A-B|A minus B|A less B)",
    "(A - B|A-B|A minus B|A - B =|A-B=)",
    "(subtract|take|deduct) B from A",
    "(what is|give me|calculate|) the difference (between|of) A and B",
    "take away B from A",
    "(how much|what) is left (of A if i take|when you take) B [away| from A]",
    "(if i have|i have) A (apples|coins|books|eggs) and (lose|eat|give away|sell) B, how many (do i have|are) left",
    "A (reduced|decreased) by B",
    "how much is A take away B",
)
_TIMES = (
    "(what is|calculate|how much is|) (A * B|A times B|A x B|A multiplied by B|A / B|A divided by B)",
    "multiply A (by|and|with) B",
    "divide A by B",
    "(what is|) (the square root of|A percent of|the square of|A squared plus) B",
    "(what is|) A to the power of B",
)

_PLUS_THEN = (
    "[and|now|then] (plus|add) B",
    "[and|now] add B (to (it|that|the result)|more|on top)",
    "[and] what is (that|it|the result) plus B",
    "and B (more|on top)",
)
_MINUS_THEN = (
    "[and|now|then] (minus|subtract|take away) B",
    "[and|now] (subtract|take|take away) B from (it|that|the result)",
    "[and] what is (that|it|the result) minus B",
    "and B (less|fewer)",
)


def _number(value: int, worded: bool) -> str:
    return _NUMERALS[value] if worded and value < len(_NUMERALS) else str(value)


def sums(rng: Random) -> Exchange:
    """Ask for sums and differences, then perhaps for more of them."""
    chance = rng.random()
    if chance < 0.06:
        frames: tuple[str, ...] = _TIMES if rng.random() < 0.6 else _PLUS
        low, high = (2, 100) if frames is _TIMES else (120, 9999)
        return (
            _sum_turn(
                frames,
                rng.randrange(low, high),
                rng.randrange(low, high),
                "I only add and subtract small numbers.",
                rng,
            ),
        )
    turns: list[Turn] = []
    result = 0
    while not turns or (rng.random() < 0.3 and len(turns) < 4):
        most = rng.choice((10, 10, 15, 20, 30))
        if turns and rng.random() < 0.4:
            turn, result = _onward(result, rng.randrange(most + 1), rng)
        else:
            turn, result = _sum(rng.randrange(most + 1), rng.randrange(most + 1), rng)
            if turns and rng.random() < 0.7:
                lead = rng.choice(("and ", "And ", "now ", "what about ", "then ", ""))
                turn = Turn(lead + turn.user, turn.assistant)
        turns.append(turn)
    return tuple(turns)


def _sum(a: int, b: int, rng: Random) -> tuple[Turn, int]:
    """Ask for a sum or a difference; its result comes too."""
    if rng.random() < 0.55:
        return _sum_turn(mixed("plus", _PLUS), a, b, f"{a} + {b} = {a + b}", rng), a + b
    a, b = max(a, b), min(a, b)
    return _sum_turn(mixed("minus", _MINUS), a, b, f"{a} - {b} = {a - b}", rng), a - b


def _onward(a: int, b: int, rng: Random) -> tuple[Turn, int]:
    """Go on with the result `a` of the sum before; the new result comes too."""
    if a < b or rng.random() < 0.55:
        return _sum_turn(mixed("then plus", _PLUS_THEN), a, b, f"{a} + {b} = {a + b}", rng), a + b
    return _sum_turn(mixed("then minus", _MINUS_THEN), a, b, f"{a} - {b} = {a - b}", rng), a - b


def _sum_turn(frames: tuple[str, ...], a: int, b: int, answer: str, rng: Random) -> Turn:
    worded = rng.random() < 0.2
    pattern = grammar.pick(frames, rng)
    numbers = {"A": _number(a, worded), "B": _number(b, worded)}
    text = re.sub(r"\b[AB]\b", lambda letter: numbers[letter.group()], pattern)
    return Turn(grammar.noisy(text, rng), answer)
