"""Whether the model is there, on its way, or not to be had; and what it asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from chatapp.chat.author import Author
from chatapp.chat.session import Session
from chatapp.core.backend import Backend, ModelCard
from chatapp.core.errors import ChatappError, ParameterError
from chatapp.core.loading import ChosenSetting
from chatapp.core.parameters import Values
from chatapp.core.presets import Preset
from chatapp.ui.layers import Below, below_of, model_values
from chatapp.ui.model_shelf import OpenModel

_SAMPLE = "x"
"""A message that stands for any other."""


class _Opened(NamedTuple):
    name: str
    backend: Backend
    asked: tuple[ChosenSetting, ...]


class ModelState:
    """Loads the model once and tells `changed` of every step.

    `error` is why it could not be loaded; a message that is sent later tries again. `below` are the values that
    preset and model ask for, as far as they are known; `ask` learns them all. `asked` are the load settings that
    somebody asked for.
    """

    def __init__(self, session: Session, changed: Callable[[], None], asked: Sequence[ChosenSetting] = ()) -> None:
        self._session = session
        self._changed = changed
        self._name = ""
        self.asked = tuple(asked)
        self._fraction: float | None = None
        self._asked: tuple[str, Preset | None] | None = None
        self._below: Below = {}
        self.error: ChatappError | None = None

    def call(self, name: str) -> None:
        """Learn what the model is called before it is there to tell."""
        self._name = self._name or name
        self._changed()

    @property
    def opened(self) -> OpenModel:
        """What answers, to go back to."""
        return _Opened(self.name, self._session.backend, self.asked)

    def take(self, opened: OpenModel) -> None:
        """Let another model answer from the next message on."""
        self._session.backend = opened.backend
        self._name, self.asked, self.error = opened.name, tuple(opened.asked), None
        self._changed()

    def take_as(self, other: ModelState) -> None:
        """Let the model of another pane answer."""
        self._session.backend = other._session.backend
        self._name, self.asked, self.error = other._name, other.asked, other.error

    @property
    def name(self) -> str:
        """What the model is called; empty while that is not known."""
        return self.card.name if self.card is not None else self._name

    @property
    def author(self) -> Author | None:
        """Who would write the next reply, None while that is not known."""
        name = self.name
        return Author(name, self.card.fingerprint if self.card is not None else "") if name else None

    @property
    def card(self) -> ModelCard | None:
        """The model, None while there is none."""
        return self._session.backend.model

    @property
    def is_there(self) -> bool:
        """Whether the model is in memory, so that asking it something loads nothing."""
        return self.card is not None and not self._session.backend.unloaded

    @property
    def text(self) -> str:
        """What is the matter, in words; empty where the model is ready."""
        if self._fraction is not None and (self.card is None or self._session.backend.unloaded):
            return f"loading the model {self._fraction:.0%}"
        if self.card is not None:
            reason = self._session.backend.unloaded
            return f"model {reason}; the next message loads it" if reason else ""
        return "no model" if self.error is not None else "the model is not loaded"

    async def load(self) -> None:
        """Load; raise what went wrong after remembering it."""
        self._fraction = 0.0
        self._changed()
        try:
            async for fraction in self._session.backend.load():
                self._fraction = fraction
                self._changed()
        except ChatappError as error:
            self.error = error
            raise
        else:
            self.error = None
        finally:
            self._fraction = None
            self._changed()

    async def follow(self) -> None:
        """Tell when the model leaves memory, until another one is taken."""
        backend = self._session.backend
        while self._session.backend is backend:
            await backend.unloading()
            self._changed()

    # --- what it asks for

    @property
    def below(self) -> Below:
        """The values under a conversation's own."""
        preset = self._session.preset
        told: Below = {
            "preset": preset.sampling if preset is not None else {},
            "model": model_values(self.card.metadata) if self.card is not None else {},
        }
        return {**told, **self._below} if self._asked == self._key else told

    @property
    def is_asked(self) -> bool:
        """Whether there is nothing more to learn from this model."""
        return not self.is_there or self._asked == self._key

    @property
    def _key(self) -> tuple[str, Preset | None]:
        """What the answer holds for."""
        return self.card.fingerprint if self.card is not None else "", self._session.preset

    async def ask(self) -> None:
        """Learn from a request that is never sent what it would be resolved to."""
        asked, told = self._key, self.below
        self._asked, self._below = asked, told
        try:
            learnt = below_of((await self._session.preview(_SAMPLE, edits={})).parameters)
        except ChatappError:
            return  # what is wrong will be said of the message that is sent
        if self._asked == asked:
            self._below = {source: {**told.get(source, {}), **values} for source, values in learnt.items()}

    async def count(self, text: str) -> int | None:
        """How many tokens `text` is, None where no model is in memory that could tell; none is loaded for it."""
        if not self.is_there:
            return None
        try:
            return await self._session.backend.count(text)
        except ChatappError:
            return None

    async def examine(self, edits: Values) -> None:
        """Raise ParameterError where the model can't be asked `edits`; what else is wrong is said when it is sent.

        A model that is not in memory is not loaded for this.
        """
        if not self.is_there:
            return
        try:
            await self._session.preview(_SAMPLE, edits=edits)
        except ParameterError:
            raise
        except ChatappError:
            return
