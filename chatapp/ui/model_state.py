"""Whether the model is there, on its way, or not to be had."""

from __future__ import annotations

from collections.abc import Callable

from chatapp.core.backend import Backend, ModelCard
from chatapp.core.errors import ChatappError


class ModelState:
    """Loads the model once and tells `changed` of every step.

    `error` is why it could not be loaded; a message that is sent later tries again.
    """

    def __init__(self, backend: Backend, changed: Callable[[], None]) -> None:
        self._backend = backend
        self._changed = changed
        self._fraction: float | None = None
        self.error: ChatappError | None = None

    @property
    def card(self) -> ModelCard | None:
        """The model, None while there is none."""
        return self._backend.model

    @property
    def text(self) -> str:
        """What is the matter, in words; empty where the model is ready."""
        if self.card is not None:
            return ""
        if self._fraction is not None:
            return f"loading the model {self._fraction:.0%}"
        return "no model" if self.error is not None else "the model is not loaded"

    async def load(self) -> None:
        """Load; raise what went wrong after remembering it."""
        self._fraction = 0.0
        self._changed()
        try:
            async for fraction in self._backend.load():
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
