"""Saves a growing reply while the system refuses files above a size, then without that limit.

    python filling_store.py HOME BYTES

The limit is BYTES above the size of the new database. Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import sys

from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.storage.store import Store


async def main(home: str, room: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    paths = Paths.of({"CHATAPP_HOME": home})
    store = Store.open(paths)
    conversation = await store.conversations.create()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (paths.database.stat().st_size + room, hard))
    lengths: dict[int, int] = {}
    leaf: int | None = None
    for _ in range(4):
        question = await store.conversations.add_message(conversation.id, leaf, "user", [TextPart("why? " * 100)])
        reply = await store.conversations.add_message(conversation.id, question.id, "assistant", (), status="streaming")
        for length in range(1, 12):
            text = "because it is so, " * 100 * length
            await store.conversations.update_message(reply.id, parts=[TextPart(text)])
            lengths[reply.id] = len(text)
        await store.conversations.update_message(reply.id, status="complete")
        lengths[question.id] = len(question.text)
        leaf = reply.id
    failed = type(store.problems[0]).__name__ if store.problems else ""
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    recovered = await store.retry()
    await store.close()
    sys.stdout.write(json.dumps({"failed": failed, "recovered": recovered, "lengths": lengths}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
