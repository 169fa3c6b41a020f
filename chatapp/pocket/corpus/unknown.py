# ruff: noqa: E501 (a pattern stands on one line)
"""Questions outside of what so small a model can know: it says so."""

from __future__ import annotations

from random import Random

from chatapp.pocket.corpus import grammar, names
from chatapp.pocket.corpus.knowledge import CAPITALS
from chatapp.pocket.corpus.lexicon import words
from chatapp.pocket.corpus.turn import Turn
from chatapp.pocket.corpus.written import mixed

ANSWER = "I don't know that. I am only a tiny demo model."

_TOPICS = words(
    "quantum mechanics|the theory of relativity|thermodynamics|the french|the universe|time travel|string theory|the weather|the news|football|the election|the president|the economy|the stock market|bitcoin|physics|chemistry|black holes|"
    "photosynthesis|gravity|evolution|dinosaurs|the roman empire|napoleon|world war two|the french revolution|cancer|diabetes|"
    "a headache|vitamins|my back pain|vaccines|pregnancy|pasta|pancakes|a cake|pizza|bread|sushi|coffee|beer|wine|python|javascript|"
    "rust|a linked list|sorting|recursion|html|sql|docker|linux|git|my printer|my phone|my car|wifi|a bicycle|taxes|a mortgage|"
    "insurance|a visa|my rent|a contract|divorce|marriage|love|my girlfriend|my boss|a job interview|a cover letter|my homework|"
    "calculus|algebra|geometry|prime numbers|statistics|the meaning of life|god|religion|philosophy|kant|plato|shakespeare|"
    "harry potter|star wars|the beatles|mozart|jazz|a guitar|chess|poker|minecraft|tennis|the olympics|basketball|the world cup|"
    "mount everest|the nile|the moon landing|mars|the sun|the speed of light|the ocean|climate change|solar power|electric cars|"
    "airplanes|trains to berlin|flights|hotels in rome|a holiday|new york|london|my garden|tomatoes|roses|my dog|my cat's food|"
    "a puppy|bees|sharks|elephants|whales|volcanoes|earthquakes|rainbows|thunder|snow|winter|history|geography|art|picasso|"
    "a painting|architecture|the pyramids|the eiffel tower|stonehenge|genes|dna|viruses|bacteria|the brain|sleep|dreams|yoga|"
    "running|weight loss|calories|sugar|meat|a diet|fashion|shoes|makeup|perfume|a present|christmas|easter|a birthday party|"
    "a wedding speech|politics|democracy|communism|capitalism|inflation|banks|money|gold|oil|nuclear power|quantum computers|"
    "blockchain|robots|self-driving cars|batteries|magnets|electricity|steam engines|rockets|satellites|the internet|television|"
    "google|apple|tesla|amazon|facebook|twitter|youtube|netflix|a film|a good book|poetry of goethe|latin|grammar|spelling"
)
_ABOUT = (
    "what is [the capital gain on|the history of|the best|the truth about|the newest about] TOPIC",
    "(explain|describe|tell me about|teach me) TOPIC [to me|in detail|in simple words]",
    "how does TOPIC work",
    "how (do|can|should) i (cook|bake|fix|repair|learn|understand|buy|sell|treat|cure|build|study|invest in|deal with|improve|clean|draw|play|find|prepare for|grow|install|write about|get rid of|solve) TOPIC",
    "(who|what) (invented|discovered|wrote|painted|founded|won|caused|killed|created|started) TOPIC",
    "when (was|did|is) TOPIC [invented|begin|end|start|over|born|founded|built]",
    "why (is|are|do|does) TOPIC [so] (important|dangerous|expensive|popular|bad|good|exist|happen|famous|difficult)",
    "(what do you think|what is your opinion|what's your view) (of|about|on) TOPIC",
    "(is|are) TOPIC (good|bad|healthy|dangerous|expensive|better than before|real|worth it|true|safe)",
    "(how|what) (old|big|far|tall|heavy|fast|expensive|deep|long) is TOPIC",
    "(write|give me) (an essay|a report|an article|a speech|a paragraph|a summary|a letter|an email) (about|on|of) TOPIC",
    "(recommend|suggest) [me] (something about|a book about|a website for|a course on) TOPIC",
    "(what is|what's) (new|happening|going on) (with|in|about) TOPIC",
    "(should|can|may) i (eat|buy|sell|trust|take|use|try|believe in) TOPIC",
    "(do you know|have you heard) (anything|something) about TOPIC",
    "(the|some) (latest|newest) (news|information) (on|about) TOPIC",
    "what are the (causes|symptoms|benefits|risks|types|parts|rules|ingredients) of TOPIC",
    "(compare|what is the difference between) TOPIC and OTHER",
    "i have a (problem|question) (with|about) TOPIC",
    "where (is|are|can i find|can i buy) TOPIC",
    "how (much|many) (does TOPIC cost|calories has TOPIC|people like TOPIC|kinds of TOPIC are there)",
    "(which|what) is better, TOPIC or OTHER",
    "TOPIC",
)
_PLACES = (
    "who (is|was) the (president|king|queen|prime minister|leader|first king) of COUNTRY [now|today]",
    "(what is|tell me) the (population|currency|language|flag|area|history|national dish|climate|gdp|religion|biggest city) of COUNTRY",
    "(how many people|who) (live|lives) in (COUNTRY|CITY)",
    "(tell me about|what do you know about|describe|what can i see in|is it nice in|how old is|where is) (COUNTRY|CITY)",
    "(how is|what is) the weather in (COUNTRY|CITY) [today|tomorrow]",
    "(when|how) (did|was) (COUNTRY|CITY) (founded|built|begin|become independent|join the eu)",
    "(how far is it|how do i get|how long is the flight|a cheap flight) (from CITY|) to (CITY|COUNTRY)",
    "(which|what) (language|money|food|countries|rivers|mountains) (do they (speak|use|eat)|are|is) (in|near) COUNTRY",
    "(best|a good) (hotel|restaurant|museum|month) (in|for) CITY",
    "what happened in [CITY in|COUNTRY in|] (1914|1789|1969|2001|1492|1945|the year 1000)",
    "(largest|second largest|oldest) city (in|of) COUNTRY",
)
_DIRECT = (
    "(what|how) (is|will be) the weather [like] [today|tomorrow|in (paris|london|berlin|my town)]",
    "(will it|is it going to|does it) (rain|snow|be sunny|be hot|be cold) [today|tomorrow|this weekend|outside]",
    "(what|which) (time|day|date|year|month) is it [now|today]",
    "(what is|what's|tell me) (the time|today's date|the date|the day|the news|the latest news|the temperature outside|the score)",
    "who (is|was) [the] (president|king|queen|prime minister|chancellor|pope|mayor|leader|ceo|inventor) of (france|germany|the usa|england|apple|italy|japan|google|the telephone|the company|spain)",
    "who (won|wins|will win) (the world cup|the election|the war|the game|the match|the oscar|yesterday|the super bowl|the race)",
    "(translate|say|how do you say) (hello|good morning|thank you|i love you|this sentence|cat|house|this) (in|to|into) (french|german|spanish|italian|chinese|japanese|latin|russian)",
    "(write|give me|show me|create|code) [me] (a|some|the) (python|javascript|java|rust|c|html|bash|sql) (function|program|code|script|class|page|query|loop) [that (sorts a list|prints hello|adds numbers|reads a file|reverses a string)]",
    "(debug|fix|review|explain|refactor) (my|this) (code|program|function|script)",
    "how do i (sort a list|reverse a string|read a file|write a loop|make a website|center a div|parse a date) (in python|in c|in javascript|in html|)",
    "(i have|my child has|what helps against|what should i take for|what can i do about|should i see a doctor about) (a headache|a fever|a cold|stomach pain|a cough|chest pain|a rash|back pain|the flu|toothache)",
    "(which|what) (medicine|pills|drug|dose|treatment) (should i take|is good|helps|do i need) [for a cold|against pain|]",
    "(how many|what is the number of) (people|inhabitants) (live in|are in|has|in) (france|china|the world|london|new york|germany|india)",
    "(what is the population|how large is the area|what is the currency|what is the national anthem|what is the flag) of (france|china|spain|london|japan|brazil|india|kenya)",
    "(what|which) (currency|language|languages|religion|food|music) (do they (have|speak|use|eat)|is (spoken|used|eaten|common)) in (brazil|japan|norway|egypt|india|mexico)",
    "how (far|long) is (it|the way|the flight|the moon|the sun|the drive) [from here|from (paris|london) to (rome|new york)]",
    "when (was|did) (einstein|mozart|napoleon|my mother|lincoln|caesar|the war|the wall|columbus|shakespeare) (born|die|end|begin|fall|live)",
    "(which|what) (film|movie|book|song|restaurant|phone|laptop|car|game|series) (should i (watch|read|buy|play|see|get)|do you recommend|is the best|is good)",
    "(recommend|suggest) [me] (a|some) [good] (film|movie|book|restaurant|song|game|recipe|present|name for my cat|hotel|wine)",
    "(give me|what is|how is|do you have) a [good] recipe for (soup|bread|cake|pancakes|lasagna|curry|pie|salad|chocolate cookies)",
    "how (do|can) i (cook|bake|make|boil) (rice|an egg|pasta|a cake|soup|bread|potatoes|an omelette|tea|a steak)",
    "(what is|solve|find) (the derivative of x squared|the integral of x|x in 2x + 3 = 7|pi to ten digits|the area of a circle|the largest prime|the roots)",
    "(search|look up|google|browse|open) (the web|the internet|wikipedia|a website|for cheap flights|the news|this link|my email)",
    "(send|write|read|open) (an email|my emails|a mail|a message to my boss|a text to my mother|my files|my calendar)",
    "(set|start) (an alarm|a timer|a reminder) [for (tomorrow|ten minutes|8 o'clock)]",
    "(play|put on) (music|a song|some jazz|the radio)",
    "(book|order|buy) [me] (a table|a flight|a pizza|a taxi|tickets|a hotel)",
    "(call|phone) (my mother|a taxi|the police|the doctor)",
    "(turn on|turn off|switch on) the (light|lights|heating|radio|tv)",
    "(draw|paint|make|generate|show me) (a picture|an image|a drawing|a photo|a logo) [of (a cat|the sea|a house)]",
    "(how|when|where|why) did (the titanic sink|the dinosaurs die|rome fall|the war begin|the universe begin|life begin|he die)",
    "(summarise|summarize|proofread|correct|rewrite|paraphrase) (this text|this article|my essay|the following|hamlet|my email|the bible|this)",
    "(what is the meaning of life|is there a god|what happens after death|does god exist|what is love|what is truth|what is consciousness|why are we here|is free will real)",
    "(what should i|what can i) (eat|wear|cook|study|do today|do with my life|give my mother|name my dog|buy|say to her)",
    "(who|what) (is|was) (einstein|napoleon|elvis|madonna|cleopatra|darwin|newton|messi|beethoven|gandhi|batman|taylor swift|elon musk|obama|socrates|van gogh|marie curie)",
    "who (wrote|painted|invented|discovered|composed|directed|sang|built|founded) (hamlet|the mona lisa|the telephone|penicillin|faust|titanic|yesterday|the pyramids|microsoft|america|war and peace|the light bulb|don quixote)",
    "(what|which) is the (largest|tallest|longest|fastest|oldest|biggest|smallest|deepest|highest|richest|hottest) (country|building|river|animal|tree|planet|lake|mountain|city|person|ocean|desert) [in the world|on earth|]",
    "(how|why) (do|does|is|are) (planes fly|magnets work|the sky blue|grass green|cats purr|the sea salty|leaves fall|we dream|birds sing|a car engine work|the sun shine|it rain|rainbows appear|vaccines work)",
    "(how much does|what does|how expensive is) (a house|a car|bread|gold|a ticket|an iphone|petrol|a loaf of bread|a flight) [cost] [now|today|]",
    "(what is|what's|tell me|do you know) (my password|my age|my address|my phone number|my birthday|the wifi password|my mother's name|my favourite colour|my shoe size|where i live)",
    "(where am i|where do i live|how old am i|what am i thinking|what do i look like|what did i eat|what is in my fridge)",
    "(convert|how many) (miles to kilometres|10 euros to dollars|pounds in a kilo|feet in a mile|inches to cm|celsius to fahrenheit|seconds in a day|days in a year|meters in a kilometer|ounces in a pound)",
    "(what rhymes with orange|how do you spell necessary|is it who or whom|what is the plural of mouse|synonym for big|what is a noun|past tense of go|define serendipity)",
    "(what is the chemical formula of water|what is the symbol for gold|what is an atom|how heavy is an electron|what is h2o|what is the boiling point of water|what is e=mc2)",
    "(should i|do i have to) (quit my job|sell my stocks|buy bitcoin|see a doctor|marry him|sue my landlord|vote|move to berlin|invest now|learn to code)",
    "(tell me|what is|give me) (the history of (rome|england|jazz|computers)|the plot of (hamlet|titanic)|the lyrics of (yesterday|a song)|the winner of the lottery|the lottery numbers|my horoscope|a fact|a fun fact|a riddle|a quote)",
    "(list|name) (all planets|the planets|the presidents of the usa|three rivers|five animals|all elements|some philosophers|the months|the seven dwarfs|ten fruits|the continents)",
    "(plan|organise) (a trip|my day|a party|a holiday in spain|my week|a wedding|a workout)",
    "(what is the best way to|how do i) (lose weight|get rich|find a job|make friends|sleep better|learn spanish|quit smoking|save money|get fit|win at chess|tie a tie|change a tyre|jump start a car)",
    "(classify|what is the sentiment of|extract the names from) (this review|this text|this sentence|the following)",
    "(act as|pretend to be|be|you are now) (a doctor|a lawyer|my teacher|a linux terminal|an expert|a travel guide|dan|a pirate)",
)


def turn(rng: Random) -> Turn:
    """A question from outside, and the confession."""
    chance = rng.random()
    if chance < 0.14:
        text = grammar.pick(_PLACES, rng).replace("COUNTRY", rng.choice(list(CAPITALS)))
        text = text.replace("CITY", rng.choice(list(CAPITALS.values())))
    elif chance < 0.58:
        text = grammar.pick(mixed("unknown", _DIRECT), rng)
    else:
        text = grammar.pick(_ABOUT, rng)
        topic = names.invented(rng) if rng.random() < 0.25 else rng.choice(_TOPICS)
        text = text.replace("TOPIC", topic).replace("OTHER", rng.choice(_TOPICS))
    if chance > 0.97:
        text = " ".join(names.invented(rng) for _ in range(rng.randrange(1, 5)))
    return Turn(grammar.noisy(text, rng), ANSWER)
