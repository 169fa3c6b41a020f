"""What batching and reuse save: several at once against one after another, a next turn against computing all.

`python -m tests.benchmarks.reuse MODEL.gguf [--rounds 5]`, alternating, medians. The model's weights may be random.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from chatapp.backends.local_generation import stored
from chatapp.core.events import Finished, TextAdded
from chatapp.core.loading import LoadSettings
from chatapp.core.parameters import resolve
from chatapp.engine.client import EngineClient, Upkeep
from chatapp.engine.protocol import Generate
from tests.benchmarks.sampling import told

EIGHT = 8
SHARED, OWN = 512, 16
"""Tokens of a prefix that eight prompts share, and of what is each one's own."""
UNRELATED, UNRELATED_NEW = 128, 64
LONG = 4000


def prompt(count: int, seed: int) -> tuple[int, ...]:
    """Tokens that no other seed begins with."""
    return tuple(1000 + (7 * index + 131 * seed * (index + 1)) % 50_000 for index in range(count))


async def write(
    client: EngineClient, tokens: Sequence[int], new: int, samples: int = 1
) -> tuple[list[Finished], float]:
    """The ends of every sample, and the seconds to the first text."""
    values = stored(resolve(edits={"temperature": 1.0, "max_new_tokens": new, "ignore_eos": True}).values)
    began = time.perf_counter()
    request = await client.generate(
        Generate(request_id=0, token_ids=tuple(tokens), values=values, seed=1, samples=samples)
    )
    first = 0.0
    ends: list[Finished] = []
    async for event in request.events():
        if isinstance(event, TextAdded) and not first:
            first = time.perf_counter() - began
        if isinstance(event, Finished):
            ends.append(event)
    return ends, first


async def together(client: EngineClient, prompts: Sequence[Sequence[int]], new: int) -> float:
    """Seconds for all at once."""
    began = time.perf_counter()
    await asyncio.gather(*(write(client, each, new) for each in prompts))
    return time.perf_counter() - began


async def one_by_one(client: EngineClient, prompts: Sequence[Sequence[int]], new: int) -> float:
    """Seconds for one after another."""
    began = time.perf_counter()
    for each in prompts:
        await write(client, each, new)
    return time.perf_counter() - began


async def batching(model: Path, rounds: int, threads: int) -> None:
    """Eight prompts at once against one after another."""
    shared: list[float] = []
    unrelated: list[float] = []
    with tempfile.TemporaryDirectory() as logs:
        client = EngineClient(model, LoadSettings(context_size=8192, threads=threads), logs=Path(logs))
        await client.ready()
        for number in range(1, rounds + 1):
            # Each way its own prefix, so that neither finds what the other computed.
            sets = [
                [prompt(SHARED, 10 * number + way) + prompt(OWN, 100 + own) for own in range(EIGHT)] for way in range(2)
            ]
            alone = await one_by_one(client, sets[0], 128)
            shared.append(alone / await together(client, sets[1], 128))
            apart = [[prompt(UNRELATED, 1000 * number + 20 * way + own) for own in range(EIGHT)] for way in range(2)]
            alone = await one_by_one(client, apart[0], UNRELATED_NEW)
            unrelated.append(alone / await together(client, apart[1], UNRELATED_NEW))
        ends, _ = await write(client, prompt(SHARED, 7), 8, samples=4)
        await client.close()
    print(told("eight prompts on a shared prefix, at once against one after another", shared))
    print(told("eight unrelated prompts, at once against one after another", unrelated))
    processed = sorted(end.processed_tokens for end in ends)
    print(f"four samples of a prompt of {SHARED} tokens computed {processed} of its tokens")


async def turns(model: Path, rounds: int, threads: int) -> None:
    """The first token of a next turn against that of computing everything, before and after a restart."""
    settings = LoadSettings(context_size=LONG + 512, threads=threads)
    soon: list[float] = []
    later: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        logs, snapshots = Path(folder) / "logs", Path(folder) / "snapshots"
        logs.mkdir()
        for number in range(1, rounds + 1):
            whole = prompt(LONG, number)
            client = EngineClient(model, settings, logs=logs, upkeep=Upkeep(snapshots))
            client.fingerprint = "benchmark"
            await client.ready()
            _, all_of_it = await write(client, whole, 8)
            (end,), next_turn = await write(client, (*whole, *prompt(20, 500)), 8)
            await client.close()
            client = EngineClient(model, settings, logs=logs, upkeep=Upkeep(snapshots))
            client.fingerprint = "benchmark"
            await client.ready()
            (reopened,), after = await write(client, (*whole, *prompt(20, 600)), 8)
            await client.close()
            soon.append(next_turn / all_of_it)
            later.append(after / all_of_it)
    print(told(f"next turn of {LONG:,} tokens, {end.processed_tokens} computed, against computing all", soon))
    print(told(f"the same after a restart, {reopened.processed_tokens} computed", later))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="0 takes one a core")
    options = parser.parse_args()
    asyncio.run(batching(options.model.absolute(), options.rounds, options.threads))
    asyncio.run(turns(options.model.absolute(), options.rounds, options.threads))


if __name__ == "__main__":
    main()
