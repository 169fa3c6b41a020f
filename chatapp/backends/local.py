"""The engine as a backend: llama.cpp in a process of its own, templates in another."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

import msgspec

from chatapp.backends.beginning import answer_begun, continued, prefill_to_render, reasoning_of
from chatapp.backends.estimate import needed_bytes
from chatapp.backends.local_generation import Layers, LocalGeneration, check_live, stored
from chatapp.core.backend import Candidate, Capabilities, GenerationRequest, ModelCard, Prepared, Score
from chatapp.core.errors import ContextFull, EmptyPrompt, ParameterError, TemplateFailed, Unsupported
from chatapp.core.events import ParameterChanged
from chatapp.core.loading import LoadSettings
from chatapp.core.messages import Message
from chatapp.core.parameters import (
    PARAMETERS,
    Resolution,
    Value,
    Values,
    check,
    check_agreement,
    check_thinking,
    parameter,
    resolve,
)
from chatapp.core.pieces import Piece, RenderedPrompt
from chatapp.engine.client import NO_UPKEEP, EngineClient, Upkeep
from chatapp.engine.protocol import Generate, Loaded
from chatapp.engine.trial import tried
from chatapp.models.adapter import adapter_fingerprint
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
    exact=True,
)
_SEEDS = 0xFFFF_FFFF


class LocalBackend:
    """One GGUF model, answered by llama.cpp on this machine."""

    def __init__(
        self,
        model_path: Path,
        *,
        renderer: Renderer,
        load: LoadSettings,
        logs: Path,
        upkeep: Upkeep = NO_UPKEEP,
    ) -> None:
        """Nothing is started before `load`, `prepare` or `count`."""
        self._path = model_path.absolute()
        self._renderer = renderer
        self._settings = load
        self._client = EngineClient(self._path, load, logs=logs, upkeep=upkeep)
        self._fingerprint = ""
        self._needed_bytes = 0

    @property
    def capabilities(self) -> Capabilities:
        """What the engine can do."""
        return CAPABILITIES

    @property
    def model(self) -> ModelCard | None:
        """The model, None until it is loaded; one that was unloaded is still the one that answers."""
        loaded = self._client.loaded or self._client.resting
        return msgspec.structs.replace(loaded.card, fingerprint=self._fingerprint) if loaded is not None else None

    @property
    def path(self) -> Path:
        """The model's file."""
        return self._path

    @property
    def name(self) -> str:
        """The name of the file, without its ending."""
        return self._path.stem

    @property
    def notices(self) -> tuple[str, ...]:
        """What is worth knowing about the load: who else has the model, what it costs, what was asked for in vain."""
        loaded = self._client.loaded
        effect = loaded.card.effect if loaded is not None else None
        return (*self._client.notices, *(effect.unmet if effect is not None else ()))

    @property
    def unloaded(self) -> str:
        """Why the model was taken out of memory, empty while it is there or was never."""
        return self._client.unloaded

    async def unloading(self) -> None:
        """Wait until the model is unloaded the next time."""
        await self._client.unloading()

    async def unload(self, reason: str) -> bool:
        """Free the model's memory until the next request; False where it is busy or not there."""
        return await self._client.unload(reason)

    @property
    def is_busy(self) -> bool:
        """Whether it answers a request, or loads."""
        return self._client.is_busy

    @property
    def idle_s(self) -> float:
        """Seconds since it was used last."""
        return self._client.idle_s

    @property
    def held_bytes(self) -> int:
        """Memory that the model takes now, or will take when its load has ended; 0 where it is not there."""
        loaded = self._client.loaded
        if loaded is None:
            return self._needed_bytes if self._client.is_busy else 0
        footprint = loaded.footprint
        # Rearranged weights are in memory twice, but the copy in the file's pages is not needed any more.
        weights = max(loaded.card.size_bytes, footprint.weights_bytes)
        return weights + footprint.context_bytes + footprint.compute_bytes

    def needed_bytes(self) -> int:
        """Memory that the model will take, estimated from its file, which is read; raise a ModelError."""
        self._needed_bytes = needed_bytes(read_header(self._path), self._settings)
        return self._needed_bytes

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
        rendered, begun = await self._render(request, loaded), await self._begun(request)
        prompt = rendered.text + begun
        layers, notices = self._layers(request, loaded, prompt, begun)
        parameters = layers.resolve(request.edits)
        check_agreement({**parameters.values, **check_thinking(request.thinking)})
        _checked_changes(request)
        await tried(self._path, parameters.values, answer_begun(request, loaded.card.template or "", prompt))
        token_ids = await self._client.tokenize(rendered.pieces, add_bos=cast(bool | None, parameters["add_bos"]))
        token_ids = (*token_ids, *request.prefill_ids)
        _check_room(len(token_ids), loaded.card.context_size)
        seed = parameters["seed"]
        template = loaded.card.template or ""
        prepared = Prepared(
            request=request,
            prompt=prompt,
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
        template, begun = loaded.card.template or "", await self._begun(request)
        form, is_open = reasoning_of(request, template, prepared.prompt, begun)
        answer = answer_begun(request, template, prepared.prompt)
        own = len(prepared.token_ids) - len(request.prefill_ids)
        command = Generate(
            request_id=0,
            token_ids=prepared.token_ids[:own],
            values=stored(values),
            seed=prepared.seed,
            thinking=stored(check_thinking(request.thinking)),
            changes=_checked_changes(request),
            grammar=await tried(self._path, values, answer),
            prefix=answer,
            begun=request.prefill_ids,
            told=(len(request.prefill), len(request.prefill_reasoning or "")) if request.prefill_ids else (0, 0),
            alternatives=request.alternatives,
            samples=request.samples,
            reasoning=form,
            reasoning_open=is_open,
            exact=request.exact,
            shift=request.overflow == "shift",
            keep=await self._kept_tokens(prepared, loaded) if request.overflow == "shift" else 0,
        )
        layers, _ = self._layers(request, loaded, prepared.prompt, begun)
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

    def _layers(self, request: GenerationRequest, loaded: Loaded, prompt: str, begun: str) -> tuple[Layers, list[str]]:
        """What lies under the edits of `request`, and notices of what the model's file asks for in vain."""
        wishes, notices = model_wishes(loaded.card)
        form, _ = reasoning_of(request, loaded.card.template or "", prompt, begun)
        thinks = form is not None and not prompt.rstrip().endswith(form.closing_tag)
        moot = {} if form is not None else {"reasoning_budget": "this model marks no thoughts"}
        family = _family_values(loaded.card, thinks=thinks)
        return Layers(check(request.prompt_values), check(request.preset), wishes, family, moot), notices

    async def _kept_tokens(self, prepared: Prepared, loaded: Loaded) -> int:
        """How many tokens a shift must leave at the beginning: all that a prompt which asks otherwise would share."""
        request = prepared.request
        said = request.prompt or next((each.text for each in request.messages if each.role != "system"), "")
        other = "y" if said.startswith("x") else "x"
        system = [each for each in request.messages if each.role == "system"][:1]
        asked = msgspec.structs.replace(request, messages=(*system, Message.of("user", other)))
        asked = msgspec.structs.replace(asked, prefill="", prefill_reasoning=None, prefill_ids=())
        if request.prompt is not None:
            asked = msgspec.structs.replace(asked, prompt=other)
        pieces = (await self._render(asked, loaded)).pieces
        shared = await self._client.tokenize(pieces, add_bos=cast(bool | None, prepared.parameters["add_bos"]))
        pairs = enumerate(zip(prepared.token_ids or (), shared, strict=False))
        return next((place for place, (one, two) in pairs if one != two), len(shared))

    async def _ready(self) -> Loaded:
        await self._identify()
        return await self._client.ready()

    async def _identify(self) -> None:
        """Look at the file before llama.cpp does, whose reasons are hard to understand."""
        if self._client.loaded is None:
            self._fingerprint = await asyncio.to_thread(_examined, self._path, self._settings)
            self._client.fingerprint = self._fingerprint

    async def _render(self, request: GenerationRequest, loaded: Loaded) -> RenderedPrompt:
        if request.prompt is not None:
            text = request.prompt + ("" if request.prefill_ids else request.prefill)
            if not text:
                raise EmptyPrompt("There is nothing to complete.", hint="Type a prompt.")
            return RenderedPrompt((Piece(text, "template"),))
        if loaded.card.template is None:
            raise TemplateFailed(
                f"{loaded.card.name} has no chat template, so it is a base model or its file lost the template.",
                hint="Complete raw text with it: “chatapp ask --raw” or “chatapp chat --raw”.",
            )
        rendered = await self._renderer.render_chat(
            loaded.card.template,
            request.messages,
            bos=loaded.bos,
            eos=loaded.eos,
            variables=request.template_variables,
            prefill=prefill_to_render(request),
        )
        more = continued(request, loaded.card.template, rendered.text)
        return msgspec.structs.replace(rendered, pieces=(*rendered.pieces, *more))

    async def _begun(self, request: GenerationRequest) -> str:
        """The text of the tokens that the reply begins with, as far as each has one by itself."""
        return "".join(await self._client.spell(request.prefill_ids)) if request.prefill_ids else ""


def _examined(path: Path, load: LoadSettings) -> str:
    """The fingerprint of the model at `path` with its adapters; raise a ModelError where they can't write text."""
    header = read_header(path)
    check_suitable(header)
    own = fingerprint(path, header)
    if not load.lora:
        return own
    adapters = [(adapter_fingerprint(Path(each.path), header), each.scale) for each in load.lora]
    return hashlib.sha256(msgspec.json.encode([own, adapters])).hexdigest()


def _checked_changes(request: GenerationRequest) -> tuple[ParameterChanged, ...]:
    """The changes that `request` wants made while the reply runs; raise where one can't be made."""
    for change in request.changes:
        parameter(change.name).check(cast(Value, change.value))
    changes = tuple(msgspec.structs.replace(change, name=parameter(change.name).name) for change in request.changes)
    check_live(change.name for change in changes)
    return changes


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
        request.prefill_reasoning,
        len(request.prefill_ids),
        prepared.seed,
        request.samples,
        request.exact,
        request.overflow == "shift",
        card.build,
        card.device,
        card.context_size,
        card.effect.profile if card.effect is not None else (),
    )
    return hashlib.sha256(msgspec.msgpack.encode(whole)).hexdigest()
