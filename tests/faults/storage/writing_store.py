"""Streams replies into the store at the home given, and acknowledges on standard output what is on disk.

    python writing_store.py HOME [hold]

With `hold` it waits for a line on standard input after each saving.
Each line is JSON: `{"message": id, "length": n, "at": seconds}` once `n` characters of that message are saved.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.storage.store import Store


def acknowledge(message: int, length: int) -> None:
    sys.stdout.write(json.dumps({"message": message, "length": length, "at": time.monotonic()}) + "\n")
    sys.stdout.flush()


async def main(home: str, hold: bool) -> None:
    store = Store.open(Paths.of({"CHATAPP_HOME": home}))
    conversation = await store.conversations.create()
    leaf: int | None = None
    while True:
        question = await store.conversations.add_message(conversation.id, leaf, "user", [TextPart("why? " * 20)])
        acknowledge(question.id, len(question.text))
        reply = await store.conversations.add_message(conversation.id, question.id, "assistant", (), status="streaming")
        acknowledge(reply.id, 0)
        text = ""
        for _ in range(20):
            text += "because it is so, " * 20
            await store.conversations.update_message(reply.id, parts=[TextPart(text)])
            acknowledge(reply.id, len(text))
            if hold:
                sys.stdin.readline()
        await store.conversations.update_message(reply.id, status="complete")
        leaf = reply.id


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], hold=sys.argv[2:] == ["hold"]))
