# ruff: noqa: E501 (a pattern stands on one line)
"""Help with panes, the inspector's tabs, presets, the choice of the model and raw completion."""

from __future__ import annotations

from chatapp.pocket.corpus.intent import Intent
from chatapp.pocket.corpus.ways import keys, words

_PLACES = (("one", "first"), ("two", "second"), ("three", "third"), ("four", "fourth"))
"""The panes' numbers in words: `two`, `second`."""


def _panes() -> tuple[Intent, ...]:
    return (
        words(
            "add-pane",
            "to open another pane beside this one.",
            (
                "(open|add|create|make|get|start|have) (a|another|a second|a new|one more|an extra|a fresh|an empty) pane [beside this one|on the right|at the side|here]",
                "(split|divide) (the|my) (screen|window|view|workbench|display) [in two|into two|into panes|vertically]",
                "(have|see|show|put|open|get) two (conversations|chats) (side by side|next to each other|at once|beside each other|at the same time|on one screen)",
                "(open|start|put|have) (a|another|a second) <chat> (beside|next to|alongside|to the right of) (this one|this|the first)",
                "(compare|try|test|run) two (models|presets|settings|prompts) (side by side|next to each other|beside each other)",
                "(chat|talk|work) (in|with) (two|several|three|four) panes",
            ),
            (
                "(new pane|split screen|split view|another pane|what is a pane|panes|two panes|add pane)",
                "which <key> (opens|adds|makes) (a|another|a new) pane",
                "how do i (see|have|watch) (two|several) (chats|conversations|models) at (once|the same time)",
                "is there a split (screen|view|window)",
                "one pane is not enough [for me]",
                "i want (a|another|an empty) <chat> on the right of this one",
            ),
            1.1,
        ),
        words(
            "close-pane",
            "to close this pane. Its conversation stays in the list.",
            (
                "(close|shut|remove|get rid of|kill|drop|dismiss|put away) (a|the|this|one|that|my|the second|the active|an extra) pane",
                "(go|get|come|return|switch) back to (one|a single|only one) pane",
                "(end|undo|leave|stop|remove) the split [screen|view]",
                "(have|keep|use) (only|just) one pane [again]",
                "make (a|this|the) pane (disappear|go away|vanish)",
                "(unsplit|join) the (screen|window|view)",
                "(get|give) the (whole|full) (screen|width|window) (to|for) one (conversation|chat) [again]",
            ),
            (
                "(close pane|close the pane|fewer panes|remove pane|unsplit)",
                "which <key> (closes|removes|shuts) (a|the|this) pane",
                "(is|are) (the|my) (conversation|chat|messages) (lost|gone|deleted|kept) (when|if|after) i close (a|the|its) pane",
                "there are too many panes [here|open|on the screen]",
                "i (do not|don't) need (this|the second|the other|that) pane (any more|anymore|any longer|now)",
                "i am (done|finished) with this pane",
            ),
        ),
        Intent(
            "key panes",
            (f"Press {keys('show-pane-1')} to {keys('show-pane-4')} to go to a pane, or to open it.",),
            do=(
                "(switch|move|change|jump|hop|toggle|go back and forth) (between|among) [the|my|two] panes",
                "(go|switch|get|jump|change|move) to (another|the other|the next|a different) pane",
                "(put|bring|move) the (focus|cursor) (in|into) (another|the other) pane",
                "(leave|get out of) this pane for (another|the other) one",
                "(type|write|chat|ask) in (the other|another) pane",
            ),
            say=(
                "(switch pane|switch panes|change pane|next pane|other pane|pane switching|pane keys)",
                "(which|what) keys (switch|change) (panes|between panes|the pane)",
                "i have (two|three|four|several) panes, how do i (get|go|switch) from one to the other",
                "i am in the wrong pane[, how do i get out|, how do i change that]",
                "my (text|typing) (goes to|lands in) the wrong pane",
            ),
        ),
        *(_pane(number, *names) for number, names in enumerate(_PLACES, 1)),
    )


