# ruff: noqa: E501 (a pattern stands on one line)
"""Help with what can be done to one message, with its versions and branches, and with finding words."""

from __future__ import annotations

from chatapp.pocket.corpus.intent import Intent
from chatapp.pocket.corpus.ways import keys, words


def _marking() -> tuple[Intent, ...]:
    return (
        words(
            "previous-message",
            "to mark the message above. Letters then act on it.",
            (
                "(mark|select|highlight|pick|choose) (a|the|some|one|an earlier|an older|a particular|another|a single) message [in the (conversation|chat|transcript)|with the keyboard|without the mouse]",
                "(mark|select|highlight|pick|choose) the (message|one|reply|question) (above|before|further up|before this one|just above)",
                "(move|go|step|walk|jump|get) (up|upwards) (message by message|one message|by one message|from message to message|a message)",
                "(move|go|step|walk) (over|through|along|among) the messages [with the keyboard|one by one]",
                "(move|put|bring|take|push) the mark (up|upwards|higher|one up|to the message above|one message higher)",
                "(go|step|move|jump|get) to the (previous|preceding) message",
                "(do something|act|work) (with|on) (a|an old|an earlier|a single|one particular) message",
                "(show|tell) it which message i mean",
            ),
            (
                "(how does|explain) marking [a message|messages] [work|]",
                "(what is|what are|what does it mean to have) (a marked message|marked messages|the mark on a message)",
                "(the letter keys|the letters|the single letters|the message keys) (do nothing|only type|just type|are just typed|land in my text)[, why|, what now|, what must i do first]",
                "which <key> (marks|selects|highlights) (a|the) message [above]",
                "(mark a message|select a message|message above|previous message|marking messages|message cursor)",
                "i want to (point at|lay my finger on|get hold of) (a|one|an old) message",
            ),
            1.2,
        ),
        words(
            "next-message",
            "to mark the message below. Letters then act on it.",
            (
                "(mark|select|highlight|pick|choose) the (message|one|reply|question) (below|after|further down|after this one|just below|underneath)",
                "(mark|select|highlight|pick) the (next|following|newer|later) (message|one|reply)",
                "(move|go|step|walk|jump|get) (down|downwards) (message by message|one message|by one message|from message to message|a message)",
                "(move|put|bring|take|push) the mark (down|downwards|lower|one down|to the message below|one message lower|back down)",
                "(go|step|move|jump|get) to the (next|following) message",
                "(come|get|go) back down (to|among) the (newer|later|last) messages with the mark",
            ),
            (
                "(the mark|my mark) (is|sits|stands|went) (one message too high|one too high|too far up|a message too high)[, how do i get it down|, what now]",
                "i marked (one|a message|the message) too (high|far up), how do i (get down|go lower|move down)",
                "which <key> (marks|selects|highlights) the (next message|message below|following message)",
                "(next message|message below|following message|mark down|mark the next one|mark the message below)",
                "(and|now) the message (below|after) [it|that one]",
                "not this message, the (next|following) one [must be marked]",
                "how does the mark (go|move|get) (down|lower)",
            ),
        ),
    )


