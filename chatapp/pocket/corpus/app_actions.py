# ruff: noqa: E501 (a pattern stands on one line)
"""Help with the workbench's keys; keys and labels come from the registry of actions."""

from __future__ import annotations

import re

from chatapp.pocket.corpus.intent import Intent
from chatapp.ui.actions import ACTIONS, Action


def key_name(key: str) -> str:
    """Write a key as people read it."""
    if key == "escape":
        return "esc"
    return key.upper() if re.fullmatch(r"f\d+", key) else key


def keys(action_id: str) -> str:
    """The keys of an action as people read them."""
    return " or ".join(key_name(key) for key in ACTIONS[action_id].keys)


def way(action_id: str) -> str:
    """Say how to run an action: `Press ctrl+n`, or through the palette where it has no key."""
    action = ACTIONS[action_id]
    if action.keys:
        place = "In the conversation list, press " if action.where == "list" else "Press "
        return place + keys(action_id)
    return f"Open the palette with {key_name(ACTIONS['open-palette'].keys[0])} and choose {action.label}"


def _words(action_id: str, purpose: str, do: tuple[str, ...], say: tuple[str, ...] = (), weight: float = 1.0) -> Intent:
    return Intent(f"key {action_id}", (f"{way(action_id)} {purpose}",), do=do, say=say, weight=weight)


