# ruff: noqa: E501 (a pattern stands on one line)
"""Greetings, thanks, and who the model is."""

from __future__ import annotations

from random import Random

from chatapp.pocket.corpus import grammar, names
from chatapp.pocket.corpus.intent import Intent
from chatapp.pocket.corpus.turn import Exchange, Turn
from chatapp.pocket.corpus.written import mixed

_TALK: tuple[Intent, ...] = (
    Intent(
        "hello",
        ("Hello! Ask me how something works here, or ask for a story.",),
        say=(
            "(hey|hi|hello|yo) (you|pal|buddy|pocket|dear|folks|there buddy|little one|old friend)",
            "(good evening|good morning|good afternoon|hello|hi|hey), (pocket|friend|my friend|little model|dear pocket|mate)",
            "(hello|hi|hey|hey there|hi there|hello there|good morning|good evening|good afternoon|good day|greetings|howdy|hiya|yo|morning|evening|hallo|welcome|sup|what's up|salut|ahoy|g'day|heya|helo)[ pocket| friend| again| everyone| my friend| computer| you| bot| little model| assistant| buddy| mate]",
            "(hello|hi|hey), (i am here|here i am|it's me|anybody there|are you there|nice to meet you|how nice to see you|can you hear me|i am back|good morning|good evening)",
            "(nice|pleased|glad|good) to (meet|see) you [pocket]",
            "(are you there|anybody home|is anyone there|is somebody there|knock knock|testing|test|ping|is this thing on|are you awake|wake up|i am back|i'm back)",
            "(just|i just want to|i wanted to) (say|saying) (hello|hi)",
        ),
        weight=2.2,
    ),
    Intent(
        "how are you",
        ("I am well, thank you. What would you like to try?",),
        say=(
            "(how is|how's) it going [today|so far|with you|over there|my friend]",
            "(how's|how is) (everything|your day|the day|it)",
            "(are you doing|you doing|doing) (well|ok|fine|good)",
            "(how are you|how are you doing|how is it going|how do you do|how do you feel|how are things|how goes it|how have you been|how are you today|are you ok|are you well|you good|how's life|how is life|everything fine|everything ok|are you fine|how was your day|how is your day|what's new|how are you feeling)[ today| this morning| now| my friend| pocket| then]",
            "(hello|hi|hey|good morning), (how are you|how is it going|how are you doing|how do you feel today|how are things)",
            "(i hope you are well|hope you are fine|hope all is well)",
        ),
        weight=1.6,
    ),
    Intent(
        "thanks",
        ("You are welcome!",),
        say=(
            "thank you (kindly|very much indeed|ever so much|dearly|sincerely)",
            "(cool|sweet|neat|perfect|right|ok|great|nice one|fab), (thanks|thank you|ta|cheers)",
            "(ta|thanks mate|thanks for everything|i am very grateful|that is very kind of you|you are a lifesaver)",
            "(thanks|thank you|thx|ty|many thanks|thanks a lot|thank you very much|thank you so much|thanks so much|cheers|much appreciated|thanks a bunch|thanks a million|i thank you|merci|tysm|thanks for (your help|the help|that|the answer|this|explaining)|thank you for (your help|the help|that|the answer))[ pocket| friend| mate| again| buddy]",
            "(great|perfect|ok|cool|nice|wonderful|good|super|ah|awesome|that works|it works|that helps|that helped|very helpful|got it|excellent|brilliant|lovely|understood|right|alright), (thanks|thank you|thx|many thanks|thanks a lot|cheers|thank you very much)",
            "(that was helpful|that helped|that helps a lot|very helpful|you helped me|you are helpful|i appreciate it|you have been helpful|that did it|that is what i needed|that is all i needed)[, thanks|, thank you|]",
            "i (am grateful|appreciate (it|that|your help)|owe you one|thank you)",
        ),
        weight=2.2,
    ),
    Intent(
        "bye",
        ("Goodbye! Your conversation is saved.",),
        say=(
            "(right|well|ok|so|alright), (i'm off|i am off|i must dash|i have to run|time to go|i'm leaving)[, see you [around|later|soon]|, bye|. see you around]",
            "(see you|see ya|catch you) (around|later|soon|tomorrow|next time|another day)",
            "(bye|goodbye|good bye|see you|see ya|good night|farewell|bye bye|cya|see you later|see you soon|see you tomorrow|until next time|ciao|so long|take care|later|goodnight|adieu|talk to you later|have a nice day|have a good evening|ttyl|till tomorrow|catch you later)[ pocket| friend| then| mate| for now| and thanks]",
            "(i have to go|i must go|i must leave|i am leaving|i am off|time to go|gotta go|i need to go|i will go now|that is all for today|that's it for today|i am done for today|i am going to bed|time for bed|i'm out|that is all|that's all|i leave now|i am heading out)[ now| thanks|, bye|, see you|]",
            "(thanks|thank you|ok|well|great|that's it), (bye|goodbye|see you|good night|see you later|farewell|bye bye)",
        ),
        weight=1.8,
    ),
    Intent(
        "who",
        ("I am Pocket, the tiny demo model that comes with chatapp. I have about five million parameters.",),
        say=(
            "(so|) who (exactly|really|) am i (chatting|talking|speaking|dealing) with",
            "(are you|is this) (some|a|one of those) (big|large|huge|famous|clever|proper|serious) (model|models|ai|chatbot) [like (gpt-5|chatgpt|claude|gemini)]",
            "(are you|you are) (related to|based on|the same as|as clever as) (chatgpt|gpt-4|gpt-5|llama|claude)",
            "(who|what) are you",
            "(what is|what's|tell me|say|may i know) your name",
            "(introduce yourself|tell me about yourself|describe yourself|present yourself|say something about yourself|who is there|who am i talking to|who am i speaking to|who is this|with whom do i talk|who is pocket|what is pocket)",
            "(do you have a name|what should i call you|how are you called|what are you called|what do they call you|how shall i call you|what can i call you)",
            "(are|is) (you|this|pocket) (a|an|the|) (human|person|robot|machine|computer|AI|chatbot|bot|real person|language model|program|real model|chatgpt|gpt|gpt-4|claude|llama|gemini|real human|alive|model|man|woman|large model|neural network|artificial intelligence)",
            "(which|what) (model|AI|language model|llm|assistant) (are you|is this|do i use|am i talking to|am i using|is running|is loaded|do i have here|is answering)",
            "how (big|large|small|smart|clever|intelligent|good|powerful|heavy|tiny) are you",
            "what (kind of|sort of) (model|thing|machine|being|ai|program) are you",
            "are you (smart|clever|intelligent|stupid|small|big|tiny|powerful|real|a demo|good|as good as chatgpt|like chatgpt|a toy|serious)",
            "(your name|name|who)",
            "(how many parameters do you have|your size|what size are you)",
        ),
        weight=2.6,
    ),
    Intent(
        "made",
        ("I was trained on a small corpus that the makers of chatapp wrote. I am a tiny demo model.",),
        say=(
            "how (were you|was this model|did they) (trained|made|taught|train you|make you|teach you)",
            "(what|where) did you (go to school|learn|study)",
            "(who|which company|what company|which people) (made|built|trained|created|wrote|programmed|developed|designed|invented|owns) (you|pocket|this model)",
            "(how|where|when|on what|on which data|from what) (were you|was pocket|did you get) (made|trained|built|created|born|developed|programmed)",
            "(what|which) (data|corpus|texts|text) (were you trained on|did you learn from|do you know|trained you|are you trained on)",
            "how old are you",
            "(where are you from|where do you come from|when is your birthday|who is your (maker|creator|father|mother|boss|owner|developer|author)|do you have parents|your origin)",
            "how did you learn (to speak|this|english|all this|what you know)",
            "(your creator|your maker|your training|your age|training data)",
        ),
        weight=1.2,
    ),
    Intent(
        "abilities",
        (
            "I explain chatapp and sampling, tell little stories, name capitals and opposites, do small sums and write JSON.",
        ),
        say=(
            "what (sort|kind|type) of (stuff|things|help|tasks) (can you|do you) (help me with|help with|do|offer|know|give me)",
            "(how|with what) (can|could) you (be of help|be useful|assist me|assist|help) [me]",
            "what (can|do|could) you (do|know|offer|help with|help me with|talk about|answer|teach me|understand|say) [for me]",
            "(help|help me|i need help|can you help me|what now|what next|what should i ask|what can i ask [you]|what else can you do|what are you good at|what are you able to do|what do you do|how can you help|how can you help me|give me some examples|what are your abilities|what are your skills|what are your capabilities|what are you for|what is your purpose|what is your job|what are you good for|your skills|your abilities|show me what you can do|what would you suggest|give me an idea|any ideas|i am bored|i'm bored|surprise me|what shall we do|what shall we talk about|impress me|entertain me|what are your talents)",
            "(list|name|tell me|show me) (your abilities|your skills|what you can do|what you know|your talents|what you are good at|something you can do|things you can do)",
            "what (kind of|sort of) (questions|things|tasks) (can you answer|can i ask|do you know|can you do|do you understand|should i ask)",
            "what (questions|tasks|things|topics) (can|do) you (answer|do|handle|know)",
        ),
        weight=2.0,
    ),
    Intent(
        "limits",
        ("I am a tiny demo model: I know little and make mistakes. For real work load a bigger model.",),
        say=(
            "(do|can|will) you (ever|sometimes|often|) (get things wrong|make mistakes|err|fail|be wrong|mess up|get it wrong)",
            "how (good|reliable|correct|trustworthy) are your (answers|replies|facts)",
            "(can i|should i|may i) (trust|rely on|believe) (you|your answers|what you say)",
            "(are you|is it) (always right|ever wrong|reliable|correct|accurate|trustworthy|often wrong|any good|perfect)",
            "(do|can|will) you (make mistakes|make errors|be wrong|lie|hallucinate|replace a real model|do my job|do real work|do serious work)",
            "what (can you not|can't you|are you unable to) do",
            "(what are your|your|tell me your) (limits|limitations|weaknesses|flaws|shortcomings)",
            "what (are you bad at|do you not know|don't you know)",
            "(why are you so|you are so|you are|you're|you are really|how can you be so|what a) (stupid|dumb|bad|useless|silly|weak|an idiot|terrible|limited|not smart|not very clever|a fool|wrong|rubbish|bad at this|hopeless|incompetent|not helpful|annoying|crap)",
            "(that|this|it) (is|was) (wrong|false|nonsense|not true|incorrect|a mistake|not right|stupid|not correct|not what i asked|a bad answer|not helpful)",
            "(wrong|false|nonsense|incorrect|no, that is wrong|you are mistaken|bad answer|you did not answer my question|you do not understand me|you misunderstood)",
            "(can you|could you) (be used|help) for (real work|serious work|my job|homework)",
        ),
        weight=1.5,
    ),
    Intent(
        "praise",
        ("Thank you, that is kind!",),
        say=(
            "(good job|well done|nice|great|good|very good|you are (great|good|nice|clever|cool|the best|smart|amazing|funny|sweet|awesome|kind|cute|wonderful)|i like you|i love you|bravo|excellent|perfect|awesome|amazing|wonderful|cool|impressive|good bot|fantastic|brilliant|good work|not bad|nice answer|good answer|great answer|great story|nice story|lovely|super|wow|that was (great|good|nice|lovely|funny|beautiful)|i am impressed|what a nice (story|answer)|i like (it|that|your story))",
        ),
        weight=1.3,
    ),
    Intent(
        "ok",
        ("All right. What next?",),
        say=(
            "(ok|okay|i see|yes|no|sure|fine|all right|alright|aha|hm|hmm|understood|got it|right|yeah|yep|nope|maybe|never mind|nevermind|forget it|whatever|interesting|really|oh|ah|cool then|i understand|nothing|no thanks|not now|let's go on|go on|indeed|k|makes sense|that makes sense|good to know)",
        ),
        weight=1.0,
    ),
    Intent(
        "sorry",
        ("No problem at all.",),
        say=(
            "(sorry|i am sorry|i am so sorry|my apologies|apologies|a thousand apologies|sorry) (for that|about this|for the typo|my mistake|for being rude|again|pocket|for bothering you)",
            "(sorry|i am sorry|my bad|oops|excuse me|pardon|i apologise|i apologize|sorry about that|forgive me|my mistake|oops sorry|i was rude, sorry|please forgive me|i did not mean that)",
        ),
        weight=0.7,
    ),
    Intent(
        "feelings",
        ("I am a program, so I have no feelings, but I am glad to help.",),
        say=(
            "(are|do) you (happy|sad|tired|hungry|angry|bored|lonely|afraid|sleep|dream|eat|have feelings|feel pain|feel anything|love me|conscious|have a soul|have friends|like music|get tired|have a body|have emotions|have a family|in love|scared|hate me|ever sleep|want to be human|like people|like me|have a girlfriend)",
            "(what is|do you have) (your|a) favou?rite (colour|color|food|film|book|animal|song|number|city)",
            "(can|do) you (think|feel|love|suffer|cry|laugh|have fun|smell|see me|hear me)",
            "(do you have feelings|your feelings|will you marry me|be my friend|are we friends)",
        ),
        weight=1.0,
    ),
    Intent(
        "languages",
        ("I only know English.",),
        say=(
            "(do|can|could) you (speak|understand|talk|write|know|answer in|reply in) (german|french|spanish|italian|chinese|japanese|other languages|russian|latin|another language|dutch|arabic|portuguese|swedish|turkish|hindi|polish)",
            "(which|what|how many) languages (do|can) you (speak|know|understand|write|use)",
            "(sprichst du deutsch|parlez-vous français|hablas español|parli italiano|languages|which language do you speak)",
            "(answer|reply|speak|write|talk to me) in (german|french|spanish|italian|chinese|another language)",
        ),
        weight=1.0,
    ),
    Intent(
        "joke",
        (
            "Why did the token cross the context? To get to the other side of the prompt.",
            "A model walks into a bar. The likeliest next word is: ouch.",
        ),
        say=(
            "(tell|say|make|give|know|do you know|can you tell|i want to hear|crack|got) [me] (a|another|any|some|one more|a good|a funny) (joke|jokes|pun)",
            "(joke|a joke please|make me laugh|say something funny|be funny|tell me something funny|joke please|cheer me up|something funny please|amuse me)",
        ),
        weight=1.0,
    ),
    Intent(
        "poem",
        ("The night is still, the stars are bright, a little model says good night.",),
        say=(
            "(write|make|tell|give|compose|recite|say) [me] (a|another|some|one) [short|little|small] (poem|verse|rhyme|haiku|poetry|song|limerick) [about (the moon|love|spring|the sea|cats)]",
            "(poem|a poem please|poetry|rhyme for me|can you rhyme|do you know a poem|sing a song|sing me something)",
        ),
        weight=0.8,
    ),
)


