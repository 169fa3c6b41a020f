"""What `chatapp ask --json` writes; the documentation's table is made from these declarations."""

from __future__ import annotations

from typing import Annotated

import msgspec

from chatapp.chat.turn import Turn
from chatapp.cli.token_table import Token
from chatapp.core.backend import ModelCard
from chatapp.core.events import StopReason, Timings
from chatapp.core.loading import Effect
from chatapp.core.parameters import Setting


def _about(description: str) -> msgspec.Meta:
    return msgspec.Meta(description=description)


class Counts(msgspec.Struct, frozen=True):
    """Tokens; null where the reply failed to get so far."""

    prompt: Annotated[int | None, _about("tokens of the whole prompt: cached and processed")]
    cached: Annotated[int | None, _about("prompt tokens that were still in memory")]
    processed: Annotated[int | None, _about("prompt tokens that were computed")]
    reply: Annotated[int | None, _about("tokens of the reply")]


class Model(msgspec.Struct, frozen=True):
    """The model that answered."""

    name: Annotated[str, _about("what the model calls itself")]
    fingerprint: Annotated[str, _about("its file's identity")]
    path: Annotated[str, _about("its file")]
    device: Annotated[str, _about("where it really ran")]
    build: Annotated[str, _about("which llama.cpp ran it")]
    context_size: Annotated[int, _about("tokens of context that it was loaded with")]
    loaded: Annotated[
        Effect | None,
        _about(
            "what the load settings came to: layers on GPUs, cache types, threads …, and what is unmet; null if unknown"
        ),
    ] = None


class AskResult(msgspec.Struct, frozen=True, kw_only=True):
    """One reply and how it came about."""

    text: Annotated[str, _about("the reply, with its prefill and without reasoning")]
    reasoning: Annotated[str, _about("what the model thought before it answered")]
    stop_reason: Annotated[StopReason | None, _about("why the reply ended; see the stop reasons")]
    stop_text: Annotated[str | None, _about("the stop string that was met, which is not in text")]
    missing_words: Annotated[tuple[str, ...], _about("words that it must contain and does not")]
    rewinds: Annotated[int, _about("how often a forbidden word was taken back")]
    counts: Annotated[Counts, _about("token counts: prompt, cached, processed, reply")]
    timings: Annotated[
        Timings | None, _about("seconds: queued_s, prompt_s, first_token_s (from the request on), generation_s")
    ]
    tokens_per_second: Annotated[float | None, _about("speed after the first token")]
    seed: Annotated[int | None, _about("the seed used, drawn or given")]
    model: Annotated[Model, _about("name, fingerprint, path, device, build, context_size, loaded")]
    settings: Annotated[
        tuple[Setting, ...],
        _about(
            "every parameter: name, value, source (edit, prompt, preset, model, family, default), and why it is moot"
        ),
    ]
    template: Annotated[str, _about("the prompt of the library used; empty where none was")]
    preset: Annotated[str, _about("the preset used; empty where none was")]
    notices: Annotated[tuple[str, ...], _about("what was done to the request, in words")]
    left_out: Annotated[
        int, _about("messages of the conversation that no longer fitted, so the model did not see them")
    ]
    forgotten_tokens: Annotated[int, _about("tokens forgotten while the reply ran; see the overflow shift")]
    exact: Annotated[bool, _about("whether it was made in exact mode")]
    prompt: Annotated[str, _about("the exact text that the model got")]
    tokens: Annotated[
        tuple[Token, ...] | None,
        _about("with --logprobs: the reply's tokens, thoughts included, before any stage; null without"),
    ]
    conversation_id: Annotated[int | None, _about("where it is kept; null where nothing is")]
    message_id: Annotated[int | None, _about("the reply's number in the store; null where nothing is kept")]


def result_of(
    turn: Turn, card: ModelCard | None, *, kept: bool, tokens: tuple[Token, ...] | None = None, template: str = ""
) -> AskResult:
    """Put together what is known of a turn that has ended; `template` is the prompt of the library behind it."""
    reply, generation = turn.reply, turn.reply.generation
    return AskResult(
        text=reply.text,
        reasoning=reply.reasoning,
        stop_reason=generation.stop_reason if generation is not None else None,
        stop_text=generation.stop_text if generation is not None else None,
        missing_words=generation.missing_words if generation is not None else (),
        rewinds=generation.rewinds if generation is not None else 0,
        counts=Counts(
            generation.prompt_tokens if generation is not None else None,
            generation.cached_tokens if generation is not None else None,
            generation.processed_tokens if generation is not None else None,
            generation.reply_tokens if generation is not None else None,
        ),
        timings=generation.timings if generation is not None else None,
        tokens_per_second=generation.tokens_per_second if generation is not None else None,
        seed=generation.seed if generation is not None else None,
        model=_model(card),
        settings=generation.settings if generation is not None else (),
        template=template,
        preset=generation.preset if generation is not None else "",
        notices=generation.notices if generation is not None else (),
        left_out=turn.prepared.left_out if turn.prepared is not None else 0,
        forgotten_tokens=generation.forgotten_tokens if generation is not None else 0,
        exact=generation.exact if generation is not None else False,
        prompt=turn.prepared.prompt if turn.prepared is not None else "",
        tokens=tokens,
        conversation_id=reply.conversation_id if kept else None,
        message_id=reply.id if kept else None,
    )


def _model(card: ModelCard | None) -> Model:
    if card is None:
        return Model("", "", "", "", "", 0)
    return Model(card.name, card.fingerprint, card.path, card.device, card.build, card.context_size, card.effect)
