"""The parent's end of a renderer process: started, asked, and ended when it takes too long."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

import chatapp
from chatapp.core import child
from chatapp.core.errors import EngineError
from chatapp.rendering import frames

START_LIMIT_S = 30.0
"""How long a process may take until it is ready; a cold disk is slow."""
_GRACE_S = 0.1


class ProcessEnded(Exception):
    """The process ended before it answered; `exit_code` says how."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"exit code {exit_code}")
        self.exit_code = exit_code


class TooSlow(Exception):
    """The process did not answer in time and was ended."""


class RendererProcess:
    """One running renderer; asked by one caller at a time."""

    def __init__(self, process: asyncio.subprocess.Process, limit_s: float) -> None:
        self._process = process
        self._limit_s = limit_s
        self.answered = 0

    @classmethod
    async def start(cls, *, limit_s: float, limit_bytes: int) -> RendererProcess:
        """Start one and wait until it is ready; raise EngineError where it can't be."""
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-P", "-X", "utf8=1", "-m", "chatapp.rendering", str(limit_s), str(limit_bytes)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=child.bare_environment(),
                cwd=Path(chatapp.__file__).parent.parent,
                **child.isolation(),
            )
        except OSError as error:
            raise EngineError(f"The template renderer could not be started: {error}.") from error
        started = cls(process, limit_s)
        try:
            await asyncio.wait_for(started._read(), START_LIMIT_S)
        except (ProcessEnded, TimeoutError) as error:
            await started.kill()
            raise EngineError(
                "The template renderer did not start.", hint="`chatapp doctor` says whether everything is installed."
            ) from error
        except BaseException:
            await started.kill()
            raise
        return started

    async def ask(self, request: frames.Request) -> frames.Answer:
        """The answer to `request`; raise TooSlow or ProcessEnded, after which this process is of no more use."""
        answer = asyncio.ensure_future(self._exchange(frames.encode(request)))
        # The second look is for a parent that itself stood still while the answer lay in the pipe.
        for limit_s in (self._limit_s, _GRACE_S):
            await asyncio.wait((answer,), timeout=limit_s)
            if answer.done():
                self.answered += 1
                return answer.result()
        await self.kill()
        await asyncio.wait((answer,))
        answer.exception()
        raise TooSlow

    async def kill(self) -> None:
        """End it at once."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()

    async def close(self) -> None:
        """End it: at the end of its input, or by force when it is busy."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _GRACE_S)
        except TimeoutError:
            await self.kill()

    async def _exchange(self, request: bytes) -> frames.Answer:
        if self._process.stdin is None:
            raise ProcessEnded(-1)
        with suppress(BrokenPipeError, ConnectionResetError):
            self._process.stdin.write(request)
            await self._process.stdin.drain()
        return await self._read()

    async def _read(self) -> frames.Answer:
        stream = self._process.stdout
        if stream is None:
            raise ProcessEnded(-1)
        try:
            header = await stream.readexactly(frames.HEADER_BYTES)
            return frames.answer_decoder.decode(await stream.readexactly(frames.body_length(header)))
        except (asyncio.IncompleteReadError, ConnectionResetError):
            raise ProcessEnded(await self._process.wait()) from None
        except (ValueError, msgspec.DecodeError):
            await self.kill()
            raise ProcessEnded(-1) from None
