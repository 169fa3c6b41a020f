"""A reply of the local engine while it is written, and the values that its parameters lie on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass

from chatapp.core.errors import Unsupported
from chatapp.core.events import Event
from chatapp.core.parameters import PARAMETERS, Resolution, StoredValue, Value, Values, as_stored, parameter, resolve
from chatapp.engine.client import EngineClient
from chatapp.engine.protocol import AnswerNow, Stop, Update
from chatapp.engine.request import Request


def stored(values: Values) -> dict[str, StoredValue]:
    """Values as frames and files carry them."""
    return {name: as_stored(value) for name, value in values.items()}


@dataclass(frozen=True)
class Layers:
    """The values that lie under a request's edits."""

    prompt: Values
    preset: Values
    model: Values
    family: Values
    without_effect: Mapping[str, str]

    def resolve(self, edits: Values) -> Resolution:
        """Lay `edits` over them; raise ParameterError where values contradict each other."""
        return resolve(
            edits=edits,
            prompt=self.prompt,
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
        check_live(named)
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


def check_live(names: Iterable[str]) -> None:
    """Raise Unsupported where one of these parameters can't change while a reply runs."""
    for name in names:
        if not PARAMETERS[name].live:
            raise Unsupported(f"{name} can't change while a reply runs.", hint="Set it for the next reply.")
