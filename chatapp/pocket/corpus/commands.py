# ruff: noqa: E501 (a pattern stands on one line)
"""Help with the command line."""

from __future__ import annotations

from chatapp.pocket.corpus.intent import Intent


def _command(name: str, answer: str, do: tuple[str, ...], say: tuple[str, ...] = (), weight: float = 1.0) -> Intent:
    """An intent about one command; the bare command and questions about it are wordings too."""
    return Intent(
        f"command {name}",
        (answer,),
        do=do,
        say=(
            *say,
            f"what does [the command] (chatapp {name}|{name}) do",
            f"what is (chatapp {name}|the {name} command) [for|good for]",
            f"(explain|describe) (chatapp {name}|the {name} command)",
            f"(chatapp {name}|when do i use chatapp {name}|how does chatapp {name} work|how do i use chatapp {name})",
        ),
        weight=weight,
    )


_COMMANDS: tuple[Intent, ...] = (
    _command(
        "ask",
        'Run chatapp ask "your question" in a shell. It prints one reply and also reads standard input.',
        (
            "(ask|put|pose|send) (a|one|a single|a quick) (question|prompt) (from|in|on|at|via|with) <shell>",
            "(get|print|have) (one|a single|a quick|just one) (reply|answer|response) (from|in|on|at) <shell>",
            "(use|call|run) (<app>|it|the <model>|pocket) (in|from|on|within) (a script|<shell>|a pipe|a pipeline|cron|a makefile)",
            "(pipe|feed|send|redirect|pass) (a file|text|standard input|stdin|a text file|a document|output of a command) (to|into|through) (it|the <model>|chatapp)",
            "ask [something|a question] without (the workbench|opening the workbench|the screen|the full screen|an interface|the tui)",
            "(use|script) it non-interactively",
            "get a one-off (reply|answer)",
        ),
        (
            "(is there a|which) command (for|that asks|to ask) (one|a single) question",
            "(one shot|one-shot|scripting|scripts|stdin|piping|pipe|standard input|shell script)",
            "can it (read|take) (standard input|stdin|from a pipe)",
        ),
        1.4,
    ),
    _command(
        "chat",
        "Run chatapp chat for a conversation line by line in a plain terminal.",
        (
            "(chat|talk|converse|have a conversation) (in|on|from|with it in) (a plain terminal|a simple terminal|a dumb terminal|<shell>|a terminal without the screen)",
            "(chat|talk|have a conversation) (line by line|without the workbench|without the full screen|without a fancy interface|without the tui)",
            "(use|have|run) (a|the) (simple|plain|line based|repl) (chat|interface|mode|repl)",
        ),
        (
            "(plain terminal chat|line by line chat|repl|is there a repl|plain mode|text only mode)",
            "my terminal (is too simple|is too old|cannot draw|is dumb|is too small)[, what can i use]",
        ),
    ),
    _command(
        "history list",
        "Run chatapp history list to list your conversations in the shell.",
        (
            "(print|show|list) all [my] (stored|saved|old|past) (dialogues|conversations|chats) (on|in) the (terminal|shell|console)",
            "<list> [all|my|all my|the] [saved|old|past|stored] (conversations|chats) (in|from|on|at) <shell>",
            "<list> [my|all] (conversations|chats) without (opening|starting) the workbench",
        ),
        (
            "(command|which command|what command|command line) (to list|lists|for listing) [my|all|the] (conversations|chats|history)",
            "(history|conversations|chats) (in|on|from) <shell>",
        ),
    ),
    _command(
        "history show",
        "Run chatapp history show with the conversation's number to print it.",
        (
            "(print|show|read|dump|output|display) (a|one|an old|a saved|a whole|some) (conversation|chat) (in|from|on|to|at) <shell>",
            "(print|dump|output) (a|one) (conversation|chat)",
        ),
        ("(command|which command|what command) (to print|prints|shows|to show) (a|one) (conversation|chat)",),
    ),
    _command(
        "history search",
        "Run chatapp history search WORDS to search everything that was said.",
        (
            "(search|grep|look through) [in|through] [all|my] [old|saved|past] (conversations|chats|history|messages) (in|from|on|at) <shell>",
            "(search|find|grep) (a word|words|text|something) in (all|the|my) (messages|history) [from <shell>]",
        ),
        (
            "(command|which command|what command) (to search|searches|for searching|to find) [words in|through|in] [my|all|the|old] (conversations|chats|history|messages)",
            "(full text search|full-text search|search all messages|search the history|grep my chats)",
        ),
        1.2,
    ),
    _command(
        "models list",
        "Run chatapp models list to see the models on this machine.",
        (
            "<list> [all|my|the|all the] (models|gguf files|installed models|local models|available models)",
            "(find out|know|check) (which|what) models (i have|are installed|are there|are available|exist)",
        ),
        (
            "(which|what) models (do i have|are there|are installed|are available|can i choose|are on this machine|are on disk|can you see)",
            "(command|which command) (to list|lists|shows) [the|my|all] models",
            "(installed|available|local) models",
        ),
        1.2,
    ),
    _command(
        "models info",
        "Run chatapp models info NAME to see a model's size, context and metadata.",
        (
            "(see|show|find|get|print|view|read|inspect|check) (the|a|more|some) (details|metadata|information|info|facts|data|size|size and context|quantisation|architecture) (about|of|on) (a|my|the|one) (model|gguf|model file)",
            "(find out|know|learn) (how big|what size|how large) a model [file] is",
            "(inspect|examine) a (model|gguf|model file|gguf file)",
        ),
        (
            "(model|gguf) (info|details|metadata|information)",
            "(how big|how large) is (my|a) model [file]",
            "(command|which command) (to show|shows|for) (details|metadata|information) (of|about) a model",
        ),
    ),
    _command(
        "prompts render",
        "Run chatapp prompts render MESSAGES.json to see the exact prompt that a model gets.",
        (
            "(show|see|know|find out|tell) (me|) (precisely|exactly|) (which|what) text (goes into|is sent to|gets sent to|reaches|is fed to) the model",
            "(see|show|print|view|inspect|check|get) (the|an) (exact|rendered|full|whole|real|actual|raw|final) (prompt|prompt text|input) [that (the model|it) (gets|sees|receives)]",
            "(see|check|test|debug|try|render|apply) (the|a) chat template [on messages|with my messages]",
            "(see|show|print) the token ids [of a prompt|of my prompt]",
            "see what (the|a) model (really|actually|exactly) (gets|sees|receives|is given)",
        ),
        (
            "(show me|what is|where is|print) the (exact|full|real|complete) prompt [that] (gets sent to|is sent to|goes to|goes into|reaches) the model",
            "(what|which text) does the model (really|actually|exactly) (see|get|receive)",
            "(rendered prompt|exact prompt|render a prompt|render messages|token ids)",
            "(command|which command) (renders|prints|shows|to render) the [exact] prompt",
        ),
    ),
    _command(
        "config path",
        "Run chatapp config path to see where settings, data and cache are.",
        (
            "(find|locate|see|know|get|print|show|open) (the|my|its|all the) (config file|configuration file|config|configuration|config.toml|settings file|data directory|config directory|config folder|data folder|cache directory|folders|directories|database)",
            "(find out|know|see) where (the|my|its) (settings|config file|configuration|config|config.toml|keymap|cache) (is|are|are kept|is stored|lives)",
        ),
        (
            "<where> (is|are|do i find|can i find|lives|does it keep|is stored) (the|my|its) (config|config file|configuration|configuration file|config.toml|settings file|keymap|keymap.toml|cache|logs|log files|themes folder)",
            "(config|configuration|settings|data) (path|location|directory|folder|file)",
            "(command|which command) (shows|prints|tells) (the paths|where the config is|where the files are)",
        ),
        1.3,
    ),
    _command(
        "config show",
        "Run chatapp config show to print the settings in force.",
        (
            "(print|list|see|show|display|view|output) [all|the|my|all the] (settings|configuration|config|current settings|settings in force|config values) [in|from|on] <shell>",
            "(print|show) [the] (current|effective) (configuration|config|settings)",
        ),
        (
            "(what|which) settings are (in force|active|set|in effect) [in my config|right now]",
            "(current|effective|active) (configuration|config)",
            "(command|which command) (prints|lists|shows) [all] [the] (settings|configuration)",
        ),
    ),
    _command(
        "config check",
        "Run chatapp config check to find mistakes in the config file.",
        (
            "(check|validate|verify|test|lint|debug) (the|my) (config|config file|configuration|config.toml|settings file|configuration file|keymap) [for mistakes|for errors|for problems]",
            "(find|see|spot|locate) (mistakes|errors|problems|typos|a mistake|an error) in (the|my) (config|config file|configuration|config.toml|settings)",
        ),
        (
            "(is|are) my (config|config file|configuration|settings) (valid|ok|correct|right|fine|all right)",
            "my (config|config file|configuration|config.toml) (is broken|has an error|does not work|is ignored|has a mistake|seems wrong)",
            "(command|which command) (checks|validates) (the|my) config",
        ),
    ),
    _command(
        "doctor",
        "Run chatapp doctor. It says what is installed, what is wrong and how to mend it.",
        (
            "(diagnose|troubleshoot|debug|find out|check) (problems|a problem|what is wrong|what is broken|an error|my installation|the installation|whether everything works|if everything is fine|the setup)",
            "(check|see|know|find out) (whether|if|that) (my gpu|the gpu|cuda|metal|the graphics card|the device) is (used|really used|found|detected|working)",
            "(check|verify|test) (the|my) (installation|setup|system|environment)",
            "see (which|what) (device|hardware|processor) is [really] used",
        ),
        (
            "(does|will|can) (it|chatapp|the app) (make use of|use|run on|see|find|detect) (my|the|a) (gpu|graphics card|video card|cuda)",
            "(chatapp|it|the app) is (acting up|misbehaving|playing up|broken|not working)[, (how do i find the cause|what can i run|why|what do i do)]",
            "(something|it|the app|chatapp|the model|everything) (is broken|does not work|doesn't work|fails|is not working|crashes|keeps crashing|does not start|is wrong|will not start|won't load|does not load|acts strange|gives errors)",
            "(is|why is) my (gpu|graphics card) [not] (used|being used|found|detected)",
            "(i get|there is|i have|i see) (an error|a problem|errors|an error message|a failure)",
            "(health check|diagnosis|diagnostics|self test|troubleshooting|diagnose)",
            "what (do i|can i|should i) do (when|if) (something|it|nothing) (is broken|goes wrong|breaks|works|fails)",
        ),
        1.4,
    ),
)


