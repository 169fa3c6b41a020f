"""The workbench in a terminal on scripted replies and a store on disk, without an engine.

`python -m tests.fakes.scripted_workbench PARAGRAPHS TOKENS_PER_SECOND`: each reply has so many numbered paragraphs, and
a speed of 0 means none.
"""

from __future__ import annotations

import asyncio
import os
import sys

import msgspec

from chatapp.backends.script import Script
from chatapp.backends.scripted import CARD, ScriptedBackend
from chatapp.chat.session import Session
from chatapp.core.paths import Paths
from chatapp.core.settings import Settings
from chatapp.storage.store import Store
from chatapp.ui.app import Workbench


def told(paragraphs: int) -> str:
    """The text of each reply."""
    return "\n\n".join(
        f"Paragraph {number} is about fox {number}, who went far over the hills and came home."
        for number in range(1, paragraphs + 1)
    )


async def run(paragraphs: int, tokens_per_second: float | None) -> None:
    """Open the workbench and stay until it is left."""
    paths = Paths.of(os.environ)
    store = Store.open(paths)
    card = msgspec.structs.replace(CARD, context_size=1_000_000)
    backend = ScriptedBackend((Script(text=told(paragraphs), tokens_per_second=tokens_per_second),), card=card)
    session = Session(store, backend)
    app = Workbench(
        session,
        Settings(show_conversations=False),
        save_setting=lambda name, value: None,
        history_file=paths.history_file,
    )
    await app.run_async()
    await session.close()
    await backend.close()
    await store.close()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]), float(sys.argv[2]) or None))
