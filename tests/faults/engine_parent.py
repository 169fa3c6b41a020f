"""A process that lets an engine talk for ever and prints the engine's process id: `engine_parent.py MODEL LOGS`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from chatapp.backends.local import LocalBackend
from chatapp.core.backend import GenerationRequest
from chatapp.core.events import TextAdded
from chatapp.core.loading import LoadSettings
from chatapp.rendering.renderer import Renderer


async def main(model: Path, logs: Path) -> None:
    backend = LocalBackend(model, renderer=Renderer(), load=LoadSettings(threads=1), logs=logs)
    said = False
    while True:
        request = GenerationRequest(prompt="Tell me", edits={"ignore_eos": True, "temperature": 1.0})
        async for event in await backend.start(await backend.prepare(request)):
            if isinstance(event, TextAdded) and not said:
                said = True
                sys.stdout.write(f"{backend.worker_pid}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