def _option(name: str, answer: str, do: tuple[str, ...], say: tuple[str, ...] = ()) -> Intent:
    """An intent about one option."""
    return Intent(
        f"option {name}",
        (answer,),
        do=do,
        say=(
            *say,
            f"what (does|is) [the] [option] {name} [do|for|mean]",
            f"({name}|explain {name}|the {name} option|the option {name})",
        ),
        weight=0.7,
    )


_OPTIONS: tuple[Intent, ...] = (
    _option(
        "--json",
        "Give --json to chatapp ask; the reply comes as JSON with counts, timings and the stop reason.",
        (
            "(get|have|print|receive) (the|a) (reply|answer|output|result) (as|in) (json|machine readable form|a form that a program can read) [from chatapp ask|with counts|on the command line]",
            "(parse|process) the (output|reply) (in|with) (a script|a program|jq)",
        ),
        ("(json output|output as json|machine readable output)",),
    ),
    _option(
        "--continue",
        "Give --continue to chatapp ask to go on with the last conversation.",
        (
            "(continue|go on with|resume|carry on with|extend) (the|my) last (conversation|chat) (with chatapp ask|from <shell>|in <shell>|on the command line)",
            "ask a follow-up (question|) (from|in|on) <shell>",
        ),
    ),
    _option(
        "--incognito",
        "Give --incognito and nothing is kept.",
        (
            "(chat|talk|ask|have a conversation|use <app>) (without|with no) (saving|a trace|storing|keeping|leaving traces|recording|history|logging) [anything|it|the conversation|]",
            "(keep|make|stop|prevent) (a conversation|it|<app>) (from being saved|private and unsaved|from saving|from storing anything)",
            "(not save|keep nothing of|leave no trace of) (a|this|the|my) (conversation|chat)",
        ),
        (
            "(incognito|private mode|incognito mode|secret mode|no history|is there a private mode|off the record)",
            "i (do not|don't) want (this|it|anything|the conversation|my chat) to be (saved|stored|kept|recorded)",
        ),
    ),
    _option(
        "--raw",
        "Give --raw to chatapp ask for a completion without the chat template.",
        (
            "(use|skip|avoid|run|ask|prompt|generate) [a|the|without|text without] (raw completion|completion mode|a chat template|the chat template|raw mode|base model completion)",
            "(complete|continue) (a|my|raw|some) (text|prompt) without (a|the) [chat] template",
        ),
        ("(raw mode|raw completion|raw prompt|completion without template|no chat template)",),
    ),
    _option(
        "--prefill",
        "Give --prefill TEXT to chatapp ask to begin the reply with your words.",
        (
            "(begin|start|prefill|prefix) (the|a|its) (reply|answer|response) with (my|given|some|certain|my own|fixed) (words|text)",
            "(make|force) (it|the <model>) [to] (begin|start) [its reply|the answer] with (a certain word|my words|given words|some text)",
            "put words in (its|the model's) mouth",
        ),
        ("(prefill|what is a prefill|prefilled reply)",),
    ),
    _option(
        "--system",
        "Give --system TEXT to chatapp ask for a system prompt.",
        (
            "(set|give|pass|use|add) (a|the) system (prompt|message) (on|in|from|at|with) (<shell>|chatapp ask|the command line)",
        ),
        ("system prompt (on|from) (the command line|<shell>)",),
    ),
    _option(
        "--version",
        "Run chatapp --version to see the version.",
        (
            "(see|find|check|get|know|print|show|find out) (the|which|what|my|its) version [number] [(of|) <app>|i have|is installed|this is]",
            "(know|tell) (how old|how new) (my|this) chatapp is",
        ),
        (
            "(which|what) version (is this|is it|do i have|am i using|of chatapp is this|are you|is installed|am i running)",
            "(version|version number|chatapp version)",
        ),
    ),
    _option(
        "-v",
        "Give -v and chatapp says on stderr what it does: device, model, prompt tokens, settings and timings.",
        (
            "(see|get|have) (more|verbose|detailed) (output|details|narration|information) (from|of|with) chatapp ask",
            "make (it|chatapp) (verbose|more talkative on the command line|say what it does)",
        ),
        ("(verbose|verbose output|verbosity|more output)",),
    ),
    Intent(
        "option --model",
        ("Give -m PATH.gguf to chatapp, or set model in config.toml.",),
        do=(
            "(start|launch|run|open) chatapp with (my own|another|a different|a|some) (gguf|model|gguf file|model file)",
            "(use|load|try|open|run|choose|pick|select|take|start with|get) (another|a different|a real|a bigger|my own|a better|a larger|an own|a downloaded|a serious|some other) (model|one|gguf|model file|llm)",
            "(change|switch|swap|replace|exchange) (the|to another|to a different|models|to a bigger|between) (model|models|one)",
            "(load|open|run|use) (a|my|any|this) (gguf|gguf file|model file|file from hugging face|llama model|qwen model|mistral model|model from disk|downloaded model)",
            "(use|run|load) (llama|qwen|mistral|gemma|phi|a llama|deepseek) [with|in|here]",
            "replace (you|pocket) (with|by) (a|another) (real|bigger|better|) model",
        ),
        say=(
            "(where|how) (do|can|should) i (put|give|tell it) (my|a|the) (model|gguf|model file|own model)",
            "i (have|downloaded|got) (a|my own|another) (gguf|model|gguf file|model file), (how do i use it|what now|how do i load it|what do i do with it)",
            "(you are|this model is|pocket is) too (small|stupid|weak|tiny|limited), (i want|how do i get|can i use) (a|another|a bigger) (one|model|real one)",
            "what (does|is) (-m|--model) [do|for]",
            "(-m|--model|another model|bigger model|switch model|load model|own model|change model|other models)",
            "(can|does) (<app>|chatapp|it) (run|use|load|work with|support|open) (other|bigger|real|different|any|my own|gguf) (models|ones|files)",
        ),
        weight=1.8,
    ),
    Intent(
        "command chatapp",
        ("Run chatapp in a shell; it opens the workbench with the built-in model.",),
        do=(
            "(start|open|launch|run) (chatapp|the workbench|the app|this program|the full screen|the tui)",
            "(get|come) (to|into) the workbench",
        ),
        say=(
            "(what is|explain|where is) the workbench",
            "(which|what) command (starts|opens|launches) (chatapp|the workbench|the app)",
            "(the workbench|start chatapp|run chatapp)",
        ),
        weight=0.7,
    ),
    Intent(
        "commands",
        ("There are chatapp ask, chat, history, models, prompts, config and doctor.",),
        do=("<list> [all|the|all the] (commands|subcommands|command line tools)",),
        say=(
            "(what|which) [command line|shell|terminal] (commands|subcommands) (are there|exist|do you have|does <app> have|can i run|are available|does the cli have)",
            "(commands|all commands|subcommands|command line|cli|the command line interface|list of commands)",
            "what can i (do|run|type) (in|on|from) <shell>",
        ),
    ),
)


def intents() -> tuple[Intent, ...]:
    """Every intent about commands and options."""
    return _COMMANDS + _OPTIONS
