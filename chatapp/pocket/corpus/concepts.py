# ruff: noqa: E501 (a pattern stands on one line)
"""Where data is, privacy, settings, and the words of the field."""

from __future__ import annotations

from chatapp.core.settings import Settings
from chatapp.pocket.corpus.intent import Intent
from chatapp.pocket.corpus.ways import way

_SETTINGS = Settings()

_DATA: tuple[Intent, ...] = (
    Intent(
        "data place",
        ("Your conversations are in one database, chatapp.db, in the data directory. chatapp config path shows it.",),
        do=(
            "(find|locate|see|back up|copy|backup) (the|my|all my) (data|conversations on disk|chats on disk|saved chats on disk|database|chat database|stored messages)",
            "(find out|know) where (my|the) (data|chats|conversations|messages) (is|are) (stored|saved|kept)",
        ),
        say=(
            "<where> on (my|the|this) (disk|computer|machine|drive|laptop) (do you|does it|does <app>|are) (put|keep|store|save|write) (what i (type|say|write)|my (chats|words|data|messages))",
            "where do my (chats|conversations|messages|words) (end up|go|land|live)",
            "<where> (are|is|do you keep|does <app> keep|does it keep|do you store|does it store|do you save|does it save|are you keeping|lies|lie) (my|the|all my|all the|your) (data|conversations|chats|messages|files|history|chat logs|stuff) [stored|saved|kept|put|on disk]",
            "(is|are) (my conversation|my chats|everything|this chat|it|this|what i type|my messages|the conversation|all this) (saved|stored|kept|recorded|written down) [somewhere|on disk|automatically|anywhere|when i quit]",
            "(do|does) (you|it|<app>|chatapp) (save|store|keep|record) (my|the|our) (chats|conversations|messages|history|words)",
            "(what is|where is) (chatapp.db|the database)",
            "(data location|storage|database|saved chats|data directory|data folder)",
            "where (does|did) (what i type|everything|my text|it) (go|end up)",
        ),
        weight=1.5,
    ),
    Intent(
        "privacy",
        ("Nothing you type leaves this machine. I work offline, without a network.",),
        do=(
            "(use|run) (<app>|it|you|chatapp|this|pocket) (offline|without internet|without the internet|on a plane|without a network|with no connection|in airplane mode|without wifi|disconnected)",
            "keep my (data|chats|words) (private|to myself|secret|on this machine)",
        ),
        say=(
            "(does|will|is) (any|some|anything|all|none) of (this|it|that|what i type|my data) (go|leave|sent|get sent|go out|travel) (to (some|a|any) server|out|anywhere|to the cloud|over the internet|over the net|my computer|)",
            "(can|could|may) i (use|run) (this|it|you|chatapp) (on|in) (an aeroplane|a plane|an airplane|a train|the woods|a cabin) [without (wifi|internet|a network|reception)]",
            "(is|are) (anyone|somebody|people) (listening|reading along|watching|spying)",
            "(are|is|do|does) (you|it|this|<app>|the model) (online|offline|connected|need internet|need the internet|connected to the internet|run in the cloud|work offline|work without internet|need a connection|need a network|use the cloud|run locally|local|need wifi)",
            "(does|will|is|do|can) (anyone|somebody|someone|anybody|the company|a company|your makers|google|the government|other people) (read|see|get|hear|collect|receive|watch|spy on) (my|what i|these) (messages|chats|conversations|data|type|write|words)",
            "(is|are) (my data|this|it|my conversation|my words|what i type|this conversation|my messages|my secrets|it all) (private|safe|secure|confidential|secret|sent anywhere|sent to a server|uploaded|shared|sent to the cloud|sent over the internet|leaving my computer|tracked|transmitted)",
            "(do|does) (you|it|<app>|chatapp) (send|upload|share|transmit|collect|phone|track|leak|report) (my data|anything|something|data|telemetry|home|me|statistics|my messages) [anywhere|to anyone|to a server|over the internet|]",
            "(privacy|offline|telemetry|internet|tracking|data protection|data privacy|cloud)",
            "(do|must|should) i (need|have) [to have|to be] (internet|a connection|an internet connection|online|wifi|a network|an account|to log in|an api key)",
            "can i (trust you|tell you a secret|type my password here|tell you something private)",
            "who (can|could) (see|read|access) (my|this|these) (chats|conversation|messages|data)",
            "where (do you run|are you running|is the server|is your server)",
        ),
        weight=1.6,
    ),
    Intent(
        "crash",
        ("Your message is saved before the model starts, and the reply while it grows. After a crash both are there.",),
        say=(
            "what if (my|the) (computer|laptop|machine|app|battery|power) (loses power|dies|crashes|fails|goes dead|shuts down) [mid-reply|in the middle|while you write|suddenly]",
            "(my computer|the app|it) crashed, (is everything lost|is my text lost|what about my chat|did i lose my chat)",
            "what (happens|is) (if|when) (it|<app>|the app|the program|the computer|the engine|my laptop|the power) (crashes|dies|breaks|is killed|goes out|fails|runs out of battery)",
            "(do|will|would|can) i lose (anything|my chat|my text|my messages|data|everything|my work) [when|if] [it crashes|the power goes out|the engine crashes|there is a crash]",
            "(is|are) (anything|my chats|something|my text) lost (after|in|when there is) a (crash|power cut|power failure)",
            "(crash|crash safety|data loss|power failure)",
        ),
        weight=0.7,
    ),
    Intent(
        "chatapp home",
        ("Set CHATAPP_HOME to a directory; all of chatapp's files then live there.",),
        do=(
            "(move|keep|put|store|change) (the data|all files|everything|the data directory|all my data|the config|chatapp's files|my data|all data) [to|in|into|on] (another place|another directory|elsewhere|a usb stick|another folder|somewhere else|another disk|one folder)",
            "(use|choose|set) (another|a different) (data directory|home directory|folder for the data|place for the files)",
        ),
        say=(
            "(what is|explain|what does) CHATAPP_HOME [do|mean]",
            "(chatapp_home|portable mode|change data directory)",
        ),
        weight=0.6,
    ),
    Intent(
        "price",
        ("chatapp is free, under the MIT license.",),
        say=(
            "do i (have|need) to (pay|pay anything|buy something|buy it) [for (chatapp|this|it)]",
            "what is the price [of (this|chatapp)]",
            "(is there|do you charge) a fee",
            "(what|how much) (does|do|would) (it|this|<app>|chatapp|you) cost [me]",
            "(is|are) (this|it|chatapp|<app>|you) (free|open source|for free|commercial|paid|expensive|gratis|free software|free of charge)",
            "(do|must|will) i (have to pay|need to pay|pay|need a licence|need a subscription)",
            "(licence|license|price|cost|pricing|what licence is this|which license do you have|subscription|under which licence is chatapp)",
        ),
    ),
    Intent(
        "platforms",
        ("chatapp runs on Linux, macOS and Windows, with Python 3.11 or newer.",),
        say=(
            "(does|will|can) (it|this|chatapp|<app>) (run|work) (on|under|with) (windows|linux|a mac|macos|my mac|ubuntu|debian|an old laptop|my computer)",
            "(which|what) (systems|platforms|operating systems|os|python version|python) (does it|do you|does chatapp) (run on|support|need|work on|require)",
            "(supported platforms|requirements|system requirements|operating system)",
            "(is there|do you have) a (windows|mac|linux) version",
        ),
        weight=0.7,
    ),
    Intent(
        "enter sends",
        ("Set enter_sends = false in config.toml; enter then makes a new line and ctrl+j sends.",),
        do=(
            "(swap|exchange|switch|reverse) (enter and ctrl+j|the enter key|what enter does|send and new line|the keys for send and new line)",
            "make enter (a new line|begin a new line|not send|insert a line break) [instead of sending|for good|always]",
            "(change|configure) what [the] enter [key] does",
        ),
        say=("(enter_sends|enter sends setting|enter should (always|) make a new line)",),
        weight=0.6,
    ),
    Intent(
        "keymap",
        ("Bind keys anew in keymap.toml in the config directory, by the action's id.",),
        do=(
            "(rebind|remap|change|customise|customize|redefine|configure|reassign|bind|alter) [a|the|my|some|all|other] (keys|key|shortcuts|key bindings|keybindings|shortcut|hotkeys|keyboard shortcuts)",
            "(use|have|assign|set) (other|different|my own|another|own) (keys|key|shortcuts|key bindings|shortcut|hotkeys)",
        ),
        say=(
            "(keymap|keymap.toml|custom keys|own key bindings|rebinding)",
            "i (want|would like) (other|different|my own) (keys|shortcuts)",
            "a key (clashes with|is taken by|does not work in) (my terminal|tmux)",
        ),
        weight=0.9,
    ),
    Intent(
        "settings file",
        (
            f"Edit config.toml; chatapp config path shows where it is. It holds model (now {_SETTINGS.model}), theme and more.",
        ),
        do=(
            "(change|edit|set|configure|save|keep) (the|my|some|a) (settings|preferences|default model|defaults|preference|configuration|default theme) (for good|permanently|forever|in a file|for ever|for all conversations|once and for all)",
            "(make|have) (a|my) (setting|model|theme|choice) (permanent|the default)",
            "(configure|customise|customize|personalise) (<app>|chatapp)",
            "(set|change) the default (model|theme)",
        ),
        say=("(preferences|configuration options|permanent settings|settings file|config.toml)",),
        weight=0.8,
    ),
    Intent(
        "models place",
        ("Put GGUF files into the models directory below the data directory, then chatapp models list names them.",),
        do=(
            "(put|place|store|save|add|install|drop) [a|my|new|some] (models|gguf files|model files|model|gguf|more models) [in the right folder|somewhere|so that they are found|so chatapp finds them]",
            "(download|get|obtain|fetch|install|add) (more|other|new|bigger|additional|real) models",
        ),
        say=(
            "<where> (do|should|can|must) i (put|place|store|save|keep|install) (models|gguf files|a gguf|model files|my models|downloaded models)",
            "where (are|is) (the|my) (models|model files|models directory|models folder) [kept|stored]",
            "where (do|can) i (get|find|download) (more|other|bigger|real|better) models",
            "(models folder|models directory|model directory|folder for models)",
        ),
        weight=0.9,
    ),
    Intent(
        "emoji",
        ("Set simple_emoji = true in config.toml if your terminal misplaces emoji.",),
        say=(
            "(the|my|some) emoji (are misplaced|look wrong|look broken|shift the text|break the layout|overlap|are not aligned)",
            "(emoji|emojis|smileys) (problem|problems|are broken|in my terminal|look strange|do not line up)",
        ),
        weight=0.4,
    ),
    Intent(
        "speed numbers",
        ("The status line shows the model, the device, context used, reused tokens, time to first token and speed.",),
        do=(
            "(see|show|find|check|measure|know) (the|my|how fast|its) (speed|tokens per second|tokens/s|time to first token|generation speed|it is|performance)",
            "(see|check|know) how full the context is",
        ),
        say=(
            "(what|how) (does|do|are) (the status line|the bottom line|the line at the bottom|the numbers at the bottom|the figures below) (show|mean|say|tell me)",
            "(how fast|at what speed) (are you|is it|does it run)",
            "(status line|status bar|tokens per second|time to first token|bottom line)",
        ),
        weight=0.8,
    ),
    Intent(
        "mouse",
        ("Yes. Keys and mouse both work everywhere in the workbench.",),
        do=("use (the|a|my) (mouse|touchpad)", "(click|scroll) with the mouse"),
        say=("(does|can) (the mouse|my mouse|a mouse) (work|be used)", "(mouse|mouse support)"),
        weight=0.4,
    ),
)