def _words_of_messages() -> tuple[Intent, ...]:
    return (
        words(
            "edit-message",
            "to write it anew. The old version stays.",
            (
                "(edit|change|rewrite|correct|fix|revise|modify|amend|alter|reword|rephrase) (a|my|the|this|that|an old|an earlier|my last|my first|my previous) (message|question|prompt) [of mine|i sent|after sending it|that is already sent|and send it again]",
                "(fix|correct|mend|repair) (a|my|the|this) (typo|mistake|spelling mistake|slip|misspelling|error) in (my|a|the|my last) (message|question|prompt) [i sent|]",
                "(change|edit|correct|rewrite|rework) (what|something) i (said|wrote|asked|have sent|sent) [earlier|before|above|further up]",
                "(edit|change|rewrite|correct|improve|touch up) (the|a|its|this|the model's) (reply|answer|response) (myself|by hand|with my own words|manually)",
                "(put|write|get) (other|different|better) words (into|in) (my|an old|a sent) message",
                "(ask|put|phrase) my (last|earlier|first) question (differently|in other words|another way) [in its old place|after all]",
            ),
            (
                "i (made a typo|misspelt a word|forgot a word|wrote something wrong|made a mistake) in my (message|question|prompt), (how do i fix it|can i change it|can i still edit it|what now)",
                "i (sent|fired off) (it|my message|the question) too (early|soon|quickly), can i still (change|edit|fix|finish) it",
                "can (sent messages|a sent message|old messages|my messages) be (edited|changed|corrected|rewritten) [later|afterwards|after all]",
                "(edit message|edit a message|message editing|edit my last message|editing messages|edit my prompt)",
                "which <key> (edits|changes|rewrites|corrects) (a|my|the) message",
                "is it too late to (change|edit|correct|rewrite) my (message|question|prompt)",
                "(my|the) (message|question) (above|further up) is (wrong|badly put|full of typos|unclear)[, can i change it|, how do i mend it]",
            ),
            1.3,
        ),
        words(
            "copy-message",
            "to copy it as Markdown.",
            (
                "(copy|yank|grab|clip|take) (an older|an earlier|a particular|a certain|my own|a specific|the marked|some other|my first|just one) (message|question|prompt)",
                "(copy|yank|grab|clip) (an older|an earlier|the first|a marked|a previous|the second|some earlier) (reply|answer|response) [to the clipboard|as markdown]",
                "(copy|put|get|bring) what i (wrote|asked|said|typed) [earlier|above] (to|onto|into) the clipboard",
                "(copy|get) (just|only) (one|a single|this one|the marked) message [out of the (chat|conversation)]",
                "(get|put|bring) (an older|a particular|my own|the marked) message (onto|into|on) the clipboard",
                "(copy|duplicate) my (question|prompt|message) [to use it elsewhere|from above|as text]",
            ),
            (
                "(can|how do) i copy (a|any|some) message that is not the last [reply]",
                "which <key> (copies|yanks) (a|the|one) (message|marked message|older message)",
                "(copy message|copy a message|copy any message|copying one message|copy an old message|yank message)",
                "i (want|need) (my own|an earlier|an older|that older) message (on|in) (the|my) clipboard",
                "not the last reply, (an older one|another message|my question) (to|onto) the clipboard",
                "can (one|a single|an old) message be copied [alone|by itself]",
            ),
        ),
        words(
            "insert-message",
            "to put another one of any role behind it.",
            (
                "(insert|add|put|squeeze|slip|place) (a|another|an extra|a missing|a made-up|a new) message (between two others|in the middle|in between|behind another|after this one|between two messages|further up|into the (conversation|chat))",
                "(make up|fake|invent|write|type) (a|the|its|the model's) (reply|answer|turn) myself [and put it in|and add it]",
                "(insert|add|put in|place) (a|an extra|a made-up) (user|assistant|model) (message|turn) [in the middle|in between|by hand|of my own|myself|somewhere]",
                "(insert|add|place) an (assistant|extra) (message|turn) [in the middle|in between|by hand|of my own|myself|somewhere]",
                "(speak|write|say something) (as|in the name of|on behalf of) the (assistant|model)",
                "(add|insert|write|put in) (an example|a sample|a few-shot) (exchange|dialogue|turn) (by hand|into the conversation|between the messages)",
                "(choose|set|pick) the role of a message that i (insert|add)",
            ),
            (
                "which <key> (inserts|adds|squeezes in) (a|another) message",
                "(insert message|insert a message|message in between|insert a turn|message of another role|add a message in between)",
                "(a message|something|a turn) is missing (between these two|in the middle|in between|here), how do i (add|insert) it",
                "i (want|would like) to (play|be) the (assistant|model) for one (message|turn)",
                "(can|may) i (smuggle|slip|sneak) (a|my own) message (in|into the past|into the history)",
                "does the chat take a message (that nobody wrote|that i make up|of any role|with another role)",
            ),
        ),
    )


