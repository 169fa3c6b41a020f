"""The renderer's process: `python -m chatapp.rendering LIMIT_S LIMIT_BYTES`.

Answers one request after the other and ends with its standard input. It ends itself, too, when a render takes
longer than it may, so that nothing is left running where the parent is gone.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from typing import BinaryIO

from jinja2.exceptions import TemplateSyntaxError

from chatapp.rendering import frames
from chatapp.rendering.chat import ChatRenderer
from chatapp.rendering.environment import Refusal, TooMuch
from chatapp.rendering.filler import PartFailed, PromptFiller, UnknownName
from chatapp.rendering.limits import ignore_interrupts, limit_memory

_LONGEST_MESSAGE = 2000


def main() -> None:
    """Serve until standard input ends."""
    limit_s, limit_bytes = float(sys.argv[1]), int(sys.argv[2])
    ignore_interrupts()
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    renderer, filler = ChatRenderer(), PromptFiller()
    limit_memory(limit_bytes)
    _send(sink, frames.Ready())
    while (request := _receive(source)) is not None:
        faulthandler.dump_traceback_later(limit_s, exit=True, file=silence)
        answer = _filled(filler, request) if isinstance(request, frames.Fill) else _answer(renderer, request)
        faulthandler.cancel_dump_traceback_later()
        _send(sink, answer)
        if isinstance(answer, frames.Failed) and answer.kind == "memory":
            break


def _answer(renderer: ChatRenderer, request: frames.Render) -> frames.Rendered | frames.Failed:
    try:
        return renderer.render(request)
    except MemoryError:
        return frames.Failed("memory", "")
    except RecursionError:
        return frames.Failed("too-much", "it nests too deep")
    except Exception as error:  # noqa: BLE001 -- the border: whatever a template does becomes an answer
        return frames.Failed(_kind(error), _message(error), renderer.line_of(request.template, error))


def _filled(filler: PromptFiller, request: frames.Fill) -> frames.Filled | frames.Failed:
    try:
        return filler.fill(request)
    except MemoryError:
        return frames.Failed("memory", "")
    except PartFailed as failed:
        match failed.error:
            case MemoryError():
                return frames.Failed("memory", "")
            case RecursionError():
                return frames.Failed("too-much", "it nests too deep", None, failed.part)
        return frames.Failed(_kind(failed.error), _message(failed.error), failed.line, failed.part)


def _kind(error: Exception) -> frames.FailureKind:
    match error:
        case TemplateSyntaxError():
            return "syntax"
        case Refusal():
            return "refused"
        case TooMuch():
            return "too-much"
        case UnknownName():
            return "unknown"
    return "error"


def _message(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text[:_LONGEST_MESSAGE].encode("utf-8", "replace").decode()


def _receive(source: BinaryIO) -> frames.Request | None:
    header = source.read(frames.HEADER_BYTES)
    if len(header) < frames.HEADER_BYTES:
        return None
    body = source.read(frames.body_length(header))
    return frames.request_decoder.decode(body)


def _send(sink: BinaryIO, answer: frames.Answer) -> None:
    sink.write(frames.encode(answer))
    sink.flush()


if __name__ == "__main__":
    main()
