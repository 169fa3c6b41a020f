"""The engine as a backend: llama.cpp in a process of its own, templates in another."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec

from chatapp.core.backend import Candidate, Capabilities, GenerationRequest, ModelCard, Prepared, Score
from chatapp.core.errors import ContextFull, EmptyPrompt, ParameterError, TemplateFailed, Unsupported
from chatapp.core.events import Event, ParameterChanged
from chatapp.core.loading import LoadSettings
from chatapp.core.parameters import (
    PARAMETERS,
    Resolution,
    StoredValue,
    Value,
    Values,
    as_stored,
    check,
    check_agreement,
    check_thinking,
    parameter,
    resolve,
)
from chatapp.core.pieces import Piece, RenderedPrompt
from chatapp.core.reasoning import ReasoningFormat, ReasoningSplitter, detect_reasoning
from chatapp.engine.client import EngineClient, Request
from chatapp.engine.protocol import AnswerNow, Generate, Loaded, Stop, Update
from chatapp.engine.trial import tried
from chatapp.models.family import family
from chatapp.models.fingerprint import fingerprint
from chatapp.models.gguf import read_header
from chatapp.models.suitability import check_suitable
from chatapp.rendering.renderer import Renderer

CAPABILITIES = Capabilities(
    token_ids=True,
    raw_prompt=True,
    prefill=True,
    live_update=True,
    answer_now=True,
    samples=True,
    score=True,
    candidates=True,
)
_SEEDS = 0xFFFF_FFFF


def stored(values: Values) -> dict[str, StoredValue]:
    """Values as frames and files carry them."""
    return {name: as_stored(value) for name, value in values.items()}


@dataclass(frozen=True)
class Layers:
    """The values that lie under a request's edits."""

    preset: Values
    model: Values
    family: Values
    without_effect: Mapping[str, str]

    def resolve(self, edits: Values) -> Resolution:
        """Lay `edits` over them; raise ParameterError where values contradict each other."""
        return resolve(
            edits=edits,
            preset=self.preset,
            model=self.model,
            family=self.family,
            without_effect=self.without_effect,
        )


_OF_THE_VOCABULARY = frozenset(("logit_bias", "dry_breakers", "dry_multiplier"))
"""Live parameters whose values may mean nothing to a model."""


class LocalGeneration:
    """A reply that the engine is writing."""

    def __init__(
        self,
        client: EngineClient,
        request: Request,
        edits: Values,
        layers: Layers,
        thinking: Collection[str],
        prompt: tuple[int, ...],
    ) -> None:
        """`thinking` names the parameters that differ while the model thinks."""
        self._prompt = prompt
        self._client = client
        self._request = request
        self._thinking = frozenset(thinking)
        self._edits = dict(edits)
        self._layers = layers
        self._in_force = layers.resolve(edits).values

    def __aiter__(self) -> AsyncIterator[Event]:
        """Yield events until every sample has finished; raise an EngineError where the engine fails."""
        return self._request.events()

    async def update(self, values: Values) -> None:
        """Change parameters from the next token on; None unsets one."""
        named = {parameter(name).name: parameter(name).check(value) for name, value in values.items()}
        _check_live(named)
        edits: dict[str, Value] = {name: value for name, value in {**self._edits, **named}.items() if value is not None}
        in_force = self._layers.resolve(edits).values
        changed = {
            name: in_force[name] for name in named if in_force[name] != self._in_force[name] or name in self._thinking
        }
        if _OF_THE_VOCABULARY.intersection(changed):
            # Only the model knows what its tokens are: a chain is made with the values before the reply's own is.
            await self._client.candidates(self._prompt[:1], stored(in_force), 1)
        self._edits, self._in_force = edits, in_force
        if changed:
            await self._client.control(Update(self._request.id, stored(changed)))

    async def answer_now(self) -> None:
        """End the reasoning and begin the answer."""
        await self._client.control(AnswerNow(self._request.id))

    async def stop(self) -> None:
        """End the reply."""
        await self._client.control(Stop(self._request.id))


