"""Exact mode: the same request gives the same tokens, whatever was computed before or is computed beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

from command_line import run
from engine_run import Run, begin, collect, opened, raw

from chatapp.backends.local import LocalBackend
from chatapp.core.backend import GenerationRequest
from chatapp.core.messages import Message
from chatapp.pocket.digest import MODEL

WORDS = "fox sea cat king tree moon road bread storm river house lamp bird coat stone".split()  # noqa: SIM905
PROMPTS = [
    f"Tell me {'a story' if n % 2 else 'something'} about the {WORDS[n % 15]} and a {WORDS[n // 4]}." for n in range(50)
]


def asked(*texts: str, seed: int, exact: bool = True, limit: int = 16) -> GenerationRequest:
    """A conversation in which texts of the user and of the model alternate."""
    roles = ("user", "assistant")
    messages = tuple(Message.of(roles[place % 2], text) for place, text in enumerate(texts))  # type: ignore[arg-type]
    edits = {"temperature": 1.4, "top_k": 0, "top_p": 1.0, "seed": seed, "max_new_tokens": limit, "ignore_eos": True}
    return GenerationRequest(messages=messages, edits=edits, exact=exact)


async def told(engine: LocalBackend, request: GenerationRequest) -> Run:
    return await collect(await begin(engine, request))


async def test_fifty_prompts_in_three_fresh_engines(tmp_path: Path) -> None:
    replies: list[list[Sequence[int]]] = []
    for number in range(3):
        async with opened(MODEL, tmp_path) as engine:
            # What lies in the other context, and what runs beside, differs from engine to engine.
            beside = await begin(engine, raw("Once", ignore_eos=True, max_new_tokens=900, temperature=1.0, seed=number))
            order = PROMPTS if number != 1 else PROMPTS[::-1]
            runs = {prompt: await told(engine, asked(prompt, seed=len(prompt))) for prompt in order}
            await beside.stop()
            await collect(beside)
            replies.append([runs[prompt].tokens for prompt in PROMPTS])
            assert all(run.end.cached_tokens == 0 for run in runs.values())
            assert runs[PROMPTS[0]].end.cached_reason == "exact mode computes everything anew"
    assert replies[0] == replies[1] == replies[2]
    assert len({tuple(tokens) for tokens in replies[0]}) > 40


async def test_twenty_conversations_of_ten_turns_are_what_they_were(tmp_path: Path) -> None:
    async with opened(MODEL, tmp_path) as engine:
        talks: dict[int, list[str]] = {number: [] for number in range(20)}
        for turn in range(10):
            for number, texts in talks.items():
                texts.append(f"{WORDS[(turn + number) % 15]}?")
                texts.append((await told(engine, asked(*texts, seed=number, limit=8))).text)
    async with opened(MODEL, tmp_path) as engine:
        for number, texts in talks.items():
            for turn in range(10):
                again = await told(engine, asked(*texts[: 2 * turn + 1], seed=number, limit=8))
                assert again.text == texts[2 * turn + 1], (number, turn)


async def test_what_breaks_it_off_leaves_no_traces(tmp_path: Path) -> None:
    long = asked(" ".join(WORDS * 12), seed=1)
    async with opened(MODEL, tmp_path) as engine:
        wanted = (await told(engine, long)).tokens
        running = [await begin(engine, long) for _ in range(3)]
        # Each command breaks the batch under way off.
        for _ in range(10):
            other = await begin(engine, asked("Hi", seed=2, exact=False, limit=1))
            await other.stop()
            await collect(other)
        runs = await asyncio.gather(*(collect(one) for one in running))
    assert [run.tokens for run in runs] == [wanted] * 3


def test_a_reply_made_so_is_marked(home: Path) -> None:
    told = [json.loads(run("ask", "Tell me a story", "--exact", "--seed", "4", "--json").out) for _ in range(2)]
    assert [each["exact"] for each in told] == [True, True]
    assert told[0]["text"] == told[1]["text"] != ""
    assert told[1]["counts"]["cached"] == 0
    messages = json.loads(run("history", "show", "--json").out)["messages"]
    assert messages[1]["generation"]["exact"] is True
    assert not json.loads(run("ask", "Hello", "--json").out)["exact"]