def _replies() -> tuple[Intent, ...]:
    return (
        words(
            "answer-message",
            "to get a reply to it.",
            (
                "(get|have|request|want|generate|write) (a|another|a new|one more) (reply|answer|response) to (an older|an earlier|an old|a marked|an edited|a previous|an inserted|an unanswered) (message|question)",
                "(let|make) (it|the <model>) (answer|reply to|respond to) (an older|the marked|an earlier|an old|my edited|an unanswered|my inserted) (message|question)",
                "(have|get) (an old|a marked|an edited|an inserted|an older) (message|question) answered [again|now]",
                "(answer|regenerate|retry|redo) (an older|an earlier|an old|a marked) (message|question|reply|answer)",
                "(reply|respond) to (a marked|an older|an earlier|an edited|an inserted) (message|question)",
                "(get|have) another (reply|answer) (in the middle|further up|higher up) [of the conversation|in the chat]",
                "(regenerate|retry|redo) a reply (further up|in the middle|that is not the last one|higher up)",
            ),
            (
                "my (old|earlier|edited|inserted|older) (message|question) (has no reply|never got an answer|got no reply|stands there without an answer)[, how do i get one|, what now|, can it be answered]",
                "which <key> (answers|replies to|gets a reply to) (a|the) marked message",
                "(answer message|answer a message|reply to a message|answer the marked message|answer this message)",
                "i want an (earlier|older) (answer|reply) (anew|made again|written again), not the last [one]",
                "(it|the model) (skipped|passed over|never answered|did not answer) (my|an) (earlier|older|first|second) question[, what now|, can i have it answered]",
                "(can|may) (a|any|an old) message be answered (again|later|afterwards)",
            ),
        ),
        words(
            "continue-reply",
            "to let the model go on where it stopped.",
            (
                "(continue|resume|carry on with|go on with) (a|the|this|that|its|your|the last|a stopped|an interrupted|the marked) (reply|answer|response) [where it stopped|from where it ended|from there|at its end]",
                "(let|make|have) (it|the <model>|you) (go on|continue|keep going|carry on|write on|write more) [with the reply|with its answer|where it stopped|from where it left off|from there]",
                "(add|append|get) more (to|at the end of) (the|a|this|that|its) (reply|answer)",
                "(get|see|have) the continuation of (a|the|this|its) (reply|answer)",
                "(take|pick) up (the|that|my) (stopped|interrupted|halted) (reply|answer) [again]",
                "make (a|the|this|its) (reply|answer) longer (by going on|after the fact|afterwards|at its end)",
            ),
            (
                "i (stopped|interrupted|cancelled|halted) (it|the reply|the answer) [too early|by mistake], (can it go on|how does it go on|let it go on|how do i resume it|make it go on|how do i continue it)",
                "(go on|keep going|carry on) with (that|the|this) (reply|answer)",
                "which <key> (continues|resumes) (a|the) (reply|answer|stopped reply)",
                "can a (stopped|finished|halted) (reply|answer) be (continued|resumed|taken up again)",
                "(continue reply|continue the reply|resume reply|continue from here|go on from there|resume generation)",
                "the (reply|answer) is (finished|complete|over) but i want it to (go on|continue|run on)",
                "it (stopped|ended) and i want (more of it|it to go on|it to keep writing)",
            ),
            1.2,
        ),
    )