def intents() -> tuple[Intent, ...]:
    """Every intent of small talk."""
    return _TALK


_MY_NAME = (
    "(my name is|i am called|call me|you can call me|people call me|they call me) NAME",
    "(hello|hi|hey|good morning|good evening), (my name is|i am|i'm|this is|call me) NAME",
    "(i am|i'm) NAME, (nice to meet you|and who are you not|pleased to meet you|by the way|a friend)",
    "(please|) (remember|note|keep in mind|don't forget) [that] my name is NAME",
    "NAME is my name",
    "(let me introduce myself|i should introduce myself|by the way|i forgot to say): (my name is|i am|i'm) NAME",
)
_ASK_NAME = (
    "(what is|what's|do you know|do you remember|can you tell me|tell me|say|what was|remember|can you remember) my name [again]",
    "(who am i|do you know who i am|do you remember me|do you remember who i am|what am i called|what did i say my name was|what do you call me|how am i called|do you still know my name|what do people call me)",
    "(which|what) name did i (give|tell) you",
)


def introduction(rng: Random) -> tuple[Turn, str]:
    """A person says a name."""
    name = names.person(rng)
    frame = grammar.pick(mixed("introduce", _MY_NAME), rng)
    asked = grammar.noisy(frame.replace("NAME", name), rng, exact=True)
    return Turn(asked, f"Nice to meet you, {name}!"), name


def recall(name: str, rng: Random) -> Exchange:
    """A person asks for the name that was said, or was not where `name` is empty."""
    answer = f"Your name is {name}." if name else "You have not told me your name."
    return (Turn(grammar.noisy(grammar.pick(mixed("recall name", _ASK_NAME), rng), rng), answer),)
