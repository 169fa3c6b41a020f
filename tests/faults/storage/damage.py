"""Ways to damage a database file, and a store to damage."""

from __future__ import annotations

import random
from pathlib import Path

from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.storage.store import Store


async def make_store(paths: Paths, conversations: int, first: int = 0) -> None:
    """Add that many conversations of six messages each; message texts are unique."""
    store = Store.open(paths)
    for place in range(first, first + conversations):
        made = await store.conversations.create()
        leaf: int | None = None
        for turn in range(6):
            role = "assistant" if turn % 2 else "user"
            text = f"conversation {place} turn {turn} " + "padding " * (turn * 37 % 200)
            leaf = (await store.conversations.add_message(made.id, leaf, role, [TextPart(text)])).id
    await store.close()


def damage(path: Path, rng: random.Random) -> str:
    """Damage the file in one of ten ways; return which."""
    content = bytearray(path.read_bytes())
    pages = len(content) // 4096
    page = rng.randrange(pages) * 4096
    kinds = {
        "flipped bits": lambda: [_flip(content, rng, 0, len(content)) for _ in range(rng.randint(1, 60))],
        "flipped bits in one page": lambda: [_flip(content, rng, page, page + 4096) for _ in range(20)],
        "flipped bits in the first page": lambda: [_flip(content, rng, 0, 4096) for _ in range(5)],
        "truncated": lambda: content.__delitem__(slice(rng.randrange(1, len(content)), None)),
        "header of zeros": lambda: content.__setitem__(slice(0, 100), bytes(100)),
        "first page of zeros": lambda: content.__setitem__(slice(0, 4096), bytes(4096)),
        "a page of zeros": lambda: content.__setitem__(slice(page, page + 4096), bytes(4096)),
        "a page of noise": lambda: content.__setitem__(slice(page, page + 4096), rng.randbytes(4096)),
        "a page twice": lambda: content.__setitem__(slice(page, page + 4096), content[-4096:]),
        "all noise": lambda: content.__setitem__(slice(0, None), rng.randbytes(len(content))),
    }
    kind = rng.choice(sorted(kinds))
    kinds[kind]()
    path.write_bytes(content)
    return kind


def _flip(content: bytearray, rng: random.Random, low: int, high: int) -> None:
    content[rng.randrange(low, high)] ^= 1 << rng.randrange(8)