_WORDS: tuple[Intent, ...] = (
    Intent(
        "word token",
        ("A token is a piece of text, often a word or a part of one. A model reads and writes tokens one by one.",),
        about=("(a|) token", "tokens", "(a|the) (word|) token in (a language model|this field)", "tokenization"),
        say=(
            "(how many|how much) (letters|words|characters) (is|are|make) a token",
            "(is a token|are tokens) (a word|words|letters)",
        ),
        weight=1.2,
    ),
    Intent(
        "word context",
        ("The context is all the text that a model sees at once, counted in tokens. Mine is 1,024 tokens.",),
        about=(
            "(the|a|) context [window|size|length]",
            "(the|a|) context window",
            "(the|) context (size|length)",
            "n_ctx",
        ),
        say=(
            "how many tokens (fit|go|are there) in (your|the) context",
            "how (big|long) may (a|our) (conversation|chat|prompt) (be|get)",
            "how (long|big|large|much) is (your|the) (context|memory|context window)",
            "how much (text|of our conversation) (can|do) you (remember|see|read|hold|keep in mind) [at once]",
            "how many tokens (can you|does your context|do you) (see|hold|read|take|remember)",
        ),
        weight=1.3,
    ),
    Intent(
        "word context full",
        (f"The context is full. {way('new-conversation')} to begin a new conversation, or ask for shorter replies.",),
        say=(
            "(the|my) context is (full|used up|exhausted|at its end|too small)",
            "what (happens|should i do|can i do) (when|if) the context is (full|used up|at its end)",
            "(it says|i get|i see) (context full|the context is full|context exceeded|out of context)",
            "(it|you|the model) (forgets|forgot|does not remember|loses|can't remember) (what i said|the beginning|earlier messages|the start|what we talked about|everything) [before|after a while|at the start]",
            "why (do|does|did) (you|it|the model) forget [what i said|things|the beginning]",
            "(context full|out of context|context overflow|my prompt is too long|the conversation is too long)",
        ),
        weight=1.2,
    ),
    Intent(
        "word prompt",
        ("A prompt is the text that you give a model; the model writes what follows.",),
        about=("(a|) prompt", "prompts", "prompting"),
        weight=0.8,
    ),
    Intent(
        "word system prompt",
        ("A system prompt is an instruction that stands before the conversation and tells the model how to behave.",),
        about=("(a|the|) system (prompt|message)", "system prompts"),
        say=("(difference|what is the difference) between [a] system prompt and [a] user message",),
        weight=1.0,
    ),
    Intent(
        "word greedy",
        ("Greedy decoding always takes the likeliest token. Set temperature to 0 for it.",),
        about=("greedy [decoding|sampling|search|generation]", "greedy decoding", "argmax sampling"),
        do=(
            "(use|turn on|switch on|get|do|enable) greedy [decoding|sampling|search|mode]",
            "always (take|pick|choose|get) the (likeliest|most likely|most probable|best) (token|word)",
            "(turn off|disable|remove|switch off) (randomness|all randomness|the dice|chance|sampling)",
            "make (it|the <model>|the output) (deterministic|not random|greedy)",
        ),
        weight=1.1,
    ),
    Intent(
        "word sampling",
        ("Sampling draws the next token by chance from the likely ones. temperature, top_k and top_p shape that.",),
        about=("sampling", "a sampler", "samplers", "the sampler chain", "sampling (parameters|settings)"),
        say=("how (does|do) (a|the|language) (model|models) (choose|pick|select) the next (word|token)",),
        weight=0.9,
    ),
    Intent(
        "word hallucination",
        (
            "A hallucination is something made up that a model states as a fact. Lower temperature or top_k, and check facts.",
        ),
        about=("[a] hallucination", "hallucinations", "hallucinating"),
        do=(
            "(stop|avoid|reduce|prevent|lower|decrease|limit) (hallucinations|hallucinating|hallucination|made-up facts|invented facts|wrong facts|false facts)",
            "make (it|the <model>|you) (invent less|stop inventing things|stick to the facts|more factual|stop lying)",
        ),
        say=(
            "(it|the <model>) (invents|makes up|fabricates|states|writes) (facts|things|stuff|names|dates|sources) (that are not true|that are wrong|that do not exist|from nothing|freely)",
            "(it|the model) (says|tells me) (things|stuff) that (aren't true|is false|are wrong|never happened)",
            "(it|the <model>) (makes things up|invents (things|facts)|hallucinates|tells lies|lies|says wrong things|states false facts|is making stuff up|gets facts wrong|writes things that are not true)",
            "(why does|why do) (it|the <model>|you) (make things up|invent things|hallucinate|lie|make up facts)",
        ),
        weight=1.4,
    ),
    Intent(
        "word gguf",
        ("GGUF is the file format for models that llama.cpp reads. chatapp runs GGUF files.",),
        about=("gguf", "[a] gguf file", "the gguf format", "a .gguf file"),
        say=(
            "(what is|what's) (a|this|that) (gguf|.gguf) [thing|file|anyway]",
            "gguf means what",
            "(which|what) (format|file format|files|model files|model formats) (do models|does chatapp|does it|do you) (need|use|run|support|read|take)",
        ),
        weight=0.9,
    ),
    Intent(
        "word llama.cpp",
        ("llama.cpp is the engine that runs the model on this machine.",),
        about=("llama.cpp", "llama cpp", "the engine"),
        say=(
            "(what is|what's) llama.cpp [then|anyway|for]",
            "do you use llama.cpp",
            "(what|which) (engine|library|backend) (runs|do you use|does it use|is used|does chatapp use) [the model|]",
        ),
        weight=0.8,
    ),
    Intent(
        "word quantisation",
        ("Quantisation stores a model's weights with fewer bits, so that the file is smaller and runs faster.",),
        about=("quantisation", "quantization", "a quantised model", "q4_k_m", "q8_0", "quants", "a quantized model"),
        weight=0.9,
    ),
    Intent(
        "word template",
        ("A chat template turns messages into the text that a model was trained on.",),
        about=("(a|the) chat template", "chat templates", "chatml", "the prompt format"),
        weight=0.8,
    ),
    Intent(
        "word parameters",
        ("A model's parameters are the numbers that it learnt. I have about five million, which is tiny.",),
        about=(
            "(the|a model's) (parameters|weights) of a model",
            "a parameter of a neural network",
            "model weights",
            "weights",
        ),
        say=("how many (parameters|weights) (do you have|does pocket have|have you got|are in you)",),
        weight=0.8,
    ),
    Intent(
        "word logits",
        ("Logits are the model's raw scores for every possible next token.",),
        about=("logits", "a logit", "the logits"),
        weight=0.6,
    ),
    Intent(
        "word reuse",
        ("Reused tokens were already computed for an earlier turn, so the reply starts sooner.",),
        about=("(reused|cached) tokens", "the (kv|prefix|prompt) cache", "prefix reuse", "kv cache"),
        weight=0.6,
    ),
    Intent(
        "word language model",
        ("A language model predicts the next token of a text, again and again, and so writes replies.",),
        about=("(a|) [large] language model", "an llm", "llm", "language models", "a large language model", "llms"),
        say=("how (do|does) (language models|a language model|llms|an llm) (work|function)",),
        weight=0.9,
    ),
    Intent(
        "word base model",
        ("A base model only continues text; a chat model was trained to answer.",),
        about=("(a|) base model", "base models", "an instruct model", "a chat model"),
        say=("[what is the] difference between a base model and a (chat|instruct) model",),
        weight=0.6,
    ),
    Intent(
        "chatapp",
        ("chatapp is a workbench in the terminal for talking to language models on your own machine.",),
        about=("chatapp", "this (app|program|tool)", "the app [i am using]", "this (application|software)"),
        say=(
            "(what|which) (app|program|software) (is this|am i using|am i in)",
            "what (can|does) (chatapp|this app|this program) [do]",
        ),
        weight=1.2,
    ),
)


def intents() -> tuple[Intent, ...]:
    """Every intent about data, settings and words."""
    return _DATA + _WORDS