def _pane(number: int, count: str, order: str) -> Intent:
    pane = f"(pane {number}|pane {count}|pane number {number}|pane number {count}|the {order} pane)"
    return words(
        f"show-pane-{number}",
        f"to go to pane {number}, or to open it.",
        (
            f"(go|switch|jump|move|change|get|hop|turn) to {pane}",
            f"(show|focus|activate|select|see|reach|enter|use) {pane}",
            f"(put|bring|move|set) the (focus|cursor) (in|into|on) {pane}",
            f"(type|write|send something|work|chat|say something) in {pane}",
            f"make {pane} (active|the active one|the current one)",
        ),
        (
            f"(pane {number}|pane {count}|{order} pane|pane number {number}|number {number} pane)",
            f"which <key> (shows|goes to|opens|is for|leads to|selects) {pane}",
            f"(i want|i need|give me|take me to|bring me to) {pane}",
            f"how do i get into {pane}",
            f"how is {pane} (reached|opened|shown)",
            f"(and|now) {pane}",
        ),
        weight=0.5,
    )


def _comparing() -> tuple[Intent, ...]:
    return (
        words(
            "send-to-all",
            "to send the message in every pane at once.",
            (
                "(send|submit|post|put|give) (a|my|the|this|one|the same) (message|question|prompt|text) (to|in) (all panes|every pane|each pane|all the panes|both panes|all four panes)",
                "(ask|question|prompt) (all|both|all the|several) (panes|models) (at once|the same|the same thing|together|at the same time|in one go)",
                "ask (everyone|everybody|them all|all of them) (at once|the same question|together)",
                "(broadcast|spread|fan out|distribute) (a|my|the|this) (message|question|prompt) [to (all panes|every pane|the panes)]",
                "(get|have) (a reply|an answer|replies|answers) (from|in) (all panes|every pane|both panes|each pane) [at once|to the same question]",
                "(put|pose|ask) the same question (everywhere|in all panes|to all models|to both models|in each pane)",
            ),
            (
                "(send to all|send to all panes|broadcast|ask all|all panes at once|send everywhere)",
                "which <key> (sends|submits) (to all panes|everywhere|in every pane|to every pane)",
                "(all|both) panes should (get|receive|answer) (the same|this|my) (message|question)",
                "must i type (it|my question|the same) (twice|again in every pane|in each pane|four times)",
                "(one|the same) (question|message|prompt) for (all panes|every pane|both panes)",
                "i want (both|all) models to (answer|hear|get) (this|the same|my) (question|message)",
            ),
        ),
        words(
            "show-differences",
            "to mark the words in which the panes' last replies differ.",
            (
                "(see|show|mark|highlight|view|find|spot|display|underline) [the|all] (differences|differing words|different words) (between|in|of|among) (the|two|both|these) (replies|answers|responses|panes)",
                "(compare|diff|contrast) (the|both|two|these|all) (replies|answers|responses|outputs) (word by word|of the panes|of two panes|in the panes|of two models)",
                "(compare|diff) (the|both|two|my) panes [word by word]",
                "(see|find out|know|check) (how|where|in which words) (the|two|both) (replies|panes|answers) (differ|are different|disagree|deviate)",
                "(see|show) what (one reply|one model|one pane) says (differently|that the other does not)",
                "(hide|stop marking|remove|turn off|clear) the (differences|difference marks|underlined differences)",
                "(mark|underline|highlight) the words (that differ|that are different|that one reply has alone|in which the panes differ)",
            ),
            (
                "(differences|show differences|diff|word diff|differing words|compare panes|diff of the replies)",
                "which <key> (shows|marks|highlights) [the] differences",
                "(where|how|in what) do (the|these|both) (replies|answers|panes) differ",
                "what is the difference between (the|these|both) (replies|answers|panes)",
                "are (both|the two|these two) (replies|answers) the same",
                "i cannot see how the two (replies|answers|panes) differ",
            ),
        ),
        words(
            "scroll-together",
            "to let all panes scroll together, or each alone again.",
            (
                "(scroll|move|page) (all|both|the|all the|two) panes (together|at once|in step|in parallel|at the same time|synchronously|in sync)",
                "(sync|synchronise|synchronize|couple|link|connect|lock) (the scrolling|scrolling|the scrollbars|the scrolling of the panes|both panes while scrolling)",
                "make (all|both|the) panes (scroll|move) (together|in step|alike|in sync)",
                "(let|have) (all|both|the) panes (follow each other|scroll as one|scroll together|move together)",
                "(scroll|move) (each|every|one) pane (alone|on its own|separately|by itself) [again]",
                "(uncouple|unlink|separate|unlock) the (scrolling|scrollbars|scrolling of the panes) [again]",
                "(keep|hold) (the|both|all) panes (at the same place|aligned|level|in line) [while scrolling]",
            ),
            (
                "(scroll together|synchronised scrolling|sync scroll|scroll lock|linked scrolling|scroll in sync)",
                "(when|if) i scroll one pane the other (should|must) (follow|move too|scroll along|come along)",
                "which <key> (couples|syncs|links|locks) the (scrolling|panes)",
                "(why do|can) (both|all|the) panes scroll (together|at once|at the same time)",
                "only one pane (scrolls|moves) [when i scroll][, i want both]",
            ),
        ),
    )


