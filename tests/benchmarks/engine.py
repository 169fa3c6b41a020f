"""The engine through its pipe against a bare llama.cpp loop: speed and time to the first token, as ratios.

`python -m tests.benchmarks.engine MODEL.gguf [--rounds 10] [--prompt 512] [--new 128]`, alternating, medians.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from chatapp.backends.local_generation import stored
from chatapp.core.loading import LoadSettings
from chatapp.core.parameters import Values, resolve
from chatapp.engine.client import EngineClient
from chatapp.engine.protocol import Generate


class Bare:
    """The bare loop in a process of its own, asked for one round at a time."""

    def __init__(self, model: Path, prompt: int, new: int) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.bare_loop", str(model), str(prompt), str(new)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._answer()

    def round(self, number: int) -> tuple[float, float]:
        """Return (tokens a second, seconds to the first token)."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        answer = self._answer()
        return answer["speed"], answer["first_s"]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _answer(self) -> dict[str, float]:
        assert self._process.stdout is not None
        return dict(json.loads(self._process.stdout.readline()))


GREEDY: Values = {"temperature": 0.0}


async def through_pipe(
    client: EngineClient, prompt: int, new: int, number: int, *, edits: Values = GREEDY, alternatives: int = 0
) -> tuple[float, float]:
    """The same round through worker, pipe and client, timed where the reader stands."""
    tokens = [1000 + 7 * index % 5000 for index in range(prompt)]
    tokens[0] = 1000 + number
    values = stored(resolve(edits={**edits, "max_new_tokens": new, "ignore_eos": True}).values)
    command = Generate(request_id=0, token_ids=tuple(tokens), values=values, seed=1, alternatives=alternatives)
    began = time.perf_counter()
    request = await client.generate(command)
    first = last = began
    count = 0
    async for event in request.events():
        if type(event).__name__ == "TextAdded" and not count:
            first = time.perf_counter()
        if type(event).__name__ == "Finished":
            last = time.perf_counter()
            count = event.reply_tokens  # type: ignore[union-attr]
        elif type(event).__name__ == "TextAdded":
            count += 1
    return (count - 1) / (last - first), first - began


async def measure(model: Path, rounds: int, prompt: int, new: int) -> None:
    bare = Bare(model, prompt, new)
    with tempfile.TemporaryDirectory() as logs:
        # Room for one conversation: others that stay in the cache would cost every token of this one.
        client = EngineClient(model, LoadSettings(context_size=prompt + new + 256), logs=Path(logs))
        await client.ready()
        figures: list[tuple[tuple[float, float], tuple[float, float]]] = []
        for number in range(rounds + 1):
            pair = (await asyncio.to_thread(bare.round, number), await through_pipe(client, prompt, new, number))
            if number:
                figures.append(pair)
        await client.close()
    bare.close()
    for index, name in ((0, "tokens a second"), (1, "seconds to the first token")):
        ours = [pair[1][index] for pair in figures]
        theirs = [pair[0][index] for pair in figures]
        ratios = sorted(mine / other for mine, other in zip(ours, theirs, strict=True))
        print(
            f"{name}: engine {statistics.median(ours):.3g}, bare loop {statistics.median(theirs):.3g}, "
            f"ratio {statistics.median(ratios):.3f} ({ratios[0]:.3f} … {ratios[-1]:.3f}, {len(ratios)} pairs)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--new", type=int, default=128)
    options = parser.parse_args()
    asyncio.run(measure(options.model.absolute(), options.rounds, options.prompt, options.new))


if __name__ == "__main__":
    main()
