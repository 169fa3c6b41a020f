"""One worker process: started, written to, read from, ended."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys
import tempfile
from pathlib import Path

import msgspec

from chatapp.core import child
from chatapp.core.errors import EngineCrashed, EngineError
from chatapp.core.paths import ensure_private_directory
from chatapp.engine import obituary
from chatapp.engine.protocol import HEADER_BYTES, VERSION, Answer, Command, Hello, answer_decoder, body_length, encode

HELLO_LIMIT_S = 30.0
END_LIMIT_S = 2.0
LOGS_KEPT = 20
_numbers = itertools.count(1)


_VARIABLES = {"GGML_NO_BACKTRACE": "1", "OPENBLAS_NUM_THREADS": "1"}
"""No backtrace into the log, and no threads of numpy's beside those of llama.cpp."""


class WorkerProcess:
    """A running worker and the two ends of its pipes."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, hello: Hello) -> None:
        self._process = process
        self._log = log
        self.hello = hello

    @classmethod
    async def start(cls, logs: Path) -> WorkerProcess:
        """Start a worker; raise EngineError where it can't be, is silent, or speaks another version."""
        try:
            log = _new_log(logs)
        except OSError:
            # Where nothing can be kept, an engine without a lasting log is better than none.
            log = _new_log(Path(tempfile.mkdtemp(prefix="chatapp-")))
        try:
            process = await _spawn(log)
        except OSError as error:
            raise EngineError(f"The engine's process could not be started: {error.strerror}.") from None
        try:
            return cls(process, log, await _greeted(process, log))
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def send(self, command: Command) -> None:
        """Write a command; a process that is gone is noticed by `read`."""
        stdin = self._process.stdin
        with contextlib.suppress(ConnectionError, RuntimeError):
            if stdin is not None and not stdin.is_closing():
                stdin.write(encode(command))
                await stdin.drain()

    async def read(self) -> Answer | None:
        """The next answer, None at the end."""
        return await _read(self._process)

    async def epitaph(self) -> str:
        """Wait for the end and tell why."""
        try:
            async with asyncio.timeout(END_LIMIT_S):
                returncode = await self._process.wait()
        except TimeoutError:
            returncode = None
        return obituary.describe(returncode, self._log)

    def kill(self) -> None:
        """End it at once, even if it is stopped."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def close(self) -> None:
        """Let it end by itself, then make it; its log goes with it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        # asyncio knows of the end only when all that was written has been read.
        ended = asyncio.gather(self._process.wait(), _drain(self._process))
        try:
            async with asyncio.timeout(END_LIMIT_S):
                await asyncio.shield(ended)
        except TimeoutError:
            self.kill()
            await ended
        with contextlib.suppress(OSError):
            self._log.unlink()


async def _spawn(log: Path) -> asyncio.subprocess.Process:
    # Until the worker opens its log itself, what goes wrong is written to it from here.
    errors = os.open(log, os.O_WRONLY | os.O_APPEND)
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "chatapp.engine.worker",
            str(log),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            cwd=log.parent,
            env=child.environment(_VARIABLES | {"PYTHONPATH": child.import_path()}),
            limit=1024 * 1024,
            **child.isolation(),
        )
    finally:
        os.close(errors)


async def _greeted(process: asyncio.subprocess.Process, log: Path) -> Hello:
    """The worker's first frame."""
    try:
        async with asyncio.timeout(HELLO_LIMIT_S):
            hello = await _read(process)
    except TimeoutError:
        raise EngineError(
            f"The engine did not answer within {HELLO_LIMIT_S:.0f} s.", hint=f"Its log is {log}."
        ) from None
    if not isinstance(hello, Hello):
        returncode = await process.wait()
        raise EngineCrashed(
            f"The engine did not start. {obituary.describe(returncode, log)}",
            hint="“chatapp doctor” tells what is installed.",
        )
    if hello.version != VERSION:
        raise EngineError("The engine is of another version of chatapp.", hint="Start chatapp again.")
    return hello


async def _read(process: asyncio.subprocess.Process) -> Answer | None:
    if process.stdout is None:
        return None
    try:
        header = await process.stdout.readexactly(HEADER_BYTES)
        return answer_decoder.decode(await process.stdout.readexactly(body_length(header)))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except msgspec.MsgspecError as error:
        raise EngineError(f"The stream between the processes is damaged: {error}.") from None


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Read and forget what is still written, unless somebody else reads it."""
    with contextlib.suppress(RuntimeError, ConnectionError):
        while process.stdout is not None and await process.stdout.read(1 << 16):
            pass


def _new_log(logs: Path) -> Path:
    """A new, empty log; old logs of workers that crashed go, but for the newest."""
    ensure_private_directory(logs)
    old = sorted(logs.glob("engine-*.log"), key=lambda path: path.name)
    with contextlib.suppress(OSError):
        old.sort(key=lambda path: path.stat().st_mtime)
        for path in old[:-LOGS_KEPT]:
            path.unlink()
    log = logs / f"engine-{os.getpid()}-{next(_numbers)}.log"
    # Process ids come again: what another's worker left behind must not be taken for this one's last words.
    os.close(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    return log
