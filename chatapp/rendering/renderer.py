"""Chat templates, rendered in a process that can be killed.

A template comes with a model file from anywhere. The sandbox keeps it from doing anything but writing text; that
it writes for ever or fills the memory is what the process is for.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from chatapp.core.backend import TemplateVariables
from chatapp.core.errors import ChatappError, EngineError, NotFound, TemplateFailed
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


class Wording(NamedTuple):
    """How a failure is told: whose it is, as which error, with which hint.

    `refusal` is the hint where a template itself refuses. `parts` names what can fail on its own; `place` says, of such
    a name and a line in its template, where that stands. `names` are the variables that there are.
    """

    subject: str
    error: type[ChatappError]
    hint: str
    refusal: str
    parts: tuple[str, ...] = ()
    place: Callable[[str, int | None], str] | None = None
    names: tuple[str, ...] = ()

    def failure(self, what: str, failed: frames.Failed | None = None, *, hint: str | None = None) -> ChatappError:
        """The error of `what`, a predicate; `failed` adds where and why."""
        subject, where, why = self.subject, "", ""
        if failed is not None:
            part = self.parts[failed.part] if failed.part is not None and failed.part < len(self.parts) else ""
            place = self.place(part, failed.line) if self.place is not None and part else subject
            subject = f"{place}: {part}" if part else subject
            where = f" in line {failed.line}" if failed.line is not None and place == self.subject else ""
            why = f": {failed.message.rstrip('.')}" if failed.kind != "unknown" else ""
        return self.error(f"{subject} {what}{where}{why}.", hint=self.hint if hint is None else hint)


_CHAT = Wording(
    "The chat template",
    TemplateFailed,
    _HINT,
    "Change the conversation so that it fits, or send the prompt without a template (`--raw`).",
)


class _Spent(Exception):
    """The process is of no more use; `error` says why."""

    def __init__(self, error: ChatappError) -> None:
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
        self._running: set[asyncio.Task[frames.Answer]] = set()
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
        rendered = await self._render(request, _CHAT)
        if not isinstance(rendered, frames.Rendered):
            raise _failure(rendered, _CHAT)
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

    async def fill(
        self,
        parts: Sequence[frames.Part],
        variables: Mapping[str, frames.Filling],
        wording: Wording,
        *,
        check: bool = False,
    ) -> tuple[str, ...]:
        """Render each of `parts` with `variables`; with `check` only see whether it could be. Raise as `wording` says.

        A name that is neither a variable nor the part's own is an error.
        """
        request = frames.Fill(
            parts=tuple(frames.Part(_sound(part.template), _sound_values(part.own)) for part in parts),
            variables=_sound_values(variables),
            only_check=check,
        )
        answer = await self._render(request, wording)
        if not isinstance(answer, frames.Filled):
            raise wording.failure("was given no answer by the template renderer")
        return answer.texts

    async def _render(self, request: frames.Request, wording: Wording) -> frames.Answer:
        task = asyncio.create_task(self._ask(request, wording))
        self._running.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    def _forget(self, task: asyncio.Task[frames.Answer]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # a caller that was cancelled never asks for it

    async def _ask(self, request: frames.Request, wording: Wording) -> frames.Answer:
        async with self._turn:
            process = await self._started()
            if process.answered:
                began = time.monotonic()
                try:
                    return await self._answer(process, request, wording)
                except _Spent as spent:
                    # It may have died while it waited, or of what earlier templates left in its memory.
                    if self._closed or time.monotonic() - began > self._limit_s / 2:
                        raise spent.error from None
                process = await self._started()
            try:
                return await self._answer(process, request, wording)
            except _Spent as spent:
                raise spent.error from None

    async def _answer(self, process: RendererProcess, request: frames.Request, wording: Wording) -> frames.Answer:
        """What `process` makes of `request`; raise _Spent where it can't be asked again, as `wording` says else."""
        began = time.monotonic()
        try:
            answer = await process.ask(request)
        except TooSlow:
            self._process = None
            raise _Spent(self._too_slow(wording)) from None
        except ProcessEnded as error:
            self._process = None
            raise _Spent(self._ended(error, time.monotonic() - began, wording)) from None
        if isinstance(answer, frames.Rendered | frames.Filled):
            return answer
        if isinstance(answer, frames.Failed) and answer.kind == "memory":
            self._process = None
            await process.kill()
            raise _Spent(self._too_big(wording))
        raise _failure(answer, wording)

    async def _started(self) -> RendererProcess:
        if self._closed:
            raise EngineError("The template renderer was closed.")
        if self._process is None:
            self._process = await RendererProcess.start(limit_s=self._limit_s, limit_bytes=self._limit_bytes)
        return self._process

    def _ended(self, error: ProcessEnded, elapsed_s: float, wording: Wording) -> ChatappError:
        if self._closed:
            return wording.error("The template renderer was closed.")
        if error.exit_code == OUT_OF_MEMORY:
            return self._too_big(wording)
        if elapsed_s > 0.9 * self._limit_s:
            return self._too_slow(wording)
        return wording.failure(f"brought its renderer down (exit code {error.exit_code})")

    def _too_slow(self, wording: Wording) -> ChatappError:
        return wording.failure(f"takes longer than {self._limit_s:g} s to render")

    def _too_big(self, wording: Wording) -> ChatappError:
        return wording.failure(f"needs more than {self._limit_bytes // (1024 * 1024)} MB of memory")


def _failure(answer: frames.Answer, wording: Wording) -> ChatappError:
    """The error that an answer stands for."""
    if not isinstance(answer, frames.Failed):
        return wording.error("The template renderer gave no answer.", hint=wording.hint)
    match answer.kind:
        case "syntax":
            return wording.failure("has a syntax error", answer)
        case "refused" if wording is _CHAT:
            shown = msgspec.structs.replace(answer, line=None)
            return wording.failure("refuses these messages", shown, hint=wording.refusal)
        case "refused":
            return wording.failure("refuses these values", answer, hint=wording.refusal)
        case "too-much":
            return wording.failure("was stopped", answer)
        case "unknown":
            hint = NotFound.among("variable", answer.message, wording.names).hint
            return wording.failure(f"uses “{answer.message}”, which is no variable", answer, hint=hint)
    return wording.failure("fails", answer)


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


def _sound_values(values: Mapping[str, frames.Filling]) -> dict[str, frames.Filling]:
    return {name: _sound_value(value) for name, value in values.items()}


def _sound_value(value: frames.Filling) -> frames.Filling:
    if isinstance(value, str):
        return _sound(value)
    if isinstance(value, list):
        return [{key: _sound(text) for key, text in each.items()} for each in value]
    return value


def _sound(text: str) -> str:
    """`text` without lone surrogates, which no UTF-8 has."""
    return _SURROGATES.sub("\ufffd", text)
