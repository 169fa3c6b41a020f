"""How the store's reads grow with what is in it.

    python -m tests.benchmarks.storage [--conversations 10000] [--messages 20] [--details 0]

Builds a store and one of a hundredth of its size, then prints medians of alternating runs and their ratios. With
`--details` every reply of the large store has the details of so many tokens, and of the small one none.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from chatapp.core.conversations import Generation
from chatapp.core.details import Details
from chatapp.core.events import TokenDetail
from chatapp.core.messages import TextPart
from chatapp.core.parameters import resolve
from chatapp.core.paths import Paths
from chatapp.storage import token_blob, tree
from chatapp.storage.connection import connect, in_transaction
from chatapp.storage.store import Store

SYLLABLES = ("ka", "lo", "mi", "ne", "ru", "sta", "ven", "tor", "qui", "bel", "and", "ing", "fo", "der", "su", "pra")
PART = 100


def vocabulary(size: int, rng: random.Random) -> list[str]:
    """Made-up words of two to four syllables."""
    return ["".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))) for _ in range(size)]


def packed_details(tokens: int, rng: random.Random) -> bytes:
    """Made-up details of that many tokens with ten alternatives each."""
    made = (
        TokenDetail(
            rng.randrange(150_000), -rng.random(), rng.randrange(10), rng.random(), 20 + rng.random(), place / 50,
            tuple((rng.randrange(150_000), -5 * rng.random()) for _ in range(10)),
        )
        for place in range(tokens)
    )  # fmt: skip
    return token_blob.pack(Details(made))


def fill(paths: Paths, conversations: int, messages: int, details: int) -> None:
    """Write that many conversations with that many messages each; words follow Zipf's law."""
    rng = random.Random(7)
    blob = packed_details(details, random.Random(8)) if details else None
    words = vocabulary(20_000, rng)
    text = rng.choices(words, [1 / (rank + 1) for rank in range(len(words))], k=2_000_000)
    settings = resolve(edits={"temperature": 0.7}).settings

    def converse(connection: sqlite3.Connection) -> None:
        owner = tree.create(connection, title="", system_prompt="", edits={}, model="pocket")
        parent: int | None = None
        for turn in range(messages):
            start = rng.randrange(len(text) - 200)
            said = text[start : start + rng.randint(5, 100)]
            generation = Generation(
                model_name="pocket",
                model_fingerprint="f" * 64,
                template_sha256="t" * 64,
                settings=settings,
                seed=rng.getrandbits(32),
                token_ids=tuple(range(len(said))),
            )
            parent = tree.add_message(
                connection, owner.id, parent, "assistant" if turn % 2 else "user", [TextPart(" ".join(said))],
                status="complete", generation=generation if turn % 2 else None, writer="",
            ).id  # fmt: skip
            if blob is not None and turn % 2:
                tree.put_token_details(connection, parent, blob)

    def converse_often(connection: sqlite3.Connection) -> None:
        for _ in range(min(conversations, 100)):
            converse(connection)

    connection = connect(paths.database)
    connection.execute("PRAGMA synchronous=OFF")
    for _ in range(0, conversations, 100):
        in_transaction(connection, converse_often)
    connection.close()


def measure(label: str, large: Callable[[], object], small: Callable[[], object], rounds: int) -> None:
    """Print the median of both, and their ratio."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for run, kept in zip((large, small), times, strict=True):
            start = time.perf_counter()
            run()
            kept.append(time.perf_counter() - start)
    medians = [statistics.median(kept) * 1000 for kept in times]
    worst = max(times[0]) * 1000
    print(f"{label:44}{medians[0]:9.2f}{medians[1]:9.2f}{medians[0] / medians[1]:9.2f}{worst:9.2f}")


async def compare(conversations: int, messages: int, details: int, rounds: int) -> None:
    """Build both stores and measure them."""
    with tempfile.TemporaryDirectory() as folder:
        stores: list[Store] = []
        for name, count in (("large", conversations), ("small", max(1, conversations // PART))):
            paths = Paths.of({"CHATAPP_HOME": str(Path(folder) / name)})
            await Store.open(paths).close()
            start = time.perf_counter()
            fill(paths, count, messages, details if name == "large" else 0)
            size = paths.database.stat().st_size / 1e6
            print(
                f"{name}: {count} × {messages} messages, {size:.1f} MB, filled in {time.perf_counter() - start:.0f} s"
            )
            start = time.perf_counter()
            stores.append(Store.open(paths))
            print(f"{name}: opened in {(time.perf_counter() - start) * 1000:.1f} ms")
        _report(stores[0], stores[1], rounds)
        for store in stores:
            await store.close()


def rated(words: list[str]) -> list[str]:
    """A most common, a common, a middling and a rare one of words in order of frequency."""
    return [words[rank] for rank in (0, 30, 1000, 15_000)]


def _search(word: str, store: Store) -> object:
    return store.search.search(word)


def _filter(word: str, store: Store) -> object:
    return store.conversations.list(filter=word)


def _report(large: Store, small: Store, rounds: int) -> None:
    words = vocabulary(20_000, random.Random(7))
    print(f"{'milliseconds (median)':44}{'large':>9}{'small':>9}{'ratio':>9}{'worst':>9}")

    def both(label: str, action: Callable[[Store], object]) -> None:
        measure(label, lambda: action(large), lambda: action(small), rounds)

    both("list, first 50", lambda store: store.conversations.list(limit=50))
    both("list, all", lambda store: store.conversations.list())
    middle = {
        id(store): store.conversations.list()[len(store.conversations.list()) // 2].id for store in (large, small)
    }
    both("open a conversation", lambda store: store.conversations.thread(middle[id(store)]))
    for kind, word in zip(("most common", "common", "middling", "rare"), rated(words), strict=True):
        both(f"search, {kind} word", partial(_search, word))
        both(f"filter the list, {kind} word", partial(_filter, word))
    both("search, two common words", lambda store: store.search.search(f"{words[3]} {words[5]}"))
    both("search, common and rare word", lambda store: store.search.search(f"{words[0]} {words[15_000]}"))
    both("search, beginning of a word (2 letters)", lambda store: store.search.search("ka"))
    both("search, beginning of a word (4 letters)", lambda store: store.search.search("kalo"))
    both("filter the list, 2 letters", lambda store: store.conversations.list(filter="ka"))
    both("search, a phrase", lambda store: store.search.search(f'"{words[0]} {words[1]}"'))
    both("search, nothing found", lambda store: store.search.search("xylophone"))


def main() -> None:
    """Read the sizes and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=20)
    parser.add_argument("--details", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    asyncio.run(compare(options.conversations, options.messages, options.details, options.rounds))


if __name__ == "__main__":
    main()
