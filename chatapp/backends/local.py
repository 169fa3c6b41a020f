"""The engine as a backend: llama.cpp in a process of its own, templates in another."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

import msgspec

from chatapp.core.backend import Candidate, Capabilities, GenerationRequest, ModelCard, Prepared, Score
from chatapp.core.errors import ContextFull, EmptyPrompt, ParameterError, TemplateFailed, Unsupported
from chatapp.core.events import Event
from chatapp.core.loading import LoadSettings
from chatapp.core.parameters import PARAMETERS, Resolution, StoredValue, Value, Values, check, resolve
from chatapp.core.pieces import Piece, RenderedPrompt
from chatapp.core.reasoning import detect_reasoning
from chatapp.engine.client import EngineClient, Request
from chatapp.engine.protocol import AnswerNow, Generate, Loaded, Stop, Update
from chatapp.models.fingerprint import fingerprint
from chatapp.models.gguf import read_header
from chatapp.models.suitability import check_suitable
from chatapp.rendering.renderer import Renderer

CAPABILITIES = Capabilities(
    token_ids=True, raw_prompt=True, prefill=True, live_update=True, answer_now=True, samples=True
)
_SEEDS = 0xFFFF_FFFF


def as_stored(values: Values) -> dict[str, StoredValue]:
    """Values as frames and files carry them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


class LocalGeneration:
    """A reply that the engine is writing."""

    def __init__(self, client: EngineClient, request: Request) -> None:
        self._client = client
        self._request = request

    def __aiter__(self) -> AsyncIterator[Event]:
        """Yield events until every sample has finished; raise an EngineError where the engine fails."""
        return self._request.events()

    async def update(self, values: Values) -> None:
        """Change parameters from the next token on."""
        checked = check(values)
        for name in checked:
            if not PARAMETERS[name].live:
                raise Unsupported(f"{name} can't change while a reply runs.", hint="Set it for the next reply.")
        await self._client.control(Update(self._request.id, as_stored(checked)))

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
        wishes, notices = model_wishes(loaded.card)
        parameters = resolve(edits=request.edits, preset=request.preset, model=wishes)
        rendered = await self._render(request, loaded)
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
        form, is_open = (None, False)
        if request.prompt is None:
            form, is_open = detect_reasoning(loaded.card.template or "", prepared.prompt, request.prefill)
        command = Generate(
            request_id=0,
            token_ids=prepared.token_ids,
            values=as_stored(prepared.parameters.values),
            seed=prepared.seed,
            samples=request.samples,
            reasoning=form,
            reasoning_open=is_open,
        )
        return LocalGeneration(self._client, await self._client.generate(command))

    async def count(self, text: str) -> int:
        """How many tokens `text` is, control-token text counted as text."""
        return len(await self._client.tokenize((Piece(text, "content"),), add_bos=False)) if text else 0

    async def score(self, prompt: str, text: str) -> Score:
        """Not offered by this engine."""
        raise Unsupported("This engine gives no log-probabilities of a given text.")

    async def candidates(self, token_ids: Sequence[int], values: Values) -> Sequence[Candidate]:
        """Not offered by this engine."""
        raise Unsupported("This engine does not list candidates.")

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Not offered by this engine."""
        raise Unsupported("This engine gives no embeddings.")

    async def close(self) -> None:
        """End the engine; the renderer belongs to whoever made it."""
        await self._client.close()

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


def model_wishes(card: ModelCard) -> tuple[dict[str, Value], list[str]]:
    """The parameter values that the model's file asks for, and a notice for each that can't be used."""
    wishes: dict[str, Value] = {}
    notices = []
    for name, parameter in PARAMETERS.items():
        text = card.metadata.get(f"general.sampling.{parameter.metadata_key}")
        if parameter.metadata_key is None or text is None:
            continue
        try:
            wishes[name] = parameter.parse(text)
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
        sorted(as_stored(settings.values).items()),
        prepared.seed,
        request.samples,
        card.build,
        card.device,
        card.context_size,
    )
    return hashlib.sha256(msgspec.msgpack.encode(whole)).hexdigest()
