# ruff: noqa: E501 (a pattern stands on one line)
"""Words that mean the same, sentence frames, and what people say around a question."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """Cut a list that is written with bars."""
    return tuple(text.split("|"))


SYNONYMS: dict[str, str] = {
    "reply": "reply|answer|response|output|message|text|result|what it (wrote|said)|what you (wrote|said)",
    "areply": "[a|the|this|its|the current|your|the last] (reply|answer|response|output|text)",
    "model": "model|AI|bot|llm|language model|assistant|thing|program|chatbot",
    "chat": "chat|conversation|dialogue|dialog|thread|discussion|talk|session",
    "chats": "chats|conversations|dialogues|threads|discussions|talks|sessions|old chats|old conversations|past chats",
    "app": "chatapp|the app|this app|this program|the program|this tool|this thing|this|the application|here",
    "key": "key|shortcut|hotkey|keyboard shortcut|key combination|keys|keybinding|button|keystroke",
    "press": "press|hit|type|push|use|tap",
    "show": "show|display|open|see|view|bring up|pull up|get to|look at|reveal|toggle|find|access|get",
    "hide": "hide|close|get rid of|collapse|put away|remove",
    "change": "change|set|adjust|modify|alter|edit|tweak|configure|move|turn|control|update",
    "make": "make|start|create|open|begin|get|have|launch|do|kick off",
    "delete": "delete|remove|erase|get rid of|trash|throw away|discard|drop|bin|wipe|clear|kill",
    "begin": "start|begin|open|create|make|launch",
    "shell": "[the] (shell|terminal|command line|console|cli|prompt|bash|script)",
    "list": "list|show|see|print|display|view|get|enumerate|browse|look at",
    "where": "where|in which (folder|directory|place|file)|in what (folder|directory|file)|on which path",
    "always": "always|all the time|constantly|every time|again and again|keeps on being",
    "tooadv": "too|way too|far too|much too|so|really|very|a bit|a bit too|a little too|quite|somewhat",
    "fix": "fix|solve|stop|prevent|avoid|cure|handle|deal with|do about|correct|mend|get rid of",
    "advice": "(.|,|;|:| -) (what|how|which setting|what setting|which parameter|what parameter|which option|which value) (can i change|"
    "helps|should i change|do i change|can help|fixes that|do i need to change|should i touch|could help|must i change)|"
    "(.|,|;|:| -) (what (can|should|could|must) i (do|change|try|set|adjust|tweak) [about (it|that)]|how (do|can) i (fix|change|solve|"
    "stop|avoid|improve) (it|that|this)|why [is that]|what now|any (advice|idea|tips)|help [me]|please help|is there a fix|what to do|"
    "what would you change|can you help [me]|what is wrong|what causes (it|that)|any way to (fix|change) (it|that))",
    "parameter": "parameter|setting|option|knob|slider|value",
}

PROPER = {
    name.lower(): name
    for name in words(
        "ChatGPT|GPT|Claude|Llama|Qwen|Mistral|Gemma|Gemini|AI|LLM|GPU|CPU|Python|Java|JavaScript|Rust|HTML|SQL|Linux|Mac|macOS|Windows|"
        "German|French|Spanish|Italian|English|Chinese|Japanese|Latin|Russian|Dutch|Pocket|JSON|GGUF|Markdown|Vim|Emacs|Nano|Monday|"
        "Einstein|Mozart|Napoleon|Shakespeare|Hamlet|Faust|Titanic|Rome|Paris|London|Berlin|Google|Apple|Microsoft|Tesla|Amazon|Netflix|"
        "Columbus|Caesar|Newton|Darwin|Beethoven|Picasso|Mars|Christmas|Easter|Internet|WiFi|Ubuntu|Debian|EOS|BOS|USA|DNA|Bitcoin|Minecraft"
    )
}
"""Names that some people write with their capitals and others without."""

DO_FRAMES: tuple[str, ...] = (
    "how (do|can|could|would|should|might|shall|may) (i|i|i|we|you|one|someone) VP",
    "how to VP",
    "(what|which) <key> (do i|should i|must i|to|can i) <press> to VP",
    "(what|which) <key> (is used|is there|is it|works|exists|do i need) to VP",
    "what (do|should|must|can) i (press|hit|type|do|push|click|use|enter) (to|if i want to|in order to|when i want to) VP",
    "(what|which) <key> (lets|allows) me [to] VP",
    "i (want|need|would like|wish|have|am trying|'d like|would love) to VP",
    "i (want|need) to VP, (how|how do i do that|what now|what do i press|what should i do|how does that work)",
    "(can|could|may) i VP [somehow|easily|here|in <app>|with the keyboard|with a key]",
    "(is it possible|is there a way|is there any way|is there some way|is there a <key>|any way|a way|some way) to VP",
    "is there (a|any|some) (way|method|trick|command|option|possibility|function) to VP",
    "where (can|do|could|should) i VP",
    "(let|help) me VP",
    "(show|tell|teach|remind) me how (to|i can|i could|one can) VP",
    "(explain|describe) how (to|i can) VP",
    "VP",
    "VP please",
    "please VP",
    "(what is|what's) the (way|best way|easiest way|right way|quickest way|trick|procedure|<key>|command) to VP",
    "(i (do not|don't) know|i have no idea|i forgot|no idea|i can not find out|i can't figure out|not sure|unsure) how to VP",
    "do you know how (to|i can) VP",
    "(can|could|would|will) you (tell|show|explain to) me how (to|i can|i) VP",
    "(steps|key|shortcut|hotkey|command|how) to VP",
    "(trying|want|wanting|need|looking|hoping) to VP",
    "what if i (want|need|have) to VP",
    "suppose i (want|need) to VP",
    "how does one VP",
    "how am i supposed to VP",
    "VP, how",
    "VP - (how|which key|what do i press)",
    "(what happens|what) (do i do|must i do|to do) to VP",
    "i (am looking for|need|search|want) (a|the) (way|key|shortcut|button|command) to VP",
    "am i able to VP",
    "what would i do to VP",
    "(does|has) (chatapp|the app|this app|this program) (let me|allow me to|have a way to|offer a way to) VP",
)

DOING_FRAMES: tuple[str, ...] = (
    "(what is|what's|tell me|which is|give me) the (key|shortcut|hotkey|command|way|keyboard shortcut|button) (for|of) VP",
    "(which|what) (key|shortcut|command|button) is for VP",
    "how does VP work [here|in <app>]",
    "(what about|how about|and) VP",
    "VP",
    "is VP (possible|supported|allowed)",
    "(shortcut|key|hotkey|command|help|button) for VP",
    "i need help (with|for) VP",
    "how do i go about VP",
    "(does|do) (chatapp|this app|you) support VP",
    "explain VP",
)

ABOUT_FRAMES: tuple[str, ...] = (
    "what is [a|the|this|meant by] NP",
    "what (are|does) NP (do|mean|stand for|control|change)",
    "(explain|describe|define|clarify) NP [to me|for me|briefly|simply|in simple words|in plain words|like i am five]",
    "(can|could|would) you (explain|describe|define) NP [to me|for me]",
    "tell me [something|more|a bit|a little|what you know] about NP",
    "(what is|what's) the (meaning|purpose|point|idea|role|definition|effect|use|function) of NP",
    "NP",
    "(meaning|definition|purpose|explanation) of NP",
    "how does NP work",
    "what is NP (for|good for|about|used for|doing)",
    "what does NP (mean|do|stand for|actually do|really do|change|affect|influence|control) [here|in <app>]",
    "(i do not|i don't) (understand|get|know) [what] NP [is|means|does]",
    "why (would i|should i|do i|do people|does one) (need|use|change|want) NP",
    "(can|could) you tell me what NP (is|does|means)",
    "what do you mean by NP",
    "what exactly is NP",
    "i (have|'ve) never heard of NP",
    "i (keep reading|read|heard|saw something) about NP, what is (it|that)",
    "NP, what is (that|it)",
    "what's NP",
    "(i want to|i would like to|let me) (know|learn|understand) [more] [about] NP",
    "give me a (short|quick|brief|simple) (explanation|definition|description) of NP",
    "what (kind of thing|sort of thing) is NP",
    "help me understand NP",
)

BEFORE: tuple[str, ...] = (
    "please",
    "hey,",
    "hi,",
    "hello,",
    "hi there,",
    "so,",
    "ok,",
    "okay,",
    "um,",
    "well,",
    "and",
    "but",
    "now",
    "quick question:",
    "question:",
    "one (more|other) (question|thing):",
    "(can|could) you tell me:",
    "tell me,",
    "say,",
    "i wonder,",
    "i want to know:",
    "sorry,",
    "excuse me,",
    "good (morning|evening|afternoon|day),",
    "pocket,",
    "hey pocket,",
    "hmm,",
    "great,",
    "thanks,",
    "next:",
    "also,",
    "btw,",
    "actually,",
    "just (asking|wondering):",
    "do you know",
)

BEHIND: tuple[str, ...] = (
    " please",
    ", please",
    " thanks",
    ", thanks",
    ", thank you",
    " in chatapp",
    " in this app",
    " in this program",
    " here",
    " again",
    " exactly",
    " (quickly|fast|easily)",
    " on my (laptop|computer|machine|mac)",
    " with the keyboard",
    " now",
    " then",
    ", (i forgot|i don't remember|any idea|do you know|can you help)",
    " (mate|friend|buddy|pocket)",
    ", (if i may ask|if you don't mind|by the way)",
)

CONTEXT: tuple[str, ...] = (
    "i am new (here|to this|to chatapp).",
    "i just (installed|opened|started|got) (this|chatapp|it).",
    "sorry if this is a (stupid|dumb|silly) question.",
    "i have been looking for a while.",
    "my (boss|friend|colleague|teacher|sister|brother) (asked|wants to know).",
    "this is confusing.",
    "i like this app.",
    "i am using this on my (laptop|computer|server|mac).",
    "i can't find it.",
    "i am a bit lost.",
    "here is my (question|problem).",
    "i have a (question|problem).",
    "maybe you can help.",
    "i am (testing|trying|learning).",
    "nice to see you.",
    "it is late here.",
    "i was reading the manual.",
    "let me ask something.",
)
