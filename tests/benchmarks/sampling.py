"""What sampling costs: chains with alternatives against bare greedy, and a schema against free text, as ratios.

`python -m tests.benchmarks.sampling MODEL.gguf [--rounds 10]`, alternating, medians. The schema is measured on the
built-in model and its own JSON prompts, since random weights write no JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
from pathlib import Path

from chatapp.backends.local import LocalBackend
from chatapp.core.backend import GenerationRequest
from chatapp.core.events import Finished
from chatapp.core.loading import LoadSettings
from chatapp.core.messages import Message
from chatapp.core.parameters import Values
from chatapp.engine.client import EngineClient
from chatapp.pocket.digest import MODEL
from chatapp.rendering.renderer import Renderer
from tests.benchmarks.engine import GREEDY, Bare, through_pipe

ALL_STAGES: Values = {
    "temperature": 0.9,
    "dynatemp_range": 0.2,
    "repeat_penalty": 1.1,
    "frequency_penalty": 0.1,
    "presence_penalty": 0.1,
    "dry_multiplier": 0.8,
    "top_n_sigma": 3.0,
    "top_k": 50,
    "typical_p": 0.98,
    "top_p": 0.95,
    "min_p": 0.02,
    "xtc_probability": 0.5,
}
CASES: tuple[tuple[str, Values, int], ...] = (
    ("greedy, each token's probability and entropy", GREEDY, 0),
    ("default chain, 10 alternatives", {}, 10),
    ("all native stages, 20 alternatives", ALL_STAGES, 20),
)
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 30}, "age": {"type": "integer"}, "city": {"type": "string"}},
    "required": ["name", "age", "city"],
    "additionalProperties": False,
}
PROMPTS = (
    "Give me a JSON object for a person with name, age and city.",
    "JSON of a person with name, age and city",
    "Write a person as JSON with the keys name, age and city.",
)


def told(name: str, ratios: list[float]) -> str:
    ratios = sorted(ratios)
    return f"{name}: {statistics.median(ratios):.3f} ({ratios[0]:.3f} … {ratios[-1]:.3f}, {len(ratios)} pairs)"


async def chains(model: Path, rounds: int, prompt: int, new: int) -> None:
    """Every case of `CASES` against the bare greedy loop."""
    bare = Bare(model, prompt, new)
    with tempfile.TemporaryDirectory() as logs:
        client = EngineClient(model, LoadSettings(context_size=prompt + new + 256), logs=Path(logs))
        await client.ready()
        ratios: dict[str, list[float]] = {name: [] for name, _, _ in CASES}
        for number in range(rounds + 1):
            for name, edits, alternatives in CASES:
                theirs, _ = await asyncio.to_thread(bare.round, number)
                ours, _ = await through_pipe(client, prompt, new, number, edits=edits, alternatives=alternatives)
                if number:
                    ratios[name].append(ours / theirs)
        await client.close()
    bare.close()
    for name, values in ratios.items():
        print(told(f"{name}, against bare greedy", values))


async def constrained(rounds: int) -> None:
    """A schema against none, tokens a second, on the built-in model."""
    renderer = Renderer()
    with tempfile.TemporaryDirectory() as logs:
        backend = LocalBackend(MODEL, renderer=renderer, load=LoadSettings(), logs=Path(logs))
        ratios: list[float] = []
        for number in range(rounds + 1):
            free = await _speed(backend, {"seed": number})
            kept = await _speed(backend, {"seed": number, "json_schema": json.dumps(PERSON)})
            if number:
                ratios.append(kept / free)
        await backend.close()
    await renderer.close()
    print(told("a JSON schema, against free text", ratios))


async def _speed(backend: LocalBackend, edits: Values) -> float:
    tokens, seconds = 0, 0.0
    for prompt in PROMPTS * 4:
        request = GenerationRequest(messages=(Message.of("user", prompt),), edits=dict(edits))
        async for event in await backend.start(await backend.prepare(request)):
            if isinstance(event, Finished):
                tokens += event.reply_tokens
                seconds += event.timings.generation_s
    return tokens / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--prompt", type=int, default=128)
    parser.add_argument("--new", type=int, default=128)
    options = parser.parse_args()
    asyncio.run(chains(options.model.absolute(), options.rounds, options.prompt, options.new))
    asyncio.run(constrained(options.rounds))


if __name__ == "__main__":
    main()
