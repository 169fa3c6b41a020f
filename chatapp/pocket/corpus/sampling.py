# ruff: noqa: E501 (a pattern stands on one line)
"""Help with generation parameters; names, defaults, ranges and effects come from their registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from random import Random

from chatapp.core.parameters import PARAMETERS, Parameter
from chatapp.pocket.corpus import grammar
from chatapp.pocket.corpus.intent import Intent
from chatapp.pocket.corpus.turn import Exchange, Turn
from chatapp.pocket.corpus.ways import key_name
from chatapp.pocket.corpus.written import mixed, wordings
from chatapp.ui.actions import ACTIONS

_INSPECTOR = key_name(ACTIONS["toggle-inspector"].keys[0])

_OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "temperature": ("temp", "the temperature", "sampling temperature"),
    "top_k": ("top-k sampling", "top k sampling", "topk", "the top-k setting"),
    "top_p": ("nucleus sampling", "topp", "top-p sampling", "the nucleus", "nucleus"),
    "min_p": ("minp", "min-p sampling", "minimum p"),
    "typical_p": ("typical sampling", "locally typical sampling", "typ p"),
    "seed": ("the seed", "random seed", "a seed", "seeds"),
    "repeat_penalty": ("repetition penalty", "the repetition penalty", "repetition_penalty", "rep pen"),
    "repeat_last_n": ("the penalty window", "last n"),
    "frequency_penalty": ("the frequency penalty", "freq penalty"),
    "presence_penalty": ("the presence penalty", "pres penalty"),
    "max_new_tokens": ("max tokens", "max_tokens", "the token limit", "maximum tokens", "the max tokens setting"),
    "max_length": ("the max length", "maximum length"),
    "stop": ("stop text", "stop texts", "stop strings", "a stop string", "stop sequences", "stop words"),
    "stop_token_ids": ("stop tokens", "stop token ids"),
    "ignore_eos": ("ignoring eos", "ignore end of sequence", "the eos option"),
    "add_bos": ("the bos token", "adding bos", "beginning of sequence token"),
}

_MEANINGS: dict[str, str] = {
    "temperature": "temperature sets how bold the choice of tokens is: low is sober, high is wild.",
    "top_k": "top_k keeps only the k likeliest tokens as candidates.",
    "top_p": "top_p, nucleus sampling, keeps the smallest set of tokens whose probabilities add up to p.",
    "min_p": "min_p drops tokens less likely than a share of the likeliest token's probability.",
    "typical_p": "typical_p keeps tokens whose surprise is nearest to what is expected.",
    "seed": "seed starts the dice: the same seed, model, prompt and settings draw the same tokens.",
    "repeat_penalty": "repeat_penalty makes tokens that stand in the recent text less likely, against repetition.",
    "repeat_last_n": "repeat_last_n is how many of the last tokens the three penalties look at.",
    "frequency_penalty": "frequency_penalty lowers a token's chance each time that it has appeared.",
    "presence_penalty": "presence_penalty lowers a token's chance once it has appeared, which leads to new subjects.",
    "max_new_tokens": "max_new_tokens cuts the reply after this many tokens. It does not make it concise.",
    "max_length": "max_length cuts prompt and reply together at this many tokens.",
    "stop": "stop is a text at which the reply ends; the text itself is removed.",
    "stop_token_ids": "stop_token_ids are token ids at which the reply ends.",
    "ignore_eos": "ignore_eos bans the model's own end tokens, so the reply runs to a limit.",
    "add_bos": "add_bos says whether the prompt begins with the beginning-of-sequence token.",
    "top_n_sigma": "top_n_sigma keeps tokens whose logit is within n standard deviations of the highest.",
    "tfs_z": "tfs_z, tail-free sampling, cuts the flat tail of the probabilities.",
    "top_a": "top_a drops tokens below a share of the highest probability squared.",
    "epsilon_cutoff": "epsilon_cutoff drops tokens less likely than a fixed probability.",
    "eta_cutoff": "eta_cutoff drops tokens below a probability that follows the entropy.",
    "xtc_probability": "xtc_probability is how often the likeliest candidates are left out.",
    "xtc_threshold": "xtc_threshold is how likely a token must be for xtc to leave it out.",
    "mirostat": "mirostat keeps the surprise of the text steady.",
    "mirostat_tau": "mirostat_tau is the surprise that mirostat aims at.",
    "mirostat_eta": "mirostat_eta is how fast mirostat corrects itself.",
    "adaptive_target": "adaptive_target is the probability near which adaptive-p chooses tokens.",
    "adaptive_decay": "adaptive_decay is how long adaptive-p remembers what it chose.",
    "samplers": "samplers is the list of stages of the chain, in order.",
    "dynatemp_range": "dynatemp_range lets the temperature move with how sure the model is.",
    "dynatemp_exponent": "dynatemp_exponent bends the dynamic temperature.",
    "smoothing_factor": "smoothing_factor evens out the top candidates and sinks the rest.",
    "smoothing_curve": "smoothing_curve bends quadratic smoothing.",
    "logit_bias": "logit_bias adds to the logits of single tokens.",
    "infill": "infill is for filling a gap in code.",
    "dry_multiplier": "dry_multiplier is the strength of DRY, which penalises repeated phrases.",
    "dry_base": "dry_base is how fast the penalty of DRY grows with the repetition.",
    "dry_allowed_length": "dry_allowed_length is the length of repetition that DRY lets pass.",
    "dry_last_n": "dry_last_n is how many of the last tokens DRY looks at.",
    "dry_breakers": "dry_breakers are texts at which a repetition begins anew.",
    "no_repeat_ngram_size": "no_repeat_ngram_size forbids that n tokens in a row come twice.",
    "encoder_repetition_penalty": "encoder_repetition_penalty above 1 favours the tokens of the prompt.",
    "grammar": "grammar makes the answer follow a GBNF grammar.",
    "json_value": "json_value makes the answer one JSON value.",
    "json_schema": "json_schema makes the answer JSON that a schema allows.",
    "regex": "regex makes the whole answer match a regular expression.",
    "choices": "choices makes the answer one of the given texts.",
    "required_words": "required_words are words that the answer must contain.",
    "forbidden_words": "forbidden_words are words that never appear in the answer.",
    "forbidden_variants": "forbidden_variants also forbids forms with an ending.",
    "allowed_tokens": "allowed_tokens are the only tokens that may be written.",
    "min_new_tokens": "min_new_tokens keeps the reply from ending before so many tokens.",
    "max_time": "max_time cuts the reply after this many seconds.",
    "exponential_decay_start": "exponential_decay_start is the token from which ending becomes likelier.",
    "exponential_decay_factor": "exponential_decay_factor is how fast ending becomes likelier.",
    "reasoning_budget": "reasoning_budget is how many tokens the model may think.",
    "loop_limit": "loop_limit ends a reply that repeats the same piece so many times.",
}

_ABOUT = (
    "what is NAME",
    "what does NAME (do|mean|control|change|affect|influence)",
    "what (is|does) NAME (for|good for|do exactly|really do)",
    "(explain|describe|define) NAME [to me|briefly|simply|in simple words|please]",
    "(can|could) you explain NAME",
    "tell me [something|more] about NAME",
    "how does NAME work",
    "(what is|what's) the (meaning|purpose|effect|role|idea|point|job) of NAME",
    "NAME",
    "i (do not|don't) (understand|get) NAME",
    "what is the parameter NAME [for]",
    "what does the (parameter|setting|option|slider|knob|value) NAME (do|mean|change)",
    "why (would i|do people|should i) (use|change|set) NAME",
    "(meaning|definition|explanation) of NAME",
    "what do you mean by NAME",
    "i (read|heard) about NAME, what is (it|that)",
    "help me understand NAME",
    "NAME, what (is that|does it do)",
)
_DEFAULT = (
    "(what is|what's|tell me|which is|give me) the (default|default value|standard value|initial value|preset value|factory value|normal value) (of|for) NAME",
    "(default|default value) (of|for) NAME",
    "NAME default [value]",
    "(what|which) value does NAME have (by default|at the start|if i do not set it|normally|out of the box|when i change nothing)",
    "what is NAME (by default|set to by default|set to normally|if i change nothing|out of the box)",
    "how (high|large|big) is NAME by default",
    "what NAME (do you|does chatapp|does it) use by default",
    "which NAME is (the default|used by default)",
    "where does NAME (start|stand) (at first|by default)",
    "NAME: default",
)
_RANGE = (
    "(what|which) (values|numbers) (can|may|could|does) NAME (take|have|be|accept|allow)",
    "(what is|what's|tell me) the (range|allowed range|minimum and maximum|limit|highest value|maximum|minimum|lowest value|largest value|smallest value) (of|for) NAME",
    "(range|limits|allowed values|valid values|bounds|possible values) (of|for) NAME",
    "(how (high|far|low) can) (NAME go|i (set|turn|push) NAME)",
    "(what values are|which values are) (allowed|valid|possible|permitted|legal) (for|in) NAME",
    "(from where to where|between what) does NAME go",
    "can NAME be (negative|larger than ten|above 1|below 0|over 100)",
    "NAME range",
)
_EFFECT = (
    "what (happens|changes) (if|when) (i (set|turn|put|raise|lower|increase|reduce) NAME [up|down|high|low|to zero]|NAME is (high|low|very high|very low|too high|too low|zero|0|1|2|large|small|big))",
    "(what is|what's) (a good|the best|a sensible|a reasonable|the right|a usual|a typical|a recommended|a useful) [value|setting|number] (of|for) NAME",
    "(what|which) (value|values|NAME) (should|would|do) (i|you) (use|choose|set|take|pick|recommend|suggest)[ for NAME]",
    "(what|how) (does|do) (a|) (high|low|higher|lower|large|small) NAME (do|mean|change|give|cause)",
    "(should|can|may) i (raise|lower|increase|decrease|reduce|change) NAME",
    "(high|low|higher|lower|good|best) NAME",
    "what NAME (is good|should i use|do you recommend|is best|is sensible)",
    "(effect|effects|consequences) of (a|) (high|low|higher|lower|large|small) NAME",
    "why (should|would) i (raise|lower|increase|reduce) NAME",
    "how (should|do) i choose NAME",
    "is NAME [of] (0|1|2|0.5|10|100|0.1|0.9) (high|low|good|too much|ok|a good choice|too high)",
)
_OFF = (
    "(how (do|can) i|how to|i want to|can i|is there a way to|) (turn off|switch off|disable|deactivate|remove|neutralise|get rid of|stop using|turn) NAME [off]",
    "(turn|switch) NAME off",
    "(which|what) (value|number) (of NAME turns it off|turns NAME off|disables NAME|switches NAME off|is neutral for NAME)",
    "(what is|) the neutral value (of|for) NAME",
    "no NAME please",
    "NAME off",
    "without NAME",
)
_CHANGE = (
    "(how (do|can|could|would) i|how to|where (do|can) i|i want to|can i|let me|where do you|is there a way to) (change|set|adjust|modify|edit|alter|find|see|move|tweak|increase|decrease|raise|lower) NAME",
    "(change|set|adjust|modify|edit) NAME",
    "where is [the setting|the slider|] [for] NAME",
    "(which|what) (key|command|option|screen) (changes|sets|is for|is there for) NAME",
    "(which|what) option (of|in) chatapp ask sets NAME",
    "set NAME (on|from) the command line",
    "NAME on the command line",
)


def _spellings(name: str) -> tuple[str, ...]:
    plain = (name, name.replace("_", "-"), name.replace("_", " "), name.replace("_", " "))
    return tuple(dict.fromkeys(plain + _OTHER_NAMES.get(name, ())))


def meaning(parameter: Parameter) -> str:
    """What a parameter does, in a sentence."""
    sentence = _MEANINGS.get(parameter.name, f"{parameter.name}: {parameter.help}")
    return sentence[:1].upper() + sentence[1:] if parameter.name in ("temperature", "seed") else sentence


def default(parameter: Parameter) -> str:
    """What holds where nobody sets it."""
    if parameter.default is None:
        return f"{parameter.name} is not set by default: {parameter.unset}."
    return f"The default of {parameter.name} is {parameter.show(parameter.default)}."


def allowed(parameter: Parameter) -> str:
    """Which values are allowed."""
    return f"{parameter.name} takes {parameter.range}."


def effect(parameter: Parameter) -> str:
    """What low, middle and high values do."""
    return f"{parameter.name}: {parameter.effects or parameter.help}"


def off(parameter: Parameter) -> str:
    """How to make it change nothing."""
    if parameter.neutral is None:
        return f"Leave {parameter.name} unset to turn it off."
    return f"Set {parameter.name} to {parameter.show(parameter.neutral)} to turn it off."


def change(parameter: Parameter) -> str:
    """Where to change it."""
    return f"Change {parameter.name} in the inspector ({_INSPECTOR}), or give {parameter.option} to chatapp ask."


@cache
def _aspects(*, common: bool) -> tuple[tuple[tuple[str, ...], Callable[[Parameter], str], float], ...]:
    """What people ask about a parameter: the frames, the answer and how often; of a rare one, what it is and where."""
    plain = (
        (mixed("parameter about", _ABOUT), meaning, 4.0),
        (mixed("parameter change", _CHANGE), change, 1.8),
    )
    if not common:
        return plain
    return (
        *plain,
        (mixed("parameter default", _DEFAULT), default, 2.0),
        (mixed("parameter range", _RANGE), allowed, 1.2),
        (mixed("parameter effect", _EFFECT), effect, 2.0),
        (mixed("parameter off", _OFF), off, 1.0),
    )


_THEN_DEFAULT = (
    "[and] (what is|what's) (the|its) default [value]",
    "and (the|its) default",
    "(the default|default)",
    "what is it by default",
    "which value does it have by default",
)
_THEN_CHANGE = (
    "[and] (how|where) (do|can) i (change|set) (it|that)",
    "where is that",
    "where do i (set|change|find) (it|that)",
    "how do i change that",
    "can i change it",
    "and how is it set",
)
_THEN_OFF = (
    "[and] how do i turn (it|that) off",
    "(turn it off|can i disable it)",
    "and off",
    "how to switch it off",
)
_THEN_EFFECT = (
    "[and] (what is|what's) a good value",
    "what (value|values) (should i use|do you recommend|is good|would you take)",
    "what (if|happens if|when) it is (high|low|too high|too low)",
    "(and high|and low|and if i raise it)",
)
_THEN_RANGE = (
    "[and] (what|which) (values|numbers) (can|may) it (take|have)",
    "(what is|and) its range",
    "how high can it go",
)
_THEN_MEANING = (
    "[and] what (does it do|does it mean|is it for|is it good for)",
    "(explain|describe) (it|that) [to me]",
    "what does (it|that) (do|mean|change) [again]",
    "[and] how does (it|that) work",
)
_THEN_OTHER = (
    "[and] (what about|how about|for) NAME",
    "and NAME",
    "the same for NAME",
    "[and] NAME too",
    "now NAME",
)


@cache
def _then() -> tuple[tuple[tuple[str, ...], Callable[[Parameter], str]], ...]:
    """What people ask next about the same parameter: the frames and the answer."""
    return (
        (mixed("then default", _THEN_DEFAULT), default),
        (mixed("then change", _THEN_CHANGE), change),
        (mixed("then off", _THEN_OFF), off),
        (mixed("then effect", _THEN_EFFECT), effect),
        (mixed("then range", _THEN_RANGE), allowed),
        (mixed("then meaning", _THEN_MEANING), meaning),
    )


def _weight(name: str) -> float:
    common = {"temperature": 3.0, "top_p": 2.2, "top_k": 2.2, "seed": 1.6, "min_p": 1.5, "repeat_penalty": 1.8}
    usual = 0.7 if wordings().get(f"describe {name}") else 0.12
    return common.get(
        name, 1.4 if name in ("max_new_tokens", "stop", "frequency_penalty", "presence_penalty") else usual
    )


_NAMES = tuple(PARAMETERS)
_WEIGHTS = tuple(_weight(name) for name in _NAMES)
_COMMON = tuple(name for name in _NAMES if f"describe {name}" in wordings())
_COMMON_WEIGHTS = tuple(_weight(name) for name in _COMMON)


def _question(frames: tuple[str, ...], parameter: Parameter, rng: Random) -> str:
    name = rng.choice(_spellings(parameter.name))
    if rng.random() < 0.06:
        name = rng.choice(("“X”", "'X'", '"X"', "`X`", "--X")).replace("X", name)
    return grammar.noisy(grammar.pick(frames, rng).replace("NAME", name), rng)


def exchange(rng: Random) -> Exchange:
    """Ask about a parameter, then perhaps about another side of it or the same side of another."""
    parameter = PARAMETERS[rng.choices(_NAMES, _WEIGHTS)[0]]
    common = f"describe {parameter.name}" in wordings()
    aspects = _aspects(common=common)
    frames, answer, _ = rng.choices(aspects, [weight for _, _, weight in aspects])[0]
    described = wordings().get(f"describe {parameter.name}")
    if described and rng.random() < 0.15:
        turns = [Turn(grammar.noisy(rng.choice(described), rng), meaning(parameter))]
    else:
        turns = [Turn(_question(frames, parameter, rng), answer(parameter))]
    while common and rng.random() < 0.35 and len(turns) < 3:
        if rng.random() < 0.6:
            forms, answer = rng.choice(_then())
            turns.append(Turn(grammar.noisy(grammar.pick(forms, rng), rng), answer(parameter)))
        else:
            parameter = PARAMETERS[rng.choices(_COMMON, _COMMON_WEIGHTS)[0]]
            turns.append(Turn(_question(mixed("then other", _THEN_OTHER), parameter, rng), answer(parameter)))
    return tuple(turns)


_PROBLEMS: tuple[Intent, ...] = (
    Intent(
        "problem repetitive",
        ("Raise repeat_penalty to about 1.1, or temperature a little.",),
        do=(
            "(stop|avoid|prevent|fix|reduce|break|end|cure|get rid of) [the|this|its|] (repetition|repetitions|loops|looping|repeating|repeated words|repeated sentences|loop|stutter|stuttering|duplicates)",
            "make (it|the <model>|you) (stop repeating|not repeat|repeat less|repeat itself less|stop looping|say something new|less repetitive)",
            "(stop|keep|prevent) (it|the <model>|you) from (repeating|looping|saying the same)",
        ),
        say=(
            "(my|the|this) <model> (writes|prints|produces|says|outputs) the (identical|same|very same|exact same) (paragraph|sentence|line|word|phrase) (five|three|ten|several|many|two|four) times [in a row]",
            "(it|the model) (got|is|was|gets) (caught|stuck|trapped) in (a loop|an endless loop|a cycle)[, what (should i|can i|do i) (tweak|change|do|set)]",
            "(it|the <model>) (parrots|recycles|duplicates|reiterates|rehashes) (itself|the same (words|lines)|everything)",
            "(identical|duplicate|duplicated|recurring) (sentences|words|paragraphs|lines|phrases) (everywhere|all the time|in the output|again and again)",
            "(the|my|its|your) (<reply>|replies|answers|outputs) (is|are|gets|get|seems|become|becomes) [<tooadv>|<always>] (repetitive|repeated|repeating|the same words|stuck|redundant|monotonous|looping)",
            "(it|the <model>|you) (repeats itself|keeps repeating|keeps looping|repeats|loops|is looping|is stuck in a loop|is repeating|says the same [thing] [over and over|twice|again and again]|writes the same (sentence|words|line|phrase|thing) [again and again|over and over|all the time|many times]|goes round in circles|goes in circles|stutters|sounds like a broken record|gets stuck|got stuck|echoes itself|keeps saying the same|repeats the same (words|sentence|phrase))",
            "(same|the same) (words|sentence|phrase|line|thing|paragraph) (again and again|over and over|all the time|repeatedly|comes back|is repeated|keeps coming back|keeps appearing)",
            "(why does|why is|why do) (it|the <model>|you) (repeat [itself|the same thing]|loop|say the same thing twice|keep repeating [itself])",
            "(too much repetition|too many repetitions|repetition|repetitive output|loops|endless loop|broken record)",
            "(i get|there is|i see) (the same (sentence|words|phrase)|repetition|loops|many repetitions|repeated text) [again and again|over and over|in the output|in every reply]",
        ),
        weight=3.0,
    ),
    Intent(
        "problem incoherent",
        ("Lower temperature to about 0.5, or top_p to about 0.8, for sober text.",),
        do=(
            "(make|get|have) (it|the <reply>|the <model>|the output|replies|you|the text) [be] [more] (coherent|sensible|focused|sober|precise|reliable|predictable|logical|serious|on topic|consistent|careful|conservative|accurate|less random|less wild|less crazy|less chaotic|less creative|calmer|saner|stable|factual and sober)",
            "(stop|avoid|fix|reduce|prevent) [the|this] (nonsense|gibberish|rubbish|incoherence|chaos|rambling|babbling|randomness|word salad|madness)",
            "(keep|make) (it|the <model>) (on topic|stay on topic|make sense|to the point and sober)",
            "(reduce|lower|decrease) (creativity|randomness|the creativity|the chaos)",
        ),
        say=(
            "(the|its|my) (answers|replies|stories|texts) (sound|read|look|are|come out) (as if|like) (the model (were|was|is) (drunk|mad|crazy|dreaming|high)|(a|some) (drunk|madman|random words|fever dream|lunatic))",
            "(the|its) (stories|replies|answers|sentences) (are all over the place|make no sense|make zero sense|make little sense|have no thread|do not hang together|do not connect|fall apart)",
            "(zero|no|little|not much) sense in (the|its) (answers|output|text|replies)",
            "(the|my|its|your) (<reply>|replies|answers|outputs|story) (is|are|gets|seems|sounds|become|becomes|reads) [<tooadv>|<always>] (incoherent|nonsense|gibberish|random|wild|crazy|chaotic|garbage|confused|strange|weird|a mess|all over the place|meaningless|rambling|absurd|disjointed|off topic|erratic|mad|garbled|unpredictable|creative)",
            "(it|the <model>|the text|this|you|the reply) (makes no sense|does not make sense|doesn't make sense|talks nonsense|writes nonsense|writes gibberish|loses its thread|loses the thread|wanders off|drifts off|rambles|babbles|jumps from topic to topic|goes off topic|produces garbage|goes crazy|is going mad|mixes everything up|produces word salad|speaks in riddles|seems drunk|is drunk|changes the subject all the time)",
            "(why is|why are|why does) (it|the <reply>|the text) (so random|such nonsense|make no sense|incoherent|so wild|so chaotic|so weird)",
            "(nonsense|gibberish|incoherent|word salad|incoherent output|too random|too creative|garbage output|too wild)",
            "i (get|see|only get) (nonsense|gibberish|garbage|word salad|random words|rubbish)",
            "i (want|need|would like) (more coherent|more sensible|more focused|soberer|more predictable|more reliable|less random|more precise) (replies|answers|text|output)",
        ),
        weight=3.0,
    ),
    Intent(
        "problem dull",
        ("Raise temperature to about 1, or top_p to 0.95, for livelier text.",),
        do=(
            "(make|get|have) (it|the <reply>|the <model>|the output|replies|you|the text|stories) [be] [more] (creative|lively|livelier|varied|interesting|surprising|exciting|diverse|bold|bolder|colourful|imaginative|original|wilder|random|unpredictable|poetic|inventive|adventurous|less boring|less dull|less predictable|fun)",
            "(increase|raise|boost|get more|add|have more) (creativity|variety|diversity|randomness|imagination|surprise|originality|spice)",
            "(get|see|have) (more variety|more creative|more interesting|livelier|different|more varied|surprising|wilder) (replies|answers|text|words|stories|output)",
        ),
        say=(
            "(the|its|your) (text|stories|output|answers|writing) (is|are) (so|too|really|) (lame|predictable|plain|wooden|stale|samey|colourless|uneventful|monotone|humdrum)",
            "(i need|i want|make) it [to be] (more|) (inventive|creative|daring|fanciful|original|playful|spirited)",
            "(nothing surprising|no surprises|no creativity|no variety|the usual) in (the|its) (stories|output|text)",
            "(the|my|its|your) (<reply>|replies|answers|outputs|stories|texts) (is|are|gets|seems|sounds|become|feel|feels) [<tooadv>|<always>] (dull|boring|bland|flat|predictable|uninspired|dry|lifeless|generic|plain|uncreative|tame|stiff|unoriginal|uninteresting|tedious|robotic|safe|sober|cautious|uniform)",
            "(it|the <model>|you) (is|sounds|seems|lacks|writes) [<tooadv>|] (boring|dull|bland|uncreative|predictable|imagination|creativity|boring text|like a machine|unimaginative|without imagination|robotic)",
            "(always|every time|why always|why do i get) the same (answer|reply|story|text|output) [to the same question|each time|every time]",
            "i (always|) get the same (answer|reply|story) (every time|each time|again)",
            "(too dull|too boring|more creativity|more variety|boring output|dull replies|bland|lack of variety|more creative|spice it up|more randomness|more imagination)",
            "i (want|need|would like) (more creative|livelier|wilder|more varied|more surprising|more interesting|less boring|more imaginative) (replies|answers|text|stories|output)",
        ),
        weight=3.0,
    ),
    Intent(
        "problem cut",
        ("The reply was cut: raise max_new_tokens, or unset it. A full context cuts too.",),
        do=(
            "(stop|avoid|prevent|fix|undo) (the cutting|replies being cut|the reply from being cut [off]|truncation|cut off replies|truncated replies|cutting off)",
            "(get|see|have|read) the (rest|end|whole|remainder|missing part|full text) [of (the|a|my) [cut|truncated] (reply|answer|story)]",
            "(let|make) (it|the <model>|you) (finish|complete) (its|the|your) (sentence|reply|answer|story|thought)",
        ),
        say=(
            "[the|my|an] (answer|reply|response|story) (was|is|got|has been) (cut off|cut|truncated|broken off) (in the middle|halfway|too early|mid-sentence)[, why|. why|; why|]",
            "(the|my|an) (answer|reply|story|response) (was|is|got) cut off in the middle[, why|, what can i do|. why|]",
            "(its|the|my) (sentences|replies|answers|stories|words) (are|get|were|end up) (chopped off|cut|clipped|lopped off|incomplete|unfinished) [at the end]",
            "(the|a) (reply|answer|text|story) (breaks off|stops|ends|quits|dies) (all of a sudden|abruptly|mid-word|out of nowhere|without an end|too early)",
            "(the|my|its|your) (<reply>|replies|answers|outputs|story|last sentence) (is|are|was|were|gets|get|got) [<always>] (cut|cut off|truncated|incomplete|unfinished|chopped|chopped off|clipped|cut short|cut in the middle|broken off|not finished|not complete|interrupted)",
            "(it|the <model>|the reply|the answer|the text|the story|you) (stops|ends|breaks off|stopped|ended|quits|halts|finishes) (in the middle [of (a|the) (sentence|word|story)]|mid-sentence|too early|too soon|halfway|abruptly|before the end|suddenly|before it is finished|half way through)",
            "(the|) (rest|end|last part|last words|second half) (of the <reply>|) (is|are) (missing|gone|not there|lost)",
            "(why does|why is|why did) (it|the answer|the reply|the text) (stop|end|cut|break off|cut off) (early|in the middle|mid-sentence|so soon|halfway|too soon|suddenly|abruptly)",
            "(cut off|truncated|truncation|incomplete answer|half a sentence|unfinished reply|cut reply|cut off mid sentence)",
            "(i only get|i get only|it gives me only) (half|a part|the first half|the beginning) of (the|an) (answer|reply|story|text)",
            "(it|the model) (does not|doesn't|never|won't) (finish|complete|end) (its|the) (sentence|sentences|reply|answer|story)",
        ),
        weight=2.6,
    ),
    Intent(
        "problem short",
        ("Ask for more detail in the prompt. max_new_tokens must be high or unset.",),
        do=(
            "(make|get|have) (it|the <reply>|the <model>|replies|answers|you) [be|write|answer|give|talk] (longer|more detailed|more|at length|longer replies|longer answers|in more detail|in detail|more words|more verbose|long answers|more elaborate)",
            "(get|see|have|obtain) (longer|more detailed|more elaborate|more extensive|long|detailed) (replies|answers|responses|text|stories|output)",
            "(lengthen|extend|expand|elongate) (the|its|your|) (replies|answers|reply|answer|responses)",
        ),
        say=(
            "i only (ever|) get (one-line|one line|tiny|very short|short|one-word|two-word|brief) (replies|answers|stories|responses)",
            "(it|the <model>) is (too|so|very) (tight-lipped|curt|brief|laconic|monosyllabic|short)",
            "(the|my|its|your|) (<reply>|replies|answers|outputs|stories|responses) (is|are|gets|seems|come out) [<always>] <tooadv> (short|brief|curt|terse|small|concise|little|laconic)",
            "(it|the <model>|you) (only|just|) (writes|says|gives|answers|answer|write|say) (too little|one sentence|one line|a few words|a single word|so little|only one word|too briefly|in one word)",
            "(too short|longer replies|longer answers|more detail|short replies|longer output|more words)",
            "i (want|need|would like) (longer|more detailed|long) (replies|answers|text|stories|output|responses)",
            "why (is|are) (the|your|its) (reply|replies|answers|answer) so (short|brief|terse|curt)",
        ),
        weight=2.2,
    ),
    Intent(
        "problem long",
        ("Ask for a short answer in the prompt. max_new_tokens only cuts.",),
        do=(
            "(make|get|have|keep) (it|the <reply>|the <model>|replies|answers|you) [be|write|answer|give|talk] (shorter|short|concise|brief|less|to the point|more concise|less wordy|less verbose|shorter replies|in one sentence|briefer|short answers)",
            "(get|see|have|obtain) (shorter|short|concise|brief|more concise|briefer) (replies|answers|responses|text|stories|output)",
            "(shorten|limit|reduce|restrict|cut down) (the|its|) (length|length of replies|replies|answers|reply length|length of the answer|size of the reply)",
            "(limit|restrict) (the|a) (reply|answer) to (some|a number of|100|50|a few) (tokens|words)",
        ),
        say=(
            "(this thing|it|the <model>) (rambles|goes on|talks|writes|drones|rattles) (for pages|on and on|for ages|endlessly)[, i want (something crisp|something short|it shorter)]",
            "i (want|need|prefer) (something|an answer|it) (crisp|short|to the point|concise|snappy|brief)",
            "(the|my|its|your|) (<reply>|replies|answers|outputs|stories|responses) (is|are|gets|seems|come out) [<always>] <tooadv> (long|wordy|verbose|lengthy|long-winded|big|talkative|chatty)",
            "(it|the <model>|you) (writes|says|talks|talk|babbles|write) (too much|too long|for too long|a whole novel|endlessly|way too many words|pages and pages|an essay every time)",
            "(too long|shorter replies|shorter answers|concise replies|too verbose|reply length|too wordy|walls of text|wall of text)",
            "i (want|need|would like) (shorter|short|concise|brief) (replies|answers|text|output|responses)",
            "why (is|are) (the|your|its) (reply|replies|answers|answer) so (long|wordy|verbose|lengthy)",
            "(it|the reply|the answer) (never ends|never stops by itself|has no end|runs on forever|goes on forever)",
        ),
        weight=2.2,
    ),
    Intent(
        "problem slow",
        ("Use a smaller model or a smaller context; chatapp doctor says whether the GPU is used.",),
        do=(
            "(make|get) (it|the <reply>|the <model>|replies|generation|chatapp|everything) (faster|quicker|run faster|speed up|answer faster|reply faster|more responsive|quick|fast)",
            "(speed up|accelerate) (it|the <reply>|the <model>|replies|generation|inference|chatapp|everything|things)",
            "(get|have) (faster|quicker) (replies|answers|responses|generation|tokens)",
            "(improve|increase) (the|) (speed|performance|tokens per second)",
        ),
        say=(
            "(why is|why's|how come) (it|this|the <model>|everything) (so|this|is so|that) (slow|sluggish|slothful|laggy|tardy)",
            "(it|the <model>) (needs|takes) (an eternity|hours|half an hour|a minute per word|forever) [to answer|for a reply]",
            "(it|the <model>|the <reply>|this|generation|everything|chatapp|the big model) (is|runs|gets|feels|seems|answers|writes) [<always>] <tooadv> (slow|slowly|sluggish|laggy|a snail)",
            "(it|the <model>|the reply|the answer|a reply) (takes (ages|forever|too long|a long time|minutes|very long|so long)|takes too much time|crawls|is like a snail|lags|is slow)",
            "(why is|why does) (it|the <model>|generation|the reply) (so slow|slow|take so long|take forever|take ages)",
            "(too slow|slow replies|slow generation|speed|performance|faster|low speed|lag|slow)",
            "i (wait|have to wait|am waiting) (too long|forever|ages|minutes|so long) (for (an answer|a reply|the first word|each word)|)",
            "(only|i get only|just) (a few|two|1|three) (words|tokens) (per|a) second",
        ),
        weight=2.4,
    ),
    Intent(
        "problem reproducible",
        ("Set seed to a number: the same seed, model, prompt and settings give the same reply.",),
        do=(
            "(get|have|produce|receive|obtain|see) (the same|the exact same|identical|exactly the same|reproducible|repeatable|the very same) (reply|answer|response|output|result|text|results|replies|answers) (twice|again|every time|each time|always|two times|once more|tomorrow|)",
            "(reproduce|replicate|recreate) (a|the|my|this|an old) (reply|answer|response|output|result|run|text)",
            "make (it|the <model>|the output|replies|results|the results) (reproducible|repeatable|the same each time|always the same|identical each time)",
        ),
        say=(
            "(how can i|i want to|can i) (get|have|see) (exactly|) the (same|identical) (output|reply|answer|result|text) (again|tomorrow|next time|once more|later) [again]",
            "(the|my|its|i get a|it gives a) (<reply>|answer|output|result) (is|) (different|changes|changing|another|not the same) (every time|each time|all the time|on every run|whenever i ask)",
            "(i get|it gives me|why do i get) (different|another|other|a new) (answers|answer|replies|reply|results|output) (every time|each time|to the same question|for the same prompt)",
            "(reproducible|reproducibility|repeatable results|same answer twice|same reply again|repeatable|identical results)",
            "(same|the same) (question|prompt), (different|another) (answer|reply) [each time|every time]",
        ),
        weight=1.6,
    ),
    Intent(
        "problem topic",
        ("Raise presence_penalty to about 0.5; it leads to new subjects.",),
        do=(
            "(make|get) (it|the <model>|you) (talk about new things|bring up new subjects|change the subject|come to new topics|introduce new topics|move on to new ideas)",
            "(encourage|get|have) (new|more) (topics|subjects|ideas)",
        ),
        say=(
            "(it|the <model>|the text) (sticks|clings) to (one|the same) (topic|subject)",
            "(new topics|more topics|new subjects)",
        ),
        weight=0.7,
    ),
    Intent(
        "problem words",
        ("Raise frequency_penalty to about 0.3; it varies the words.",),
        do=(
            "(vary|diversify) (the|its) (words|vocabulary|wording)",
            "(make|get) (it|the <model>|you) use (other|different|more varied|new|more) words",
            "(get|have) (a richer|a wider|more) vocabulary",
        ),
        say=(
            "(it|the <model>) (overuses|uses too often) (one word|certain words|the same word)",
            "(richer vocabulary|varied words|word variety)",
        ),
        weight=0.7,
    ),
)


def intents() -> tuple[Intent, ...]:
    """Every intent about what to change when the output is not as it should be, with and without a question behind."""
    return tuple(
        replace(problem, say=(*problem.say, *(f"({form})<advice>" for form in problem.say))) for problem in _PROBLEMS
    )
