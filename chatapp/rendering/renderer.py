"""Chat templates, rendered in a process that can be killed.

A template comes with a model file from anywhere. The sandbox keeps it from doing anything but writing text; that
it writes for ever or fills the memory is what the process is for.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence

from chatapp.core.backend import TemplateVariables
from chatapp.core.errors import EngineError, TemplateFailed
from chatapp.core.messages import Message
from chatapp.core.pieces import Piece, RenderedPrompt
from chatapp.core.reasoning import CHANNELS, FINAL_CHANNEL, detect_reasoning
from chatapp.rendering import frames
from chatapp.rendering.limits import OUT_OF_MEMORY
from chatapp.rendering.process import ProcessEnded, RendererProcess, TooSlow

LIMIT_S = 2.0
"""How long one render may take."""
LIMIT_BYTES = 256 * 1024 * 1024
"""How much memory the process may hold."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_HINT = "Send the prompt without a template (`--raw`), or use a model file with another chat template."


class _Spent(Exception):
    """The process is of no more use; `error` says why."""

    def __init__(self, error: TemplateFailed) -> None:
        super().__init__(error.message)
        self.error = error


class Renderer:
    """Renders conversations through chat templates, one at a time, in a process kept warm between calls.

    Safe to call from several tasks of one event loop. A render that takes too long ends the process; the next
    call starts another. A caller that is cancelled leaves its render to end by itself.
    """

    def __init__(self, *, limit_s: float = LIMIT_S, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit_s = limit_s
        self._limit_bytes = limit_bytes
        self._process: RendererProcess | None = None
        self._turn = asyncio.Lock()
        self._running: set[asyncio.Task[frames.Rendered]] = set()
        self._closed = False

    async def render_chat(
        self,
        template: str,
        messages: Sequence[Message],
        *,
        bos: str,
        eos: str,
        variables: TemplateVariables,
        add_generation_prompt: bool = True,
        prefill: str = "",
        keep_reasoning: bool = False,
    ) -> RenderedPrompt:
        """Render `messages`, with the source of every character; raise TemplateFailed.

        `bos` and `eos` are the texts of the model's tokens. `prefill` begins the reply. Thoughts of earlier
        replies are left out unless `keep_reasoning`; many templates leave them out even then.
        """
        turns = tuple(
            frames.Turn(message.role, _sound(message.text), _sound(message.reasoning) if keep_reasoning else None)
            for message in messages
        )
        request = frames.Render(
            template=_sound(template),
            turns=turns,
            bos=bos,
            eos=eos,
            variables={name: _sound(value) if isinstance(value, str) else value for name, value in variables.items()},
            add_generation_prompt=add_generation_prompt,
        )
        rendered = await self._render(request)
        pieces = [_piece(text, source, turns, messages) for text, source in rendered.runs]
        if prefill:
            pieces += _prefilled(template, "".join(piece.text for piece in pieces), _sound(prefill))
        return RenderedPrompt(tuple(pieces), rendered.notices)

    async def close(self) -> None:
        """End the process; a render under way fails."""
        self._closed = True
        if self._process is not None:
            await self._process.close()
        if self._running:
            await asyncio.wait(self._running)

    async def _render(self, request: frames.Render) -> frames.Rendered:
        task = asyncio.create_task(self._ask(request))
        self._running.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    def _forget(self, task: asyncio.Task[frames.Rendered]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # a caller that was cancelled never asks for it

    async def _ask(self, request: frames.Render) -> frames.Rendered:
        async with self._turn:
            process = await self._started()
            if process.answered:
                began = time.monotonic()
                try:
                    return await self._answer(process, request)
                except _Spent as spent:
                    # It may have died while it waited, or of what earlier templates left in its memory.
                    if self._closed or time.monotonic() - began > self._limit_s / 2:
                        raise spent.error from None
                process = await self._started()
            try:
                return await self._answer(process, request)
            except _Spent as spent:
                raise spent.error from None

    async def _answer(self, process: RendererProcess, request: frames.Render) -> frames.Rendered:
        """What `process` makes of `request`; raise _Spent where it can't be asked again, TemplateFailed else."""
        began = time.monotonic()
        try:
            answer = await process.ask(request)
        except TooSlow:
            self._process = None
            raise _Spent(self._too_slow()) from None
        except ProcessEnded as error:
            self._process = None
            raise _Spent(self._ended(error, time.monotonic() - began)) from None
        if isinstance(answer, frames.Rendered):
            return answer
        if isinstance(answer, frames.Failed) and answer.kind == "memory":
            self._process = None
            await process.kill()
            raise _Spent(self._too_big())
        raise _failure(answer)

    async def _started(self) -> RendererProcess:
        if self._closed:
            raise EngineError("The template renderer was closed.")
        if self._process is None:
            self._process = await RendererProcess.start(limit_s=self._limit_s, limit_bytes=self._limit_bytes)
        return self._process

    def _ended(self, error: ProcessEnded, elapsed_s: float) -> TemplateFailed:
        if self._closed:
            return TemplateFailed("The template renderer was closed.")
        if error.exit_code == OUT_OF_MEMORY:
            return self._too_big()
        if elapsed_s > 0.9 * self._limit_s:
            return self._too_slow()
        return TemplateFailed(f"The chat template brought its renderer down (exit code {error.exit_code}).", hint=_HINT)

    def _too_slow(self) -> TemplateFailed:
        return TemplateFailed(f"The chat template takes longer than {self._limit_s:g} s to render.", hint=_HINT)

    def _too_big(self) -> TemplateFailed:
        size = self._limit_bytes // (1024 * 1024)
        return TemplateFailed(f"The chat template needs more than {size} MB of memory.", hint=_HINT)


def _failure(answer: frames.Answer) -> TemplateFailed:
    """The error that an answer stands for."""
    if not isinstance(answer, frames.Failed):
        return TemplateFailed("The template renderer gave no answer.", hint=_HINT)
    where = f" in line {answer.line}" if answer.line is not None else ""
    message = answer.message.rstrip(".")
    match answer.kind:
        case "syntax":
            return TemplateFailed(f"The chat template has a syntax error{where}: {message}.", hint=_HINT)
        case "refused":
            return TemplateFailed(
                f"The chat template refuses these messages: {message}.",
                hint="Change the conversation so that it fits, or send the prompt without a template (`--raw`).",
            )
        case "too-much":
            return TemplateFailed(f"The chat template was stopped{where}: {message}.", hint=_HINT)
    return TemplateFailed(f"The chat template fails{where}: {message}.", hint=_HINT)


def _piece(text: str, source: int, turns: Sequence[frames.Turn], messages: Sequence[Message]) -> Piece:
    """A run as a piece; generated tokens stand for a message's text only where all of it came through unchanged."""
    if source == 0:
        return Piece(text, "template")
    whole = source > 0 and text == turns[source - 1].content
    return Piece(text, "content", messages[source - 1].token_ids if whole else ())


def _prefilled(template: str, prompt: str, prefill: str) -> list[Piece]:
    """The begun reply; a model that writes channels gets it in the one for answers."""
    form, opened = detect_reasoning(template, prompt)
    if form == CHANNELS and not opened and not prompt.endswith(FINAL_CHANNEL):
        return [Piece(FINAL_CHANNEL, "template"), Piece(prefill, "content")]
    return [Piece(prefill, "content")]


def _sound(text: str) -> str:
    """`text` without lone surrogates, which no UTF-8 has."""
    return _SURROGATES.sub("\ufffd", text)