class LocalBackend:
    """One GGUF model, answered by llama.cpp on this machine."""

    def __init__(self, model_path: Path, *, renderer: Renderer, load: LoadSettings, logs: Path) -> None:
        """Nothing is started before `load`, `prepare` or `count`."""
        self._path = model_path.absolute()
        self._renderer = renderer
        self._client = EngineClient(self._path, load, logs=logs)
        self._fingerprint = ""

    @property
    def capabilities(self) -> Capabilities:
        """What the engine can do."""
        return CAPABILITIES

    @property
    def model(self) -> ModelCard | None:
        """The model, None until it is loaded."""
        loaded = self._client.loaded
        return msgspec.structs.replace(loaded.card, fingerprint=self._fingerprint) if loaded is not None else None

    @property
    def worker_pid(self) -> int | None:
        """The engine's process id while it runs."""
        return self._client.worker_pid

    async def load(self) -> AsyncIterator[float]:
        """Load the model, yielding progress from 0 to 1; raise a ModelError where the file is no usable model."""
        await self._identify()
        async for fraction in self._client.load():
            yield fraction
        await self._ready()

    async def cancel_load(self) -> None:
        """Stop a load under way."""
        await self._client.cancel_load()

    async def prepare(self, request: GenerationRequest) -> Prepared:
        """Render, tokenise and resolve; raise EmptyPrompt, ContextFull, ParameterError or TemplateFailed."""
        loaded = await self._ready()
        rendered = await self._render(request, loaded)
        layers, notices = self._layers(request, loaded, rendered.text)
        parameters = layers.resolve(request.edits)
        check_agreement({**parameters.values, **check_thinking(request.thinking)})
        _checked_changes(request)
        await tried(self._path, parameters.values, _answer_begun(request, loaded, rendered.text))
        token_ids = await self._client.tokenize(rendered.pieces, add_bos=cast(bool | None, parameters["add_bos"]))
        _check_room(len(token_ids), loaded.card.context_size)
        seed = parameters["seed"]
        template = loaded.card.template or ""
        prepared = Prepared(
            request=request,
            prompt=rendered.text,
            token_ids=token_ids,
            parameters=parameters,
            seed=int(cast(int, seed)) if seed is not None else secrets.randbelow(_SEEDS),
            context_size=loaded.card.context_size,
            notices=(*notices, *rendered.notices),
            model_fingerprint=self._fingerprint,
            template_sha256=hashlib.sha256(template.encode()).hexdigest() if request.prompt is None else "",
        )
        return msgspec.structs.replace(prepared, cache_key=_cache_key(prepared, loaded.card))

    async def start(self, prepared: Prepared) -> LocalGeneration:
        """Begin to generate what was prepared."""
        loaded = await self._client.ready()
        if prepared.token_ids is None:
            raise Unsupported("The engine needs the tokens of a prompt.", hint="Prepare the request with this backend.")
        request = prepared.request
        values = prepared.parameters.values
        form, is_open = _reasoning(request, loaded, prepared.prompt)
        begun = _answer_begun(request, loaded, prepared.prompt)
        command = Generate(
            request_id=0,
            token_ids=prepared.token_ids,
            values=stored(values),
            seed=prepared.seed,
            thinking=stored(check_thinking(request.thinking)),
            changes=_checked_changes(request),
            grammar=await tried(self._path, values, begun),
            prefix=begun,
            alternatives=request.alternatives,
            samples=request.samples,
            reasoning=form,
            reasoning_open=is_open,
        )
        layers, _ = self._layers(request, loaded, prepared.prompt)
        running = await self._client.generate(command)
        return LocalGeneration(self._client, running, request.edits, layers, command.thinking, prepared.token_ids)

    async def count(self, text: str) -> int:
        """How many tokens `text` is, control-token text counted as text."""
        return len(await self._client.tokenize((Piece(text, "content"),), add_bos=False)) if text else 0

    async def token_texts(self, token_ids: Sequence[int]) -> Sequence[str]:
        """The text of each token alone."""
        await self._ready()
        return await self._client.spell(tuple(token_ids)) if token_ids else ()

    async def score(self, prompt: str, text: str) -> Score:
        """Log-probabilities of `text` after `prompt`, control-token text parsed in both."""
        await self._ready()
        before = await self._client.tokenize((Piece(prompt, "template"),)) if prompt else ()
        whole = await self._client.tokenize((Piece(prompt + text, "template"),))
        start = next(
            (place for place, pair in enumerate(zip(before, whole, strict=False)) if pair[0] != pair[1]), len(before)
        )
        if start >= len(whole):
            raise EmptyPrompt("There is no text to score.", hint="Give a text.")
        return Score(await self._client.score(whole, start))

    async def candidates(self, token_ids: Sequence[int], values: Values, *, limit: int = 50) -> Sequence[Candidate]:
        """The likeliest tokens after `token_ids`, each with its chance under `values` and what cut it."""
        loaded = await self._ready()
        wishes, _ = model_wishes(loaded.card)
        in_force = resolve(edits=values, model=wishes, family=_family_values(loaded.card, thinks=False)).values
        return await self._client.candidates(tuple(token_ids), stored(in_force), limit)

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Not offered by this engine."""
        raise Unsupported("This engine gives no embeddings.")

    async def close(self) -> None:
        """End the engine; the renderer belongs to whoever made it."""
        await self._client.close()

    def _layers(self, request: GenerationRequest, loaded: Loaded, prompt: str) -> tuple[Layers, list[str]]:
        """What lies under the edits of `request`, and notices of what the model's file asks for in vain."""
        wishes, notices = model_wishes(loaded.card)
        form, _ = _reasoning(request, loaded, prompt)
        thinks = form is not None and not prompt.rstrip().endswith(form.closing_tag)
        moot = {} if form is not None else {"reasoning_budget": "this model marks no thoughts"}
        return Layers(check(request.preset), wishes, _family_values(loaded.card, thinks=thinks), moot), notices

    async def _ready(self) -> Loaded:
        await self._identify()
        return await self._client.ready()

    async def _identify(self) -> None:
        """Look at the file before llama.cpp does, whose reasons are hard to understand."""
        if self._client.loaded is None:
            self._fingerprint = await asyncio.to_thread(_examined, self._path)

    async def _render(self, request: GenerationRequest, loaded: Loaded) -> RenderedPrompt:
        if request.prompt is not None:
            text = request.prompt + request.prefill
            if not text:
                raise EmptyPrompt("There is nothing to complete.", hint="Type a prompt.")
            return RenderedPrompt((Piece(text, "template"),))
        if loaded.card.template is None:
            raise TemplateFailed(
                f"{loaded.card.name} has no chat template, so it is a base model or its file lost the template.",
                hint="Complete raw text with it: “chatapp ask --raw” or “chatapp chat --raw”.",
            )
        return await self._renderer.render_chat(
            loaded.card.template,
            request.messages,
            bos=loaded.bos,
            eos=loaded.eos,
            variables=request.template_variables,
            prefill=request.prefill,
        )