def _inspector() -> tuple[Intent, ...]:
    return (
        words(
            "inspector-sampling",
            "to see the preset and the parameters in the inspector.",
            (
                "<show> the sampling (tab|page|section|view) [of the inspector]",
                "(go|jump|get|switch|move) [straight|directly|right] to the (sampling tab|sampling page|parameters tab|tab with the sliders|preset and the parameters) [in the inspector]",
                "(open|show) the inspector (at|on) (sampling|the sampling tab|the parameters|the sliders)",
                "(go|switch|turn) from (another tab|the system prompt|the info|the tokens) to (sampling|the parameters|the sliders)",
                "(see|check|look up) which preset (is in use|is chosen|i use|is active|applies) [here]",
                "(put|bring|get) the (parameters|sliders) to the front in the inspector",
            ),
            (
                "(sampling tab|the sampling tab|sampling page|parameters tab|tab with the parameters|what is the sampling tab)",
                "which <key> (opens|shows|goes to) the (sampling tab|sampling page|parameters tab|tab with the sliders)",
                "where (is|do i find) (the sampling tab|the sampling page|the tab with the parameters|the tab for sampling)",
                "which preset (is in use|is active|is chosen|do i use) [here|now]",
                "the inspector shows (something else|another tab|the wrong tab|the info), i want the (parameters|sliders)",
                "what is (in|on) the sampling (tab|page)",
            ),
            0.8,
        ),
        words(
            "inspector-system",
            "to see the system prompt in the inspector.",
            (
                "<show> the system prompt (tab|page|section|view) [of the inspector]",
                "(go|jump|get|switch|move) [straight|directly|right] to the (system prompt|system tab|system message|system prompt tab|system page) [in the inspector]",
                "(open|show) the inspector (at|on) (the system prompt|the system tab|the system message)",
                "(see|read|view|look at|reread) the system (prompt|message) (that is in force|of this <chat>|in use here|i set|it follows)",
                "(turn|switch) from (the parameters|another tab|the tokens|sampling) to the system prompt",
                "(check|know|see|find out) whether (there is|i set|this <chat> has) a system prompt",
            ),
            (
                "(system tab|the system tab|system prompt tab|system page|tab with the system prompt|system prompt page)",
                "which <key> (goes to|jumps to|leads to) the system prompt",
                "(what|which) system prompt (is in force|is in use|does this <chat> have|do i use|is set)",
                "where (is|do i find) the (system tab|tab for the system prompt|system prompt tab|page with the system prompt)",
                "the inspector shows (something else|the parameters|another tab|the tokens), i want the system prompt",
                "what is (in|on) the system (tab|page)",
            ),
            0.8,
        ),
        words(
            "inspector-tokens",
            "to see the reply's tokens, and branch from one.",
            (
                "(see|show|view|inspect|look at|list|examine|display) (the|all|the single|the individual) tokens (of|in) (a|the|its|the last|this|that) (reply|answer|response)",
                "<show> the (tokens|token) (tab|page|section|view) [of the inspector]",
                "(see|find out|know|check) how (likely|probable|sure|certain) (each|a|every|the) (word|token) (was|is) [in the reply]",
                "(see|show|view|get) the (probabilities|logprobs|log probabilities|entropy|ranks|chances) of (the|all) (tokens|words) [in (a|the) reply]",
                "(see|find out|know) which other (tokens|words) (were possible|were likely|were considered|it could have chosen)",
                "(branch|go another way|write on) from (a|one|another|some|a certain) token [of the reply|in the reply]",
                "(take|try|choose|pick) (another|a different|an alternative) (token|word) (at a point|in the reply|at one place|in the middle of the reply) [and go on from there]",
            ),
            (
                "(tokens tab|token view|the tokens tab|logprobs|token probabilities|alternatives for a token|tokens of the reply)",
                "which <key> (shows|opens) (the token view|token probabilities|the tokens tab|the reply's tokens)",
                "where (are|do i find|do i see) the (logprobs|token probabilities|tokens of the reply|chances of the tokens)",
                "how (sure|certain) was (it|the <model>) (of|about) (each|every|that|this) (word|token)",
                "why did it (choose|pick|take) (this|that) (word|token)[, what were the others]",
                "what else could it have (said|written|chosen) (at|in) (this|that) (place|point|token)",
            ),
            1.1,
        ),
        words(
            "inspector-info",
            "to see the model, its template and how the last reply came about.",
            (
                "<show> the info (tab|page|section|panel|view) [of the inspector]",
                "(go|jump|get|switch) [straight|directly] to (the info|info|the info tab|the info page)",
                "(see|find out|know|check|learn) how (the last|this|its|the) (reply|answer) (came about|came to be|was made|came into being|was produced)",
                "(see|check|find out|know) which chat template (is used|is in use|the model has|applies) [here|in the workbench]",
                "(see|view|show|check|get) (facts|details|more|information) about the (loaded|running|current|present) model",
                "(see|look at|show|read) the chat template of the (loaded|running|current) model",
                "(see|check|find) the stop reason of the last reply",
            ),
            (
                "(info tab|the info tab|info page|what is in the info tab|what is on the info page|info panel)",
                "which <key> (shows|opens|goes to) (the info|info|the info tab|the info page)",
                "how did the last (reply|answer) come about",
                "(what|which) template does (this|the loaded|the running|the current) model (use|have)",
                "where do i (see|find|read) (facts|more|information|something) about the (loaded|running|current) model",
                "where (is|do i find) the info (tab|page|panel)",
            ),
            0.9,
        ),
    )


