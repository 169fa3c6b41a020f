"""What the screen itself costs: its share of one core while a reply streams at 60 tokens a second.

`python -m tests.benchmarks.interface [--seconds 20] [--earlier 500]`: the whole workbench in a pty of 160×48 on the
scripted backend, with the inspector closed and open, and idle; then at 200×48 with four panes that stream at once, and
how long a key takes until it is drawn there. Needs a pty and /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from pathlib import Path

import msgspec

from chatapp.backends.script import Script
from chatapp.backends.scripted import CARD, ScriptedBackend
from chatapp.chat.session import Session
from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.core.settings import Settings
from chatapp.storage.store import Store
from tests.benchmarks.transcript import SECTION
from tests.fakes.terminal import Terminal

TOKENS_PER_SECOND = 60.0
_UNUSUAL = 0x2801
"""Braille: 255 characters of one cell that no conversation here holds."""


async def show(earlier: int, inspector: bool) -> None:
    """Run the workbench on a conversation of `earlier` messages; the next reply streams for a minute."""
    from chatapp.ui.app import Workbench

    store = Store.open(Paths.of())
    conversation = await store.conversations.create(title="A long conversation")
    parent: int | None = None
    for number in range(earlier):
        role, text = ("user", "What about it?") if number % 2 == 0 else ("assistant", SECTION.format(n=number))
        message = await store.conversations.add_message(conversation.id, parent, role, (TextPart(text),))  # type: ignore[arg-type]
        parent = message.id
    reply = "".join(SECTION.format(n=number) for number in range(60))
    card = msgspec.structs.replace(CARD, context_size=1_000_000)
    session = Session(store, ScriptedBackend([Script(text=reply, tokens_per_second=TOKENS_PER_SECOND)], card=card))
    app = Workbench(
        session,
        Settings(show_inspector=inspector),
        save_setting=lambda name, value: None,
        resume=conversation.id,
    )
    await app.run_async()
    await session.close()
    await store.close()


def processor_seconds(pid: int) -> float:
    """User and system time of the process and its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def four_panes(seconds: float, earlier: int, keys: int) -> tuple[float, list[float]]:
    """The share of one core while four panes stream, and the seconds of each key press until it is drawn."""
    with tempfile.TemporaryDirectory() as home:
        command = ["-m", "tests.benchmarks.interface", "--show", str(earlier)]
        with Terminal(command, Path(home), columns=200, rows=48, program=(sys.executable,)) as terminal:
            terminal.wait_for(lambda: "ready" in terminal.text, within_s=120)
            for key in ("\x1b2", "\x1b3", "\x1b4", "Go on.", "\x1ba"):
                terminal.type(key)
                terminal.drain(0.5)
            terminal.drain(3.0)
            before = processor_seconds(terminal.process.pid)
            terminal.drain(seconds)
            part = (processor_seconds(terminal.process.pid) - before) / seconds
            waits = []
            for number in range(keys):
                waits.append(terminal.press(chr(_UNUSUAL + number)))
                terminal.drain(0.05)
            return part, waits


def share(seconds: float, earlier: int, *, inspector: bool, streaming: bool) -> float:
    """The share of one core, as a fraction."""
    with tempfile.TemporaryDirectory() as home:
        command = ["-m", "tests.benchmarks.interface", "--show", str(earlier), *(["--inspector"] if inspector else [])]
        with Terminal(command, Path(home), columns=160, rows=48, program=(sys.executable,)) as terminal:
            terminal.wait_for(lambda: "ready" in terminal.text, within_s=120)
            terminal.drain(1.5)
            if streaming:
                terminal.type("Go on.")
                terminal.type("\r")
                terminal.drain(3.0)
            before = processor_seconds(terminal.process.pid)
            terminal.drain(seconds)
            return (processor_seconds(terminal.process.pid) - before) / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keys", type=int, default=200, help="key presses to time while four panes stream")
    parser.add_argument("--earlier", type=int, default=500)
    parser.add_argument("--show", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--inspector", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.show is not None:
        asyncio.run(show(options.show, options.inspector))
        return
    for name, inspector, streaming in (
        ("streaming, inspector closed", False, True),
        ("streaming, inspector open", True, True),
        ("idle", False, False),
    ):
        shares = [
            share(options.seconds, options.earlier, inspector=inspector, streaming=streaming)
            for _ in range(options.rounds)
        ]
        print(
            f"{name}: {100 * statistics.median(shares):.1f} % of one core "
            f"({100 * min(shares):.1f} … {100 * max(shares):.1f}, {options.earlier} earlier messages)",
            flush=True,
        )
    part, waits = four_panes(options.seconds, options.earlier, options.keys)
    waits.sort()
    median, late, last = (1e3 * wait for wait in (statistics.median(waits), waits[int(0.99 * len(waits))], waits[-1]))
    print(
        f"four panes streaming: {100 * part:.1f} % of one core; a key is drawn after {median:.0f} ms, "
        f"99th percentile {late:.0f} ms, longest {last:.0f} ms ({len(waits)} keys)"
    )


if __name__ == "__main__":
    main()