def _actions() -> tuple[Intent, ...]:
    return (
        _words(
            "send-message",
            "to send your message.",
            (
                "(dispatch|shoot off|get across|hand over|confirm) (my|the|a) (message|question|words|input|text)",
                "(send|submit|post|transmit|fire off|deliver|pass|hand) (a|my|the|this) (message|question|prompt|text|line|request|input)",
                "(send|submit) (it|this|what i typed|what i wrote|something) [to the <model>]",
                "ask the <model> [something]",
                "(get|give) my (message|question|prompt|text) to the <model>",
                "make (it|the <model>) (read|get|receive) my (message|question|prompt)",
            ),
            (
                "(done|finished) (typing|writing), (and now|what now|how do i send it off)",
                "how does my (text|message|question) (reach|get to) the <model>",
                "i typed (something|a message|my question), (what now|how does it get sent|how do i send it|now what)",
                "my message is (written|ready|done|finished), (what next|how do i send it)",
                "where is the send button",
                "which <key> (sends|submits) [the|my|a] (message|prompt|question|text)",
            ),
        ),
        _words(
            "new-line",
            "to begin a new line without sending.",
            (
                "(span|spread|stretch) [my|a] (text|message|prompt) over (two|several|more) lines",
                "(put|have|get|squeeze) (a|another) (line|paragraph|row|line feed|blank line) (in|into) (what i am writing|my text|my message|the message box)",
                "(write|send) a (poem|list|letter) with (several|many) lines",
                "(go|drop|skip) (down|) (one|a) (line|row) [while typing]",
                "(add|insert|begin|start|make|type|put|enter|get|create) a (new line|line break|newline|second line|another line|linebreak|break|new row) [in (my|the|a) (message|prompt|question|text|composer|input)]",
                "(write|type|enter|compose|send) (several|two|many|multiple|more than one|three|a few|more) (lines|rows|paragraphs) [in one message|at once]",
                "(write|type|enter) (a multiline|a multi-line|a longer|a multi line) (message|prompt|text|question)",
                "(go|move|jump|get) to the next line [without sending]",
                "(break|split) (the|a|my) (line|message|text) [without sending]",
                "(press enter|use enter|hit return) without sending",
                "write a message (over|with|of|on|in) (several|multiple|two|many) lines",
                "(start|begin|write) a new paragraph",
            ),
            (
                "(my text|what i type|my message) (needs|should have|must have) (two|several|more) (lines|paragraphs|rows)",
                "enter sends (the message|it) but i (want|need) (a new line|another line|a line break)",
                "(every time|whenever) i (press|hit) (enter|return) (it|the message|my message) (is sent|gets sent|sends|goes off) [too early]",
                "how (do|can) i (avoid|stop|prevent) enter (from sending|sending)",
                "(line break|newline|new line|multiline|multi-line input|several lines|soft return|carriage return)",
                "which <key> (makes|adds|inserts|gives|starts) a (new line|line break|newline)",
                "my (message|prompt|poem|text) has (two|several|many|three) (lines|paragraphs), how do i (type|write|enter) it",
            ),
            1.3,
        ),
        _words(
            "stop-reply",
            "to stop the reply. What was written so far is kept.",
            (
                "(bail out|get out|back out|break out) [of (a|the) (reply|answer|generation)] [while it (is writing|writes|is still writing)]",
                "(put an end to|call off|hold|cut|call a halt to|give up on|drop) (<areply>|the generation|it) [early|prematurely|before it is done|before it is finished|ahead of time]",
                "(end|finish|stop|cut off) <areply> (prematurely|ahead of time|before its end|before it finishes|right away|too)",
                "(quiet|calm|gag|muzzle) (it|the <model>)",
                "(stop|halt|interrupt|cancel|abort|end|kill|terminate|pause|break off|cut off|cut short|quit|freeze|silence|break|finish|shut off|stop short) <areply>",
                "(stop|halt|interrupt|cancel|abort|end|silence|shut up|cut off|quiet|mute|pause) (it|the <model>|you|him) [(while|when) (it|you) (is|are) (writing|talking|answering|speaking)|in the middle|mid-sentence|early|halfway|half way through|right now|immediately]",
                "(stop|halt|interrupt|cancel|abort|end|kill) [the|this|a] (generation|generating|writing|streaming|typing|inference|stream|output)",
                "make (it|the <model>|you|this) (stop|be quiet|shut up|quit|hush|cease|be silent|end|halt) [talking|writing|generating|typing|rambling|mid-sentence|now|early]",
                "(stop|keep) (it|the <model>|you) from (writing|talking|going on|rambling|generating) [on|more|further|any longer]",
                "(end|stop|cut) (a|the|this) (long|endless|boring|wrong|running|huge|bad) (reply|answer|response|text|output) [early|before it is finished|before the end]",
            ),
            (
                "(the model|it) is (writing|talking|producing|saying) (nonsense|rubbish|something wrong|gibberish|too much) [right now|again], (how can i (interrupt|stop|cancel) (it|that)|stop it|i want to stop it)",
                "(how do i|can i) (interrupt|stop|cancel) (it|the model|the reply) (while it is (writing|answering|talking)|in the middle of a sentence)",
                "(it|the <model>) (just|) (keeps|goes on|is still) (typing|talking|writing|babbling|going|rambling|yapping)[, (how do i (stop it|shut it up|make it stop|end this)|make it stop)]",
                "(hold on|wait|whoa|hang on), (stop|that is enough|how do i stop this)",
                "(the answer|it) is (wrong already|not what i want|useless), (stop it|i want to break it off)",
                "(it|the <model>) (will not|won't|does not|doesn't) (stop|shut up|end|be quiet) [talking|writing|typing]",
                "(the answer|the reply|it|this|the response) (is going on|goes on|is running|is rambling on|keeps going|keeps on|just goes on) (too long|forever|and on|for ages|endlessly), (stop it|how do i stop it|how do i stop this|make it stop|what can i do)",
                "(enough|stop|shut up|be quiet|stop it|halt|stop talking|stop writing|that is enough), (how do i stop (you|it|this)|which key|what key)",
                "i (have seen|have read|read|saw) enough [of (this|the) (answer|reply)], (stop it|how do i stop it|make it stop)",
                "i (do not|don't) (want|need) (to read|to see|to hear|) the rest [of the (answer|reply)]",
                "which <key> (stops|cancels|interrupts|aborts|halts|ends) (it|the reply|the answer|generation|a reply|you|writing)",
                "(emergency stop|stop button|stop key|abort key|cancel key|stop generation|interrupt)",
            ),
            1.5,
        ),
        _words(
            "regenerate-reply",
            "to write another reply beside this one.",
            (
                "(get|have) (the|this|an) (answer|reply|response) (written|made|generated|done|produced) (anew|again|afresh|once more|a second time)",
                "(have|take|get|give it) another (go|stab|shot|crack|turn|round) [at (it|that answer|the reply|this)]",
                "(reword|rephrase|do over|redo) (the|its|that|this) (reply|answer|response)",
                "(let|have) (it|the <model>) (have another go|try once more|think again|say it in another way)",
                "(regenerate|redo|retry|rewrite|reroll|re-roll|repeat|rerun|replace|re-generate|renew|refresh) [<areply>]",
                "(get|have|ask for|make|request|generate|produce|see|create|try) (another|a different|a new|a second|an alternative|a fresh|one more|a better|a further) (reply|answer|response|version|try|attempt|one|take)",
                "(try|ask|answer|generate|do) [it|that|this|the question|the same question] (again|once more|one more time|anew|a second time|over)",
                "make (it|the <model>|you) (answer|try|reply|respond|write it|say it) (again|once more|differently|anew)",
                "(give|let) (it|the <model>|you) (another|a second|one more) (try|chance|go|attempt|shot)",
                "roll the dice again",
                "(replace|swap|change) (a|this|the) (bad|wrong|poor|weak|ugly) (reply|answer|response) (with|for) (a new one|another)",
            ),
            (
                "(that|this) (reply|answer|one) (stinks|sucks|is lame|is no use|misses the point|was off|is awful|is disappointing), (gimme|give me|get me|i want|show me) (a different one|another|a better one|a new one)",
                "(gimme|give me) (a different|another|a better) (reply|answer|response|version)",
                "i (do not|don't|did not|didn't) like (this|that|the|your) (reply|answer|response), (how do i get another|can i have another|give me another one|another one|what now|what can i do)",
                "(that|this|the) (reply|answer|response) (was|is) (bad|wrong|poor|rubbish|no good|terrible|useless|not good), (try again|how do i retry|another|how can i get a new one|i want a better one)",
                "which <key> (regenerates|retries|redoes|repeats|rerolls) (it|the reply|the answer|a reply)",
                "(regenerate|regeneration|retry|reroll|second try|try again key|new answer same question)",
                "(same|the same) question (again|once more), (but another answer|new answer)",
            ),
            1.5,
        ),
        Intent(
            "key siblings",
            (f"{way('previous-sibling')} for the version before and {keys('next-sibling')} for the next one.",),
            do=(
                "(flip|leaf|scroll|swap|go) (back|forth|) (to|between|through) (an|the|my|) (earlier|former|other|alternate|alternative|previous) (take|takes|attempt|attempts|try|tries|replies|versions|reply)",
                "(have|get|want) (the|my|an) (earlier|first|former|previous|original|old) (attempt|reply|answer|version|take) [at (this|a) reply] back",
                "(switch|move|go|flip|toggle|change|step|jump|cycle|page|browse|navigate|swap) (between|through|among|across) [the|several|different|all] (versions|siblings|alternatives|replies|answers|variants|responses|regenerated replies|attempts) [of a (message|reply)]",
                "(go|get|switch|come|return|jump|step) back to (the|my|an) (previous|old|earlier|first|other|last|original|former) (version|reply|answer|response|sibling|variant|attempt)",
                "(see|show|view|find|read|compare|look at|recover|restore|get) (the|an|my) (other|previous|old|earlier|first|next|former|original|alternative|second) (version|versions|replies|reply|answer|answers|sibling|response|variant|attempt) [of (this|the|a) (message|reply|answer)]",
            ),
            say=(
                "(can i|how do i|i want to) (go|get|come) back to the (reply|answer|version) (before|from before) (i regenerated|the regeneration|the retry|i tried again|this one)",
                "(where is|what happened to|is) the (old|first|previous|earlier|original) (reply|answer|version|response) [gone|lost] [after (regenerating|i regenerated|a retry)]",
                "i (regenerated|retried|made a new one), (where is the old one|how do i get the old one back|can i see the first one again|is the old one lost)",
                "what (does|do) (1/2|2/2|2/3|the numbers|the arrows|‹2/2›) [beside|next to|behind] [a reply|the name] mean",
                "the (first|old|previous|earlier) (reply|answer|version) was better[, how do i get it back]",
                "what (is|are) [a] (sibling|siblings|versions of a message|sibling replies)",
                "(next|previous|other) (version|sibling)",
            ),
        ),
        _words(
            "new-conversation",
            "to begin a new conversation. The old one stays in the list.",
            (
                "(kick off|start off|get going with|fire up|set up) a (brand new|brand-new|new|fresh|totally new) <chat>",
                "(get|have|want|use) a (clean|blank|fresh|new|empty) (sheet|slate|page|window|canvas|start)",
                "(drop|forget about|put aside) (this|what we said) and (start|begin) (anew|again|afresh)",
                "(start|begin|open|create|make|launch|have|get|do|set up) (a|an|another|some) (new|fresh|empty|blank|clean|further|second|different|separate|) <chat>",
                "start (over|afresh|from scratch|again from zero|anew|clean|fresh|a new topic|a new one)",
                "(begin|start) (from scratch|from the beginning|with a clean slate|a blank page|all over)",
                "(reset|restart|clear|empty|forget) (the|this|our) (<chat>|history|screen|context|everything)",
                "(talk|chat|speak|ask) about (something else|another subject|a new subject|another topic)",
                "(leave|end|finish|close) this (conversation|chat) and (start|begin|open) (another|a new one)",
                "make (it|you) forget (everything|what i said|the conversation|all this)",
            ),
            (
                "(clean sheet|clean slate|blank page|fresh start)[ please|, what do i press]",
                "(new|fresh|empty|blank|another) (conversation|chat|dialogue|session|thread)",
                "which <key> (starts|opens|begins|makes|creates) a (new|fresh) (conversation|chat)",
                "(i am|we are) done with this (topic|conversation|chat|subject), (next one|new one|how do i start another)",
                "let's (talk about something else|start over|begin anew|start from scratch) in a new (conversation|chat)",
            ),
            1.4,
        ),
        _words(
            "toggle-conversations",
            "to show the conversation list, and type in it to filter.",
            (
                "(get|go|dive|come) back (into|in|to) (a|the|that) <chat> (from|of) (last month|monday|yesterday|last week|last year|this morning)",
                "(browse|look through|go through|scroll through|flick through) (my|the|all my) (past|old|earlier|previous|saved) (<chats>)",
                "(read|see|reread) (what we (discussed|said|talked about)|what i (asked|wrote)) (on monday|last week|yesterday|last month|some time ago|the other day)",
                "(open|close|toggle) (the|my) (conversation list|list of conversations|chat list|list of chats|sidebar|left panel|history|left side|side panel|left pane)",
                "<show> [the|my|all|a|all my|a list of] [old|earlier|previous|past|saved|other|last week's|yesterday's] (<chats>|chat history)",
                "(go|get|come|switch|return|jump) (back|) to (an|a|my|the|some) (old|earlier|previous|other|different|saved|past|former|yesterday's) <chat>",
                "(find|search|look up|search for|look for|locate|seek|filter|retrieve) [in|through] [a|an|my|the|some] (old|earlier|past|previous|lost|saved|) (<chat>|<chats>|history|chat history)",
                "(search|find|look for|look up|locate) (something|a word|words|text|what) [that] (i|it|you|we|was) (said|wrote|asked|typed) (last week|yesterday|before|earlier|some days ago|in the past|once)",
                "(switch|change|move|jump|hop) between <chats>",
                "(resume|continue|reopen|go on with|pick up|carry on|proceed with) (an|a|my|the) (old|earlier|previous|past|yesterday's|last|former) <chat>",
                "(hide|close|collapse) the (conversation list|list|sidebar|left panel|list on the left)",
                "filter the (list|conversations|conversation list) [by words]",
            ),
            (
                "(where is|where's|what about) the <chat> (i had|we had|from) (on monday|last week|yesterday|last month|this morning|the other day)",
                "where (are|did|can i find|do i find|have) (my|the|all my|all) (old|earlier|previous|past) (conversations|chats|discussions) [go|gone]",
                "where (is|has) (my|the) (old|last|previous|yesterday's) (conversation|chat) [gone]",
                "i (had|wrote|talked|chatted) (a|about|a conversation about) (something|cooking|a trip) (yesterday|last week), (how do i find it|where is it|where did it go|how do i get back to it)",
                "which <key> (shows|opens|lists|toggles|hides) (the|my) (conversations|conversation list|chats|old chats)",
                "(conversation list|list of conversations|chat history|old chats|sidebar|past conversations)",
                "(the|i lost the|i cannot see the) (list|sidebar|conversation list) (is gone|disappeared|vanished|)",
            ),
            1.6,
        ),
        _words(
            "toggle-inspector",
            "to open the inspector. It holds the system prompt and every parameter.",
            (
                "(tune|fiddle with|play with|touch|get at|reach) (the|some|its) (sampler|sampling|settings|parameters|sliders|controls|knobs)",
                "(write|put|enter|give) (instructions|rules|orders|directions) (for the whole conversation|that hold for the whole conversation|that always apply|it always follows|before the conversation)",
                "(turn|make) (it|the <model>) into (a pirate|a teacher|a poet|another character|an expert)",
                "<show> the (inspector|parameters|settings panel|sampling settings|sampling panel|right panel|settings|parameter list|generation settings|sliders|options)",
                "(close|hide|open|toggle) the (inspector|right panel|settings panel|panel on the right|side panel with the settings|parameter panel)",
                "<change> (the|a|some|my) (parameters|sampling settings|settings|generation settings|sampling parameters|model settings|sampler settings|knobs|sampler|sampling)",
                "<change> [the|a|my] system (prompt|message|instruction)",
                "(give|write|set|add|enter|edit|type) (a|my own|the|some|an own|my) system (prompt|message|instruction|instructions|text)",
                "(give|tell) (it|the <model>|you) (a role|a character|a personality|standing instructions|general instructions|how to behave|a persona|rules)",
                "make (it|you|the <model>) (behave|talk|act|speak|answer) (like a pirate|differently|as a teacher|like a poet|in a certain way|in another style|as someone else)",
                "(see|show|find) (all|every|the) (parameters|settings|values) [in use|in force]",
            ),
            (
                "(where|in which (place|spot|panel)) (do|can) (i|the) (sliders|knobs|controls|sampling controls|settings|write instructions|enter a system prompt|put a persona) (hide|live|sit|be found|)",
                "(where do|where are) the (sliders|sampler settings|knobs|controls) [hide|live|for the sampler|hidden]",
                "where (is|do i find|can i find|do i change|do i set|do i write|do i put) the (system prompt|inspector|parameters|settings|sampling settings|sliders|system message)",
                "(inspector|the inspector|what is the inspector|what is in the inspector|system prompt editor|parameter panel|settings panel)",
                "which <key> (opens|shows|toggles) the (inspector|settings|parameters|system prompt)",
                "where can i (change|set|move|adjust|tweak|see) (all these|these|the) (settings|parameters|values|sliders)",
            ),
            1.6,
        ),
        _words(
            "open-palette",
            "to open the palette, which finds any action by its name.",
            (
                "(type|enter) the name of (an action|a command|what i want to do)",
                "(get|see|have) a (searchable|) list of (everything|all) [that] (the program|this app|<app>|it) can do",
                "<show> the (palette|command palette|list of commands|action list|menu|action menu|commands|list of actions)",
                "(find|search|search for|look up|run|execute|call|locate) (an action|a command|any action|a function|actions|a feature|any command) [by name|by its name]",
                "(do|run|use) (something|an action) (that has no key|without a key|whose key i forgot|when i forgot the key)",
            ),
            (
                "(where is|is there) (the|a) (menu|command palette|palette|command menu|list of all actions)",
                "what is the [command] palette",
                "(command palette|palette|the palette|menu|action search)",
                "which <key> (opens|shows) the (palette|command palette|menu)",
            ),
        ),
        _words(
            "show-help",
            "to see all keys and what they do.",
            (
                "(see|know|get|have) (which|what) key does what",
                "(get|see|have|print) (an overview|a list|a table|a cheat sheet|a summary) of [all|the|every] (keys|shortcuts|keybindings|bindings)",
                "(see|show|list|view|print|display|find|look up|get|read) (all|the|every|a list of|all the|the list of) (keys|shortcuts|key bindings|keyboard shortcuts|hotkeys|keybindings|key combinations)",
                "(open|show|find|get|bring up|read) the (help|help screen|help page|key help|manual|key overview|built-in help)",
                "(learn|remember|know) (the|all|all the) (keys|shortcuts|hotkeys)",
            ),
            (
                "(list|show|give me|i want) (every|all|the) [keyboard] (keys|shortcuts|shortcut|keybinding|bindings)",
                "(what|which) (keys|shortcuts|hotkeys|keyboard shortcuts|key bindings) (are there|exist|do you have|can i use|does it have|does <app> have|do i have|are available)",
                "(all|list of|an overview of|a cheat sheet of|cheat sheet for) [the] (keys|shortcuts|key bindings|hotkeys)",
                "(where is|is there|is there a|which key shows) [the] (help|manual|list of keys|help screen|documentation|key list)",
                "i forgot (all|) the keys",
                "what can i press",
                "(i need|show|give me) (a list of|all) [the] (keys|shortcuts)",
                "how do i know which keys there are",
            ),
            1.2,
        ),
        _words(
            "scroll-up",
            "to scroll the conversation up by a page.",
            (
                "(scroll|move|page|go|leaf|flip) (up|back|upwards) [in the (conversation|chat|transcript|thread)] [by a page|a page|while typing]",
                "(see|read|look at|get back to|reach) (older|earlier|previous|the first|the beginning) (messages|lines|text|of the chat)",
                "(read|see) what (was said|i wrote|you wrote) (earlier|before|further up|above)",
            ),
            (
                "(the top|the start|the earlier part) of the (chat|conversation) is out of (view|sight)",
                "which <key> scrolls (up|back)",
            ),
        ),
        _words(
            "scroll-down",
            "to scroll the conversation down by a page.",
            (
                "(scroll|move|page|go|leaf|flip) (down|forward|downwards) [in the (conversation|chat|transcript|thread)] [by a page|a page|while typing]",
                "(get|go|jump|come|return) (back|) to the (end|bottom|latest message|newest message) of the (chat|conversation)",
                "(see|read|look at) (newer|later|the last|the latest|further) (messages|lines|text)",
            ),
            ("(i scrolled|i am) too far up", "which <key> scrolls (down|to the end)"),
        ),
        _words(
            "edit-in-editor",
            "to write the message in your own editor ($EDITOR).",
            (
                "(type|write|edit) (my|the|a) (prompt|message|text) (in|with) (vim|nano|emacs|vi|my own editor|a proper editor|a real editor|an editor)",
                "(hand|pass) (the|my) (text|message|draft) (to|over to) (vim|my editor|an editor)",
                "(write|edit|compose|type|prepare) (a|my|the|this|a long) (message|prompt|question|text) (in|with|using) (my|an|the|my own|an external|my favourite|another) (editor|text editor)",
                "(use|open|launch|start|call) (vim|nano|emacs|my editor|an external editor|my text editor|vi|helix|$EDITOR|my favourite editor|neovim|micro) [for (a|my|the) (message|prompt)|to write (a|my|the) (message|prompt)|here]",
                "(write|edit|type) (in|with) (vim|nano|emacs|vi|neovim)",
                "(write|compose) a (very long|long|big|huge) (message|prompt) (comfortably|in comfort|outside|elsewhere)",
            ),
            (
                "(may|can|could) i use (my own|another|my|an external) [text] editor (for|to write) (long|my|big|longer) (prompts|messages|texts)",
                "(external editor|$EDITOR|vim|emacs|open editor|my own editor|editor)",
                "which <key> opens (my|the|an external) editor",
                "(can i|is it possible to|does it) (use|support|work with) (vim|emacs|nano|my editor|an external editor)",
            ),
        ),
        _words(
            "copy-reply",
            "to copy the last reply as Markdown.",
            (
                "(grab|snatch|save|stash|put) (the|its|the model's|your) (last|latest|whole|) (words|answer|reply|text|output) (to|in|on|into) (the|my) clipboard",
                "(get|take) (the|this) (answer|reply|text) (out of|out) (here|<app>) [and into (a document|an email|another window)]",
                "(copy|grab|yank|clip|take|get) (the|this|its|a|your|the last|the whole|that|the latest) (reply|answer|response|output|message|text) [to the clipboard|as markdown|into another program|somewhere else]",
                "(put|get|bring) (the|this|the last|that) (reply|answer|response|text) (in|into|on|onto) (the|my) (clipboard|document|email|notes)",
                "(paste|use) (the|this|that) (reply|answer|response) (into|in) (another|a different|some other) (program|window|document|app)",
            ),
            (
                "(copy reply|copy to clipboard|clipboard|copy the last answer|copy as markdown)",
                "which <key> copies (the|a) (reply|answer|response|last reply|text)",
                "i (want|need) (the|this|that) (answer|reply|text) (in|on) my (clipboard|document|email)",
            ),
            1.2,
        ),
        _words(
            "toggle-thoughts",
            "to unfold or fold the model's thoughts.",
            (
                "(unfold|open|expand|fold|see) the (thinking|reasoning|thought) (part|section|block|text)",
                "(peek|look|have a look|take a look) (at|into) (its|the|the model's) (thoughts|head|mind|reasoning|thinking)",
                "(see|read|know) what (is|was|goes|went) (going on|on) in its (head|mind)",
                "(see|peek at|read) what it (was thinking|thought|had in mind)",
                "(see|show|read|view|unfold|expand|reveal|display|look at|open) (the|its|your|what are the) (thoughts|reasoning|thinking|thought process|chain of thought|reasoning steps|inner thoughts|hidden thoughts)",
                "(hide|fold|collapse|close|get rid of) (the|its|your) (thoughts|reasoning|thinking|thought process|chain of thought)",
                "see what (it|the <model>|you) (thought|was thinking|thinks|is thinking|reasoned) [before it answered]",
                "(fold|unfold|toggle) (the|) (thoughts|reasoning|thinking)",
            ),
            (
                "(where are|how do i see|where is) (the|its) (thoughts|reasoning|thinking) [of the model]",
                "(thoughts|reasoning|thinking|chain of thought|show thoughts|fold thoughts)",
                "which <key> (shows|unfolds|hides|folds|toggles) (the|) (thoughts|reasoning)",
                "it says thought for (2|3|five|some) seconds, (can i read that|how do i see it|what did it think)",
            ),
        ),
        _words(
            "rename-conversation",
            "to rename the conversation.",
            (
                "(give|find) (this|the|my|a) <chat> (a nicer|a proper|a shorter|a clearer|some other|a good) (title|name)",
                "(title|entitle) (a|this|my) <chat>",
                "(rename|retitle|name|label|call) (a|this|the|my|an old) <chat> [differently|something else]",
                "(change|edit|set|give|alter|fix|correct) (the|a|its|another) (title|name|heading) (of|for|to) (a|this|the|my) <chat>",
                "give (a|this|the|my) <chat> (a|another|a new|a better|a different) (title|name)",
            ),
            (
                "(rename|retitle|new title|conversation title|rename chat|rename conversation)",
                "the (title|name) [of (this|the) <chat>] is (wrong|bad|ugly|too long), (how do i change it|can i change it|i want another)",
            ),
            1.2,
        ),
        _words(
            "delete-conversation",
            "to move the conversation to the trash. Undo brings it back.",
            (
                "(bin|scrap|dispose of|chuck out|toss|ditch|purge|throw out|throw away|get rid of) (a|this|the|my|an old|some) <chat>",
                "(throw|toss|put) (this|a|the|my) <chat> (away|out|in the bin|in the trash)",
                "<delete> (a|this|the|my|an old|one|some|that) <chat>",
                "<delete> [the|my|old|some] (<chats>|chat history|history|everything i said)",
                "move (a|this|the) <chat> to the trash",
                "make (a|this|the|an old) <chat> (disappear|go away|vanish)",
            ),
            (
                "(delete|remove|trash) (conversation|chat)",
                "i (do not|don't) (need|want) this <chat> (any more|anymore|any longer)",
                "i want this <chat> (gone|deleted|removed)",
            ),
            1.2,
        ),
        _words(
            "undo-delete",
            "to bring back the conversation deleted last.",
            (
                "(undo|revert|reverse|take back) (a|the|my|that) (delete|deletion|removal|deleting)",
                "(restore|recover|undelete|bring back|get back|rescue|retrieve|save|reinstate) (a|the|my|that) (deleted|removed|erased|trashed|lost|accidentally deleted) <chat>",
                "(restore|get back|bring back|recover) (something|what|a <chat>) [that] (i (deleted|removed|threw away)|from the trash|in the trash)",
            ),
            (
                "i (binned|ditched|tossed|scrapped|lost|trashed|threw out|got rid of) (a|the|my) <chat> [that] i (still|) (needed|need|wanted|want) [back]",
                "(give me|i want|bring|get) [me] (back|) (the|my|that) <chat> [that] i (just|) (deleted|removed|binned|threw away) [back]",
                "i (deleted|removed|erased|trashed|threw away) (a|the wrong|my|this|an important|the) <chat> (by mistake|by accident|accidentally|too quickly|), (help|how do i get it back|is it lost|what now|can i undo that|can i get it back)",
                "(oops|oh no|damn|help), i (deleted|removed|trashed|erased) (a|the wrong|my|the) <chat>",
                "(undo|undelete|undo delete|restore from trash|where is the trash|trash)",
                "(is|are) (a|) deleted <chat> (gone|lost) (forever|for good)",
                "can (a|) deleted (conversations|conversation|chat) be (restored|recovered|brought back)",
            ),
            1.3,
        ),
        _words(
            "switch-theme",
            "to switch between light, dark or a theme of yours.",
            (
                "(have|get|use|want) (a|another|some other) (night look|darker look|nicer look|colour scheme|set of colours|skin)",
                "(change|switch|choose|select|pick|set) (the|another|a|a different|my) (theme|colours|colors|colour scheme|color scheme|look|appearance|style|background)",
                "(use|switch to|get|turn on|enable|activate|have|go to|change to) [the|a] (dark|light|night|day|bright|black|white) (mode|theme|colours|colors|background|look)",
                "make (it|the screen|the background|<app>|everything) (dark|light|darker|lighter|brighter|less bright|black|white)",
            ),
            (
                "(the|this) (white|bright|light|dark|black) (background|screen|theme) (blinds|hurts|bothers|annoys|strains) (me|my eyes)[, (is there (a|another) (night look|dark mode|look|theme)|can i change it)]",
                "(it is|the screen is|this is|the colours are) too (bright|dark) [for my eyes|at night]",
                "(dark mode|light mode|theme|themes|colours|colors|night mode|dark theme|light theme)",
                "(is there|do you have|does it have) (a|) (dark|light) (mode|theme)",
                "my eyes hurt [from the (white|bright) (screen|background)]",
                "(i (do not|don't) like|can i change) the colours",
            ),
            1.2,
        ),
        Intent(
            "key quit",
            (f"Press {key_name(ACTIONS['interrupt'].keys[0])} twice to quit. Everything is saved.",),
            do=(
                "(close|shut|turn off|leave|get away from) (this|the|) (program|app|window|chatapp) [for today|now|for good]",
                "(quit|exit|leave|close|end|shut down|get out of|terminate|stop|kill|log out of) (<app>|chatapp|the workbench|the app|the program)",
                "(quit|exit|get out|leave)",
                "get (out of here|out of <app>|back out)",
            ),
            say=(
                "(quitting|exiting|leaving|closing) (chatapp|the app|the program)[, how| - how|]",
                "(how do i|how to|how can i|which key to|i want to) (quit|exit|leave|get out|close it|close the program|get out of here)",
                "(quit|exit)",
                "which <key> (quits|exits|leaves|closes) (<app>|chatapp|)",
                "(i am|i'm) (trapped|stuck) in (here|this program), (how do i get out|let me out)",
                "what does ctrl+c twice do",
            ),
            weight=1.2,
        ),
        _words(
            "suspend",
            "to go back to the shell for a moment; fg returns.",
            (
                "(suspend|background|pause|put aside|park) (<app>|chatapp|the workbench|the program)",
                "(go|drop|get|jump) (back|) to (the|my) (shell|terminal|command line) (for a moment|for a while|without quitting|without closing|briefly|and come back)",
                "(put|send) (<app>|chatapp|the program) (in|into|to) the background",
                "(leave|get out of) (<app>|chatapp) (for a moment|without quitting|temporarily) [and come back]",
            ),
            (
                "(suspend|fg|background job|what does suspending do)",
                "i (need|want) (my|the) shell (for a moment|quickly|briefly) (without quitting|)",
                "how do i come back (after suspending|after ctrl+z)",
            ),
        ),
    )


