"""Hostile grammars and schemas beside a running reply: each is refused or ends, and all else goes on as before."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

from engine_run import Run, begin, chat, collect, opened, raw, reply

from chatapp.backends.local import LocalBackend
from chatapp.backends.local_generation import LocalGeneration
from chatapp.core.errors import ParameterError
from chatapp.core.events import TextAdded
from chatapp.core.parameters import Value
from chatapp.pocket.digest import MODEL

LIMIT_S = 5.0
ROOMY = 65536
"""A context in which the streaming reply does not come to its end."""
HOSTILE: dict[str, Mapping[str, Value]] = {
    "bad syntax": {"grammar": 'root ::= "a" |\nfoo ::= )'},
    "left recursion": {"grammar": 'root ::= a "x"\na ::= b\nb ::= a "y" | "z"'},
    "undefined rule": {"grammar": "root ::= foo"},
    "no root": {"grammar": 'foo ::= "a"'},
    "50,000 brackets": {"grammar": "root ::= " + "(" * 50000 + '"a"' + ")" * 50000},
    "uncounted repetition": {"grammar": 'root ::= "a"{1,1999999999}'},
    "exploding repetition": {"grammar": 'root ::= a{0,2000}\na ::= b{0,2000}\nb ::= c{0,2000}\nc ::= "x"?'},
    "100,000 alternatives": {"grammar": "root ::= " + " | ".join(f'"word{n}"' for n in range(100000))},
    "100,000 choices": {"choices": tuple(f"word{n}" for n in range(100000))},
    "schema of itself": {"json_schema": '{"anyOf": [{"$ref": "#"}, {"type": "string"}]}'},
    "endless schema": {
        "json_schema": '{"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}',
    },
    "exploding schema": {
        "json_schema": json.dumps({"allOf": [{"anyOf": [{"minLength": n} for n in range(10)]} for _ in range(9)]}),
    },
    "catastrophic pattern": {"regex": "(a*)*(a|aa)+(a?){1000}a{1000}$"},
    # Its trial ends before the letters do, and behind them every letter adds a way to read the text.
    "late explosion": {"grammar": 'root ::= [a-w ]{300} e\ne ::= [a-z ] e e | ""'},
    # Here a single long token multiplies them by thousands.
    "late explosion in one token": {
        "grammar": 'root ::= [a-w ]{300} e\ne ::= [a-z ] a e b | [a-z ] b e a | ""\na ::= [a-z ]?\nb ::= [a-z ]?'
    },
}


class Stream:
    """A reply that runs until it is told to end, read as it comes."""

    def __init__(self, generation: LocalGeneration) -> None:
        self._generation = generation
        self._written = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> Run:
        run = Run()
        async for event in self._generation:
            run.take(event)
            if isinstance(event, TextAdded):
                self._written.set()
        return run

    async def goes_on(self) -> None:
        """Wait until it has written more."""
        self._written.clear()
        async with asyncio.timeout(60):
            await self._written.wait()

    async def end(self) -> Run:
        """Let it end at its limit of tokens."""
        await self._generation.update({"max_new_tokens": 1})
        async with asyncio.timeout(60):
            return await self._reading


async def test_nothing_hostile_disturbs_the_others(tmp_path: Path) -> None:
    assert len(HOSTILE) == 15
    async with opened(MODEL, tmp_path / "logs", context_size=ROOMY) as backend:
        before = await reply(backend, chat("Tell me about the sea.", temperature=0.0, max_new_tokens=30))
        worker = backend.worker_pid
        stream = Stream(await begin(backend, raw("Once", ignore_eos=True, temperature=1.0)))
        for name, edits in HOSTILE.items():
            await _is_refused_or_ends(backend, name, edits)
            assert backend.worker_pid == worker, name
            await stream.goes_on()
        run = await stream.end()
        assert run.end.stop_reason == "max_new_tokens" and run.text
        after = await reply(backend, chat("Tell me about the sea.", temperature=0.0, max_new_tokens=30))
        assert backend.worker_pid == worker
        assert after.end.cached_tokens > 0
        assert after.tokens == before.tokens


async def _is_refused_or_ends(backend: LocalBackend, name: str, edits: Mapping[str, Value]) -> None:
    wild: dict[str, Value] = {"temperature": 1.5, "top_k": 0, "top_p": 1.0, "seed": 1, "max_time": LIMIT_S}
    try:
        run = await collect(await begin(backend, chat("Tell me a story.", **wild, **edits)))
    except ParameterError as error:
        assert error.message and error.hint, name
        return
    assert run.end.stop_reason, name
