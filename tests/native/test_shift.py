"""A reply that reaches the end of the context goes on where that is wished, and says what it forgot."""

from __future__ import annotations

from pathlib import Path

from engine_run import GREEDY, Run, collect, follow, opened

from chatapp.backends.local import LocalBackend
from chatapp.core.backend import GenerationRequest
from chatapp.core.events import ContextShifted
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import Value
from chatapp.pocket.digest import MODEL

PROMPT = "<|im_start|>user\nTell me a story.<|im_end|>\n<|im_start|>assistant\n"
CONTEXT = 256


async def written(engine: LocalBackend, overflow: Overflow, **edits: Value) -> tuple[tuple[int, ...], Run]:
    """The prompt's tokens and the reply."""
    request = GenerationRequest(prompt=PROMPT, edits={"ignore_eos": True, "seed": 3, **edits}, overflow=overflow)
    prepared = await engine.prepare(request)
    return prepared.token_ids or (), await collect(await engine.start(prepared))


async def test_the_older_half_is_forgotten_and_the_reply_goes_on_as_from_there(tmp_path: Path) -> None:
    async with opened(MODEL, tmp_path, context_size=CONTEXT) as engine:
        prompt, run = await written(engine, "shift", max_new_tokens=600)
        shifts = [event for event in run.events if isinstance(event, ContextShifted)]
        assert (run.end.stop_reason, run.end.reply_tokens) == ("max_new_tokens", 600)
        assert len(shifts) >= 2
        seen = list(prompt)
        for before, shift in zip([0, *(each.offset for each in shifts)], shifts, strict=False):
            seen += run.tokens[before : shift.offset]
            assert len(seen) == CONTEXT
            assert shift.dropped == len(seen) // 2
            del seen[: shift.dropped]
    async with opened(MODEL, tmp_path, context_size=CONTEXT) as engine:
        prompt, greedy = await written(engine, "shift", max_new_tokens=300, temperature=0.0)
        (shift,) = [event for event in greedy.events if isinstance(event, ContextShifted)]
        left = (*prompt, *greedy.tokens[: shift.offset])[shift.dropped :]
    async with opened(MODEL, tmp_path, context_size=CONTEXT) as fresh:
        again = await follow(fresh, left, max_new_tokens=20, **GREEDY)
    assert greedy.tokens[shift.offset : shift.offset + 20] == again.tokens


async def test_without_the_wish_it_ends(tmp_path: Path) -> None:
    async with opened(MODEL, tmp_path, context_size=CONTEXT) as engine:
        for overflow in ("stop", "drop_oldest"):
            prompt, run = await written(engine, overflow, max_new_tokens=600)  # type: ignore[arg-type]
            assert (run.end.stop_reason, len(prompt) + run.end.reply_tokens) == ("context_full", CONTEXT)
            assert not [event for event in run.events if isinstance(event, ContextShifted)]
