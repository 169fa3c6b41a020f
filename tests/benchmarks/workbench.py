"""The whole workbench in a terminal of 160×48 against the engine alone: tokens a second of the same reply.

`python -m tests.benchmarks.workbench MODEL.gguf [--rounds 5] [--new 128]`, alternating, medians. Needs a pty.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
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
from tests.fakes.terminal import Terminal

COLUMNS, ROWS = 160, 48
PROMPT = "Tell me everything that you know about the sea, number {}."


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
    generation: Generation | None = None

    def is_done() -> bool:
        nonlocal generation
        terminal.drain(0.5)
        thread = store.conversations.thread(conversation.id)
        if thread and thread[-1].role == "assistant" and thread[-1].status == "complete":
            generation = thread[-1].generation
        return generation is not None

    arguments = ["-m", str(model), "--resume", str(conversation.id)]
    with Terminal(arguments, home, columns=COLUMNS, rows=ROWS) as terminal:
        terminal.wait_for(lambda: "ready" in terminal.text)
        terminal.type(PROMPT.format(number))
        terminal.drain(0.5)
        terminal.type("\r")
        terminal.wait_for(is_done, within_s=120.0)
    await store.close()
    return (generation.tokens_per_second or 0.0) if generation is not None else 0.0


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
