"""How long anybody waits for the engine: for a stop, and for the next token while somebody else's prompt is read.

`python -m tests.benchmarks.waits MODEL.gguf [--rounds 20]`; milliseconds, where the reader stands.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path

from chatapp.backends.local_generation import stored
from chatapp.core.events import Finished, TextAdded
from chatapp.core.loading import LoadSettings
from chatapp.core.parameters import resolve
from chatapp.engine.client import EngineClient
from chatapp.engine.protocol import Generate, Stop
from chatapp.engine.request import Request

PROMPT_TOKENS = 3000


async def begin(client: EngineClient, prompt_tokens: int, new: int) -> Request:
    """A request whose prompt shares nothing with those before."""
    tokens = tuple(random.randrange(1000, 6000) for _ in range(prompt_tokens))
    values = stored(resolve(edits={"temperature": 1.0, "max_new_tokens": new, "ignore_eos": True}).values)
    return await client.generate(Generate(request_id=0, token_ids=tokens, values=values, seed=1))


async def stop_after(client: EngineClient, prompt_tokens: int, seconds: float, *, writing: bool) -> float:
    """Milliseconds from a stop, given so long after the request or its first text, to the end of the reply."""
    request = await begin(client, prompt_tokens, 2000)
    events = request.events()
    if writing:
        async for event in events:
            if isinstance(event, TextAdded):
                break
    await asyncio.sleep(seconds)
    asked = time.perf_counter()
    await client.control(Stop(request.id))
    async for event in events:
        if isinstance(event, Finished):
            break
    return 1000 * (time.perf_counter() - asked)


async def longest_gap(client: EngineClient) -> float:
    """The longest pause, in milliseconds, of a running reply while a long prompt is read beside it."""
    reply = await begin(client, 64, 400)
    gaps: list[float] = []
    last = time.perf_counter()
    beside: Request | None = None
    async for event in reply.events():
        if not isinstance(event, TextAdded):
            continue
        now = time.perf_counter()
        if beside is not None:
            gaps.append(now - last)
        last = now
        if beside is None:
            beside = await begin(client, PROMPT_TOKENS, 1)
    return 1000 * max(gaps)


def show(name: str, figures: list[float]) -> None:
    figures.sort()
    high = figures[int(len(figures) * 0.95) - 1] if len(figures) > 1 else figures[-1]
    print(
        f"{name}: median {statistics.median(figures):.0f} ms, 95 % {high:.0f} ms, longest {figures[-1]:.0f} ms",
        flush=True,
    )


async def measure(model: Path, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as logs:
        client = EngineClient(model, LoadSettings(), logs=Path(logs))
        await client.ready()
        reading = [
            await stop_after(client, PROMPT_TOKENS, random.uniform(0.1, 1.5), writing=False) for _ in range(rounds)
        ]
        show("stop while a prompt is read", reading)
        writing = [await stop_after(client, 64, random.uniform(0.0, 0.5), writing=True) for _ in range(rounds)]
        show("stop while a reply is written", writing)
        show("a running reply beside a long prompt", [await longest_gap(client) for _ in range(max(1, rounds // 7))])
        await client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    asyncio.run(measure(options.model.absolute(), options.rounds))


if __name__ == "__main__":
    main()