def _keeping() -> tuple[Intent, ...]:
    return (
        words(
            "pin-message",
            "to keep it in the model's view.",
            (
                "(pin|unpin|fasten|nail down) (a|this|the|that|my|an important|the first|one) message [in place|in the context|in the conversation|so that it stays]",
                "(keep|hold) (a|this|my|an important|the first|a certain) message (in (the context|view|its memory|the model's view|the window)|from being (forgotten|left out|dropped|cut away))",
                "make (sure|certain) (a|this|my first|an important) message (stays|remains|is kept|is never dropped|is not forgotten) [in the context|in view]",
                "make (it|the <model>) (keep|hold on to|not forget|always see|remember) (a|this|an important|the first) message",
                "(protect|keep|shield|save) (a|this|an important) message from (falling out of|dropping out of|leaving|being cut from) the (context|window)",
                "(mark|flag) (a|this|the) message as important",
                "(take|remove) (the|a) pin (off|from) (a|the|this) message",
            ),
            (
                "(pin|pinning|pinned message|pin message|what does pinning do|what is a pinned message|unpin message)",
                "which <key> (pins|unpins) (a|the|this) message",
                "(the model|it) must (not|never) forget (this message|what i said here|this instruction|this part)",
                "this (message|instruction|fact|note) must (stay|remain|be kept) [in (the context|view|mind|its memory)]",
                "can (a message|one message|messages) be pinned",
                "(one|this|my first) message should (stay|remain) in the context (for ever|whatever happens|even when it is full|all the time)",
            ),
        ),
        words(
            "delete-message",
            "to take it and what follows out of sight.",
            (
                "<delete> (a|this|that|the|my|one|an old|a single|some|my last|the last|an earlier|a wrong) message [from the (chat|conversation)]",
                "(delete|remove|erase|trash|throw away) (a|the|this|my|that) (question|prompt|reply|answer) [and (everything|what comes) (after|behind|below) it]",
                "(throw away|remove|delete|cut off) everything (after|behind|below|following) (a|this|that) (message|point)",
                "(unsend|retract|withdraw|take back|recall) (a|my|the|this|my last) (message|question|prompt) [i sent]",
                "take (a|my|the|this) message (back|away|out) [again]",
                "make (a|this|my|the) message (disappear|go away|vanish)",
                "(tidy up|shorten|clean up) (a|the|this) <chat> by (removing|deleting|taking out) (messages|the last messages|some messages)",
            ),
            (
                "(delete message|remove message|message deletion|delete a message|delete one message|unsend)",
                "i (do not|don't) (want|need) this message (any more|anymore|here|in the chat)",
                "i want this message (gone|deleted|removed|out of (here|sight|the chat))",
                "which <key> (deletes|removes|erases) (a|the|this|one) message",
                "can (single|individual|some|my) messages be (deleted|removed|taken out)",
                "i sent (something stupid|an embarrassing message|a message by mistake|something by accident|a message that i regret), can i (take it back|remove it|delete it|unsend it)",
            ),
            1.2,
        ),
        words(
            "undo-delete-message",
            "to bring back the message deleted last.",
            (
                "(restore|recover|undelete|bring back|get back|rescue|retrieve|reinstate) (a|the|my|that) (deleted|removed|erased) (message|messages|question|reply|answer)",
                "(undo|revert|reverse|take back) (the deletion of a message|the removal of a message|deleting a message|a message deletion|removing the message)",
                "(get|bring|fetch|call) back (the|a|my) (message|reply|question) i [just|] (deleted|removed|erased|took out)",
                "(get|have|bring) what i (deleted|removed) (from|in) (this|the) (conversation|chat) back",
                "(have|get|want) (the|my) (deleted|removed) (message|messages) back",
            ),
            (
                "i (deleted|removed|erased|binned) (a|the wrong|my|an important|this|the) (message|question|reply|answer) (by mistake|by accident|accidentally|too quickly), (help|how do i get it back|is it lost|what now|can i undo that)",
                "(oops|oh no|damn|help), i (deleted|removed|erased|took out) (a|the wrong|my|the) message",
                "(is a deleted message|are deleted messages) (gone|lost) (for good|forever)",
                "can (a deleted message|deleted messages) be (restored|recovered|brought back)",
                "(undo delete message|undelete message|restore message|undo message deletion|bring a message back)",
                "which <key> (restores|brings back|undeletes) (a|the) (deleted message|message)",
                "the (message|reply|question) i deleted was (important|the wrong one|still needed)[, can i have it back|, undo it]",
            ),
            1.1,
        ),
    )


