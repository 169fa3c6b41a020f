"""The port between conversations and whatever answers them.

`prepare` resolves a request without generating, `start` turns what was prepared into a `Generation`. The engine,
a server, the scripted player and the cache all speak it; callers never learn which one they hold.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

import msgspec

from chatapp.core.events import Event, ParameterChanged, TokenDetail
from chatapp.core.loading import Effect
from chatapp.core.messages import Message
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import Resolution, Value, Values


class GenerationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a model.

    Either `messages` (rendered through the chat template) or `prompt` (raw completion: control-token text in it
    is parsed, for the prompt is the user's own). `prefill` begins the reply and is not repeated in the events.
    Where a reply goes on that was written before, `prefill_reasoning` is what was thought in it (None elsewhere) and
    `prefill` its answer so far. `prefill_ids` are the tokens that it begins with, where they are known: they stand in
    for the two texts, and the events tell what their text has beyond these. To the parameters such tokens are part of
    the reply, not of the prompt: penalties, min_new_tokens, exponential decay and the reasoning budget count them with
    those that follow. Only max_new_tokens, max_time and loop_limit begin to count behind them, for the reply goes on.
    `edits`, `prompt_values` (those of a prompt of the library) and `preset` are explicit parameter values by name, the
    strongest first; `thinking` holds those that differ while the model
    thinks. `changes` are made while the reply runs, each at its token offset: a replay repeats what was changed live.
    `alternatives` is how many of the likeliest tokens are told of each token of the reply. `template_variables` reach
    the chat template (`enable_thinking`, `reasoning_effort` …). `background` work never evicts a conversation from
    the cache. With the `overflow` shift, a reply that reaches the end of the context goes on; what no longer fits
    before the reply is left out by whoever asks. An `exact` request gives the same tokens each time, on the same
    machine and build: it is computed alone and anew.
    """

    messages: tuple[Message, ...] = ()
    prompt: str | None = None
    prefill: str = ""
    prefill_reasoning: str | None = None
    prefill_ids: tuple[int, ...] = ()
    edits: dict[str, Value] = {}
    prompt_values: dict[str, Value] = {}
    preset: dict[str, Value] = {}
    thinking: dict[str, Value] = {}
    changes: tuple[ParameterChanged, ...] = ()
    alternatives: int = 0
    template_variables: dict[str, str | int | float | bool | None] = {}
    samples: int = 1
    background: bool = False
    overflow: Overflow = "stop"
    exact: bool = False


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A request, resolved and not yet run.

    `prompt` is the text as the model gets it, `token_ids` its tokens (None where the backend can't know them).
    `notices` say in words what was done to the request (a system role merged, turns left out). `left_out` is
    how many messages of the conversation no longer fit and so are not in the request, which holds only what is sent.
    `unsupported` maps a parameter that this backend can't honour to the reason. `cache_key` identifies the whole
    request, None where it can't be served from a cache.
    """

    request: GenerationRequest
    prompt: str
    token_ids: tuple[int, ...] | None
    parameters: Resolution
    seed: int
    context_size: int | None = None
    notices: tuple[str, ...] = ()
    left_out: int = 0
    unsupported: dict[str, str] = {}
    cache_key: str | None = None
    model_fingerprint: str = ""
    template_sha256: str = ""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a backend can do; a capability that is False raises Unsupported when it is asked for."""

    token_ids: bool = False
    raw_prompt: bool = False
    prefill: bool = False
    live_update: bool = False
    answer_now: bool = False
    samples: bool = False
    score: bool = False
    candidates: bool = False
    embed: bool = False
    exact: bool = False


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """What a loaded model is and where it really runs.

    `device` is reported by the engine from what took effect, as in `cpu×2` or `cuda NVIDIA …, 24/24 layers`.
    `template` is the chat template's source, None where the model has none. `effect` is what the load settings came
    to, None where nobody knows. `notices` say in words what does not run as it could, or not as it was asked.
    """

    name: str
    description: str = ""
    architecture: str = ""
    path: str = ""
    fingerprint: str = ""
    parameter_count: int = 0
    size_bytes: int = 0
    trained_context_size: int = 0
    context_size: int = 0
    vocabulary_size: int = 0
    device: str = ""
    build: str = ""
    template: str | None = None
    metadata: dict[str, str] = {}
    effect: Effect | None = None
    notices: tuple[str, ...] = ()


class Score(msgspec.Struct, frozen=True):
    """Log-probabilities of a given text after a given prompt, one detail a token."""

    tokens: tuple[TokenDetail, ...]


class Candidate(msgspec.Struct, frozen=True):
    """A token that could stand at a position.

    `logprob` is its natural-log probability under the unmodified distribution, `probability` that of being chosen
    under the settings, 0 where a stage cut it; `cut_by` names that stage.
    """

    token_id: int
    text: str
    logprob: float
    probability: float
    cut_by: str = ""


class Generation(Protocol):
    """A reply in the making: iterate it for events; leaving the iteration early does not stop it, `stop` does."""

    def __aiter__(self) -> AsyncIterator[Event]:
        """Yield events until every sample has `Finished`; raise a ChatappError on failure."""
        ...

    async def update(self, values: Values) -> None:
        """Change parameters from the next token on; raise Unsupported for one that can't change mid-reply."""
        ...

    async def answer_now(self) -> None:
        """End the reasoning and begin the answer."""
        ...

    async def stop(self) -> None:
        """End the reply; `Finished(stop_reason="stopped")` follows. Harmless when it has ended."""
        ...


class Backend(Protocol):
    """Something that answers requests with one model."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    @property
    def model(self) -> ModelCard | None:
        """The model that is loaded, None before `load`; while it is `unloaded`, the one that comes back."""
        ...

    @property
    def notices(self) -> tuple[str, ...]:
        """What is worth knowing about the load, in words: who else has the model, and what this copy of it costs."""
        ...

    @property
    def unloaded(self) -> str:
        """Why the model was taken out of memory after it was loaded, empty where it was not.

        The next request loads it again.
        """
        ...

    async def unloading(self) -> None:
        """Wait until the model is unloaded the next time."""
        ...

    def load(self) -> AsyncIterator[float]:
        """Get ready, yielding progress from 0 to 1; done at once where it is ready.

        Several callers may wait for one load. `prepare` loads by itself where nobody did.
        """
        ...

    async def cancel_load(self) -> None:
        """Stop a load under way; those who wait get LoadCancelled."""
        ...

    async def prepare(self, request: GenerationRequest) -> Prepared:
        """Render, tokenise and resolve `request` without generating."""
        ...

    async def start(self, prepared: Prepared) -> Generation:
        """Begin to generate."""
        ...

    async def count(self, text: str) -> int:
        """How many tokens `text` is, control-token text counted as text."""
        ...

    async def token_texts(self, token_ids: Sequence[int]) -> Sequence[str]:
        """The text of each token alone, control tokens by their names; half a character is U+FFFD."""
        ...

    async def score(self, prompt: str, text: str) -> Score:
        """Log-probabilities of `text` after `prompt`."""
        ...

    async def candidates(self, token_ids: Sequence[int], values: Values, *, limit: int = 50) -> Sequence[Candidate]:
        """The `limit` likeliest tokens after `token_ids`, each with its chance under `values`.

        `values` are explicit ones, laid over the model's and the defaults.
        """
        ...

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """One embedding a text, all of one length."""
        ...

    async def close(self) -> None:
        """Let go of the model and of every process."""
        ...


TemplateVariables = Mapping[str, str | int | float | bool | None]
