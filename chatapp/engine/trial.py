"""Grammars, schemas and patterns are tried in a process of their own before the engine sees them.

llama.cpp can abort on a grammar, loop for ever in it or eat all memory with it, and the engine holds a loaded model
and other conversations. So a throw-away child that reads only the model's vocabulary goes first.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections import OrderedDict
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import msgspec

import chatapp
from chatapp.core import child
from chatapp.core.errors import EngineError, ModelLoadFailed, ParameterError
from chatapp.core.parameters import Value, as_stored
from chatapp.engine import obituary
from chatapp.engine.worker.constraints.form import check_texts, form_of
from chatapp.engine.worker.constraints.verdict import (
    HEADER_BYTES,
    OUT_OF_MEMORY,
    Passed,
    Refused,
    Trial,
    Unreadable,
    Verdict,
    body_length,
    encode,
    verdict_decoder,
)

LIMIT_S = 5.0
"""How long it all may take; converting and trying get half of it where the vocabulary takes long to load."""
LIMIT_BYTES = 1 << 30
START_LIMIT_S = 60.0
"""How long the child may take to load the vocabulary; a cold disk is slow."""
END_LIMIT_S = 2.0
REMEMBERED = 32
_GRACE_S = 0.1
_TELLING_BYTES = 1 << 16
_MEMORY_MARKS = (b"bad_alloc", b"MemoryError", b"annot allocate memory", b"failed to map segment")
_SIMPLER = "Use fewer alternatives, smaller repetition counts or less nesting."

_Key: TypeAlias = tuple[str, int, int, str, Value, str]
_remembered: OrderedDict[_Key, Passed | Refused] = OrderedDict()


async def tried(
    path: Path,
    values: Mapping[str, Value],
    prefix: str = "",
    *,
    limit_s: float = LIMIT_S,
    limit_bytes: int = LIMIT_BYTES,
) -> str:
    """The GBNF that `values` ask of an answer which begins with `prefix`, tried on the model at `path`.

    Empty where they ask for none. Raise ParameterError where it can't be enforced or takes too long or too much
    memory, EngineError where the child can't be started, ModelLoadFailed where it can't read the model.
    """
    name = form_of(values)
    if not name:
        return ""
    check_texts(name, values[name], prefix)
    key = _key(path, name, values[name], prefix)
    verdict = _remembered.get(key)
    if verdict is None:
        trial = Trial(str(path), {name: as_stored(values[name])}, prefix, limit_s, limit_bytes)
        verdict = await _judged(name, trial)
        _remembered[key] = verdict
        while len(_remembered) > REMEMBERED:
            _remembered.popitem(last=False)
    _remembered.move_to_end(key)
    if isinstance(verdict, Refused):
        raise ParameterError(verdict.message, hint=verdict.hint)
    return verdict.grammar


def _key(path: Path, name: str, value: Value, prefix: str) -> _Key:
    try:
        facts = path.stat()
    except OSError as error:
        raise ModelLoadFailed(f"{path.name} can't be read: {error.strerror}.") from None
    return (str(path), facts.st_mtime_ns, facts.st_size, name, value, prefix)


async def _judged(name: str, trial: Trial) -> Passed | Refused:
    with tempfile.TemporaryDirectory(prefix="chatapp-trial-", ignore_cleanup_errors=True) as folder:
        errors = Path(folder) / "errors"
        process = await _spawn(errors)
        try:
            verdict = await _asked(process, name, trial)
        except _Ended as end:
            return _epitaph(name, end.exit_code, errors, trial.limit_bytes)
        except BaseException:
            await _kill(process)
            raise
        # It ends by itself, and asyncio complains of a process that is killed while it ends.
        try:
            async with asyncio.timeout(END_LIMIT_S):
                await process.wait()
        except TimeoutError:
            await _kill(process)
        return verdict


async def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def _spawn(errors: Path) -> asyncio.subprocess.Process:
    descriptor = os.open(errors, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-X", "utf8=1", "-m", "chatapp.engine.worker.constraints.trial"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=descriptor,
            env={**child.bare_environment(), "GGML_NO_BACKTRACE": "1", "CUDA_VISIBLE_DEVICES": "-1"},
            cwd=Path(chatapp.__file__).parent.parent,
            **child.isolation(),
        )
    except OSError as error:
        raise EngineError(f"The process that tries a grammar could not be started: {error.strerror}.") from error
    finally:
        os.close(descriptor)


async def _asked(process: asyncio.subprocess.Process, name: str, trial: Trial) -> Passed | Refused:
    """Send `trial` and wait for the verdict; raise _Ended where the process ends without one."""
    started = time.monotonic()
    first = await _within(START_LIMIT_S, _begun(process, trial))
    if first is None:
        raise EngineError(f"{Path(trial.path).name} could not be opened to try {name} within {START_LIMIT_S:.0f} s.")
    if isinstance(first, Unreadable):
        raise ModelLoadFailed(first.message, hint=first.hint)
    left_s = max(trial.limit_s - (time.monotonic() - started), trial.limit_s / 2)
    verdict = await _within(left_s, _read(process))
    if verdict is None:
        raise ParameterError(f"{name} could not be tried within {trial.limit_s:g} s.", hint=_SIMPLER)
    if not isinstance(verdict, Passed | Refused):
        raise EngineError(f"The process that tries {name} answered out of turn.")
    return verdict


def _epitaph(name: str, exit_code: int, errors: Path, limit_bytes: int) -> Refused:
    """What the end of the process says about the value."""
    said = errors.read_bytes()[-_TELLING_BYTES:]
    if exit_code == OUT_OF_MEMORY or any(mark in said for mark in _MEMORY_MARKS):
        return Refused(f"{name} takes more than {limit_bytes / (1 << 20):,.0f} MB of memory to try.", _SIMPLER)
    words = obituary.describe(exit_code, errors)
    return Refused(f"{name} makes the process that tries it fail. {words}", _SIMPLER)


async def _within(limit_s: float, answer: Coroutine[None, None, Verdict]) -> Verdict | None:
    """The answer, None where it takes longer."""
    coming = asyncio.ensure_future(answer)
    try:
        # The second look is for a parent that itself stood still while the answer lay in the pipe.
        for limit in (limit_s, _GRACE_S):
            await asyncio.wait((coming,), timeout=limit)
            if coming.done():
                return coming.result()
        return None
    finally:
        coming.cancel()


async def _begun(process: asyncio.subprocess.Process, trial: Trial) -> Verdict:
    if process.stdin is not None:
        with suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(encode(trial))
            await process.stdin.drain()
    return await _read(process)


async def _read(process: asyncio.subprocess.Process) -> Verdict:
    if process.stdout is None:
        raise _Ended(-1)
    try:
        header = await process.stdout.readexactly(HEADER_BYTES)
        return verdict_decoder.decode(await process.stdout.readexactly(body_length(header)))
    except (asyncio.IncompleteReadError, ConnectionResetError):
        raise _Ended(await process.wait()) from None
    except msgspec.MsgspecError as error:
        raise EngineError(f"The process that tries a grammar answered what can't be read: {error}.") from None


class _Ended(Exception):
    """The process ended before it answered."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code
