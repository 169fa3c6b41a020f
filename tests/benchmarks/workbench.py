"""The whole workbench in a terminal of 160×48 against the engine alone: tokens a second of the same reply.

`python -m tests.benchmarks.workbench MODEL.gguf [--rounds 5] [--new 128]`, alternating, medians. Needs a pty.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

from chatapp.backends.local import LocalBackend
from chatapp.core.backend import GenerationRequest
from chatapp.core.conversations import Generation
from chatapp.core.events import Finished
from chatapp.core.loading import LoadSettings
from chatapp.core.messages import Message
from chatapp.core.parameters import Value
from chatapp.core.paths import Paths
from chatapp.rendering.renderer import Renderer
from chatapp.storage.store import Store

COLUMNS, ROWS = 160, 48
PROMPT = "Tell me everything that you know about the sea, number {}."


class Terminal:
    """A program in a pty whose output is read and thrown away, as a terminal would read and draw it."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._master = master
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)

    def drain(self, seconds: float) -> bytes:
        """Read for so long."""
        until, seen = time.monotonic() + seconds, b""
        while (left := until - time.monotonic()) > 0:
            if select.select([self._master], [], [], left)[0]:
                try:
                    seen += os.read(self._master, 1 << 16)
                except OSError:
                    break
        return seen

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
        os.close(self._master)


def edits(new: int) -> dict[str, Value]:
    return {"max_new_tokens": new, "ignore_eos": True, "temperature": 0.0}


async def engine_alone(backend: LocalBackend, number: int, new: int) -> float:
    request = GenerationRequest(messages=(Message.of("user", PROMPT.format(number)),), edits=edits(new))
    speed = 0.0
    async for event in await backend.start(await backend.prepare(request)):
        if isinstance(event, Finished):
            speed = event.tokens_per_second or 0.0
    return speed


async def in_the_workbench(model: Path, home: Path, number: int, new: int) -> float:
    """Open the workbench on a new conversation, type, wait for the reply and read its figures from the store."""
    paths = Paths.of({"CHATAPP_HOME": str(home)})
    store = Store.open(paths)
    conversation = await store.conversations.create(
        edits={name: value for name, value in edits(new).items() if not isinstance(value, tuple)}
    )
    command = [sys.executable, "-m", "chatapp", "-m", str(model), "--resume", str(conversation.id)]
    environment = {**os.environ, "CHATAPP_HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    terminal = Terminal(command, environment)
    try:
        terminal.drain(4.0)
        terminal.type(PROMPT.format(number))
        terminal.drain(0.5)
        terminal.type("\r")
        generation: Generation | None = None
        for _ in range(240):
            terminal.drain(0.5)
            thread = store.conversations.thread(conversation.id)
            if thread and thread[-1].role == "assistant" and thread[-1].status not in ("streaming",):
                generation = thread[-1].generation
                break
    finally:
        terminal.close()
        await store.close()
    if generation is None or generation.tokens_per_second is None:
        raise SystemExit("The workbench gave no reply in two minutes.")
    return generation.tokens_per_second


async def measure(model: Path, rounds: int, new: int) -> None:
    renderer = Renderer()
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            backend = LocalBackend(model, renderer=renderer, load=LoadSettings(), logs=Path(folder) / "logs")
            alone = await engine_alone(backend, number, new)
            await backend.close()
            pairs.append((await in_the_workbench(model, Path(folder) / "home", number, new), alone))
    await renderer.close()
    ratios = sorted(with_screen / alone for with_screen, alone in pairs)
    print(
        f"tokens a second: workbench {statistics.median(pair[0] for pair in pairs):.3g}, "
        f"engine alone {statistics.median(pair[1] for pair in pairs):.3g}, "
        f"ratio {statistics.median(ratios):.3f} ({ratios[0]:.3f} … {ratios[-1]:.3f}, {len(ratios)} pairs)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--new", type=int, default=128)
    options = parser.parse_args()
    asyncio.run(measure(options.model.absolute(), options.rounds, options.new))


if __name__ == "__main__":
    main()
