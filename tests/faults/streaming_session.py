"""A process that talks for ever: what it prints is what a person would have seen when it was killed.

Each line is JSON: ["ready"], ["sent", id, text], ["text", id, seconds, text] or ["done", id].
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from chatapp.backends.script import Script
from chatapp.backends.scripted import ScriptedBackend
from chatapp.chat.session import Session
from chatapp.core.events import TextAdded
from chatapp.core.paths import Paths
from chatapp.storage.store import Store

TOKENS_PER_SECOND = 100
WORDS_PER_REPLY = 200


def say(*fact: object) -> None:
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


async def main() -> None:
    script = Script(
        text=" ".join(f"word{index}" for index in range(WORDS_PER_REPLY)), tokens_per_second=TOKENS_PER_SECOND
    )
    session = Session(Store.open(Paths.of()), ScriptedBackend([script]))
    conversation = await session.create()
    say("ready")
    for number in range(1000):
        turn = await session.send(conversation.id, f"Question {number}")
        assert turn.user is not None
        say("sent", turn.user.id, turn.user.text)
        async for event in turn:
            if isinstance(event, TextAdded):
                say("text", turn.reply.id, time.monotonic(), event.text)
        say("done", turn.reply.id)


if __name__ == "__main__":
    asyncio.run(main())
