"""Two conversations, a branch, four samples and a long prompt at once, on the built-in model.

Batches are small, so that the long prompt takes many and llama.cpp computes all of them one way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from bare_llama import ask
from engine_run import PATIENCE_S, Run, Sample, chat, collect, opened

from chatapp.backends.local import LocalBackend
from chatapp.backends.local_generation import LocalGeneration
from chatapp.core.backend import Prepared
from chatapp.core.events import Event, Finished, PromptProgress, Queued, TextAdded
from chatapp.core.loading import LoadSettings
from chatapp.core.messages import Message
from chatapp.core.parameters import Value
from chatapp.engine.worker.prefix import common_length
from chatapp.models.gguf import read_header
from chatapp.pocket.digest import MODEL

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOAD = LoadSettings(context_size=512, pool_size=2048, threads=1, batch_size=32)
GREEDY: dict[str, Value] = {"temperature": 0.0}
NEAR_TIE = 0.3
"""A distance of two logits that rounding bridges: a bare loop's own move as far between small and large batches."""
SAMPLES = 4

GREETING = ("Hello!", Message.of("assistant", "Hello! What would you like to hear?"))
STORY = "Once there were a fox and a lantern who lived in a little house. One morning the fox found a silver bell. "
RUNNING = ("first", "second")
ENDLESS: dict[str, Value] = {"max_new_tokens": 200, "ignore_eos": True}
"""A reply that is still written when the long prompt has been computed."""
REQUESTS = {
    "first": chat(*GREETING, "Tell me a long story about a fox and a lantern.", **GREEDY, **ENDLESS),
    "second": chat("Tell me a long story about a queen and a boat.", **GREEDY, **ENDLESS),
    "branch": chat(*GREETING, "What does temperature do?", max_new_tokens=20, **GREEDY),
    "sampled": msgspec.structs.replace(
        chat("Tell me a story about a town by the sea and its people.", max_new_tokens=30, **GREEDY), samples=SAMPLES
    ),
    "long": chat(STORY * 12, Message.of("assistant", "Yes."), "What did it find?", max_new_tokens=20, **GREEDY),
}


@dataclass
class Together:
    """What was asked, what came of it, and every event in the order in which it was read."""

    prepared: dict[str, Prepared] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    order: list[tuple[str, Event]] = field(default_factory=list)

    def tokens(self, name: str) -> tuple[int, ...]:
        """A prompt."""
        token_ids = self.prepared[name].token_ids
        assert token_ids is not None
        return token_ids

    def processed(self, name: str) -> list[int]:
        """How many tokens of the prompt each sample computed."""
        samples = self.runs[name].samples
        return [samples[number].end.processed_tokens for number in range(len(samples))]


async def play(engine: LocalBackend) -> Together:
    """Ask for everything: the conversations first, the others once both are being answered."""
    scene = Together(prepared={name: await engine.prepare(each) for name, each in REQUESTS.items()})
    scene.runs = {name: Run() for name in REQUESTS}
    answered = {name: asyncio.Event() for name in RUNNING}

    async def read(name: str, generation: LocalGeneration) -> None:
        async for event in generation:
            scene.order.append((name, event))
            scene.runs[name].take(event)
            if name in answered and isinstance(event, TextAdded):
                answered[name].set()

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as readers:
        for name in RUNNING:
            readers.create_task(read(name, await engine.start(scene.prepared[name])))
        for event in answered.values():
            await event.wait()
        for name in REQUESTS:
            if name not in RUNNING:
                readers.create_task(read(name, await engine.start(scene.prepared[name])))
    return scene


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def together(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Together]:
    async with opened(MODEL, tmp_path_factory.mktemp("logs"), load=LOAD) as engine:
        yield await play(engine)


def end_tokens() -> tuple[int, int]:
    """What ends a turn of the built-in model, and what ends a text."""
    metadata = read_header(MODEL).metadata
    return int(str(metadata["tokenizer.ggml.eos_token_id"])), int(str(metadata["tokenizer.ggml.bos_token_id"]))


def chosen(sample: Sample) -> list[int]:
    """The tokens that the model chose, with the one that ended its reply."""
    return [*sample.tokens, *end_tokens()[: sample.end.stop_reason == "end"]]


def shortfall(name: str, prompt: Sequence[int], tokens: Sequence[int], start: int) -> float:
    """By how much a bare loop prefers another token to one of the reply's, from `start` on."""
    banned = end_tokens() if name in RUNNING else ()
    job = {"tokens": [*prompt, *tokens], "judge": len(prompt) + start, "banned": banned}
    (gaps,) = ask(MODEL, [job], context_size=512)
    return float(max(gaps))


async def test_each_reply_is_the_one_made_alone(together: Together, tmp_path: Path) -> None:
    for name, request in REQUESTS.items():
        async with opened(MODEL, tmp_path, load=LOAD) as fresh:
            prepared = await fresh.prepare(msgspec.structs.replace(request, samples=1))
            assert prepared.token_ids == together.tokens(name)
            alone = chosen((await collect(await fresh.start(prepared))).sample)
        assert len(together.runs[name].samples) == request.samples
        for sample in together.runs[name].samples.values():
            tokens = chosen(sample)
            if tokens != alone:
                # Where they part, and behind it, each token is the likeliest there, but for near ties.
                parted = common_length(tokens, alone)
                assert shortfall(name, together.tokens(name), tokens, parted) < NEAR_TIE, name


async def test_a_prompt_that_samples_share_is_computed_once(together: Together) -> None:
    first, *others = together.processed("sampled")
    shared = max(
        common_length(together.tokens("sampled"), together.tokens(name)) for name in REQUESTS if name != "sampled"
    )
    assert first == len(together.tokens("sampled")) - shared
    # The last token of a prompt is always computed: what follows it is wanted.
    assert others == [1] * (SAMPLES - 1)


async def test_samples_are_written_side_by_side(together: Together) -> None:
    events = [event for name, event in together.order if name == "sampled"]
    begun: set[int] = set()
    for event in events:
        if isinstance(event, TextAdded):
            begun.add(event.sample)
        if isinstance(event, Finished):
            break
    assert begun == set(range(SAMPLES))
    reasons = {event.reason for event in events if isinstance(event, Queued)}
    assert reasons <= {"another one is reading the same beginning"}


async def test_a_branch_computes_only_its_own_tokens(together: Together) -> None:
    branch, conversation = together.tokens("branch"), together.tokens("first")
    shared = common_length(branch, conversation)
    assert shared > len(branch) // 2
    assert together.processed("branch") == [len(branch) - shared]


@pytest.mark.parametrize("name", RUNNING)
async def test_running_replies_go_on_while_a_long_prompt_is_computed(together: Together, name: str) -> None:
    progress = [
        (place, event)
        for place, (owner, event) in enumerate(together.order)
        if owner == "long" and isinstance(event, PromptProgress)
    ]
    (begun, first), (computed, last) = progress[0], progress[-1]
    assert first.done == first.cached < last.done == last.total
    meanwhile = (event for owner, event in together.order[begun:computed] if owner == name)
    assert sum(event.tokens for event in meanwhile if isinstance(event, TextAdded)) > 0


async def test_a_long_prompt_is_computed_once_and_in_many_batches(together: Together) -> None:
    size = len(together.tokens("long"))
    (processed,) = together.processed("long")
    # Only the mark that opens a turn was there.
    assert size - 10 < processed < size
    assert processed > 10 * LOAD.batch_size