def _choices() -> tuple[Intent, ...]:
    return (
        words(
            "choose-model",
            "to choose the model that answers here from the next message on.",
            (
                "(choose|pick|select|change|swap|exchange) the model (in the workbench|here|in the middle of a <chat>|without (quitting|restarting|leaving)|while chatting|for this (conversation|pane)|for the next message|in this pane|on the fly)",
                "(switch|change) (models|to another model|to a different model) (in the workbench|in the middle of a <chat>|without (quitting|restarting|leaving)|while chatting|in this (conversation|pane)|on the fly|mid-conversation)",
                "(open|show|see|bring up|get) the model (picker|menu|chooser|selection|switcher) [here|in the workbench]",
                "(let|have) (another|a different) <model> (answer|reply|take over|go on) (from now on|from the next message|in this conversation|from here on|in this pane)",
                "(continue|go on with|carry on with) this <chat> with (another|a different|a bigger) model",
                "(give|assign) this (pane|conversation) (another|a different|its own) model",
            ),
            (
                "which <key> (chooses|switches|changes|picks) the model [here|in this pane]",
                "(model picker|model menu|model chooser|model switcher|pick a model here|choose model|choose the model)",
                "how do i (change|switch) models (mid-conversation|in the middle|halfway|without restarting|while we talk)",
                "(do|must) i (quit|restart|leave) [chatapp] to (change|switch) the model",
                "(the next message|my next question) should go to (another|a different) model",
                "where (is|do i find) the model (menu|picker|chooser|selection)",
                "i (want|would like) another model to answer my next (question|message)",
            ),
            1.2,
        ),
        words(
            "choose-preset",
            "to pick one for the next messages.",
            (
                "(choose|pick|select|use|apply|load|take|try|set) (a|another|the|my|a different|a saved) preset [for (this conversation|the next message|what i send next)]",
                "(change|switch|go|move) to (another|a different|my other|a saved) preset",
                "(see|list|show|browse|open|look through) (the|all|my|all my|the list of) presets",
                "(use|load|bring back|take|apply) (saved|stored|my saved|ready-made) (settings|parameters|values) [again]",
                "(get rid of|stop using|turn off|leave) the preset",
                "(change|switch) (presets|between presets|the preset)",
                "(set|change) all parameters at once [with a preset]",
            ),
            (
                "(presets|preset|the presets|what is a preset|what are presets|preset list|choose preset|choose a preset)",
                "(which|what) presets (are there|do i have|exist|can i choose)",
                "where (are|do i find|can i pick) the (presets|preset list|preset picker)",
                "is there a (ready-made|prepared|saved) set of (settings|parameters|values)",
                "how do i (choose|pick|load|change) a preset",
                "i want (other saved settings|ready-made values|another preset) for the next message",
            ),
        ),
        words(
            "save-preset",
            "to keep what is set here under a name.",
            (
                "(save|store|keep|record) (my|these|the current|all these|this conversation's) (settings|parameters|values|sliders|sampling settings) (as a preset|as a new preset|for another conversation|under a name|for reuse|for next time)",
                "(make|create|save|add|define|build|set up|store) (a|a new|my own|an own|another|my) preset [from this conversation|out of what is set here]",
                "(turn|make) (these|my|the current) (settings|values|parameters) into a preset",
                "(reuse|use) (these|the same|my current) (settings|values|parameters) (in another conversation|elsewhere|again later|next time)",
                "(give|put) a name (to|on) (these|my|the current) (settings|values|parameters)",
                "(keep|hold on to) (a|this|my) (good|nice|working) (combination|set|mix) of (settings|parameters|values)",
                "(remember|memorise) (my|these|the current) (settings|values|parameters) (for another conversation|for later|under a name)",
            ),
            (
                "(save preset|new preset|save as preset|own preset|preset of my own|save a preset)",
                "i (found|have) good (settings|values), how do i (keep|save|store) them",
                "can i (save|keep|store) (these|my) (settings|values) (under a name|as a preset)",
                "how do i save (a preset|my settings as a preset|what is set here)",
                "i (do not|don't) want to set (all this|everything|these values) again (every time|next time|in every conversation)",
                "can (these|my) (settings|values|parameters) (become|be made into|be saved as) a preset",
            ),
        ),
        words(
            "toggle-raw",
            "to send text without a chat template, or messages again.",
            (
                "(turn on|switch on|turn off|switch off|toggle|activate|deactivate) [the] raw (completion|mode|completion mode) [here|in the workbench|in this pane]",
                "(send|submit) (a|my|the|some) (text|prompt|message) (raw|as it is|without a chat template|without the template) [in the workbench|from here|from the message box]",
                "(let|make|have) the <model> (continue|complete|go on with|extend) (my text|what i send|what i type|my words) (as it is|in the workbench|in this pane|in this conversation)",
                "(use|try|get) (raw completion|completion mode|plain continuation|text completion) (in the workbench|on the screen|in this pane|in this conversation|inside the workbench)",
                "(turn off|switch off|disable) the [chat] template (in the workbench|in this pane|in this conversation|for what i send)",
                "(go|switch|change|get) back from raw completion [to (messages|normal|chatting)]",
                "(leave|end) raw (mode|completion) [in the workbench|again]",
            ),
            (
                "what does raw completion do in (the workbench|the palette|this pane)",
                "(toggle raw|raw completion in the workbench|raw completion from the palette|raw completion on and off|raw on|raw off)",
                "where (is|do i find) raw (completion|mode) (in the workbench|on the screen|in this window)",
                "i want (plain|pure|raw) continuation (here|in the workbench), not (a chat|an answer)",
                "which entry of the palette turns (on|off) raw completion",
                "what i (send|type) (here|in the workbench) should be (continued|completed) as it is",
            ),
        ),
    )


def intents() -> tuple[Intent, ...]:
    """Every intent about panes, the inspector's tabs, presets, the model and raw completion."""
    return _panes() + _comparing() + _inspector() + _choices()