def _versions() -> tuple[Intent, ...]:
    return (
        words(
            "version-before",
            f"to see its version before this one; {keys('version-after')} shows the next.",
            (
                "(see|show|get|view|display|read|open) the (previous|earlier|former|preceding|older) version of (a|the|my|this) (marked|edited) (message|question|reply|prompt)",
                "(go|switch|step|flip|move|page) (one version back|a version back|to the version before) (on|of|with) (a|the) marked message",
                "(see|read|find|get back) what (i wrote|my message said|the message was|i had asked) before (i edited it|the edit|i changed it|i rewrote it)",
                "(get|bring) back the (old|original|unedited|former) (wording|text) of (my|an) edited (message|question)",
                "(switch|go|change) back to (my|the) (message|question|prompt) as it was (before the edit|before|at first|originally)",
                "(undo|revert) (an edit|my edit|the edit|my change) (of|to) (a|my) message",
            ),
            (
                "i edited (my|a) message, where is the old (one|text|wording) [now]",
                "i edited (it|my message|my question) and (want|need) the (old|first|original) (wording|text) back",
                "which <key> shows the (version before|previous version|older version) of a marked message",
                "(is|was) the (text|message) (from|of) before (my|the) edit (lost|gone|kept|still there)",
                "(version before|the version before|unedited version|old wording|message before the edit)",
                "what did my message say before i (edited|changed|rewrote) it",
            ),
            0.8,
        ),
        words(
            "version-after",
            f"to see its version after this one; {keys('version-before')} shows the one before.",
            (
                "(see|show|get|view|display|open|read) the (next|following|newer|later|newest) version of (a|the|my|this) (marked|edited) (message|question|reply|prompt)",
                "(go|switch|step|flip|move|page) (one version on|a version forward|to the version after|one version further) (on|of|with) (a|the) marked message",
                "(return|go|come|get|switch) back to (my|the) (edited|corrected|rewritten|changed) (message|question|text|wording)",
                "(see|show|read|get) (my|the) message as it is (after the edit|after editing|with my changes|now that i edited it)",
                "(go|step|flip|leaf) forward (through|among) the versions of a marked message",
                "(bring back|restore|redo) (my|the) (edit|change|correction) (of|to|in) (a|my) message",
            ),
            (
                "i went back to the (old|unedited|first) version of my message, how do i get to the (new|edited|corrected) one",
                "which <key> shows the (version after|next version|newer version) of a marked message",
                "(version after|the version after|edited version|newer version of a message|new wording|message after the edit)",
                "my message shows the old (text|wording) again, where is (my edit|the edited one|my new text)",
                "the (edited|corrected|new) (text|wording) of my message is (not shown|hidden|gone), how do i see it",
            ),
            0.8,
        ),
        words(
            "fork-conversation",
            "to begin another conversation with all up to it.",
            (
                "(fork|branch|split off|branch off|clone|duplicate|copy) (a|the|this|my) <chat> [here|from here|at this point|from this message|at a message|from a message|in the middle]",
                "(begin|start|open|make|create) (another|a new|a second|a separate) <chat> (from here|at this message|from this message|at this point|from a message|from an earlier point)",
                "(try|explore|go) (another|a different) (way|direction|path|turn|route) from (here|this point|this message) [in a conversation of its own|without losing this one]",
                "(take|carry) (everything|all|what was said) (up to|until) (here|this point|this message) (into|over to) (another|a new|a fresh) <chat>",
                "(keep|leave) this <chat> as it is and (go on|try something else|continue) in a copy",
                "(make|get|take) a copy of (this|the|my) <chat> [up to (here|a message|this message)]",
                "spin off (a|another|a side) <chat> [from here]",
            ),
            (
                "(fork|forking|branch off|what is a fork|fork here|conversation fork|fork this)",
                "which <key> (forks|branches off|clones) (a|the|this) <chat>",
                "i (want|would like) two (conversations|chats) with the same (beginning|start)",
                "can i go on from (an earlier|an older) message without (losing|destroying|overwriting|touching) (what came after|the rest|what follows)",
                "what if i had asked something else (here|there|at that point), (can i try that|how do i try it) [without losing this]",
                "can (a|one|this) <chat> be (forked|cloned|branched|duplicated)",
            ),
        ),
        words(
            "show-beside",
            "to show this conversation in another pane as well. There you can take another branch.",
            (
                "(open|show|put|have|see) (the same|this|one) (conversation|chat) (twice|in two panes|in another pane too|in a second pane as well)",
                "(see|view|show|compare|put) two (branches|versions) of (a|this|one|the same) (conversation|chat) (side by side|next to each other|beside each other|at once)",
                "(open|show|put) (another|a second|the other) (branch|version) (of this <chat>|of it|) in (another|a second|the next) pane",
                "(duplicate|double|mirror) (this|the) (conversation|chat) (in|into) (another|a second) pane",
            ),
            (
                "(show beside|same conversation twice|two branches side by side|branch in another pane)",
                "can (two panes show|i have) (the same|one) (conversation|chat) (twice|at once|in both)",
            ),
        ),
        words(
            "show-tree",
            "to see all branches, search in them and go to one.",
            (
                "<show> the (tree|branch tree|conversation tree|message tree|tree view|tree of branches|tree of messages)",
                "(see|show|view|list|display|survey) (all|all the|the) (branches|branch points|paths|forks) (of (a|the|this) <chat>|at once|as a tree|in one view)",
                "(search|look|find words) in (all|the|other) branches [of this <chat>]",
                "(jump|go|get) to (a|another|a certain|some) branch (in the tree|far away|deep down|that i left long ago)",
                "(see|get|have) (an overview|a map|a picture|a plan) of (the|this|a) (conversation|chat|branches|whole conversation)",
                "(see|view|look at) the (structure|shape|skeleton) of (the|this|a) <chat>",
                "find a (lost|hidden|forgotten) (branch|fork|path) [again]",
            ),
            (
                "(tree|tree view|branch overview|conversation tree|map of the conversation|what is the tree|all branches)",
                "(how many|which|what) branches (are there|does this <chat> have|exist) [in this chat]",
                "where (did|has) (the|my) (branch|other path) (go|gone)",
                "which <key> (shows|opens|draws) the (tree|branches)",
                "(is there|do you have) a (tree|map|tree view|overview) (of the branches|of the conversation|of this chat)",
                "where are (the|all my|all the) branches",
            ),
        ),
    )