def _examined(path: Path) -> str:
    """The fingerprint of the model at `path`; raise a ModelError where it can't be one that writes text."""
    header = read_header(path)
    check_suitable(header)
    return fingerprint(path, header)


def _reasoning(request: GenerationRequest, loaded: Loaded, prompt: str) -> tuple[ReasoningFormat | None, bool]:
    """How the model marks its thoughts, and whether `prompt` has opened them; a raw prompt has none."""
    if request.prompt is not None:
        return None, False
    return detect_reasoning(loaded.card.template or "", prompt, request.prefill)


def _answer_begun(request: GenerationRequest, loaded: Loaded, prompt: str) -> str:
    """The part of the prefill that is answer; what a model thinks is bound to no form."""
    form, _ = _reasoning(request, loaded, prompt)
    if form is None:
        return request.prefill
    _, is_open = detect_reasoning(loaded.card.template or "", prompt.removesuffix(request.prefill))
    splitter = ReasoningSplitter(form, opened=is_open)
    runs = [*splitter.feed(request.prefill), *splitter.finish()]
    return "".join(text for kind, text in runs if kind == "text")


def _checked_changes(request: GenerationRequest) -> tuple[ParameterChanged, ...]:
    """The changes that `request` wants made while the reply runs; raise where one can't be made."""
    for change in request.changes:
        parameter(change.name).check(cast(Value, change.value))
    changes = tuple(msgspec.structs.replace(change, name=parameter(change.name).name) for change in request.changes)
    _check_live(change.name for change in changes)
    return changes


def _check_live(names: Iterable[str]) -> None:
    for name in names:
        if not PARAMETERS[name].live:
            raise Unsupported(f"{name} can't change while a reply runs.", hint="Set it for the next reply.")


def _family_values(card: ModelCard, *, thinks: bool) -> dict[str, Value]:
    """What the makers of the model's family recommend."""
    found = family(card.metadata)
    if found is None:
        return {}
    return dict(found.thinking if thinks and found.thinking else found.values)


def model_wishes(card: ModelCard) -> tuple[dict[str, Value], list[str]]:
    """The parameter values that the model's file asks for, and a notice for each that can't be used."""
    wishes: dict[str, Value] = {}
    notices = []
    for name, declared in PARAMETERS.items():
        text = card.metadata.get(f"general.sampling.{declared.metadata_key}")
        if declared.metadata_key is None or text is None:
            continue
        try:
            wishes[name] = declared.parse(text)
        except ParameterError as error:
            notices.append(f"The model file asks for a value that can't be used: {error.message}")
    return wishes, notices


def _check_room(prompt_size: int, context_size: int) -> None:
    if prompt_size == 0:
        raise EmptyPrompt("The prompt has no tokens.", hint="Type a message.")
    if prompt_size >= context_size:
        raise ContextFull(
            f"The prompt has {prompt_size:,} tokens, the context holds {context_size:,} with the reply.",
            hint="Begin a new conversation, shorten the prompt, or load the model with a larger context size.",
        )


def _cache_key(prepared: Prepared, card: ModelCard) -> str:
    """SHA-256 over everything that decides the reply: model, prompt, parameters, seed, limits, machine."""
    settings: Resolution = prepared.parameters
    request = prepared.request
    whole = (
        card.fingerprint or prepared.model_fingerprint,
        prepared.token_ids,
        sorted(stored(settings.values).items()),
        sorted(stored(request.thinking).items()),
        request.changes,
        request.prefill,
        prepared.seed,
        request.samples,
        card.build,
        card.device,
        card.context_size,
    )
    return hashlib.sha256(msgspec.msgpack.encode(whole)).hexdigest()
