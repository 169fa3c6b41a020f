"""What a request becomes in the worker: sampler chains and jobs, built for the model that is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from chatapp.core.parameters import PARAMETERS, StoredValue, Value
from chatapp.engine.protocol import Generate
from chatapp.engine.worker.constraints.grammar import Grammar
from chatapp.engine.worker.constraints.spelling import spelled
from chatapp.engine.worker.job import Job, forbidden_words, misfit
from chatapp.engine.worker.llama import Vocabulary
from chatapp.engine.worker.loader import LoadedModel
from chatapp.engine.worker.reply import Reply
from chatapp.engine.worker.sampling.chain import Chain
from chatapp.engine.worker.words import RequiredWords


def plain(values: Mapping[str, StoredValue]) -> dict[str, Value]:
    """Values as parameters check them, from values as frames carry them."""
    return {name: PARAMETERS[name].check(cast(Value, value)) for name, value in values.items()}


def make_chain(loaded: LoadedModel, values: Mapping[str, Value], seed: int, prompt: Sequence[int]) -> Chain:
    """A chain for a reply to `prompt`; raise ParameterError where a value means nothing to this model."""
    return Chain(
        values,
        seed=seed,
        vocabulary=loaded.model.vocabulary,
        context_size=loaded.card.context_size,
        prompt=prompt,
        end_tokens=sorted(loaded.end_tokens),
        suppressed_tokens=loaded.suppressed_tokens,
    )


def make_job(loaded: LoadedModel, request: Generate, sample: int, arrived: float) -> Job:
    """One sample of `request`; raise ParameterError where a value or the grammar can't be kept."""
    vocabulary = loaded.model.vocabulary
    values, thinking = plain(request.values), plain(request.thinking)
    seed = (request.seed + sample) % 0xFFFF_FFFF
    stops = cast("tuple[str, ...]", values["stop"] or ()) if not request.begun else ()
    words = forbidden_words(values)
    reply = Reply(vocabulary, stops, request.reasoning, request.reasoning_open, words, request.told)
    in_force = {**values, **thinking} if reply.is_reasoning else values
    grammar = _begin_grammar(request, vocabulary) if request.grammar else None
    try:
        chain = make_chain(loaded, in_force, seed, request.token_ids)
    except BaseException:
        if grammar is not None:
            grammar.close()
        raise
    job = Job(
        request=request,
        sample=sample,
        seed=seed,
        values=values,
        thinking=thinking,
        chain=chain,
        reply=reply,
        grammar=grammar,
        grammar_began=grammar.length if grammar is not None else 0,
        required=RequiredWords(cast("tuple[str, ...]", values["required_words"] or ())),
        vocabulary=vocabulary,
        prompt=[*request.token_ids, *request.begun],
        arrived=arrived,
        opening=_opening(request, vocabulary),
    )
    if request.begun:
        try:
            job.begin()
        except BaseException:
            job.close()
            raise
    return job


def _opening(request: Generate, vocabulary: Vocabulary) -> int | None:
    """The token with which the model may begin to think by itself; None where it takes several, or none does."""
    form = request.reasoning
    if form is None or form.channels or request.reasoning_open or request.prefix:
        return None
    tokens = vocabulary.tokenize(form.opening_token or form.opening, parse_special=True)
    return tokens[0] if len(tokens) == 1 else None


def _begin_grammar(request: Generate, vocabulary: Vocabulary) -> Grammar:
    grammar = Grammar(vocabulary, request.grammar)
    tokens = spelled(vocabulary, request.prefix)
    if tokens is None or grammar.replay(tokens) < len(tokens):
        grammar.close()
        raise misfit()
    return grammar
