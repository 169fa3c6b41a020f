"""A row of a batch: what is asked, and what came of it as it is written."""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec

from chatapp.core.backend import Prepared
from chatapp.core.errors import ChatappError
from chatapp.core.events import Finished, StopReason, Timings
from chatapp.core.messages import Message
from chatapp.core.parameters import StoredValue, Value, as_stored


def _about(description: str) -> msgspec.Meta:
    return msgspec.Meta(description=description)


class Problem(msgspec.Struct, frozen=True):
    """Why a row has no reply."""

    kind: str
    title: str
    message: str
    hint: str

    @classmethod
    def of(cls, error: ChatappError) -> Problem:
        """Put an error as a row carries it."""
        return cls(type(error).__name__, error.title, error.message, error.hint)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One prompt of the input.

    `index` counts rows from 0, `line` is where it begins in the file, from 1. Either `prompt` or `messages` is asked;
    `system` is its own system prompt, None takes the batch's. `edits` are its own parameter values, `values` what else
    stood in it and is carried through. With `problem` it can't be asked.
    """

    index: int
    line: int
    id: str | int | float | None = None
    prompt: str | None = None
    messages: tuple[Message, ...] = ()
    system: str | None = None
    edits: dict[str, Value] = {}
    values: dict[str, object] = {}
    problem: Problem | None = None

    @property
    def sha256(self) -> str:
        """The digest of what is asked: prompt or messages, system prompt and parameters."""
        edits = sorted((name, as_stored(value)) for name, value in self.edits.items())
        asked = (self.prompt, self.messages, self.system, edits, self.problem is not None)
        return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()


class Counts(msgspec.Struct, frozen=True):
    """Tokens of one row."""

    prompt: Annotated[int, _about("tokens of the whole prompt: cached and processed")]
    cached: Annotated[int, _about("prompt tokens that were still in memory")]
    processed: Annotated[int, _about("prompt tokens that were computed")]
    reply: Annotated[int, _about("tokens of the reply")]


class BatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row as the output holds it, one JSON object a line."""

    index: Annotated[int, _about("which row of the input it answers, counted from 0")]
    line: Annotated[int, _about("the line of the input at which that row begins")]
    id: Annotated[str | int | float | None, _about("the row's own id, null where it has none")]
    prompt: Annotated[
        str | msgspec.UnsetType | None,
        _about("what was asked, as it stands in the input; null for messages, absent with --no-echo"),
    ] = msgspec.UNSET
    messages: Annotated[
        list[dict[str, str]] | msgspec.UnsetType, _about("the messages that were asked, in place of a prompt")
    ] = msgspec.UNSET
    system: Annotated[str | msgspec.UnsetType, _about("the row's own system prompt")] = msgspec.UNSET
    values: Annotated[
        dict[str, object] | msgspec.UnsetType, _about("the other columns or keys of the row, as they are")
    ] = msgspec.UNSET
    parameters: Annotated[dict[str, StoredValue] | msgspec.UnsetType, _about("the row's own parameter values")] = (
        msgspec.UNSET
    )
    text: Annotated[str, _about("the reply, with its prefill and without reasoning; empty where it failed")] = ""
    reasoning: Annotated[str, _about("what the model thought before it answered")] = ""
    stop_reason: Annotated[StopReason | None, _about("why the reply ended; see the stop reasons")] = None
    stop_text: Annotated[str | None, _about("the stop string that was met, which is not in text")] = None
    missing_words: Annotated[tuple[str, ...], _about("words that it must contain and does not")] = ()
    counts: Annotated[Counts | None, _about("token counts: prompt, cached, processed, reply")] = None
    timings: Annotated[
        Timings | None, _about("seconds: queued_s, prompt_s, first_token_s (from the request on), generation_s")
    ] = None
    tokens_per_second: Annotated[float | None, _about("speed after the first token")] = None
    seed: Annotated[int | None, _about("the row's own seed, which depends on the batch's and on its index")] = None
    notices: Annotated[tuple[str, ...], _about("what was done to the request, in words")] = ()
    error: Annotated[
        Problem | None, _about("why there is no reply: kind, title, message, hint; null where there is one")
    ] = None
    sha256: Annotated[str, _about("digest of prompt or messages, system prompt and parameters of the row")] = ""


class Reply(msgspec.Struct, frozen=True):
    """What the model wrote for a row."""

    prepared: Prepared
    text: str
    reasoning: str
    finished: Finished


def written(row: Row, outcome: Reply | Problem, *, echo: bool) -> bytes:
    """The line of the output for `row`, with its line end; without `echo` what was asked is told by its digest."""
    shown = BatchRow(
        index=row.index,
        line=row.line,
        id=row.id,
        prompt=row.prompt if echo else msgspec.UNSET,
        messages=_plain(row.messages) if echo and row.messages else msgspec.UNSET,
        system=row.system if echo and row.system is not None else msgspec.UNSET,
        values=row.values or msgspec.UNSET,
        parameters={name: as_stored(value) for name, value in row.edits.items()} or msgspec.UNSET,
        sha256=row.sha256,
    )
    if isinstance(outcome, Problem):
        return msgspec.json.encode(msgspec.structs.replace(shown, error=outcome)) + b"\n"
    finished = outcome.finished
    whole = msgspec.structs.replace(
        shown,
        text=outcome.text,
        reasoning=outcome.reasoning,
        stop_reason=finished.stop_reason,
        stop_text=finished.stop_text,
        missing_words=finished.missing_words,
        counts=Counts(finished.prompt_tokens, finished.cached_tokens, finished.processed_tokens, finished.reply_tokens),
        timings=finished.timings,
        tokens_per_second=finished.tokens_per_second,
        seed=outcome.prepared.seed,
        notices=outcome.prepared.notices,
    )
    return msgspec.json.encode(whole) + b"\n"


def _plain(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    """Messages as the input holds them."""
    return [
        {"role": each.role, "content": each.text, **({"reasoning_content": each.reasoning} if each.reasoning else {})}
        for each in messages
    ]


class WrittenRow(msgspec.Struct, frozen=True):
    """What going on with a batch must know of a line that is written."""

    index: int
    sha256: str
    error: Problem | None = None


row_decoder = msgspec.json.Decoder(WrittenRow)