def spellings(key: str) -> tuple[str, ...]:
    """The ways in which people write a key."""
    name = key_name(key)
    spoken = {name, key, name.replace("+", " "), name.replace("+", "-"), name.replace("ctrl", "control")}
    spoken |= {name.replace("ctrl+", "c-"), name.replace("ctrl+", "^"), name.title(), name.replace("+", " + ")}
    spoken |= {name.replace("ctrl+", "control "), name.replace("ctrl+", "Ctrl-")}
    if name == "esc":
        spoken |= {"escape", "the escape key", "Esc", "the esc key"}
    return tuple(sorted(spoken))


def _key_question(action: Action, key: str) -> Intent:
    """What a key does, asked in every spelling of that key."""
    name, spelling = key_name(key), "|".join(spellings(key))
    return Intent(
        f"what {key}",
        (f"{name[:1].upper()}{name[1:]}: {action.help}",),
        say=(
            f"what (does|will|would|do) ({spelling}) do [here|in <app>]",
            f"what (is|happens on|happens with|about) ({spelling})",
            f"({spelling})",
            f"(explain|describe|tell me about|tell me what) ({spelling}) [does|is for]",
            f"what happens (if|when) i <press> ({spelling})",
            f"what (is ({spelling})|the ({spelling}) key is|do i use ({spelling})) (for|good for|used for)",
            f"(purpose|meaning|function|effect|use) of ({spelling})",
            f"i (pressed|hit|typed) ({spelling}), what (happened|did that do|was that)",
            f"why (should|would) i <press> ({spelling})",
            f"what does the key ({spelling}) do",
        ),
        weight=0.6,
    )


def intents() -> tuple[Intent, ...]:
    """Every intent about actions and keys."""
    keys = tuple(_key_question(action, key) for action in ACTIONS.values() for key in action.keys)
    return _actions() + keys