def _finding() -> tuple[Intent, ...]:
    return (
        words(
            "find-in-conversation",
            "to find words in this conversation.",
            (
                "(find|search for|look for|look up|locate|spot) (a word|words|some text|a phrase|a term|a name|a passage) (in|within|inside) (this|the current|the open|the present) <chat>",
                "(search|scan|comb|look through|go through) (this|the current|the open) <chat> [for (a word|something|a phrase|some words)]",
                "(find|search|look) (in|inside|within) (this|the current) (conversation|chat)",
                "(search|look for words|find text) (on this page|on the screen|in here|in the transcript|in what is shown)",
                "(find|locate|jump to) (the place|the spot|the line) where (a word|something|a name) (stands|was said|comes up|is mentioned) [in this <chat>]",
                "(open|get|show|bring up) the (find|search) (bar|box|line) [for this conversation]",
                "(see|highlight) every (occurrence|mention|place) of a word [in this <chat>]",
            ),
            (
                "(find|find in conversation|search this conversation|find in this chat|text search here|search in here|find bar)",
                "where (in this <chat>|above|up there) did (i|it|you|we) (say|mention|write) (that|something|it)",
                "which <key> (finds|searches for) (words|text|a word) in (this|the) <chat>",
                "i know (it|the word) is (somewhere|further up) in this <chat>[, how do i find it]",
                "is there (a search|a find function|a text search) (in|for|inside) (this|the open) (conversation|chat|transcript)",
                "this <chat> is (long|endless|huge), how do i find (a word|something|what i said) in it",
            ),
            1.3,
        ),
        words(
            "next-match",
            "to go to the next hit.",
            (
                "(go|jump|get|move|step|skip) to the (next|following) (hit|match|result|occurrence|find|search result) [of the (search|word)|of my search]",
                "(see|show|find) the (next|following) (hit|match|result|occurrence|search result)",
                "(find|search) (the next one|further|further down|onwards) [in this <chat>]",
                "(go|step|move|jump) (on|forward|ahead) (through the hits|through the matches|from hit to hit|among the search results)",
                "(repeat|continue|go on with) the search [downwards|further down|to the next place]",
                "(see|find) where (the word|it) (stands|comes|appears|occurs) next",
            ),
            (
                "(find next|next hit|next match|next result|next occurrence|following hit|search again)",
                "which <key> (goes to|jumps to|finds) the (next|following) (hit|match|result|one)",
                "(it|the search) found (five|several|many|three|twelve) (places|hits|matches), how do i (get on|get to the next|go from one to the next|go further)",
                "this is (not the right|the wrong) (hit|match|place), (the next one|how do i get to the next|show me the next)",
                "(and|now) the next (hit|match|place with the word|occurrence)",
            ),
            0.8,
        ),
        words(
            "previous-match",
            "to go to the hit before.",
            (
                "(go|jump|get|move|step|skip) [back] to the (previous|preceding|earlier) (hit|match|result|occurrence|find|search result) [of the (search|word)|of my search]",
                "(see|show|find) the (previous|preceding) (hit|match|result|occurrence|search result)",
                "(search|find words) (backwards|upwards|back up|in reverse) [in this <chat>]",
                "(go|step|move|jump) (back|backwards|up) (through the hits|through the matches|from hit to hit|among the search results)",
                "(repeat|continue) the search (upwards|backwards|further up)",
                "(see|find) where (the word|it) (stood|came|appeared|occurred) before",
            ),
            (
                "(find previous|previous hit|previous match|previous result|previous occurrence|hit before|search backwards)",
                "which <key> (goes to|jumps to|finds) the (previous hit|previous match|hit before|match before|preceding result)",
                "i (went|jumped|skipped) (past|over) (the|a|the right) (hit|match), how do i (get|go) back to it",
                "i want the (hit|match|result) before (this one|that|it)",
                "(and|now) the (hit|match|occurrence) (before|above)",
            ),
            0.8,
        ),
    )


def intents() -> tuple[Intent, ...]:
    """Every intent about messages, their versions and branches, and finding."""
    return _marking() + _words_of_messages() + _replies() + _keeping() + _versions() + _finding()
