"""What finding costs on the screen: the conversation list over a large store, and find in a long conversation.

`python -m tests.benchmarks.conversation_list [--conversations 10000] [--messages 5] [--long 10000]`: the whole
workbench at 160×48, without a terminal. A stall is the longest time for which the event loop heard no key.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from textual import events
from textual.app import App
from textual.pilot import Pilot

from chatapp.backends.script import Script
from chatapp.backends.scripted import ScriptedBackend
from chatapp.chat.session import Session
from chatapp.core.paths import Paths
from chatapp.core.settings import Settings
from chatapp.storage.store import Store
from chatapp.ui.app import Workbench
from chatapp.ui.widgets.conversation_list import ConversationList
from chatapp.ui.widgets.find_bar import FindBar
from tests.benchmarks.storage import fill, rated, vocabulary
from tests.benchmarks.transcript import conversation, resident_mb

_PROBE_S = 0.002
_PATIENCE_S = 60.0


class Stalls:
    """Watches for how long at a time the event loop hears nothing."""

    def __init__(self) -> None:
        self.longest_ms = 0.0

    async def watch(self) -> None:
        """Sleep and see how late it gets; runs until it is cancelled."""
        while True:
            due = time.perf_counter() + _PROBE_S
            await asyncio.sleep(_PROBE_S)
            self.longest_ms = max(self.longest_ms, 1e3 * (time.perf_counter() - due))


@asynccontextmanager
async def stalls() -> AsyncIterator[Stalls]:
    """Watch while the body runs."""
    found = Stalls()
    task = asyncio.create_task(found.watch())
    try:
        yield found
    finally:
        await asyncio.sleep(2 * _PROBE_S)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def press(app: App[None], key: str) -> None:
    """Press a key, and wait until what it changes at once is painted."""
    app.post_message(events.Key(key, key if len(key) == 1 else None))
    await asyncio.sleep(0)
    await painted(app)


async def painted(app: App[None]) -> None:
    """Wait until what has changed is painted."""
    done = asyncio.Event()
    app.screen.call_after_refresh(done.set)
    await done.wait()


async def until(holds: Callable[[], bool]) -> None:
    """Wait, in short sleeps that hold nothing up."""
    async with asyncio.timeout(_PATIENCE_S):
        while not holds():  # noqa: ASYNC110 (nothing tells of it)
            await asyncio.sleep(_PROBE_S)


def report(label: str, times_ms: Sequence[float], stall_ms: float) -> None:
    """Print median and worst of some times, and the longest stall meanwhile."""
    print(f"{label:46}{statistics.median(times_ms):9.1f}{max(times_ms):9.1f}{stall_ms:9.1f}", flush=True)


async def opened(pilot: Pilot[None], rounds: int) -> None:
    """Close and open the list."""
    panel = pilot.app.screen.query_one(ConversationList)
    times: list[float] = []
    async with stalls() as seen:
        for _ in range(rounds):
            panel.clear_filter()
            shown = len(panel.rows.conversations)
            panel.rows.show([])
            begun = time.perf_counter()
            panel.ask()
            await until(lambda count=shown: len(panel.rows.conversations) == count)  # type: ignore[misc]
            await painted(pilot.app)
            times.append(1e3 * (time.perf_counter() - begun))
    report("the list is filled and drawn", times, seen.longest_ms)


async def typed(pilot: Pilot[None], label: str, words: Sequence[str]) -> None:
    """Type words letter by letter, waiting after each for what is found."""
    panel = pilot.app.screen.query_one(ConversationList)
    panel.take_focus()
    echoed: list[float] = []
    found: list[float] = []
    async with stalls() as seen:
        for word in words:
            panel.clear_filter()
            await until(lambda: panel.shown_query == "")
            for letter in word:
                begun = time.perf_counter()
                await press(pilot.app, letter)
                echoed.append(1e3 * (time.perf_counter() - begun))
                await until(lambda: panel.shown_query == panel.words)
                await painted(pilot.app)
                found.append(1e3 * (time.perf_counter() - begun))
    report(f"{label}: the letter stands in the field", echoed, seen.longest_ms)
    report(f"{label}: what is found stands below", found, seen.longest_ms)
    panel.clear_filter()
    await until(lambda: panel.shown_query == "")


async def scrolled(pilot: Pilot[None]) -> None:
    """Go to the end again and again, until all conversations are there."""
    rows = pilot.app.screen.query_one(ConversationList).rows
    rows.focus()
    times: list[float] = []
    async with stalls() as seen:
        before = -1
        while before != len(rows.conversations):
            before = len(rows.conversations)
            begun = time.perf_counter()
            await pilot.press("end")
            await asyncio.sleep(0.5)
            times.append(1e3 * (time.perf_counter() - begun - 0.5))
    report(f"end, until all {before:,} are there", times, seen.longest_ms)


async def found_in(pilot: Pilot[None], count: int, words: Sequence[str]) -> None:
    """Find in one conversation of `count` messages, letter by letter."""
    transcript = pilot.app.screen.query_one("#transcript")
    transcript.show(conversation(count))  # type: ignore[attr-defined]
    await pilot.pause()
    before = resident_mb()
    await pilot.press("ctrl+f")
    await until(lambda: bool(pilot.app.screen.query(FindBar)))
    await pilot.pause()
    bar = pilot.app.screen.query_one(FindBar)
    shown: list[float] = []
    steps: list[float] = []
    async with stalls() as seen:
        for word in words:
            bar.field.value = ""
            await pilot.pause()
            for letter in word:
                begun = time.perf_counter()
                await press(pilot.app, letter)
                await until(lambda: bar.is_complete)
                await painted(pilot.app)
                shown.append(1e3 * (time.perf_counter() - begun))
            for _ in range(10):
                begun = time.perf_counter()
                await press(pilot.app, "up")
                await painted(pilot.app)
                steps.append(1e3 * (time.perf_counter() - begun))
    report(f"find in {count:,} messages: a letter, all counted", shown, seen.longest_ms)
    report(f"find in {count:,} messages: the hit before", steps, seen.longest_ms)
    print(f"memory for finding in it: {resident_mb() - before:.0f} MB")


async def run(conversations: int, messages: int, long: int, rounds: int) -> None:
    """Build the store and measure."""
    with tempfile.TemporaryDirectory() as folder:
        paths = Paths.of({"CHATAPP_HOME": str(Path(folder))})
        await Store.open(paths).close()
        fill(paths, conversations, messages, 0)
        store = Store.open(paths)
        await until(lambda: store.persistent)
        session = Session(store, ScriptedBackend([Script(text="yes")]))
        app = Workbench(session, Settings(), save_setting=lambda name, value: None)
        words = rated(vocabulary(20_000, random.Random(7)))
        before = resident_mb()
        print(f"{conversations:,} conversations × {messages} messages, {paths.database.stat().st_size / 1e6:.0f} MB")
        print(f"{'milliseconds':46}{'median':>9}{'worst':>9}{'stall':>9}")
        async with app.run_test(size=(160, 48), notifications=True, tooltips=True) as pilot:
            panel = pilot.app.screen.query_one(ConversationList)
            await until(lambda: bool(panel.rows.conversations))
            async with stalls() as seen:
                await asyncio.sleep(2.0)
            print(f"{'nothing happens':64}{seen.longest_ms:9.1f}")
            await opened(pilot, rounds)
            for kind, word in zip(("most common", "common", "middling", "rare"), words, strict=True):
                await typed(pilot, f"a {kind} word" if kind != "most common" else "the most common word", [word])
            await typed(pilot, "a word that nobody said", ["xylophone"])
            listed = resident_mb()
            await scrolled(pilot)
            print(f"memory: {before:.0f} MB before, {listed:.0f} with 200 listed, {resident_mb():.0f} with all")
            await found_in(pilot, long, ["section", "e", "Wörds", "xylophone"])
            await app.get_default_screen().close_replies()
        await session.close()
        await store.close()


def main() -> None:
    """Read the sizes and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=5)
    parser.add_argument("--long", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    asyncio.run(run(options.conversations, options.messages, options.long, options.rounds))


if __name__ == "__main__":
    main()
